"""What is wrong with parallel text."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise

import pytest

from calque.corpus import check as module
from calque.corpus.check import KINDS, check
from calque.corpus.read import Corpus
from calque.errors import DataError

SOURCES = ["The dog sleeps under the table.", "Where did you put the keys?", "I have never seen the sea."]
TARGETS = ["Le chien dort sous la table.", "Où as-tu mis les clés ?", "Je n'ai jamais vu la mer."]


@pytest.fixture
def corpus(tmp_path):
    """Writes pairs and opens them."""

    def made(pairs: list[tuple[str, str]], name: str = "train", source: str = "en", target: str = "fr") -> Corpus:
        for side, code in enumerate((source, target)):
            text = "".join(f"{pair[side]}\n" for pair in pairs)
            (tmp_path / f"{name}.{code}").write_text(text, encoding="utf-8", newline="")
        return Corpus.open([str(tmp_path / name)], source, target)

    return made


def good(count: int) -> list[tuple[str, str]]:
    """Different pairs in which nothing is wrong."""
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    mots = ["un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"]
    pairs = []
    for n in range(count):
        digits = [int(digit) for digit in f"{n:04}"]
        english, french = " ".join(words[d] for d in digits), " ".join(mots[d] for d in digits)
        pairs.append((f"{SOURCES[n % 3]} {english}", f"{TARGETS[n % 3]} {french}"))
    return pairs


def findings(*corpora: Corpus, **settings) -> dict:
    return {finding.name: finding for finding in check(*corpora, **settings)}


def test_good_pairs_are_green_and_every_kind_is_reported(corpus):
    found = check(corpus(good(50)))
    assert [finding.name for finding in found] == [kind.name for kind in KINDS]
    assert {finding.level for finding in found} == {"green"}
    assert found[0].message == "pairs with an empty side: none of 50."
    assert found[0].total == 50
    assert not any(finding.examples for finding in found)


@pytest.mark.parametrize(
    ("name", "bad", "side"),
    [
        ("empty", ("", "vide"), "en"),
        ("copied", ("The same text on both sides", "The same text on both sides"), "en"),
        ("swapped", (TARGETS[0], SOURCES[0]), "en"),
        ("language", ("He reads a book.", "Er liest ein schönes altes Buch im Garten."), "fr"),
        ("mojibake", ("I will go to the hotel", "J'irai Ã  l'hÃ´tel"), "fr"),
        ("length", ("Yes", "Oui, mais seulement s'il fait beau demain et si vous venez aussi avec nous"), "en"),
        ("number", ("It weighs 150 kilograms", "Il pèse 160 kilogrammes"), "en"),
        ("control", ("A word\x0bmore", "Un mot de plus"), "en"),
    ],
)
def test_each_kind_is_found_with_its_lines(corpus, name, bad, side):
    pairs = good(40)
    pairs[5:5] = [bad]
    pairs[20:20] = [(bad[0] + " .", bad[1] + " .")] * (name != "empty")
    pairs[30:30] = [(bad[0] + " !", bad[1] + " !")] * (name != "empty")
    pairs += [(bad[0] + " " + mark, bad[1] + " " + mark) for mark in ("?", ":")] if name != "empty" else []
    expected = 1 if name == "empty" else 5
    finding = findings(corpus(pairs))[name]
    assert (finding.level, finding.count) == ("red" if name == "mojibake" else "amber", expected)
    assert f"train.{side}:6: {bad[0]}".replace("\x0b", "\\x0b") in finding.examples[0]
    assert len(finding.examples) == min(3, expected)
    assert f"{expected} of " in finding.message
    assert not finding.message.endswith("too few to matter.")


def test_duplicates_are_counted_beyond_the_first(corpus):
    finding = findings(corpus(good(10) + [("a b c", "d e f")] * 100))["duplicate"]
    assert (finding.level, finding.count, finding.total) == ("red", 99, 110)


def test_long_lines_and_few_findings(corpus):
    pairs = [*good(300), ("long " * 201, "longue " * 201)]
    finding = findings(corpus(pairs))["long"]
    assert (finding.level, finding.count) == ("green", 1)
    assert finding.message.endswith("1 of 301 (0.33%), too few to matter.")
    finding = findings(corpus(pairs[-10:]))["long"]
    assert finding.level == "amber"


def test_a_corpus_with_its_languages_exchanged_is_red(corpus):
    finding = findings(corpus([pair[::-1] for pair in good(60)]))["swapped"]
    assert (finding.level, finding.count, finding.total) == ("red", 60, 60)


def test_languages_that_are_not_known_are_said(corpus):
    found = findings(corpus(good(5), source="en", target="xx"))
    assert "xx is not among the languages that can be identified" in found["language"].message
    found = findings(corpus(good(5), source="en-US", target="en-GB"))
    assert (found["swapped"].total, found["swapped"].level) == (0, "green")
    assert "en-US and en-GB cannot be told apart" in found["swapped"].message


def test_the_language_of_a_large_corpus_is_sampled(corpus, monkeypatch):
    monkeypatch.setattr(module, "ALL", 20)
    found = findings(corpus([*good(20), *[pair[::-1] for pair in good(100)]]))
    assert (found["swapped"].count, found["swapped"].total) == (10, 30)
    assert "30 of 120 pairs were looked at" in found["swapped"].message
    assert found["swapped"].level == "red"  # a third of what was looked at


def test_unpaired_lines_are_red(corpus, data):
    pairs = [(pair.source, pair.target) for pair in Corpus.open([str(data / "multi30k" / "val")], "en", "fr")][:400]
    targets = random.Random(1).sample([target for _, target in pairs], 400)
    shuffled = [(source, target) for (source, _), target in zip(pairs, targets, strict=True)]
    finding = findings(corpus(shuffled))["pairing"]
    assert (finding.level, finding.count) == ("red", 400)
    assert "no more alike than lines of different pairs" in finding.message
    late = [(source, target) for (source, _), (_, target) in pairwise(pairs)]
    finding = findings(corpus(late))["pairing"]
    assert (finding.level, finding.count) == ("red", 399)
    assert "most sources belong to the target 1 line(s) above" in finding.message
    shifted = pairs[:200] + [(pairs[at][0], pairs[at - 1][1]) for at in range(200, 290)] + pairs[290:]
    finding = findings(corpus(shifted))["pairing"]
    assert finding.level == "amber"
    assert abs(finding.count - 90) <= 15


def test_progress_is_told(corpus, monkeypatch):
    monkeypatch.setattr(module, "STEP", 10)
    told: list[tuple[str, int]] = []
    train, dev = corpus(good(25)), corpus(good(10), "dev")
    check(train, dev, progress=lambda role, pairs: told.append((role, pairs)))
    assert told == [("train", 10), ("train", 20), ("train", 25), ("dev", 10)]


def test_held_out_text_is_checked_too_and_reported_where_not_green(corpus):
    found = findings(corpus(good(20)), corpus([("", "vide"), *good(30)[20:]], "dev"))
    assert found["dev: empty"].count == 1
    assert "dev: copied" not in found


def test_no_examples(corpus):
    assert findings(corpus([("", "a"), *good(3)]), examples=0)["empty"].examples == ()


def test_what_cannot_be_read_is_refused(corpus, tmp_path):
    train = corpus(good(5))
    (tmp_path / "train.fr").write_bytes(b"\xff\n" * 5)
    with pytest.raises(DataError, match=r"train\.fr:1: byte 0xFF"):
        check(train)


@pytest.mark.parametrize(
    ("train", "dev"),
    [
        ("multi30k/val", "multi30k/test_2016_flickr"),
        ("tatoeba_enfr/dev", None),
        ("it_ui/dev", None),
        ("starter/train", "starter/dev"),
    ],
)
def test_real_corpora_are_not_red(data, train, dev):
    opened = [Corpus.open([str(data / place)], "en", "fr") for place in (train, dev) if place]
    assert [finding.name for finding in check(*opened) if finding.level == "red"] == []


def test_importing_it_brings_in_nothing_heavy():
    code = "import sys, calque.corpus.check, calque.corpus.write; print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for name in ("torch", "transformers", "polars", "ftfy", "py3langid", "numpy"):
        assert f"'{name}'" not in modules


def test_what_became_of_the_first_rows_of_tables_is_told(tmp_path):
    for name, first in (("train", "source\ttarget\n"), ("dev", "")):
        (tmp_path / f"{name}.tsv").write_text(first + "".join(f"{one}\t{other}\n" for one, other in good(30)))
    train, dev = (Corpus.open([str(tmp_path / f"{name}.tsv")], "en", "fr") for name in ("train", "dev"))
    finding = findings(train, dev)["header"]
    assert (finding.level, finding.count, finding.total) == ("green", 1, 2)
    assert finding.message == (
        f"tables with a header: 1 of 2; {tmp_path}/train.tsv: header row skipped, source in column 1 (source), target "
        f"in column 2 (target); {tmp_path}/dev.tsv: no header, the first row is a pair."
    )
