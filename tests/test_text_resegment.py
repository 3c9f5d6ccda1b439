from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from calque.text.codec import Codec
from calque.text.frame import Special
from calque.text.learn import learn
from calque.text.resegment import Splitter, seeds

STEMS = ["parl", "chant", "march", "regard", "travers", "port", "donn", "trouv"]
WORDS = [stem + ending for stem in STEMS for ending in ("er", "ons", "ez", "ent", "aient", "ait")]
TEXTS = [" ".join(WORDS[(i * j + j) % len(WORDS)] for j in range(2, 9)) + "." for i in range(60)]


def wordpiece(*pieces: str) -> Codec:
    names = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", *pieces]
    model = models.WordPiece({name: number for number, name in enumerate(names)}, unk_token="[UNK]")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return Codec(tokenizer, Special(pad=0, bos=1, eos=2, unk=3))


def spelled(codec: Codec, ids: list[int]) -> list[str]:
    pieces = codec.pieces()
    return [pieces[number] for number in ids]


def test_a_piece_is_split_where_both_halves_are_known():
    codec = wordpiece("houses", "house", "##s", "##es", "hous", "a", "##b")
    row = codec.encode("houses a house")
    seen = {
        tuple(spelled(codec, Splitter(codec).split([row], seeds(1, epoch, [0]), 0.5)[0])[1:-1]) for epoch in range(99)
    }
    ways = [("houses",), ("house", "##s"), ("hous", "##es")]
    assert seen == {(*way, "a", "house") for way in ways}


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_split_text_decodes_to_the_same_text(kind):
    codec = learn(TEXTS, kind, 400)
    rows = codec.encode_all(TEXTS)
    split = Splitter(codec).split(rows, seeds(1, 0, range(len(rows))), 0.5)
    assert [codec.decode(row) for row in split] == TEXTS
    assert all(row[0] == 1 and row[-1] == 2 for row in split)
    assert sum(map(len, split)) > 1.2 * sum(map(len, rows))


def test_nothing_is_split_with_a_share_of_nought_and_every_piece_with_nearly_one():
    codec = learn(TEXTS, "bpe", 400)
    rows = codec.encode_all(TEXTS)
    splitter = Splitter(codec)
    chance = seeds(1, 0, range(len(rows)))
    assert splitter.split(rows, chance, 0.0) == rows
    lone = splitter.split(rows, chance, 0.9999)
    assert np.mean([len(piece) == 1 for row in lone for piece in spelled(codec, row[1:-1])]) > 0.9


def test_how_often_pieces_are_split():
    codec = wordpiece("ab", "a", "##b")
    rows = codec.encode_all(["ab " * 100] * 100)
    split = Splitter(codec).split(rows, seeds(3, 5, range(100)), 0.1)
    assert 0.09 < sum(len(new) - len(old) for new, old in zip(split, rows, strict=True)) / 10_000 < 0.11


def test_a_row_is_split_alike_whatever_stands_beside_it():
    codec = learn(TEXTS, "unigram", 400)
    rows, chance = codec.encode_all(TEXTS), seeds(7, 2, range(len(TEXTS)))
    splitter = Splitter(codec)
    together = splitter.split(rows, chance, 0.3)
    assert together == [splitter.split([row], chance[i : i + 1], 0.3)[0] for i, row in enumerate(rows)]
    assert together != splitter.split(rows, seeds(7, 3, range(len(TEXTS))), 0.3)
    assert together != splitter.split(rows, seeds(8, 2, range(len(TEXTS))), 0.3)


def test_a_row_that_would_grow_too_long_stays():
    codec = learn(TEXTS, "bpe", 400, max_length=16)
    rows = codec.encode_all([TEXTS[1], "one"])
    split = Splitter(codec).split(rows, seeds(1, 0, [0, 1]), 0.9999)
    assert split[0] == rows[0] if len(split[0]) == len(rows[0]) else len(split[0]) <= 16
    assert all(len(row) <= max(16, len(old)) for row, old in zip(split, rows, strict=True))
