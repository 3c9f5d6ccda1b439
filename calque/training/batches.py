"""Cutting an epoch into batches of similar lengths, as a pure function of seed and epoch."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from calque.model.batch import Ids


@dataclass(frozen=True, slots=True)
class Batching:
    """Examples' lengths and how they are cut.

    `tokens` bounds rows × (longest source + longest target) of one optimizer step, `micro_tokens` that of what is
    computed at once. One example longer than the budget is a step by itself.
    """

    lengths: tuple[tuple[int, int], ...]
    tokens: int
    micro_tokens: int
    seed: int

    @classmethod
    def of(cls, rows: Sequence[Ids], tokens: int, micro_tokens: int | None, seed: int) -> Batching:
        """The batching of these examples."""
        lengths = tuple((len(row.source), len(row.target or ())) for row in rows)
        return cls(lengths, tokens, min(tokens, micro_tokens or tokens), seed)

    def epoch(self, number: int) -> list[list[int]]:
        """The steps of one epoch, each a list of example indices: similar lengths together, in an order of their own
        each epoch."""
        chance = random.Random(f"{self.seed} epoch {number}")
        order = list(range(len(self.lengths)))
        chance.shuffle(order)
        order.sort(key=lambda i: (self.lengths[i],))
        steps = cut(order, self.lengths, self.tokens)
        chance.shuffle(steps)
        return steps

    def micro(self, step: Sequence[int]) -> list[list[int]]:
        """One step cut into what is computed at once."""
        return cut(step, self.lengths, self.micro_tokens)

    def padded(self, rows: Sequence[int]) -> int:
        """Tokens of these examples as one batch, padding included."""
        sources, targets = zip(*(self.lengths[i] for i in rows), strict=True)
        return len(rows) * int(max(sources) + max(targets))


def cut(order: Sequence[int], lengths: Sequence[tuple[int, int]], tokens: int) -> list[list[int]]:
    """Cut `order` into runs whose rows × (longest source + longest target) stay within `tokens`."""
    runs: list[list[int]] = []
    run: list[int] = []
    longest_source = longest_target = 0
    for index in order:
        source, target = lengths[index]
        longest_source, longest_target = max(longest_source, source), max(longest_target, target)
        if run and (len(run) + 1) * (longest_source + longest_target) > tokens:
            runs.append(run)
            run, longest_source, longest_target = [], source, target
        run.append(index)
    if run:
        runs.append(run)
    return runs
