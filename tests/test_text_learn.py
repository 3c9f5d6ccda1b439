"""New vocabularies: lossless, deterministic, of a size that fits the text."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections import Counter

import pytest
import sentencepiece
import vocabularies

from calque.errors import DataError
from calque.text.learn import fitted, learn

KINDS = ("unigram", "bpe")


@pytest.fixture(scope="module")
def lines(data) -> list[str]:
    return (data / "multi30k/val.fr").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "   ",
        " a ",
        "\tUn\t petit  chien\u00a0; n° 5\u202f000 ",
        "👨‍👩‍👧 👍🏽 🇫🇷 ☺️",
        "ሰላም für שלום 日本語 नमस्ते",
        "e\u0301 é",
        "▁ a▁b ▁▁",
        "\ufdd0 \ufdd00 \ufdd01 ▁\ufdd0▁0",
        "<0x41> <0xFF>",
        "<s></s> <pad> <unk>",
        "\0\u0001 \ufffd \U0010ffff",
        "a\r\nb\n",
    ],
)
def test_any_text_comes_back_as_it_was(kind, text):
    codec = learn(vocabularies.TEXT, kind)
    ids = codec.encode(text)
    assert codec.decode(ids) == text
    assert not {0, 1, 2, 3} & set(ids[1:-1])
    assert codec.unknown(ids) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_random_text_comes_back_as_it_was(kind):
    codec = learn(vocabularies.TEXT, kind)
    texts = vocabularies.random_texts(2000)
    assert [codec.decode(ids) for ids in codec.encode_all(texts)] == texts


@pytest.mark.parametrize("kind", KINDS)
def test_real_text_comes_back_as_it_was(kind, lines):
    codec = learn(lines, kind)
    assert [codec.decode(ids) for ids in codec.encode_all(lines)] == lines


@pytest.mark.parametrize("kind", KINDS)
def test_ids_in_no_sensible_order_still_decode(kind):
    codec = learn(vocabularies.TEXT, kind)
    assert isinstance(codec.decode(range(codec.size)), str)
    assert codec.decode([codec.special.eos, codec.special.pad]) == ""


def test_pieces_are_those_of_sentencepiece(lines, monkeypatch):
    models = []

    class Recorder(sentencepiece.SentencePieceProcessor):
        def __init__(self, **settings):
            super().__init__(**settings)
            models.append(self)

    monkeypatch.setattr(sentencepiece, "SentencePieceProcessor", Recorder)
    codec = learn(lines, "unigram", pieces=1500)
    theirs = models[0].encode(lines, out_type=str)
    same = sum(codec.pieces_of(line) == pieces for line, pieces in zip(lines, theirs, strict=True))
    assert same / len(lines) > 0.999


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_text_gives_the_same_vocabulary(kind, tmp_path):
    program = (
        "import sys, vocabularies; from calque.text.learn import learn;"
        "learn(vocabularies.TEXT * 5, sys.argv[1]).save(sys.argv[2])"
    )
    written = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", program, kind, folder], check=True, env=environment)
        written.append((folder / "tokenizer.json").read_bytes())
    assert written[0] == written[1]


def test_the_size_grows_with_the_text(lines):
    assert fitted(["a b"]) == 261
    assert [fitted(lines[:n]) for n in (10, 100, 1000)] == [287, 506, 1596]
    assert fitted(["a" * 8_000_000]) == 16_000


def test_a_fitted_vocabulary_has_no_rare_pieces(lines):
    codec = learn(lines, "unigram")
    used = Counter(number for ids in codec.encode_all(lines) for number in ids)
    pieces = list(enumerate(codec.pieces()))[260:]
    assert [piece for number, piece in pieces if used[number] < 3 and len(piece) > 1] == []
    assert codec.size == 1196


@pytest.mark.parametrize("kind", KINDS)
def test_the_asked_size_is_given_where_the_text_supports_it(kind, lines):
    assert learn(lines, kind, pieces=700).size == 700


@pytest.mark.parametrize("kind", KINDS)
def test_a_size_that_the_text_does_not_support_is_lowered(kind, caplog):
    with caplog.at_level(logging.WARNING, logger="calque"):
        codec = learn(["a small text", "another small text"], kind, pieces=8000)
    assert codec.size < 300
    assert f"supports a vocabulary of {codec.size} pieces, not of 8000" in caplog.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("texts", [["a"], ["!"], ["日"], ["aa aa aa"], ["\t\t▁"], ["Un chien.", "Un chat."]])
def test_a_handful_of_text_is_enough(kind, texts):
    codec = learn(texts, kind)
    assert [codec.decode(codec.encode(text)) for text in texts] == texts
    assert 260 <= codec.size < 300


def test_an_alphabet_larger_than_the_asked_size_is_spelled_in_bytes():
    chinese = ["".join(chr(0x4E00 + n) for n in range(start, start + 50)) for start in range(0, 2000, 50)] * 3
    codec = learn(chinese, "unigram", pieces=300)
    assert codec.size == 300
    assert codec.decode(codec.encode(chinese[7])) == chinese[7]


@pytest.mark.parametrize("texts", [[], [""], ["  ", "\n"]])
def test_no_text_is_refused(texts):
    with pytest.raises(DataError, match="no text to learn a vocabulary from"):
        learn(texts)


def test_the_text_may_be_a_stream():
    assert learn(iter(vocabularies.TEXT)).pieces() == learn(vocabularies.TEXT).pieces()
