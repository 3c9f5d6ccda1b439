"""Systems that have translated the same text: their scores, and the tests of each two."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from calque.evaluation import metrics, significance
from calque.evaluation.metrics import LOWER_IS_BETTER
from calque.evaluation.performance import Performance
from calque.evaluation.significance import Drawn
from calque.evaluation.testset import TestSet
from calque.model import licence
from calque.recipes.compare import Compare
from calque.records import Score

_METHODS = ("bootstrap", "randomisation", "seeds")


@dataclass(frozen=True, slots=True)
class Contestant:
    """A system after it has translated.

    runs: what each run said.
    drawn: for each part of the test text, what the metrics counted and its bootstrap samples.
    scores: for each part, the scores by metric.
    by_sentence: chrF2 of each sentence, mean over the runs.
    """

    name: str
    runs: tuple[Performance, ...]
    drawn: tuple[Drawn, ...]
    scores: tuple[Mapping[str, Score], ...]
    by_sentence: tuple[float, ...]

    @classmethod
    def of(cls, name: str, runs: Sequence[Performance], text: TestSet, target: str, recipe: Compare) -> Contestant:
        """Count and draw."""
        references = [pair.target for pair in text.pairs]
        tallies = [metrics.tallies(run.said, references, target) for run in runs]
        drawn = tuple(
            Drawn.of([[tally.part(p.first, p.end) for tally in run] for run in tallies], recipe.bootstrap, recipe.seed)
            for p in text.parts
        )
        single = [next(tally for tally in run if tally.name == "chrF2").by_sentence() for run in tallies]
        by_sentence = np.mean(single, axis=0).tolist()
        return cls(name, tuple(runs), drawn, tuple(one.scores(recipe.seed) for one in drawn), tuple(by_sentence))

    def per_run(self, part: int, metric: int) -> list[float]:
        """The score of each run in a part, by the metric's place."""
        return [run[metric].value for run in self.drawn[part].runs]


def tests(contestants: Sequence[Contestant], text: TestSet, recipe: Compare) -> list[dict[str, Any]]:
    """A row for each part of the text, metric, and two systems.

    `better` names the system that every test finds significantly better: both over the sentences and, where both
    systems have several runs, the one over the runs. `p` is the largest corrected one. They are corrected for the
    number of pairs of systems (Holm), for each part, metric and method, and never smaller than the number of
    `differing` sentences allows.
    """
    rows: list[dict[str, Any]] = []
    for place, part in enumerate(text.parts):
        drawn = [one.drawn[place] for one in contestants]
        shuffled = significance.randomisation(drawn, recipe.trials, recipe.seed)
        for metric in range(len(drawn[0].samples)):
            some = [
                _row(contestants[a], contestants[b], place, metric, shuffled[a, b][metric], recipe)
                for a, b in combinations(range(len(contestants)), 2)
            ]
            _correct(some, recipe.level)
            rows += [{"set": part.name, **row} for row in some]
    return rows


def _row(a: Contestant, b: Contestant, place: int, metric: int, shuffled: float, recipe: Compare) -> dict[str, Any]:
    """The tests of two systems in one metric, before they are corrected."""
    left, right = a.drawn[place], b.drawn[place]
    tally = left.runs[0][metric]
    by_runs = significance.welch(a.per_run(place, metric), b.per_run(place, metric))
    seed = recipe.seed
    return {
        "metric": tally.name,
        "systems": [a.name, b.name],
        "scores": [left.value(metric), right.value(metric)],
        "difference": left.value(metric) - right.value(metric),
        "differing": significance.differing(left, right, metric),
        "identical": [run.said for run in a.runs] == [run.said for run in b.runs],
        "bootstrap": {
            "p": significance.bootstrap(left, right, metric),
            "signature": tally.signature(bs=recipe.bootstrap, seed=seed),
        },
        "randomisation": {"p": shuffled, "signature": tally.signature(ar=recipe.trials, seed=seed)},
        "seeds": None if by_runs is None else {"p": by_runs[1], "runs": [len(a.runs), len(b.runs)]},
    }


