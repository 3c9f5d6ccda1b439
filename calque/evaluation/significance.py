"""Whether one system is better than another, or only luckier with this test set.

p values of single runs are those of the sacrebleu command line with `--paired-bs` and `--paired-ar` on the same lines,
seed and number of samples: its formulas and its draws, but never more of these at once than memory holds. The exception
are systems whose statistics are the same in every sentence: p is 1 (sacrebleu counts differences that are strictly
greater, of which there are none, and answers with the smallest p).

Shapes: N sentences, K statistics of a sentence, D trials at once.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import atan, copysign, inf, sqrt

import numpy as np
import numpy.typing as npt
from sacrebleu.significance import _compute_p_value

from calque.evaluation import metrics
from calque.evaluation.metrics import Tally
from calque.records import Score

_AT_ONCE = 1 << 22  # sentences times trials that are drawn at once
_DRAWS = 200_000_000  # of signs, for one p value
_WORD = 32  # numpy draws truth values by so many: parts of this length are those of one draw
_STEPS = 2000  # of the integral below Student's curve; even

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A system's scores on bootstrap samples: `runs` holds each run's tallies, `samples` one series of scores a metric,
    each the mean over the runs."""

    runs: tuple[tuple[Tally, ...], ...]
    samples: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, runs: Sequence[Sequence[Tally]], bootstrap: int, seed: int) -> Drawn:
        """Draw `bootstrap` samples; systems drawn with one seed are drawn alike, so that they can be paired."""
        drawn = [metrics.samples(run, bootstrap, seed) for run in runs]
        means = zip(*([tuple(scores) for scores in one] for one in drawn), strict=True)
        samples = tuple(tuple(statistics.fmean(values) for values in zip(*alike, strict=True)) for alike in means)
        return cls(tuple(tuple(run) for run in runs), samples)

    def scores(self, seed: int) -> dict[str, Score]:
        """Mean over the runs with the interval of the samples, by metric."""
        return {
            tally.name: tally.around(self.value(i), samples, len(samples), seed)
            for i, (tally, samples) in enumerate(zip(self.runs[0], self.samples, strict=True))
        }

    def value(self, metric: int) -> float:
        """The mean over the runs of the score in a metric, by its place."""
        return statistics.fmean(run[metric].value for run in self.runs)

    def table(self, metric: int) -> Floats:
        """Statistics of each sentence, mean over the runs, of shape (N, K)."""
        rows: Floats = np.mean([np.array(run[metric].rows, dtype=np.float64) for run in self.runs], axis=0)
        return rows


def bootstrap(a: Drawn, b: Drawn, metric: int) -> float:
    """p of the paired bootstrap (Koehn 2004, as in Moses): how often samples differ by more, around their mean, than
    the systems do; two-sided."""
    if np.array_equal(a.table(metric), b.table(metric)):
        return 1.0
    apart = np.abs(np.array(b.samples[metric]) - np.array(a.samples[metric]))
    return _compute_p_value(apart - apart.mean(), abs(a.value(metric) - b.value(metric)))


def randomisation(systems: Sequence[Drawn], trials: int, seed: int) -> dict[tuple[int, int], list[float]]:
    """p of approximate randomisation (Riezler and Maxwell 2005) for each two systems, in the order of the metrics: how
    often two systems differ by more, whose sentences were given to the one or the other at random.

    Of a system with several runs each sentence counts with its statistics' mean over the runs.
    """
    found: dict[tuple[int, int], list[float]] = {}
    for metric, tally in enumerate(systems[0].runs[0]):
        tables = [system.table(metric) for system in systems]
        whole = [_score(tally, table_NK.sum(0)) for table_NK in tables]
        pairs = list(combinations(range(len(systems)), 2))
        told = [(a, b) for a, b in pairs if not np.array_equal(tables[a], tables[b])]
        apart: dict[tuple[int, int], list[float]] = {pair: [] for pair in told}
        for chosen_DN in _chosen(len(tables[0]), trials, seed) if told else ():
            for a, b in told:
                apart[a, b] += _swapped(tally, tables[a], tables[b], chosen_DN)
        for a, b in pairs:
            shuffled = apart.get((a, b))
            p = 1.0 if shuffled is None else _compute_p_value(np.array(shuffled), abs(whole[a] - whole[b]))
            found.setdefault((a, b), []).append(p)
    return found


def differing(a: Drawn, b: Drawn, metric: int) -> int:
    """In how many sentences two systems have other statistics."""
    return int((a.table(metric) != b.table(metric)).any(axis=1).sum())


