"""Trimmed vocabularies: the same pieces for the text they were trimmed to, and nothing newly unknown."""

from __future__ import annotations

import json

import pytest
import vocabularies
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from calque.errors import ModelError
from calque.text.codec import Codec
from calque.text.frame import Special
from calque.text.learn import learn
from calque.text.trim import trim

CORPUS = vocabularies.TEXT[:2]


@pytest.fixture(params=[*vocabularies.KINDS, "learnt unigram", "learnt bpe"])
def codec(request, tmp_path) -> Codec:
    if request.param.startswith("learnt"):
        return learn(vocabularies.TEXT, request.param.split()[1], pieces=400)
    return Codec.load(vocabularies.build(request.param, tmp_path / "pretrained"))


def some_texts(count: int) -> list[str]:
    words = " ".join(vocabularies.TEXT).split()
    mixed = [first[:3] + second[2:] for first, second in zip(words, reversed(words), strict=True)]
    return [*vocabularies.TEXT, *words, *mixed, *vocabularies.random_texts(count)]


def test_the_corpus_has_the_same_pieces_as_before(codec):
    trimmed, kept = trim(codec, CORPUS)
    assert trimmed.size < codec.size
    assert [[kept[i] for i in ids] for ids in trimmed.encode_all(CORPUS)] == codec.encode_all(CORPUS)
    assert [trimmed.pieces_of(text) for text in CORPUS] == [codec.pieces_of(text) for text in CORPUS]


def test_nothing_becomes_unknown(codec):
    trimmed, _ = trim(codec, CORPUS)
    texts = some_texts(1000)
    before = [codec.unknown(ids) for ids in codec.encode_all(texts)]
    after = [trimmed.unknown(ids) for ids in trimmed.encode_all(texts)]
    assert [text for text, old, new in zip(texts, before, after, strict=True) if new > old] == []


def test_text_decodes_as_before(codec):
    trimmed, _ = trim(codec, CORPUS)
    known = [text for text in some_texts(300) if not codec.unknown(codec.encode(text))]
    assert len(known) > 50
    assert [trimmed.decode(trimmed.encode(text)) for text in known] == [
        codec.decode(codec.encode(text)) for text in known
    ]


def test_kept_names_the_old_row_of_each_new_one(codec):
    trimmed, kept = trim(codec, CORPUS)
    old = codec.pieces()
    assert trimmed.pieces() == [old[number] for number in kept]
    assert len(kept) == trimmed.size
    assert kept == sorted(kept)
    special = (trimmed.special.pad, trimmed.special.bos, trimmed.special.eos)
    assert [kept[i] for i in special] == [codec.special.pad, codec.special.bos, codec.special.eos]
    assert {kept[number] for number in trimmed.hidden} == codec.hidden
    assert (trimmed.special.unk is None) == (codec.special.unk is None)


def test_a_trimmed_codec_can_be_saved_and_trimmed_again(codec, tmp_path):
    trimmed, _ = trim(codec, CORPUS)
    trimmed.save(tmp_path / "trimmed")
    again = Codec.load(tmp_path / "trimmed")
    texts = some_texts(100)
    assert again.encode_all(texts) == trimmed.encode_all(texts)
    assert trim(again, CORPUS)[1] == list(range(again.size))
    template = json.loads((tmp_path / "trimmed/tokenizer.json").read_text())["post_processor"]["special_tokens"]
    assert {i for token in template.values() for i in token["ids"]} == {trimmed.special.bos, trimmed.special.eos}


def test_no_text_at_all_leaves_the_safety_set(codec):
    trimmed, _ = trim(codec, [])
    bare = [piece.removeprefix("##") for number, piece in enumerate(trimmed.pieces()) if number not in trimmed.hidden]
    assert all(len(piece) == 1 or piece.startswith("<0x") for piece in bare)
    assert trimmed.decode(trimmed.encode("the dog")) == codec.decode(codec.encode("the dog"))


def test_bert_keeps_an_eighth_for_a_thousand_sentences(minilm, data):
    codec = Codec.load(minilm)
    lines = (data / "multi30k/val.en").read_text(encoding="utf-8").splitlines()
    trimmed, kept = trim(codec, lines)
    assert (trimmed.size, trimmed.special) == (4015, Special(pad=0, bos=2, eos=3, unk=1))
    assert [[kept[i] for i in ids] for ids in trimmed.encode_all(lines)] == codec.encode_all(lines)
    others = (data / "news_enfr/dev.fr").read_text(encoding="utf-8").splitlines()
    unknown = [sum(map(some.unknown, some.encode_all(others))) for some in (codec, trimmed)]
    assert unknown[0] == unknown[1]


def test_a_wordpiece_character_without_a_piece_of_its_own_gets_one():
    vocabulary = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "cab": 4, "c": 5, "##b": 6, "xyz": 7, "[x]": 8}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    trimmed, kept = trim(Codec(tokenizer, Special(0, 2, 3, 1)), ["c"])
    assert trimmed.pieces() == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "c", "##b", "##a", "x", "##y", "##z"]
    assert kept == [0, 1, 2, 3, 5, 6, 4, 7, 7, 7]
    assert trimmed.pieces_of("cab xyz") == ["c", "##a", "##b", "x", "##y", "##z"]


def test_a_unigram_character_without_a_piece_of_its_own_gets_one():
    scores = [
        ("<pad>", 0.0),
        ("<s>", 0.0),
        ("</s>", 0.0),
        ("<unk>", 0.0),
        ("▁a", -2.0),
        ("▁", -3.0),
        ("bc", -4.0),
        ("a", -5.0),
    ]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "<s>", "</s>", "<unk>", "<mask>"])
    trimmed, kept = trim(Codec(tokenizer, Special(0, 1, 2, 3)), ["a"])
    assert trimmed.pieces() == ["<pad>", "<s>", "</s>", "<unk>", "▁a", "▁", "a", "b", "c", "<mask>"]
    assert kept == [0, 1, 2, 3, 4, 5, 7, 6, 6, 8]
    assert trimmed.pieces_of("abc") == ["▁a", "b", "c"]
    assert trimmed.encode("a") == [1, 4, 2]


def test_other_kinds_are_refused():
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "<unk>": 1}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.NFC()
    with pytest.raises(ModelError, match="a WordLevel vocabulary cannot be trimmed"):
        trim(Codec(tokenizer, Special(0, 0, 0, 1)), ["a"])
