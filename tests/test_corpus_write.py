"""Writing parallel text."""

from __future__ import annotations

import errno
import random
from pathlib import Path

import pytest

from calque.corpus.read import Corpus
from calque.corpus.write import write
from calque.errors import DataError, MachineError, RecipeError
from calque.records import Pair

PLACES = [
    "p",
    "a.txt:b.txt",
    "a.gz:b.gz",
    "x.tsv",
    "x.tsv.gz",
    "x.csv",
    "x.csv.gz",
    "x.jsonl",
    "x.jsonl.gz",
    "x.parquet",
]
TEXTS = [
    "",
    " ",
    "plain",
    'quote " and ""',
    "comma, semicolon;",
    "\u2028\x85\x0b",
    "é 日本 👩‍👩‍👧",
    "\\n",
    "a\rb",
    "'",
    "en",
    "# x",
]


def pairs(texts: list[tuple[str, str]]) -> list[Pair]:
    return [Pair(source, target, line, "memory") for line, (source, target) in enumerate(texts, start=1)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def place_in(folder, place: str) -> str:
    return ":".join(str(folder / name) for name in place.split(":"))


def read_back(place: str) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in Corpus.open([place], "en", "fr")]


@pytest.mark.parametrize("place", PLACES)
def test_what_is_written_is_read(tmp_path, place):
    rng = random.Random(1)
    texts = [(rng.choice(TEXTS), rng.choice(TEXTS)) for _ in range(200)] + [("en", "fr")]
    place = place_in(tmp_path / "new" / "folder", place)
    assert write(pairs(texts), place, "en", "fr") == 201
    assert read_back(place) == texts


@pytest.mark.parametrize("place", ["x.csv", "x.jsonl", "x.parquet"])
def test_line_breaks_survive_in_cells(tmp_path, place):
    texts = [("two\nlines", "a\ttab"), ("\n", "\n\n")]
    write(pairs(texts), tmp_path / place, "en", "fr")
    assert read_back(str(tmp_path / place)) == texts


@pytest.mark.parametrize(
    ("place", "text", "message"),
    [
        ("p", "two\nlines", r"'\\n' cannot stand in text; write a .jsonl file instead"),
        ("p", "end\r", r"'\\r' cannot stand in text"),
        ("p", "\ufeffmark", "cannot stand in text"),
        ("x.tsv", "a\tb", r"'\\t' cannot stand in tsv"),
        ("x.csv", "a\r\nb", r"cannot stand in csv"),
        ("x.jsonl", "a\0b", r"'\\x00' cannot stand in jsonl"),
        ("x.parquet", "a\0b", "cannot stand in parquet"),
        ("x.jsonl", "\ud83d", "half a character"),
    ],
)
def test_what_would_not_be_read_back_is_refused_and_leaves_nothing(tmp_path, place, text, message):
    with pytest.raises(DataError, match=message) as caught:
        write(pairs([("a", "b"), ("c", text)]), tmp_path / place, "en", "fr")
    assert (caught.value.path, caught.value.line) == ("memory", 2)
    assert names(tmp_path) == []


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "p.fr").write_text("mine")
    with pytest.raises(RecipeError, match=r"p\.fr exists already"):
        write(pairs([("a", "b")]), tmp_path / "p", "en", "fr")
    (tmp_path / "q.en.gz").write_text("mine")
    with pytest.raises(RecipeError, match=r"q\.en\.gz exists already"):  # the prefix would become ambiguous
        write(pairs([("a", "b")]), tmp_path / "q", "en", "fr")
    assert names(tmp_path) == ["p.fr", "q.en.gz"]


def test_files_appear_when_they_are_complete(tmp_path):
    def slowly():
        yield from pairs([("a", "b")])
        assert not any(name.startswith("p.") for name in names(tmp_path))

    write(slowly(), tmp_path / "p", "en", "fr")
    assert names(tmp_path) == ["p.en", "p.fr"]


def test_no_pair_is_no_corpus(tmp_path):
    with pytest.raises(DataError, match="not one pair"):
        write([], tmp_path / "p", "en", "fr")
    assert names(tmp_path) == []


def test_a_full_disk_is_the_machines_error_and_leaves_nothing(tmp_path):
    def full():
        yield from pairs([("a", "b")])
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(MachineError, match="No space left"):
        write(full(), tmp_path / "p", "en", "fr")
    assert names(tmp_path) == []


def test_packed_files_are_the_same_bytes_each_time(tmp_path):
    for name in ("one", "two"):
        write(pairs([("a", "b")]), tmp_path / name / "x.tsv.gz", "en", "fr")
    assert (tmp_path / "one" / "x.tsv.gz").read_bytes() == (tmp_path / "two" / "x.tsv.gz").read_bytes()
