"""Some texts of many, evenly spaced, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def evenly(items: Iterable[T], most: int, size: Callable[[T], int] = lambda _: 1) -> Sample[T]:
    """Every n-th item from the first on, n being the smallest power of two for which they are no more than `most`.

    That is all of them where all are no more than `most`, and about half of `most` or more otherwise. However many
    there are, only `most` are held at once; the first one is kept whatever its size.

    Args:
        items: read once.
        most: how much is kept at most, counted by `size`.
        size: how much an item counts; by default one.
    """
    kept: list[T] = []
    stride, total, held = 1, 0, 0
    for item in items:
        if total % stride == 0:
            kept.append(item)
            held += size(item)
            while held > most and len(kept) > 1:
                del kept[1::2]
                stride *= 2
                held = sum(map(size, kept))
        total += 1
    return Sample(kept, total)
