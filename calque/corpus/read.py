"""Parallel text as a value: opened once, read as often as wanted, one pair in memory at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from calque.corpus.drift import MOST, first_break
from calque.corpus.place import FORMS, Files, Table, find, opened
from calque.corpus.plain import lines
from calque.corpus.table import header_of, load_polars, rows
from calque.errors import DataError
from calque.records import Pair

__all__ = ["Corpus", "lines"]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Parallel text in one direction, from one or several places, which are read one after the other.

    Iterating gives `Pair`s in the order of the files, always the same, in constant memory; empty sides are kept (see
    `calque.corpus.clean.usable`). It raises DataError at the first thing that cannot be read, with file and line, at
    the end of two files that differ in length, and where a place has no pair at all.
    """

    places: tuple[Files | Table, ...]
    source: str
    target: str

    @classmethod
    def open(cls, places: str | Sequence[str], source: str, target: str) -> Corpus:
        """The corpus at these places; no text is read yet.

        Args:
            places: one place or several, each a prefix (PREFIX.en and PREFIX.fr, plain or .gz), two files as
                FILE_A:FILE_B, or one table (.tsv, .csv, .jsonl, .parquet).
            source: language code, as in the file names or columns.
            target: language code, likewise.

        Raises:
            DataError: a file is not there, or a place is ambiguous; or there is no place at all.
            MachineError: a place is a Parquet table and polars is not installed.
        """
        if not places:
            raise DataError("no parallel text was named: " + FORMS.format(source=source, target=target))
        named = [places] if isinstance(places, str) else places
        found = tuple(find(str(place), source, target) for place in named)
        if any(isinstance(place, Table) and place.kind == "parquet" for place in found):
            load_polars()
        return cls(found, source, target)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of the corpus, in order."""
        return tuple(path for place in self.places for path in _paths(place))

    def __iter__(self) -> Iterator[Pair]:
        for place in self.places:
            empty = True
            for pair in _pairs(place, self.source, self.target):
                empty = False
                yield pair
            if empty:
                raise DataError("there is not one pair in it", _paths(place)[0])

    def count(self) -> int:
        """Number of pairs; reads everything, so that it also finds everything that iteration would refuse."""
        return sum(1 for _ in self)

    def headers(self) -> dict[str, str]:
        """Of each TSV and CSV table, by path: what became of its first row, in words; "" where it is a pair."""
        tables = [place for place in self.places if isinstance(place, Table) and place.kind in ("tsv", "csv")]
        return {str(table.path): str(header_of(table, self.source, self.target) or "") for table in tables}

    def where(self, pair: Pair, side: str = "source") -> str:
        """FILE:LINE of one side ('source' or 'target') of a pair of this corpus."""
        path = pair.origin
        if side == "target":
            path = next((str(_paths(place)[-1]) for place in self.places if str(_paths(place)[0]) == path), path)
        return f"{path}:{pair.line}"

    def digest(self) -> dict[str, str]:
        """SHA-256 of each file as it lies on disk, in hexadecimal, by path: what `sha256sum` says of it."""
        digests = {}
        for path in self.files:
            with opened(path) as stream:
                digests[str(path)] = hashlib.file_digest(stream, "sha256").hexdigest()
        return digests


def _paths(place: Files | Table) -> tuple[Path, ...]:
    return (place.source, place.target) if isinstance(place, Files) else (place.path,)


def _pairs(place: Files | Table, source: str, target: str) -> Iterator[Pair]:
    if isinstance(place, Files):
        yield from _aligned(place)
    else:
        for line, one, other in rows(place, source, target):
            yield Pair(one, other, line, str(place.path))


def _aligned(files: Files) -> Iterator[Pair]:
    """Line n of one file with line n of the other."""
    sources, targets = lines(files.source), lines(files.target)
    origin = str(files.source)
    number = 0
    for source in sources:
        target = next(targets, None)
        if target is None:
            raise _unequal(files, number + 1 + sum(1 for _ in sources), number)
        number += 1
        yield Pair(source, target, number, origin)
    rest = sum(1 for _ in targets)
    if rest:
        raise _unequal(files, number, number + rest)


def _unequal(files: Files, sources: int, targets: int) -> DataError:
    """The error for files of different lengths: both counts, and where the pairing seems to go wrong."""
    counts = f"{sources:,} lines, but {targets:,} in {files.target}: they must match line by line."
    shorter = min(sources, targets)
    if not shorter:
        return DataError(counts, files.source)
    suspect = first_break(lines(files.source), lines(files.target), sources - targets)
    if suspect is not None:
        what = f"The first suspicious line is about {suspect:,}: {_shown(files, suspect)}"
        return DataError(f"{counts} {what}", files.source, suspect)
    if shorter > MOST:
        return DataError(f"{counts} The first {MOST:,} lines look paired", files.source)
    what = f"The first suspicious line is {shorter + 1:,}, where one of them ends: the lines before it look paired"
    return DataError(f"{counts} {what}", files.source, shorter + 1)


def _shown(files: Files, number: int) -> str:
    """The beginnings of line `number` of both files."""
    texts = []
    for path in (files.source, files.target):
        found = next((text for at, text in enumerate(lines(path), start=1) if at == number), "")
        texts.append(repr(found[:60]))
    return " | ".join(texts)
