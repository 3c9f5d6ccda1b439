"""Some texts of many, evenly spaced, in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sample(Generic[T]):
    """What was kept, in its order, and how many items there were."""

    items: list[T]
    total: int

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return len(self.items) == self.total


def evenly(items: Iterable[T], most: int) -> Sample[T]:
    """Every n-th item from the first on, n being the smallest power of two that leaves at most `most` of them.

    That is all of them where there are no more than `most`, and at least half of `most` otherwise. However many items
    there are, `most` + 1 are held at once.
    """
    kept: list[T] = []
    stride, total = 1, 0
    for item in items:
        if total % stride == 0:
            kept.append(item)
            if len(kept) > most:
                del kept[1::2]
                stride *= 2
        total += 1
    return Sample(kept, total)
