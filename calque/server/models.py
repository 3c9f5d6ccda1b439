"""The translators that are served: what the server asks of them, and how they are opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

from calque.decoding.polyglot import Polyglot as Together
from calque.decoding.polyglot import closest
from calque.errors import CalqueError, nearest
from calque.server import refusal
from calque.server.journal import LOG
from calque.server.refusal import Refusal

if TYPE_CHECKING:
    from calque.recipes.handling import Handling
    from calque.recipes.search import Search
    from calque.recipes.serve import Serve
    from calque.records import Translation


class Detection(Protocol):
    """Which language a text is in."""

    @property
    def language(self) -> str: ...  # noqa: D102
    @property
    def confidence(self) -> float: ...  # noqa: D102


class Model(Protocol):
    """A translator with its name."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def target(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102
    @property
    def engine(self) -> str: ...  # noqa: D102


class Polyglot(Protocol):
    """Several translators together, as `calque.decoding.polyglot.Polyglot`."""

    @property
    def models(self) -> Sequence[Model]:
        """All of them."""

    def languages(self) -> Mapping[str, Sequence[str]]:
        """The targets of each source language."""

    def route(self, source: str, target: str, model: str | None = None) -> Sequence[Model]:
        """The translators on the way from one language to the other; a RecipeError where there is none."""

    def detect(self, texts: Sequence[str]) -> Sequence[Detection]:
        """The language of each text."""

    def translate(
        self,
        texts: Sequence[str],
        source: str,
        target: str,
        model: str | None = None,
        search: Search | None = None,
        handling: Handling | None = None,
        prefix: str | None = None,
    ) -> list[Translation]:
        """The translation of each text."""

    def complete(
        self,
        text: str,
        source: str,
        target: str,
        prefix: str = "",
        count: int = 5,
        model: str | None = None,
        search: Search | None = None,
    ) -> list[Translation]:
        """Translations that begin with `prefix` and go on with different words, the likeliest first; `confidence` is
        how likely that word is."""


@dataclass(frozen=True, slots=True)
class Served:
    """The translators of a moment: what is asked of them is computed with them, whatever is loaded meanwhile.
    `generation` tells them apart."""

    generation: int
    polyglot: Polyglot = field(compare=False)

    def route(self, source: str, target: str, model: str | None = None) -> Sequence[Model]:
        """The models on the way from one language to another.

        Raises:
            Refusal: there is none.
        """
        try:
            return self.polyglot.route(source, target, model)
        except CalqueError as error:
            told = refusal.of(error)
            raise Refusal("unknown_language" if told.code == "invalid" else told.code, told.message) from error

    def copies(self, source: str, target: str) -> bool:
        """Whether a translation is only a copy, since it is into its own language.

        Raises:
            Refusal: no model reads or writes it.
        """
        if source != target:
            return False
        languages = self.polyglot.languages()
        known = list(dict.fromkeys([*languages, *(one for some in languages.values() for one in some)]))
        if closest(source, known) is None:
            told = f"no model reads or translates into '{source}'{nearest(source, known)} (known: {', '.join(known)})"
            raise Refusal("unknown_language", told)
        return True

    def writer(self, source: str, target: str, model: str | None = None) -> Model | None:
        """Who writes the translation: the last on the way; None where it is only a copy.

        Raises:
            Refusal: there is no way.
        """
        return None if self.copies(source, target) else self.route(source, target, model)[-1]


WORD = "One word."  # that every translator translates before it is used


def open_all(serve: Serve) -> Polyglot:
    """The translators of `serve.folders`, warm: each has translated a word.

    Raises:
        ModelError: a folder is no translator.
    """
    together = Together.open(serve.folders, serve.device, serve.threads)
    polyglot = cast(Polyglot, together)
    warm(polyglot)
    for model in together.models:
        if note := model.translator.calibration().note:
            LOG.warning("%s: %s", model.name, note, extra={"event": "calibration"})
    return polyglot


def warm(polyglot: Polyglot) -> None:
    """Let every translator load its weights, and the detector its tables."""
    for model in polyglot.models:
        assert model.version  # the first use reads the folder
        polyglot.translate([WORD], model.source, model.target, model=model.name)
    polyglot.detect([WORD])
