"""The pre-flight of `calque check`: the data, what a pretrained tokenizer can say of it, and how long it would take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from calque.corpus.check import check
from calque.corpus.clean import usable
from calque.corpus.read import Corpus
from calque.model.family import kind_of
from calque.model.folder import Folder
from calque.model.pretrained import Pretrained, find
from calque.model.vocabulary import whole_codecs
from calque.recipes.check import Check as Recipe
from calque.recipes.finetune import Finetune
from calque.recipes.preset import FROM_SCRATCH
from calque.recipes.sources import resolve
from calque.records import Check
from calque.training.ceiling import LOW, Ceiling, ceiling
from calque.training.forecast import Forecast, forecast
from calque.training.origin import Origin
from calque.training.rows import read

TEXTS = 2000  # references that a ceiling is measured on
_LEVELS = ("green", "amber", "red")


@dataclass(frozen=True, slots=True)
class Preflight:
    """Everything found; `ceilings` by side and `forecast` where a model was given."""

    checks: tuple[Check, ...]
    ceilings: dict[str, Ceiling]
    forecast: Forecast | None
    seconds: float

    @property
    def level(self) -> str:
        """The worst level of all findings."""
        return max((finding.level for finding in self.checks), key=_LEVELS.index, default="green")

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return {
            "level": self.level,
            "checks": [asdict(finding) for finding in self.checks],
            "tokenizer": {side: found.to_json() for side, found in self.ceilings.items()},
            "forecast": None if self.forecast is None else self.forecast.to_json(),
            "seconds": round(self.seconds, 2),
        }


def preflight(recipe: Recipe, progress: Callable[[str], None] | None = None) -> Preflight:
    """Look at the corpora, and at the model where the recipe names one.

    Args:
        recipe: what to look at.
        progress: told what is being done, in sentences.

    Raises:
        DataError: a corpus cannot be read.
        ModelError: the model cannot be found or used.
        RecipeError: a setting would do nothing with that model.
    """
    told = progress or (lambda _: None)
    began = time.monotonic()
    train, dev, test = (_opened(places, recipe) for places in (recipe.train, recipe.dev, recipe.test))
    if train is None:
        raise AssertionError("the recipe requires training text")
    pretrained = None if recipe.model is None or recipe.model in FROM_SCRATCH else find(recipe.model)
    run = None if recipe.model is None or not recipe.timed_steps else _finetune(recipe)
    if run is not None:
        Origin.of(run)  # what it refuses is better known before everything is read
    found = check(
        train, dev, test, examples=recipe.examples, progress=lambda role, count: told(f"{role}: {count:,} pairs read")
    )
    ceilings: dict[str, Ceiling] = {}
    if pretrained is not None:
        told("passing the references through the tokenizer and back")
        ceilings = _ceilings(recipe, pretrained, test or dev or train)
        mends = _mends(recipe, pretrained)
        found += [_finding(recipe, side, measured, mends) for side, measured in ceilings.items()]
    future = None
    if run is not None:
        told(f"timing {recipe.timed_steps} training steps")
        future = forecast(run, read(recipe.train, recipe.source, recipe.target), recipe.timed_steps)
        found.append(_forecast_finding(future))
    found.sort(key=lambda finding: -_LEVELS.index(finding.level))
    return Preflight(tuple(found), ceilings, future, time.monotonic() - began)


def _opened(places: tuple[str, ...], recipe: Recipe) -> Corpus | None:
    return Corpus.open(places, recipe.source, recipe.target) if places else None


def _ceilings(recipe: Recipe, pretrained: Pretrained, corpus: Corpus) -> dict[str, Ceiling]:
    """How well the checkpoint's tokenizer, or a finished translator's two, spell both sides."""
    if pretrained.is_translator:
        folder = Folder.open(pretrained.folder)
        source, target = folder.source_codec, folder.target_codec
    else:
        source, target = whole_codecs(pretrained, recipe.max_length, (recipe.source, recipe.target))
    pairs = list(islice(usable(corpus), TEXTS))
    return {
        # BLEU's own tokenizer of the source language is not asked for: no translation is scored there
        "source": ceiling(source, [pair.source for pair in pairs], "und"),
        "target": ceiling(target, [pair.target for pair in pairs], recipe.target),
    }


def _mends(recipe: Recipe, pretrained: Pretrained) -> str | None:
    """What must be done about a low ceiling of the target side; None where training does it by itself."""
    if pretrained.is_translator:
        return "a finished translator keeps its vocabulary: start from another model"
    if kind_of(pretrained, pretrained) != "pair":
        return "choose a model that knows the target language"
    if recipe.target_vocabulary in ("auto", "unigram", "bpe"):
        return None
    return f"leave out --target-vocabulary {recipe.target_vocabulary}"


def _finding(recipe: Recipe, side: str, measured: Ceiling, mends: str | None) -> Check:
    """A low ceiling matters on the target side."""
    told = (
        f"perfect {getattr(recipe, side)} text through the tokenizer of {recipe.model} and back scores BLEU "
        f"{measured.BLEU:.1f}, chrF2 {measured.chrF2:.1f} ({measured.BLEU_cleaned:.1f} with spaces tidied); "
        f"{measured.unknown:.2%} unknown, {measured.pieces_per_word:.2f} pieces a word"
    )
    level = "green"
    if side == "target" and measured.BLEU_cleaned < LOW:
        level = "amber" if mends is None else "red"
        told += (
            ". No translation could score more, so calque trains a new target vocabulary (the default)"
            if mends is None
            else f". No translation can score more: {mends}"
        )
    if side == "source" and measured.unknown > 0.01:
        level = "amber"
        told += ". What is unknown cannot be translated: choose a model that knows the source language"
    lost = round((1 - measured.spelled) * measured.texts)
    return Check(f"tokenizer ceiling: {side}", level, lost, measured.texts, told + ".")


def _forecast_finding(future: Forecast) -> Check:
    told = (
        f"{future.sentences_per_second:.0f} sentences a second here: one epoch of {future.steps_per_epoch:,} "
        f"steps takes about "
        f"{future.minutes_per_epoch:.1f} minutes ({future.parameters / 1e6:.1f} M parameters, defaults of finetune)"
    )
    return Check("time forecast", "green", 0, 0, told + ".")


def _finetune(recipe: Recipe) -> Finetune:
    """What `calque finetune` would run with the same flags."""
    fields = recipe.model_dump(exclude_unset=True)
    flags = {name: value for name, value in fields.items() if name in Finetune.model_fields}
    return resolve(Finetune, flags | {"dev": recipe.dev or recipe.train, "out": "unused"})