def least(differing: int) -> float:
    """The smallest p that exchanging so many sentences can give, if ties count: both ways of giving all of them to one
    side, out of all ways.

    sacrebleu does not count ties, so that its p can be smaller for a handful of sentences.

    >>> least(1), least(6)
    (1.0, 0.03125)
    """
    return min(1.0, 2.0 ** (1 - differing))


def _swapped(tally: Tally, a_NK: Floats, b_NK: Floats, chosen_DN: Floats) -> list[float]:
    """How far apart the shuffled systems are, in each trial."""
    left_DK = chosen_DN @ a_NK + (1 - chosen_DN) @ b_NK
    right_DK = (1 - chosen_DN) @ a_NK + chosen_DN @ b_NK
    both = zip(left_DK, right_DK, strict=True)
    return [abs(_score(tally, left_K) - _score(tally, right_K)) for left_K, right_K in both]


def _score(tally: Tally, sums_K: Floats) -> float:
    return float(tally.metric._compute_score_from_stats(list(sums_K)).score)


def _chosen(count: int, trials: int, seed: int) -> Iterator[Floats]:
    """Which sentences stay with their system, in parts of the trials."""
    rng = np.random.default_rng(seed)
    at_once = max(_AT_ONCE // count // _WORD, 1) * _WORD
    for start in range(0, trials, at_once):
        drawn = rng.integers(2, size=(min(at_once, trials - start), count), dtype=bool)
        yield drawn.astype(np.float64)


def paired(differences: Sequence[float] | Floats, trials: int, seed: int) -> float:
    """p of paired differences, two-sided, for their mean: approximate randomisation of their signs, with fewer trials
    where there are more than 20,000."""
    values_N = np.array(differences, dtype=np.float64)
    if not values_N.any():
        return 1.0
    trials = min(trials, max(1000, _DRAWS // len(values_N)))
    reached = 0
    for chosen_DN in _chosen(len(values_N), trials, seed):
        sums_D = np.abs(chosen_DN @ (2 * values_N) - values_N.sum())
        reached += int((sums_D >= abs(values_N.sum()) * (1 - 1e-12)).sum())  # ties count, whatever their rounding
    return (reached + 1) / (trials + 1)


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """p values corrected for their number (Holm 1979): each may be compared with the level itself.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    corrected: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(ps, key=lambda name: ps[name])):
        highest = max(highest, min(1.0, ps[name] * (len(ps) - rank)))
        corrected[name] = highest
    return corrected


def welch(a: Sequence[float] | Floats, b: Sequence[float] | Floats) -> tuple[float, float] | None:
    """t and two-sided p of two groups with variances of their own (Welch 1947); None where one has fewer than two
    members. Where nothing varies, t is 0 for equal means and infinite otherwise."""
    if min(len(a), len(b)) < 2:
        return None
    groups = [np.asarray(group, dtype=np.float64) for group in (a, b)]
    apart = float(groups[0].mean() - groups[1].mean())
    errors = [float(group.var(ddof=1)) / len(group) for group in groups]
    rest = sum(e**2 / (len(group) - 1) for e, group in zip(errors, groups, strict=True))
    return _judged(apart, sum(errors), sum(errors) ** 2 / rest if rest else 1.0)


def student(a: Floats, b: Floats) -> tuple[float, float] | None:
    """The same with one variance for both groups (Student 1908), which a small group that varies little by chance
    cannot mislead; None where one is empty or both have one member."""
    if min(len(a), len(b)) < 1 or len(a) + len(b) < 3:
        return None
    freedom = len(a) + len(b) - 2
    variance = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()) / freedom
    return _judged(float(a.mean() - b.mean()), variance * (1 / len(a) + 1 / len(b)), freedom)


def _judged(apart: float, variance: float, freedom: float) -> tuple[float, float]:
    """t and two-sided p of a difference of means and its variance."""
    if not variance:
        return (0.0, 1.0) if not apart else (copysign(inf, apart), 0.0)
    t = apart / sqrt(variance)
    return t, _beyond(abs(t), freedom)


def _beyond(t: float, freedom: float) -> float:
    """The part of Student's distribution that is farther out than t on both sides.

    With t = sqrt(freedom) tan(x) its density becomes cos(x) ** (freedom - 1), which is integrated by Simpson's rule.
    """
    below, all_of_it = (_cosines(end, freedom - 1) for end in (atan(t / sqrt(freedom)), np.pi / 2))
    return max(0.0, 1 - below / all_of_it)


def _cosines(end: float, power: float) -> float:
    """The integral of cos(x) ** power from 0 to `end`."""
    x = np.linspace(0, end, _STEPS + 1)
    y = np.clip(np.cos(x), 0, 1) ** power
    return float(end / _STEPS / 3 * (y[0] + y[-1] + 4 * y[1:-1:2].sum() + 2 * y[2:-1:2].sum()))