def _correct(rows: Sequence[dict[str, Any]], level: float) -> None:
    """Correct each method's p values, and say which system is better."""
    for method in _METHODS:
        floors = [0.0 if method == "seeds" else significance.least(row["differing"]) for row in rows]
        known = {str(i): max(row[method]["p"], floors[i]) for i, row in enumerate(rows) if row[method] is not None}
        for i, corrected in significance.holm(known).items():
            rows[int(i)][method]["corrected"] = corrected
    for row in rows:
        row["p"] = max(row[method]["corrected"] for method in _METHODS if row[method] is not None)
        is_first = (row["difference"] < 0) == (row["metric"] in LOWER_IS_BETTER)
        is_clear = row["p"] < level and row["difference"] != 0
        row["better"] = row["systems"][0 if is_first else 1] if is_clear else None


def standing(number: int, one: Contestant, text: TestSet, target: str) -> dict[str, Any]:
    """All that is known of a system; what it costs is the largest of its runs, how fast it is their mean.

    `number` counts the systems from 1, for the names of the files that hold what they said.
    """
    names = list(one.scores[0])
    runs = [
        {
            **run.to_json(),
            "scores": {name: one.drawn[0].runs[i][metric].value for metric, name in enumerate(names)},
            "translations": f"translations.{number}{f'-{i + 1}' if len(one.runs) > 1 else ''}.{target}",
        }
        for i, run in enumerate(one.runs)
    ]
    speeds = _known(runs, "sentences_per_second")
    licences = list(dict.fromkeys(_known(runs, "licence")))
    deviation = {name: statistics.stdev(one.per_run(0, metric)) for metric, name in enumerate(names) if len(runs) > 1}
    return {
        "name": one.name,
        "scores": dict(one.scores[0]),
        "deviation": deviation or None,
        "sets": {part.name: dict(one.scores[i]) for i, part in enumerate(text.parts) if i},
        "sentences_per_second": statistics.fmean(speeds) if speeds else None,
        "size": max(_known(runs, "size"), default=None),
        "parameters": max(_known(runs, "parameters"), default=None),
        "peak_memory": max(_known(runs, "peak_memory"), default=None),
        "licence": " and ".join(licences) or None,
        "runs": runs,
    }


def _known(runs: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    return [run[name] for run in runs if run[name] is not None]


def remarks(
    systems: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], text: TestSet, target: str, recipe: Compare
) -> list[str]:
    """What a reader of the comparison must know, in sentences."""
    found = metrics.notes(target)
    for system in systems:
        kinds = {run["kind"] for run in system["runs"]}
        if kinds == {"translator"} and system["licence"] is None:
            found.append(f"The licence of {system['name']} is not known: its card names none.")
        if licence.meaning(system["licence"]) == licence.FORBIDS:
            found.append(f"The licence of {system['name']} ({system['licence']}) forbids commercial use.")
        found += [
            f"{run['place']}: {row['message']} ({row['count']} sentences, first {row['places'][0]})"
            for run in system["runs"]
            for row in run["warnings"]
        ]
    if min(len(system["runs"]) for system in systems) < 2:
        found.append("Chance in training is not tested where a system is one run: another seed may score otherwise.")
    if len(text.parts) > 1:
        found += _against(rows, text.parts[0].name, recipe.metric)
    return found


def _against(rows: Sequence[Mapping[str, Any]], whole: str, metric: str) -> list[str]:
    """Where a place of the test text says the opposite of all together."""
    overall = {tuple(row["systems"]): row["better"] for row in rows if row["set"] == whole and row["metric"] == metric}
    return [
        f"On {row['set']} {row['better']} is significantly better in {metric}, on all of the test text "
        f"{overall[tuple(row['systems'])]}."
        for row in rows
        if row["set"] != whole and row["metric"] == metric and row["better"] is not None
        if overall[tuple(row["systems"])] not in (None, row["better"])
    ]
