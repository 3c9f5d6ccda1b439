"""A translator and a test set become a report: scores with intervals and signatures, the floors below them, the speed,
and the worst sentences."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from calque.corpus.read import Corpus
from calque.decoding.machine import versions
from calque.decoding.translator import Translator
from calque.errors import CalqueError, DataError, EngineError, MachineError, ModelError
from calque.evaluation import breakdown, floor, metrics, neural, page
from calque.model.folder import recipe_in, refuse_existing, stage
from calque.recipes.evaluate import Evaluate, Measure
from calque.recipes.search import Search
from calque.records import Pair, Report, Score, Translation

Progress = Callable[[int, int], None]
_AT_ONCE = 1024  # sentences handed to the translator together: as many as it sorts by length at once


class Translates(Protocol):
    """Anything that translates: a `Translator`, or a stand-in for one."""

    @property
    def source(self) -> str:
        """Language code of the texts."""

    @property
    def target(self) -> str:
        """Language code of their translations."""

    def translate(self, texts: Sequence[str], search: Search) -> list[Translation]:
        """A translation for each text, in order."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A report and the translations it is about, one for each pair of the test set."""

    report: Report
    hypotheses: tuple[str, ...]


def evaluate(recipe: Evaluate, progress: Progress | None = None) -> Report:
    """Score a translator's folder on a test set, and write the report folder where `recipe.out` asks for one.

    Args:
        recipe: which folder, which text, how.
        progress: called with the sentences translated so far and their total.

    Raises:
        RecipeError: `recipe.out` exists; nothing was translated then.
        DataError: the test or training text cannot be read, or is empty.
        ModelError: the folder holds no translator.
        MachineError: a tokenizer, COMET's environment or the disk is missing.
    """
    started = time.perf_counter()
    if recipe.out is not None:
        refuse_existing(recipe.out)
    translator = Translator(recipe.folder, recipe.device, recipe.threads, recipe.engine, base=recipe.base)
    test = Corpus.open(recipe.test, translator.source, translator.target)
    pairs = list(test)
    metrics.comparable([pair.source for pair in pairs], [pair.target for pair in pairs])
    metrics.tokenizer(translator.target)
    lexicon = _lexicon(recipe, translator.source, translator.target)
    with neural.opened(recipe, recipe.device, recipe.threads) as scorers:  # before the work: is everything there?
        translator.translate([pairs[0].source], recipe)  # loads the weights, which the speed is not about
        scored = score(translator, pairs, recipe, lexicon, progress)
        scored = _with_neural(scored, scorers, pairs, recipe)
    details = {"folder": str(recipe.folder), "files": [str(path) for path in test.files], **scored.report.details}
    report = replace(scored.report, seconds=time.perf_counter() - started, details=details)
    if recipe.out is not None:
        write(Scored(report, scored.hypotheses), recipe.out)
    return report


def score(
    translator: Translates,
    pairs: Sequence[Pair],
    measure: Measure | None = None,
    lexicon: floor.Lexicon | str = "no training text was given",
    progress: Progress | None = None,
) -> Scored:
    """Translate the pairs' sources and compare with their targets.

    Args:
        translator: what is measured.
        pairs: the test set; a pair that is blank on a side counts like any other.
        measure: the search, the bootstrap and how many worst sentences to keep; by default `Measure()`.
        lexicon: the dictionary whose translation is the second floor, or why there is none.
        progress: called with the sentences translated so far and their total.

    Raises:
        DataError: there are no pairs, or every target is blank.
        EngineError: the translator did not answer each text once.
        MachineError: the target language's tokenizer is not installed.
    """
    measure = measure or Measure()
    started = time.perf_counter()
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    metrics.comparable(sources, references)
    metrics.tokenizer(translator.target)
    began = time.perf_counter()
    answers = translated(translator, sources, measure, progress)
    speaking = time.perf_counter() - began
    hypotheses = [metrics.one_line(answer.text) for answer in answers]
    scores = metrics.score(hypotheses, references, translator.target, measure.bootstrap, measure.seed)
    floors = floor.floors(
        sources, references, translator.target, lexicon if isinstance(lexicon, floor.Lexicon) else None
    )
    details = {
        "source": translator.source,
        "target": translator.target,
        "test": {"pairs": len(pairs), "sha256": fingerprint(pairs)},
        "floors": floors,
        "omitted": _omitted(translator.target, lexicon),
        "notes": _notes(translator.target, hypotheses, scores, floors),
        "length": metrics.length_ratio(hypotheses, references, translator.target),
        "translation_seconds": speaking,
        "sentences_per_second": len(pairs) / max(speaking, 1e-9),
        "warnings": warnings(pairs, answers),
        **_breakdown(pairs, hypotheses, measure.worst),
        "machine": {"platform": platform.platform(), "processors": os.cpu_count()},
    }
    recipe = measure.model_dump(mode="json")
    report = Report(recipe, scores, time.perf_counter() - started, versions(), details)
    return Scored(report, tuple(hypotheses))


