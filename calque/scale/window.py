"""A file cut into windows: texts that are read, sorted by length and translated together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import xxhash

from calque.corpus.plain import placed
from calque.decoding.lines import rows
from calque.decoding.translator import WINDOW_CHARACTERS, WINDOW_TEXTS, Translator
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.recipes.translate import Translate


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive texts of a file.

    first: number of the first text, from 0.
    start, end: the stretch of the (unpacked) file in bytes.
    texts: the lines without their ends.
    digest: XXH3 (64 bits, hexadecimal) of all texts of the file up to the end of the window.
    """

    first: int
    start: int
    end: int
    texts: tuple[str, ...]
    digest: str

    @property
    def last(self) -> int:
        """Number of texts of the file up to the end of the window."""
        return self.first + len(self.texts)


@dataclass(frozen=True, slots=True)
class Rows:
    """What is written for a window, in UTF-8; how many of its texts have a warning; and these warnings, each with the
    number of its text, from 1."""

    data: bytes
    texts: int
    warned: int
    warnings: tuple[tuple[int, str], ...]


def windows(path: Path) -> Iterator[Window]:
    """A file as windows, in constant memory. They depend on the file alone, so that whoever translates them, in
    whatever order, computes the same batches.

    Raises:
        DataError: see `calque.corpus.plain.lines`.
    """
    digest = xxhash.xxh3_64()
    texts: list[str] = []
    first = start = end = characters = 0
    for text, end in placed(path):
        texts.append(text)
        characters += len(text)
        digest.update(f"{text}\n".encode())
        if len(texts) >= WINDOW_TEXTS or characters >= WINDOW_CHARACTERS:
            yield Window(first, start, end, tuple(texts), digest.hexdigest())
            first, start, texts, characters = first + len(texts), end, [], 0
    if texts:
        yield Window(first, start, end, tuple(texts), digest.hexdigest())


def stretch(path: Path, first: int, start: int, end: int) -> list[str]:
    """The texts between two places of a file that is not packed; `first` is the number of the first, from 0."""
    texts = []
    for text, after in placed(path, start, first + 1):
        texts.append(text)
        if after >= end:
            break
    return texts


def translated(translator: Translator, texts: list[str], first: int, recipe: Translate) -> Rows:
    """The rows of a window: depends on nothing but its arguments and the weights."""
    answers = translator.translate(texts, recipe.part(Search), handling=recipe.part(Handling))
    data = "".join(rows(text, first + k, answers[k], recipe) for k, text in enumerate(texts)).encode()
    warnings = [(first + k + 1, said) for k, answer in enumerate(answers) for said in answer.warnings]
    return Rows(data, len(texts), sum(bool(answer.warnings) for answer in answers), tuple(warnings))
