"""Parallel text as a value."""

from __future__ import annotations

import gzip
import hashlib
import random
import tracemalloc

import pytest

from calque.corpus.read import Corpus
from calque.errors import DataError
from calque.records import Pair


@pytest.fixture
def prefix(tmp_path):
    """Writes two sides and gives their prefix."""

    def written(source: str | bytes, target: str | bytes, name: str = "train") -> str:
        for text, language in ((source, "en"), (target, "fr")):
            content = text.encode() if isinstance(text, str) else text
            (tmp_path / f"{name}.{language}").write_bytes(content)
        return str(tmp_path / name)

    return written


def test_pairs_keep_their_lines_and_their_origin(prefix):
    place = prefix("one\n\nthree\n", "un\ndeux\n\n")
    corpus = Corpus.open([place], "en", "fr")
    expected = [
        Pair("one", "un", 1, f"{place}.en"),
        Pair("", "deux", 2, f"{place}.en"),
        Pair("three", "", 3, f"{place}.en"),
    ]
    assert list(corpus) == expected
    assert list(corpus) == expected  # as often as wanted
    assert corpus.count() == 3
    assert [str(path) for path in corpus.files] == [f"{place}.en", f"{place}.fr"]
    assert corpus.where(expected[1]) == f"{place}.en:2"
    assert corpus.where(expected[1], "target") == f"{place}.fr:2"


def test_several_places_are_read_one_after_the_other(prefix, tmp_path):
    first = prefix("one\n", "un\n")
    table = tmp_path / "more.tsv"
    table.write_text("en\tfr\ntwo\tdeux\n")
    corpus = Corpus.open([first, str(table), first], "en", "fr")
    assert list(corpus) == [
        Pair("one", "un", 1, f"{first}.en"),
        Pair("two", "deux", 2, str(table)),
        Pair("one", "un", 1, f"{first}.en"),
    ]
    assert corpus.where(Pair("two", "deux", 2, str(table)), "target") == f"{table}:2"


def test_the_direction_turns_the_pairs_round(prefix):
    place = prefix("one\n", "un\n")
    assert Corpus.open(place, "fr", "en") == Corpus.open([place], "fr", "en")
    assert [(pair.source, pair.target) for pair in Corpus.open([place], "fr", "en")] == [("un", "one")]


def test_digests_are_those_of_the_files(prefix):
    place = prefix("one\n", gzip.compress(b"un\n"))
    digests = Corpus.open([place], "en", "fr").digest()
    assert list(digests) == [f"{place}.en", f"{place}.fr"]
    assert digests[f"{place}.en"] == hashlib.sha256(b"one\n").hexdigest()
    assert digests[f"{place}.fr"] == hashlib.sha256(gzip.compress(b"un\n")).hexdigest()


def test_opening_reads_no_text_but_looks_for_the_files(prefix):
    place = prefix(b"\xff\n", "un\n")
    corpus = Corpus.open([place], "en", "fr")
    with pytest.raises(DataError, match="not UTF-8"):
        corpus.count()
    with pytest.raises(DataError, match="looked for"):
        Corpus.open([place + "x"], "en", "fr")
    with pytest.raises(DataError, match="no parallel text was named"):
        Corpus.open([], "en", "fr")


@pytest.mark.parametrize(("source", "target"), [("", ""), ("a\n", ""), ("", "a\n")])
def test_an_empty_side_is_refused(prefix, source, target):
    with pytest.raises(DataError, match=r"not one pair in it|1 lines, but 0|0 lines, but 1"):
        list(Corpus.open([prefix(source, target)], "en", "fr"))


def test_each_place_must_have_a_pair(prefix, tmp_path):
    first = prefix("one\n", "un\n")
    (tmp_path / "empty.tsv").write_text("en\tfr\n")
    with pytest.raises(DataError, match=r"empty\.tsv: there is not one pair in it"):
        list(Corpus.open([first, str(tmp_path / "empty.tsv")], "en", "fr"))


def sentences(count: int, seed: int = 1) -> tuple[list[str], list[str]]:
    """Lines of very different lengths and their translations, which are alike in length and digits."""
    rng = random.Random(seed)
    sources, targets = [], []
    for _ in range(count):
        words = rng.choices(["cat", "horse", "elephant", "ox", "crocodile"], k=rng.randint(1, 25))
        number = f" {rng.randint(100, 999)}" if rng.random() < 0.3 else ""
        end = rng.choice(".?!")
        sources.append(" ".join(words) + number + end)
        targets.append(" ".join(word[::-1] + "e" for word in words) + number + end)
    return sources, targets


@pytest.mark.parametrize("lost", [[120], [120, 121, 122], [60, 130, 200], list(range(50, 150))])
def test_unequal_lengths_name_both_counts_and_the_first_suspicious_line(prefix, lost):
    sources, targets = sentences(300)
    kept = [text for at, text in enumerate(targets) if at not in lost]
    corpus = Corpus.open([prefix("\n".join(sources) + "\n", "\n".join(kept) + "\n")], "en", "fr")
    read = []
    with pytest.raises(DataError) as caught:
        read.extend(corpus)
    assert len(read) == len(kept)
    assert f"300 lines, but {len(kept)} in " in str(caught.value)
    assert abs(caught.value.line - (lost[0] + 1)) <= 3
    assert f"about {caught.value.line}: " in str(caught.value)
    with pytest.raises(DataError, match="300 lines"):
        corpus.count()


def test_unequal_lengths_with_source_lines_lost(prefix):
    sources, targets = sentences(300)
    corpus = Corpus.open([prefix("\n".join(sources[:80] + sources[82:]), "\n".join(targets))], "en", "fr")
    with pytest.raises(DataError, match=r"298 lines, but 300 in .*train\.fr: they must match") as caught:
        corpus.count()
    assert abs(caught.value.line - 81) <= 3


def test_a_file_cut_at_its_end_is_suspicious_from_there(prefix):
    sources, targets = sentences(200)
    corpus = Corpus.open([prefix("\n".join(sources), "\n".join(targets[:170]))], "en", "fr")
    with pytest.raises(DataError, match=r"200 lines, but 170 in .* line is 171, where one of them ends") as caught:
        corpus.count()
    assert caught.value.line == 171


def test_memory_does_not_grow_with_the_corpus(prefix):
    place = prefix("a line of text that is repeated\n" * 20_000, "une ligne de texte qui se répète\n" * 20_000)
    tracemalloc.start()
    count = Corpus.open([place], "en", "fr").count()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 500_000


def test_real_corpora_are_read_whole(data):
    assert Corpus.open([str(data / "multi30k" / "val")], "en", "de").count() == 1014
    corpus = Corpus.open([str(data / "medical_tico19" / name) for name in ("train", "dev")], "en", "fr")
    assert corpus.count() == 1193 + 131
