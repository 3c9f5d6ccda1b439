"""Successive halving: how many candidates go on, and how long each is trained (Karnin et al. 2013, "Almost Optimal
Exploration in Multi-Armed Bandits"; Jamieson and Talwalkar 2016 for learning curves).

Each phase has the same share of the training time, which its candidates divide among them, so that those who stay are
trained longer and longer. Two reach the end: a test needs a pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def rounds(candidates: int) -> list[int]:
    """How many candidates are in each phase: each about half of those before, the last phase has two.

    >>> rounds(5)
    [5, 3, 2]
    """
    counts = [max(1, candidates)]
    while counts[-1] > 2:
        counts.append((counts[-1] + 1) // 2)
    return counts


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds of training of each candidate in a phase: those at its end, and those of the whole run."""

    until: float
    whole: float

    @property
    def fraction(self) -> float:
        """The share of the run at which the phase ends."""
        return self.until / self.whole


def schedule(counts: Sequence[int], phase: int, done: float, left: float) -> Schedule:
    """What a candidate is trained in `phase`, of which `counts` has the numbers of candidates, where each has been
    trained for `done` seconds and `left` seconds of training are left for all of them together."""
    share = max(left, 0.0) / (len(counts) - phase)
    parts = [share / count for count in counts[phase:]]
    return Schedule(done + parts[0], done + sum(parts))


def halved(scores: Mapping[str, float], places: int) -> list[str]:
    """The names with the best scores, in their order; ties go to those named first."""
    order = sorted(scores, key=lambda name: -scores[name])
    kept = set(order[:places])
    return [name for name in scores if name in kept]
