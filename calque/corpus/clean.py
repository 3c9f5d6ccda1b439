"""Dropping pairs that nothing can be learned from, and saying how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from calque.records import Pair
from calque.text.normal import blank


@dataclass(slots=True)
class Dropped:
    """How many pairs were left out, by reason, and where the first of each was. It is counted up while pairs flow."""

    reasons: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, pair: Pair) -> None:
        """Counts a pair that is left out, for a reason such as 'source is empty'."""
        self.reasons[reason] += 1
        self.first.setdefault(reason, f"{pair.origin}:{pair.line}")

    def counts(self) -> dict[str, int]:
        """Number of pairs left out, by reason."""
        return dict(self.reasons)

    @property
    def total(self) -> int:
        """Number of pairs left out."""
        return self.reasons.total()

    def __str__(self) -> str:
        if not self.total:
            return "no pairs dropped"
        reasons = (f"{count:,} where {reason} (first: {self.first[reason]})" for reason, count in self.reasons.items())
        return f"{self.total:,} pair{'' if self.total == 1 else 's'} dropped: {', '.join(reasons)}"


def usable(pairs: Iterable[Pair], dropped: Dropped | None = None) -> Iterator[Pair]:
    """The pairs that have text on both sides, unchanged and in order; the others are counted in `dropped`."""
    for pair in pairs:
        source, target = blank(pair.source), blank(pair.target)
        if not source and not target:
            yield pair
        elif dropped is not None:
            dropped.add(
                "both sides are empty" if source and target else f"the {'source' if source else 'target'} is empty",
                pair,
            )
