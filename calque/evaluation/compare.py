"""Several systems and a test set become a comparison: scores, tests of each two, costs, and where they differ."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from calque.corpus.read import Corpus
from calque.decoding.machine import versions
from calque.evaluation import buckets, comparison_page, metrics
from calque.evaluation.buckets import Rarity, Spoken
from calque.evaluation.contest import Contestant, remarks, standing, tests
from calque.evaluation.performance import Performance, Say, perform
from calque.evaluation.score import fingerprint, save
from calque.evaluation.system import System, direction, systems
from calque.evaluation.testset import TestSet
from calque.evaluation.verdict import verdict
from calque.model.folder import refuse_existing
from calque.recipes.compare import Compare
from calque.records import Comparison, Pair


def compare(recipe: Compare, progress: Say | None = None) -> Comparison:
    """Translate a test set with several systems, one after the other, and test which is better; write the report
    folder where `recipe.out` asks for one.

    Args:
        recipe: which systems, which text, how.
        progress: called with a sentence whenever there is something to tell.

    Raises:
        RecipeError: `recipe.out` exists, fewer than two systems are named, one twice, or they translate other
            languages; nothing was translated then.
        DataError: the test or training text, or a file of translations, cannot be read or does not fit; likewise.
        ModelError: a folder holds no translator.
        EngineError: a translator did not answer each text once.
        MachineError: a device, a tokenizer or the disk is missing.
    """
    started = time.perf_counter()
    say = progress or (lambda _: None)
    if recipe.out is not None:
        refuse_existing(recipe.out)
    named = systems(recipe.systems)
    source, target = direction(named, recipe.source, recipe.target)
    metrics.tokenizer(target)
    text = TestSet.read(recipe.test, source, target)
    given = _given(named, text)
    rarity = _rarity(recipe, text, source, target, say)
    contestants = []
    for system in named:
        runs = [given.get(run.place) or perform(run, text.pairs, recipe, say) for run in system.runs]
        say(f"scoring {system.name}")
        contestants.append(Contestant.of(system.name, runs, text, target, recipe))
    say("testing differences")
    rows = tests(contestants, text, recipe)
    say("looking for where they differ")
    found = _differences(contestants, text, (source, target), rarity, recipe)
    comparison = _comparison(contestants, rows, found, text, recipe, (source, target), started)
    if recipe.out is not None:
        write(comparison, contestants, recipe.out)
    return comparison


def write(comparison: Comparison, contestants: Sequence[Contestant], out: Path) -> None:
    """Make the folder `out` with report.json, report.md, report.html and each run's translations: all of them, or
    nothing.

    Raises:
        RecipeError: it exists.
        MachineError: it cannot be written.
    """
    report = json.dumps(comparison.to_json(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    said = {
        run["translations"]: "".join(f"{line}\n" for line in performance.said)
        for system, contestant in zip(comparison.systems, contestants, strict=True)
        for run, performance in zip(system["runs"], contestant.runs, strict=True)
    }
    pages = {"report.md": comparison_page.markdown(comparison), "report.html": comparison_page.html(comparison)}
    save(out, {"report.json": report, **pages, **said})


def _given(named: Sequence[System], text: TestSet) -> dict[str, Performance]:
    """What lies there translated already, by place."""
    files = [run.place for system in named for run in system.runs if run.languages is None]
    return {place: Performance.read(place, text) for place in files}


def _rarity(recipe: Compare, text: TestSet, source: str, target: str, say: Say) -> Rarity:
    if recipe.train:
        say("counting the words of the training text")
    training = (pair.source for pair in Corpus.open(recipe.train, source, target)) if recipe.train else None
    return Rarity.of([pair.source for pair in text.pairs], training)


def _comparison(
    contestants: Sequence[Contestant],
    rows: list[dict[str, Any]],
    found: dict[str, Any],
    text: TestSet,
    recipe: Compare,
    languages: tuple[str, str],
    started: float,
) -> Comparison:
    systems = tuple(standing(number, one, text, languages[1]) for number, one in enumerate(contestants, 1))
    places = {system["name"]: system["runs"][0]["place"] for system in systems}
    values = {system["name"]: system["scores"][recipe.metric].value for system in systems}
    sizes = {system["name"]: system["size"] for system in systems}
    judged = verdict(values, sizes, [row for row in rows if row["set"] == text.parts[0].name], recipe.metric)
    details = {
        "source": languages[0],
        "target": languages[1],
        "test": {
            "pairs": len(text.pairs),
            "sha256": fingerprint(text.pairs),
            "files": list(text.files),
            "sets": [{"name": part.name, "pairs": part.end - part.first} for part in text.parts[1:]],
        },
        **found,
        "omitted": {**metrics.omitted(languages[1]), **found["omitted"]},
        "notes": remarks(systems, rows, text, languages[1], recipe),
        "machine": {"platform": platform.platform(), "processors": os.cpu_count()},
    }
    return Comparison(
        recipe=recipe.model_dump(mode="json"),
        systems=systems,
        tests=tuple(rows),
        winner=None if judged.winner is None else places[judged.winner],
        why=judged.why,
        choice=None if judged.choice is None else places[judged.choice],
        seconds=time.perf_counter() - started,
        versions=versions(),
        details=details,
    )


def _differences(
    contestants: Sequence[Contestant],
    text: TestSet,
    languages: tuple[str, str],
    rarity: Rarity,
    recipe: Compare,
) -> dict[str, Any]:
    """Buckets, and for each two systems the bucket and the sentences where they differ most."""
    spoken = [Spoken(one.name, [run.said for run in one.runs], np.array(one.by_sentence)) for one in contestants]
    rows = buckets.buckets(text.pairs, spoken, languages, rarity, recipe.trials, recipe.seed)
    apart = [
        {
            "systems": [a.name, b.name],
            "most": buckets.most(rows, (a.name, b.name), recipe.level),
            "sentences": _side_by_side(text.pairs, a, b, recipe.sentences),
        }
        for a, b in combinations(spoken, 2)
    ]
    sources = [pair.source for pair in text.pairs]
    return {"buckets": rows, "apart": apart, "omitted": buckets.omitted(languages, sources, rarity)}


def _side_by_side(pairs: Sequence[Pair], a: Spoken, b: Spoken, count: int) -> list[dict[str, Any]]:
    """The sentences whose chrF2 differs most, largest difference first; of several runs the first one's words."""
    apart_N = np.abs(a.chrf_N - b.chrf_N)
    order = np.argsort(-apart_N, kind="stable")[:count]
    return [
        {
            "origin": pairs[i].origin,
            "line": pairs[i].line,
            "source": pairs[i].source,
            "reference": pairs[i].target,
            "said": [a.runs[0][i], b.runs[0][i]],
            "chrF2": [float(a.chrf_N[i]), float(b.chrf_N[i])],
        }
        for i in order.tolist()
        if apart_N[i] > 0
    ]
