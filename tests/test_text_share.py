"""Pieces that two vocabularies have in common."""

from __future__ import annotations

import pytest
import vocabularies
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from calque.text.codec import Codec
from calque.text.frame import Special
from calque.text.learn import learn, shared


def wordpiece(*pieces: str, lowercase: bool) -> Codec:
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {piece: number for number, piece in enumerate([*names, *pieces])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(names)
    return Codec(tokenizer, Special(0, 2, 3, 1))


def surfaces(new: Codec, old: Codec) -> dict[str, str]:
    mine, theirs = new.pieces(), old.pieces()
    return {mine[i]: theirs[j] for i, j in shared(new, old)}


def unigram(*pieces: str) -> Codec:
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in [*special, *pieces]], unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(special)
    return Codec(tokenizer, Special(0, 1, 2, 3))


def test_word_beginnings_and_continuations_match_across_kinds():
    old = wordpiece("the", "##ing", "ing", ".", "é", "The", "##é", "中", lowercase=False)
    new = unigram("▁the", "the", "ing", "▁ing", ".", "▁.", "▁The", "é", "▁é", "中", "x")
    assert surfaces(new, old) == {
        "<pad>": "[PAD]",
        "<s>": "[CLS]",
        "</s>": "[SEP]",
        "<unk>": "[UNK]",
        "▁the": "the",
        "ing": "##ing",
        "▁ing": "ing",
        ".": ".",
        "▁.": ".",
        "▁The": "The",
        "é": "##é",
        "▁é": "é",
        "中": "中",
    }


def test_an_uncased_vocabulary_shares_only_what_it_leaves_alone():
    old = wordpiece("the", "The", "é", "e", "##é", lowercase=True)
    new = unigram("▁the", "▁The", "▁é", "é", "▁e")
    assert set(surfaces(new, old)) == {"<pad>", "<s>", "</s>", "<unk>", "▁the", "▁e"}


def test_byte_level_pieces_match_by_what_they_spell(tmp_path):
    old = Codec.load(vocabularies.build("byte_bpe", tmp_path))
    same = surfaces(unigram("▁the", "▁", "S", "<0xC3>", "<0x41>"), old)
    assert same["▁the"] == "Ġthe"
    assert same["▁"] == "Ġ"
    assert same["S"] == "S"
    assert same["<0xC3>"] == "Ã"
    assert "<0x41>" not in same
    assert same["<pad>"] == "<pad>"


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_a_vocabulary_shares_everything_with_itself(kind):
    codec = learn(vocabularies.TEXT, kind)
    pairs = shared(codec, codec)
    assert all(new == old for new, old in pairs)
    missing = {codec.pieces()[i] for i in range(codec.size)} - {codec.pieces()[i] for i, _ in pairs}
    assert missing <= {"<unk>"} | {f"<0x{byte:02X}>" for byte in range(128)}


@pytest.mark.parametrize("kind", vocabularies.KINDS)
def test_each_new_piece_is_matched_at_most_once(kind, tmp_path):
    old = Codec.load(vocabularies.build(kind, tmp_path))
    new = learn(vocabularies.TEXT, "unigram")
    pairs = shared(new, old)
    assert len(dict(pairs)) == len(pairs)
    assert [i for i, _ in pairs] == sorted(i for i, _ in pairs)
    assert len(pairs) > 20


def test_a_french_vocabulary_takes_a_third_from_english_bert(minilm, data):
    lines = (data / "multi30k/val.fr").read_text(encoding="utf-8").splitlines()
    new = learn(lines)
    same = surfaces(new, Codec.load(minilm))
    assert new.size == 1196
    assert len(same) == 421
    assert same["."] == "."
    assert same["▁dans"] == "dans"
    assert "▁Un" not in same
