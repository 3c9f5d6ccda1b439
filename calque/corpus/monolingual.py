"""One-language text as a value: files with a line each for a sentence, a paragraph or a document, read as often as
wanted, one line in memory at a time."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from calque.corpus.place import opened
from calque.corpus.plain import lines
from calque.errors import DataError
from calque.text.normal import blank, digest

LEAST = 20  # lines a held-out one stands among, at least
WRONG_FILE = 0.05  # share of held-out lines in the training text from which on it is no accident


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: the number of its file, counted from 0, and its own, counted from 1."""

    text: str
    file: int
    number: int


@dataclass(frozen=True, slots=True)
class Monolingual:
    """Text that was read through once: how many usable lines it has (`count`), how many were `blank`, the SHA-256 of
    each file, and the digests of lines that are left out (`without`, and how many lines those are: `left_out`).

    Iterating gives the usable lines in the order of the files.
    """

    files: tuple[str, ...]
    languages: tuple[str, ...]
    count: int
    blank: int
    digest: dict[str, str]
    without: frozenset[int] = field(default=frozenset(), repr=False)
    left_out: int = 0

    @classmethod
    def read(cls, files: Sequence[str], languages: Sequence[str]) -> Monolingual:
        """The text in these files, each of the language at its place ('' where that is not known).

        Raises:
            DataError: a file is not there (near names are told), is not UTF-8 (with path and line), or is packed
                otherwise than with gzip; or there is no text in it.
        """
        digests = {}
        for name in files:
            with opened(Path(name)) as stream:
                digests[name] = hashlib.file_digest(stream, "sha256").hexdigest()
        count = empty = 0
        for name in files:
            kinds = Counter(map(blank, lines(name)))
            if not kinds[False]:
                raise DataError("there is no text in it", name)
            count, empty = count + kinds[False], empty + kinds[True]
        return cls(tuple(files), tuple(languages), count, empty, digests)

    def of_file(self, number: int) -> Iterator[Line]:
        """The usable lines of one file."""
        for place, text in enumerate(lines(self.files[number]), 1):
            if not blank(text) and not (self.without and digest(text.strip()) in self.without):
                yield Line(text, number, place)

    def __iter__(self) -> Iterator[Line]:
        for number in range(len(self.files)):
            yield from self.of_file(number)

    @property
    def texts(self) -> Texts:
        """The lines without their places."""
        return Texts(self)

    def apart(self, held_out: Sequence[Line]) -> Monolingual:
        """This text without the lines that are held out, wherever they stand in it.

        Raises:
            DataError: nothing would be left.
        """
        without = frozenset(digest(line.text.strip()) for line in held_out)
        kept = replace(self, without=without)
        count = sum(1 for _ in kept)
        if not count:
            raise DataError(f"{', '.join(self.files)}: all of its lines are held out too, so none is left to train on")
        return replace(kept, count=count, left_out=self.count - count)


@dataclass(frozen=True, slots=True)
class Texts:
    """The lines of a text as strings, read anew by each iteration."""

    text: Monolingual

    def __iter__(self) -> Iterator[str]:
        return (line.text for line in self.text)


def sampled(text: Monolingual, most: int) -> list[Line]:
    """At most `most` lines, and at most one of twenty, evenly spaced over the whole text.

    Raises:
        DataError: the text is too short for that.
    """
    wanted = min(most, text.count // LEAST)
    if not wanted:
        raise DataError(
            f"{', '.join(text.files)}: {text.count} lines are too few to hold some of them out: give held-out text "
            "with --dev"
        )
    stride = text.count // wanted
    return [line for place, line in enumerate(text) if place % stride == stride // 2][:wanted]


def refuse_overlap(train: Monolingual, dev: Monolingual, held_out: Sequence[Line]) -> None:
    """Raise DataError where more than a twentieth of the held-out lines are lines of the training text too: that is
    no accident, but the wrong file. Fewer are left out of the training text (see `Monolingual.apart`)."""
    wanted = {digest(line.text.strip()): line for line in held_out}
    found: dict[int, tuple[Line, Line]] = {}
    for line in train:
        key = digest(line.text.strip())
        if key in wanted:
            found.setdefault(key, (wanted[key], line))
    if len(found) > WRONG_FILE * len(wanted):
        one, other = next(iter(found.values()))
        raise DataError(
            f"{len(found):,} of {len(wanted):,} different held-out lines are in the training text too (this one at "
            f"{train.files[other.file]}:{other.number}): what is measured on them is no measure; give other text",
            dev.files[one.file],
            one.number,
        )
