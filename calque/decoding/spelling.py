"""How a trimmed vocabulary spells the pieces that it lacks: with those that it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from calque.errors import DataError
from calque.text.codec import Codec


class Spelling:
    """Ids of a codec in those that a network has.

    Args:
        codec: numbers the pieces.
        kept: the ids that there are.
    """

    def __init__(self, codec: Codec, kept: Iterable[int]) -> None:
        self._codec = codec
        self._kept = frozenset(kept)
        self._spelled: dict[int, tuple[int, ...]] = {}

    @cached_property
    def _pieces(self) -> list[str]:
        """All surfaces: asked for only where something must be spelled, for there may be very many."""
        return self._codec.pieces()

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The ids that may spell something, by their surfaces."""
        usable = (number for number in self._kept - self._codec.hidden if number < len(self._pieces))
        return {self._pieces[number]: number for number in usable}

    def has(self, ids: Iterable[int]) -> bool:
        """Whether none of the ids has to be spelled."""
        return self._kept.issuperset(ids)

    def of(self, number: int) -> tuple[int, ...]:
        """The fewest ids that are there and spell the same; the id itself where it is there.

        Raises:
            DataError: nothing that is there spells it.
        """
        if number in self._kept:
            return (number,)
        if number not in self._spelled:
            piece = self._pieces[number] if number < len(self._pieces) else ""
            found = self._parts(piece)
            if not found:
                raise DataError(
                    f"the exported vocabulary cannot spell the target piece {number} ({piece!r}): export with more "
                    "pieces (--vocabulary), or translate with --engine torch"
                )
            self._spelled[number] = found
        return self._spelled[number]

    def spells(self, piece: str) -> bool:
        """Whether the ids that are there spell a piece."""
        floor = self._floor(piece)
        first, *others = [piece[: floor + 1], *piece[floor + 1 :]]
        marked = (self._codec.prefix + letter for letter in others)
        letters = first in self._numbers and all(letter in self._numbers for letter in marked)
        return letters or bool(self._parts(piece))

    def _floor(self, piece: str) -> int:
        """Characters at the beginning of a piece that only say that it goes on with a word."""
        prefix = self._codec.prefix
        return len(prefix) if prefix and piece.startswith(prefix) else 0

    def _parts(self, piece: str) -> tuple[int, ...]:
        """The fewest ids that spell a piece, or none."""
        floor = self._floor(piece)
        best: list[Sequence[int] | None] = [(), *([None] * len(piece))]
        for end in range(floor + 1, len(piece) + 1):
            for start in (0, *range(floor + 1, end)):
                before = best[start]
                number = self._numbers.get((self._codec.prefix if start else "") + piece[start:end])
                if number is None or before is None:
                    continue
                known = best[end]
                if known is None or len(before) + 1 < len(known):
                    best[end] = (*before, number)
        return tuple(best[-1] or ())
