"""Several translators served together: who translates from which language into which, directly or through a third."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import langcodes
from langcodes.tag_parser import LanguageTagError

from calque import warning
from calque.corpus import language
from calque.decoding.detector import Detection, Detector
from calque.decoding.translator import Translator
from calque.errors import RecipeError, nearest
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.records import Translation


@dataclass(frozen=True)
class Model:
    """A translator among others: its name and what it does."""

    name: str
    source: str
    target: str
    translator: Translator

    @classmethod
    def of(cls, name: str, translator: Translator) -> Model:
        """The translator under this name, with its own languages."""
        return cls(name, translator.source, translator.target, translator)

    @cached_property
    def version(self) -> str:
        """A digest of what decides how it translates; the first use reads the folder."""
        return self.translator.version

    @property
    def engine(self) -> str:
        """What computes, in words, such as "ctranslate2 int8" or "pytorch"."""
        return self.translator.computes


class Polyglot:
    """Models that serve together.

    Args:
        models: one at least; where several go between the same languages, the first is taken unless one is named.

    Raises:
        RecipeError: no model, or two of one name.
    """

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)
        if not self.models:
            raise RecipeError("no model to translate with: name one folder at least")
        names = [model.name for model in self.models]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise RecipeError(f"two models are called '{twice}': rename the folder of one")

    @classmethod
    def open(
        cls, folders: Sequence[str | Path], device: str = "auto", threads: int | None = None, engine: str = "auto"
    ) -> Polyglot:
        """The translators in some folders, each called by the name of its folder; weights are loaded with the first
        text.

        Args:
            folders: model folders, one at least.
            device, threads, engine: as for `Translator`.

        Raises:
            RecipeError: no folder, two of one name, or a setting that is not known.
            ModelError: a folder is no translator.
        """
        opened = [(Path(folder), Translator(folder, device, threads, engine)) for folder in folders]
        return cls(Model.of(path.resolve().name, translator) for path, translator in opened)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The languages that are read, in the order of the models."""
        return tuple(dict.fromkeys(model.source for model in self.models))

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The languages that are written, in the order of the models."""
        return tuple(dict.fromkeys(model.target for model in self.models))

    @cached_property
    def _detector(self) -> Detector:
        return Detector(self.sources)

    def languages(self) -> dict[str, tuple[str, ...]]:
        """Each language that is read with those into which it is translated: directly ones first, then those that are
        reached through a third."""
        direct = {source: self._from(source) for source in self.sources}
        reached = {}
        for source, targets in direct.items():
            pivots = [pivot for pivot in map(self._read_as, targets) if pivot is not None]
            further = [target for pivot in pivots for target in direct[pivot]]
            reached[source] = tuple(dict.fromkeys(target for target in (*targets, *further) if target != source))
        return reached

    def _from(self, source: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(model.target for model in self.models if model.source == source))

    def _read_as(self, code: str) -> str | None:
        """The source language that a text in the language `code` can be read as."""
        return closest(code, self.sources)

    def route(self, source: str, target: str, model: str | None = None) -> tuple[Model, ...]:
        """Who translates from one language into another: one model, or two where it goes through a third language.

        A regional code ('fr-CA', 'FR', 'pt_BR') finds its language, or the nearest variant, where the very one is not
        there.

        Args:
            source, target: language codes.
            model: the name of the one to use.

        Raises:
            RecipeError: no such language or model, or none between these languages; what is nearest is named.
        """
        if model is not None:
            return (self._named(model, source, target),)
        reading, writing = closest(source, self.sources), closest(target, self.targets)
        if reading is None:
            raise RecipeError(_unknown("reads", source, self.sources))
        if writing is None:
            raise RecipeError(_unknown("translates into", target, self.targets))
        candidates = [found for found in self.models if closest(source, [found.source]) is not None]
        direct = closest(target, [found.target for found in candidates])
        if direct is not None:
            return (_best(candidates, source, target),)
        for first in sorted(candidates, key=lambda found: distance(source, found.source)):
            onward = [other for other in self.models if closest(first.target, [other.source]) is not None]
            if closest(target, [other.target for other in onward]) is not None:
                return first, _best(onward, first.target, target)
        raise RecipeError(
            f"no model translates from '{source}' into '{target}', not even through a third language "
            f"(from '{reading}': {', '.join(self.languages()[reading])})"
        )

    def _named(self, name: str, source: str, target: str) -> Model:
        names = [model.name for model in self.models]
        if name not in names:
            raise RecipeError(f"no model '{name}'{nearest(name, names)} (known: {', '.join(names)})")
        found = self.models[names.index(name)]
        if closest(source, [found.source]) is None or closest(target, [found.target]) is None:
            raise RecipeError(
                f"the model '{name}' translates from '{found.source}' into '{found.target}', not from '{source}' into "
                f"'{target}'"
            )
        return found

    def detect(self, texts: Sequence[str]) -> list[Detection]:
        """In which of the languages that are read each text is."""
        return self._detector.detect(texts)

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
        """The translations of `texts`, in their order.

        Args:
            texts: all in the language `source`.
            source, target, model: see `route`.
            search, handling: as for `Translator.translate`. On a way through a third language, alternatives are those
                of the second model.
            prefix: a beginning that every translation must have.

        Raises:
            RecipeError: see `route`.
        """
        *before, last = self.route(source, target, model)
        said: list[Translation] = []
        for first in before:
            said = first.translator.translate(texts, _single(search), handling=_plainly(handling))
            texts = [translation.text for translation in said]
        found = last.translator.translate(texts, search, handling=handling, prefix=prefix)
        if not before:
            return found
        through = warning.THROUGH.format(language=language.name(last.source))
        return [_through(one, other, through) for one, other in zip(said, found, strict=True)]

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
        """Translations that begin with `prefix` and go on with different words, at most `count`, the likeliest word
        first; `confidence` is how likely it is.

        Raises:
            RecipeError: see `route`.
            DataError: there is nothing to translate.
            DataError: the prefix is longer than what the model writes.
        """
        *before, last = self.route(source, target, model)
        for first in before:
            text = first.translator.translate([text], _single(search))[0].text
        return last.translator.complete(text, prefix, count, search)


def closest(code: str, known: Iterable[str]) -> str | None:
    """The one among the `known` codes that stands for the same language, the nearest variant first; None where there is
    none.

    >>> closest("fr-CA", ["en", "fr-FR", "fr"])
    'fr'
    """
    same = [other for other in known if language.primary(other) == language.primary(code)]
    return min(same, key=lambda other: (distance(code, other), len(other)), default=None)


def distance(code: str, other: str) -> int:
    """How far two codes of one language are apart: 0 where they are the same but for spelling."""
    if code.lower().replace("_", "-") == other.lower().replace("_", "-"):
        return -1
    try:
        return langcodes.tag_distance(code, other)
    except LanguageTagError:  # a code of somebody's own: only its first part is understood
        return 1000


def _best(models: Sequence[Model], source: str, target: str) -> Model:
    """The model nearest to these languages, the target first; of several, the first."""
    fit = [model for model in models if closest(target, [model.target]) is not None]
    return min(fit, key=lambda model: (distance(target, model.target), distance(source, model.source)))


def _unknown(what: str, code: str, known: Sequence[str]) -> str:
    return f"no model {what} '{code}'{nearest(code, known)} (known: {', '.join(known)})"


def _single(search: Search | None) -> Search | None:
    return None if search is None else search.single


def _plainly(handling: Handling | None) -> Handling | None:
    return None if handling is None else handling.model_copy(update={"explain": False})


def _through(first: Translation, second: Translation, said: str) -> Translation:
    """The second translation with what there is to say of the first; alignment between the two ends is not known."""
    before = (warning.ON_THE_WAY.format(warning=one) for one in first.warnings)
    return replace(second, alignment=None, warnings=(said, *before, *second.warnings))
