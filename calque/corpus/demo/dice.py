"""Random choices that are the same on every platform and under every Python version."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Options that are likely in proportion to their weights."""

    def __init__(self, pairs: Iterable[tuple[T, float]]) -> None:
        pairs = tuple(pairs)
        self.options = tuple(option for option, _ in pairs)
        self.bounds = tuple(accumulate(weight for _, weight in pairs))


class Dice:
    """Draws from `seed`. Only `random.Random.random` is used: its sequence is the one that Python promises to keep."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each equally likely."""
        return options[int(self._random.random() * len(options))]

    def weigh(self, weighted: Weighted[T]) -> T:
        """One of the options, by weight."""
        bounds = weighted.bounds
        return weighted.options[bisect(bounds, self._random.random() * bounds[-1], hi=len(bounds) - 1)]
