"""What a stretch of training did, counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

from benchmarks import flops


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of some optimizer steps.

    characters: of source and target text, whatever the vocabularies.
    tokens, positions: source and target tokens, and the positions of the padded batches that held them.
    operations: floating-point operations that the tokens (not the padding) need.
    seconds: on the clock of the device.
    """

    steps: int = 0
    sentences: int = 0
    scored_tokens: int = 0
    characters: int = 0
    tokens: int = 0
    positions: int = 0
    operations: int = 0
    seconds: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def padding_share(self) -> float:
        """Share of the positions that held no token."""
        return 1 - self.tokens / max(1, self.positions)

    def rate(self, count: str) -> float:
        """A count per second."""
        return float(getattr(self, count)) / max(1e-9, self.seconds)


def one_step(shape: flops.Shape, lengths: Sequence[tuple[int, int]], characters: int, positions: int) -> Tally:
    """The tally of one step over sentences of these (source, scored target) lengths; its seconds are added later."""
    scored = sum(target for _, target in lengths)
    tokens = scored + sum(source for source, _ in lengths)
    operations = sum(flops.training(shape, source, target) for source, target in lengths)
    return Tally(1, len(lengths), scored, characters, tokens, positions, operations)


def total(tallies: Iterable[Tally]) -> Tally:
    """All of them together."""
    return sum(tallies, Tally())
