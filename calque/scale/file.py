"""A file of any size through a translator, here or on a cluster: in constant memory, in order, and resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from calque.decoding import lines
from calque.decoding.translator import Translator
from calque.errors import DataError, RecipeError
from calque.model.folder import refuse_existing
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.recipes.translate import Translate

if TYPE_CHECKING:
    from calque.decoding.lines import Done
    from calque.scale.window import Rows, Window

_DECIDES = (*Search.model_fields, *Handling.model_fields, "scores")


class Crew(Protocol):
    """Who translates windows."""

    def answers(self, work: Iterator[Window]) -> Iterator[tuple[Window, Rows]]:
        """Every window with its rows, in order."""


class Alone:
    """This process translates."""

    def __init__(self, recipe: Translate) -> None:
        self._recipe = recipe
        self._translator = _translator(recipe)

    def answers(self, work: Iterator[Window]) -> Iterator[tuple[Window, Rows]]:
        """As the protocol says."""
        from calque.scale.window import translated

        for window in work:
            yield window, translated(self._translator, list(window.texts), window.first, self._recipe)


def translate(
    recipe: Translate,
    given: BinaryIO,
    answers: BinaryIO | None = None,
    progress: Callable[[int], None] | None = None,
    resume: bool = False,
    restart: bool = False,
) -> Done:
    """Translate what the recipe says.

    With `recipe.input` and `recipe.out` the work lies in `OUT.part` until OUT is complete, and what was translated
    before an interruption is not translated again; the output is that of an uninterrupted run, byte for byte. Anything
    else goes through `calque.decoding.lines.translate`.

    Args:
        recipe: every setting.
        given: standard input.
        answers: standard output.
        progress: called now and then with the number of texts translated so far.
        resume: go on with an output under way.
        restart: begin anew where one is.

    Raises:
        RecipeError: OUT exists, or there is an output under way and it is not said what to do with it, or what is
            said does not go together.
        DataError: the input is not there, is no text (with path and line), or is not what was begun with.
        ModelError, MachineError: see `Translator`.
        Interrupted: a signal came; `resume` goes on.
    """
    if recipe.input is None or recipe.out is None:
        _refuse_without_files(recipe, resume, restart)
        return lines.translate(recipe, given, answers, progress)
    if resume and restart:
        raise RecipeError("--resume goes on, --restart begins anew: give one of them")
    refuse_existing(recipe.out)
    if not recipe.input.exists():
        raise DataError("no such file", recipe.input)
    return _file(recipe, recipe.input, recipe.out, progress, (resume, restart))


def _file(
    recipe: Translate, path: Path, out: Path, progress: Callable[[int], None] | None, how: tuple[bool, bool]
) -> Done:
    from calque.scale.part import Part
    from calque.scale.window import windows
    from calque.training.signals import leaving

    part = Part(out, _settings(recipe))
    with part.alone(*how), leaving(part.advice):
        began = time.monotonic()
        crew = _crew(recipe)
        work = (window for window in windows(path) if not part.passes(window, path))
        for window, rows in crew.answers(work):
            part.add(window, rows, time.monotonic() - began)
            began = time.monotonic()
            if progress is not None:
                progress(part.state.texts)
        return part.finish(time.monotonic() - began)


def _crew(recipe: Translate) -> Crew:
    if recipe.engine != "ray":
        return Alone(recipe)
    from calque.scale.cluster import Cluster

    return Cluster(recipe)


def _translator(recipe: Translate) -> Translator:
    """Who translates here; the workers of a cluster are the same."""
    engine = "auto" if recipe.engine == "ray" else recipe.engine
    return Translator(recipe.folder, recipe.device, recipe.threads, engine, base=recipe.base)


def _settings(recipe: Translate) -> dict[str, Any]:
    """What decides the output."""
    return {"model": _translator(recipe).version} | {name: getattr(recipe, name) for name in _DECIDES}


def _refuse_without_files(recipe: Translate, resume: bool, restart: bool) -> None:
    if resume or restart:
        raise RecipeError("--resume and --restart need --input and --out: only a file can be read again")
    if recipe.engine == "ray":
        raise RecipeError("--engine ray needs --input and --out: it is for files")
