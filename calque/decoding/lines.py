"""Whole texts line by line through a translator: files, standard input, or texts given one by one."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from calque.decoding.translator import WINDOW_TEXTS, Translator
from calque.errors import DataError
from calque.model import disk
from calque.model.folder import refuse_existing
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.recipes.translate import Translate
from calque.records import Translation
from calque.text.normal import blank

TOLD_WARNINGS = 20  # kept with their line numbers; the rest are only counted


@dataclass(frozen=True, slots=True)
class Done:
    """What was translated: number of texts, wall-clock seconds (loading included), texts with a warning and the first
    of these warnings as (1-based number of the text, warning), the translations where nobody else took them, and by
    whose calibration their confidence is (see `Calibration.origin`), where it was asked for."""

    texts: int
    seconds: float
    warned: int
    warnings: tuple[tuple[int, str], ...]
    out: Path | None
    translations: tuple[Translation, ...]
    calibration: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON types; `translations` only where there is no file that has them."""
        plain = asdict(self) | {"out": None if self.out is None else str(self.out)}
        if self.out is not None:
            plain.pop("translations")
        return plain


def translate(
    recipe: Translate, given: BinaryIO, answers: BinaryIO | None = None, progress: Callable[[int], None] | None = None
) -> Done:
    """Translate what the recipe says: its texts, its input file, or else the stream `given`.

    Each line gives one line, or with `n_best` so many, in order and as soon as it is there, to `recipe.out` or else to
    `answers` (see `rows`); blank lines stay as they are. Lines are read ahead (see `Translator.stream`), but
    not from a terminal. `recipe.out` appears when all is done, complete or not at all, gzip-packed where its name ends
    in .gz.

    Args:
        recipe: every setting.
        given: standard input.
        answers: standard output; without it and without `recipe.out` the translations are kept in the answer.
        progress: called now and then with the number of texts translated so far.

    Raises:
        RecipeError: `recipe.out` exists; looked at before the model is loaded.
        DataError: the input is not there or is no text; with its path and line.
        ModelError, MachineError: see `Translator`.
    """
    began = time.monotonic()
    if recipe.out is not None:
        refuse_existing(recipe.out)
    texts = _texts(recipe, given)
    translator = Translator(recipe.folder, recipe.device, recipe.threads, recipe.engine, base=recipe.base)
    how = recipe.part(Search), recipe.part(Handling)
    window = 1 if not recipe.text and recipe.input is None and given.isatty() else WINDOW_TEXTS
    tally = _Tally(progress)
    with _sink(recipe.out, answers) as sink:
        for number, (text, translation, more) in enumerate(_side_by_side(translator, texts, how, window)):
            tally.add(translation, keep=sink is None, tell=not more)
            if sink is not None:
                sink.write(rows(text, number, translation, recipe).encode())
                if sink is answers:
                    sink.flush()
    origin = translator.calibration().origin if recipe.explain else None
    return replace(tally.done(time.monotonic() - began, recipe.out), calibration=origin)


def _texts(recipe: Translate, given: BinaryIO) -> Iterable[str]:
    if recipe.text:
        return recipe.text
    from calque.corpus.plain import lines

    if recipe.input is None:
        return lines(given)
    if not recipe.input.exists():
        raise DataError("no such file", recipe.input)
    return lines(recipe.input)


def _side_by_side(
    translator: Translator, texts: Iterable[str], how: tuple[Search, Handling], window: int
) -> Iterator[tuple[str, Translation, bool]]:
    """Each text with its translation, and whether more are there already; only the texts read ahead are kept."""
    waiting: deque[str] = deque()

    def remembered() -> Iterator[str]:
        for text in texts:
            waiting.append(text)
            yield text

    for translation in translator.stream(remembered(), how[0], window, handling=how[1]):
        yield waiting.popleft(), translation, bool(waiting)


def rows(text: str, number: int, translation: Translation, recipe: Translate) -> str:
    """The lines that are written for one text, the `number`-th (from 0): TEXT, SCORE<tab>TEXT, or as many as `n_best`
    of NUMBER ||| TEXT ||| SCORE; what there is no hypothesis for, such as a blank text, is repeated."""
    best = text if blank(text) else translation.text
    if recipe.n_best > 1:
        found = [(best, translation.score), *translation.alternatives]
        rows = (found + found[-1:] * recipe.n_best)[: recipe.n_best]
        return "".join(f"{number} ||| {_one_row(said)} ||| {score:.4f}\n" for said, score in rows)
    return f"{translation.score:.4f}\t{_one_row(best)}\n" if recipe.scores else f"{best}\n"


def _one_row(text: str) -> str:
    """A text of several lines, as only the command line can give, in one."""
    return text.replace("\n", " ")


class _Tally:
    """Counts texts and warnings while they pass."""

    def __init__(self, progress: Callable[[int], None] | None) -> None:
        self._progress = progress
        self._texts = 0
        self._warned = 0
        self._warnings: list[tuple[int, str]] = []
        self._kept: list[Translation] = []

    def add(self, translation: Translation, keep: bool, tell: bool) -> None:
        self._texts += 1
        self._warned += bool(translation.warnings)
        if len(self._warnings) < TOLD_WARNINGS:
            self._warnings += [(self._texts, warning) for warning in translation.warnings]
        if keep:
            self._kept.append(translation)
        if tell and self._progress is not None:
            self._progress(self._texts)

    def done(self, seconds: float, out: Path | None) -> Done:
        return Done(self._texts, seconds, self._warned, tuple(self._warnings), out, tuple(self._kept))


@contextmanager
def _sink(out: Path | None, answers: BinaryIO | None) -> Iterator[BinaryIO | None]:
    """The stream to write to: a new file that takes its name when the block ends well, or `answers`."""
    if out is None:
        yield answers
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.part-{os.getpid()}")
    try:
        with disk.naming(out), aside.open("xb") as plain:
            if out.suffix == ".gz":
                import gzip

                with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) as packed:
                    yield packed  # type: ignore[misc]  # it writes and flushes, which is all that is asked
            else:
                yield plain
        refuse_existing(out)
        aside.rename(out)
    finally:
        aside.unlink(missing_ok=True)