def _with_neural(scored: Scored, scorers: Sequence[neural.Scorer], pairs: Sequence[Pair], measure: Measure) -> Scored:
    """With the neural scores beside the others, the sentences' own under `neural`."""
    if not scorers:
        return scored
    report = scored.report
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    found = neural.judged(scorers, sources, scored.hypotheses, references, measure.bootstrap, measure.seed)
    details = report.details | {"neural": found[1], "notes": [*report.details["notes"], *found[2]]}
    return replace(scored, report=replace(report, scores=report.scores | found[0], details=details))


def translated(
    translator: Translates, sources: Sequence[str], search: Search, progress: Progress | None = None
) -> list[Translation]:
    """The translations of all sources, told to `progress` as they come.

    Raises:
        EngineError: the translator did not answer each text once.
    """
    answers: list[Translation] = []
    for start in range(0, len(sources), _AT_ONCE):
        texts = sources[start : start + _AT_ONCE]
        found = translator.translate(texts, search)
        if len(found) != len(texts):
            raise EngineError(f"the translator answered {len(found)} of {len(texts)} texts")
        answers += found
        if progress is not None:
            progress(len(answers), len(sources))
    return answers


def write(scored: Scored, out: Path) -> None:
    """Make the folder `out` with report.json, report.md, report.html and hypotheses.TARGET (line by line with the test
    set): all of them, or nothing.

    Raises:
        RecipeError: it exists.
        MachineError: it cannot be written.
    """
    report = scored.report
    save(
        out,
        {
            "report.json": json.dumps(report.to_json(), ensure_ascii=False, indent=2, allow_nan=False) + "\n",
            "report.md": page.markdown(report),
            "report.html": page.html(report),
            f"hypotheses.{report.details['target']}": "".join(f"{text}\n" for text in scored.hypotheses),
        },
    )


def save(out: Path, files: Mapping[str, str]) -> None:
    """Make the folder `out` with these texts as files: all of them, or nothing; raises what `write` does."""
    try:
        with stage(out) as folder:
            for name, text in files.items():
                (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise MachineError(f"{out}: the report cannot be written: {error.strerror}") from error


def _lexicon(recipe: Evaluate, source: str, target: str) -> floor.Lexicon | str:
    """The dictionary of the training text, or why there is none; only text that the user named must be readable."""
    if recipe.train:
        lexicon = floor.learn(Corpus.open(recipe.train, source, target))
        if not lexicon.pairs:
            raise DataError(f"--train {' '.join(recipe.train)}: no pair has words on both sides")
        return lexicon
    path = recipe.folder / "recipe.toml"
    try:
        places = recipe_in(recipe.folder).get("train")
    except (OSError, ModelError):
        places = None
    if not places:
        return f"no --train was given, and {path} names no training text"
    try:
        lexicon = floor.learn(Corpus.open(tuple(places), source, target))
    except CalqueError as error:
        return f"no --train was given, and the training text that {path} names cannot be read: {error}"
    return lexicon if lexicon.pairs else f"no pair of the training text that {path} names has words on both sides"


def _omitted(target: str, lexicon: floor.Lexicon | str) -> dict[str, str]:
    return metrics.omitted(target) | ({"lexicon": lexicon} if isinstance(lexicon, str) else {})


def _notes(
    target: str,
    hypotheses: Sequence[str],
    scores: Mapping[str, Score],
    floors: Mapping[str, Mapping[str, Any] | None],
) -> list[str]:
    """What a reader of the scores must know, in sentences."""
    found = metrics.notes(target)
    for name, values in floors.items():
        if values is not None and scores["chrF2"].low <= values["chrF2"]["value"]:
            beaten = {"copy": "the source copied unchanged", "lexicon": "a word-for-word dictionary"}[name]
            found.append(f"chrF2 is not clearly above that of {beaten}.")
    tokenised = sum(text.endswith(" .") for text in hypotheses)
    if 2 * tokenised > len(hypotheses):
        found.append(f"{tokenised} translations end in ' .': they look tokenised, and BLEU wants plain text.")
    return found


def warnings(pairs: Sequence[Pair], answers: Sequence[Translation]) -> list[dict[str, Any]]:
    """The translator's warnings: each sentence once, how often it was said, and the first places."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for pair, answer in zip(pairs, answers, strict=True):
        for sentence in answer.warnings:
            places[sentence].append(f"{pair.origin}:{pair.line}")
    return [{"message": text, "count": len(where), "places": where[:5]} for text, where in places.items()]


def _breakdown(pairs: Sequence[Pair], hypotheses: Sequence[str], count: int) -> dict[str, Any]:
    references = [pair.target for pair in pairs]
    chrf = metrics.by_sentence(hypotheses, references)
    return {
        "histogram": breakdown.histogram(chrf),
        "by_length": breakdown.by_length(hypotheses, references),
        "worst": breakdown.worst(pairs, hypotheses, chrf, count),
    }


def fingerprint(pairs: Sequence[Pair]) -> str:
    """The first 16 digits of the SHA-256 of the test set, as lines of source, tab, target."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(f"{pair.source}\t{pair.target}\n".encode())
    return digest.hexdigest()[:16]
