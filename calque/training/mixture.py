"""How many pairs an epoch draws from each corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calque.errors import DataError
from calque.recipes.finetune import Finetune
from calque.recipes.mixture import Stage
from calque.training.rows import Text
from calque.training.store import Store

Shares = tuple[float, ...]  # of each corpus, summing to 1


@dataclass(frozen=True, slots=True)
class Corpora:
    """Where the rows of each corpus end, and in what shares they are drawn: by stages, each (begin, shares); without
    stages every row is drawn once an epoch."""

    ends: tuple[int, ...]
    stages: tuple[tuple[float, Shares], ...] = ()

    @classmethod
    def of(cls, recipe: Finetune, text: Text, rows: Store) -> Corpora:
        """The corpora of a text, mixed as the recipe says. With a temperature, the share of a corpus is its size to the
        power of 1 / temperature (Arivazhagan et al. 2019, section 4.2). DataError where a stage has nothing to draw."""
        ends = tuple(np.searchsorted(rows.pairs, np.cumsum(text.counts)).tolist())
        sizes = np.diff(ends, prepend=0).tolist()
        stages: Sequence[Stage] = recipe.stages
        if recipe.temperature is not None:
            stages = [Stage(0.0, tuple(size ** (1 / recipe.temperature) for size in sizes))]
        for stage in stages:
            if not any(weight and size for weight, size in zip(stage.weights, sizes, strict=True)):
                drawn = [place for place, weight in zip(recipe.train, stage.weights, strict=True) if weight]
                raise DataError(
                    f"mixture: from {stage.begin:.0%} of the run on pairs are drawn from {', '.join(drawn)} alone, and "
                    "no usable pair is in there"
                )
        return cls(ends, tuple((stage.begin, _shares(stage.weights, sizes)) for stage in stages))

    def stage(self, fraction: float) -> int:
        """The number of the stage at this fraction of the run."""
        return max(0, sum(begin <= fraction for begin, _ in self.stages) - 1)

    def quotas(self, stage: int) -> list[tuple[int, int, int]] | None:
        """Of each corpus: its first row, the row after its last, and how many rows an epoch of this stage draws from
        it, as many in all as there are rows; None where every row is drawn once."""
        if not self.stages:
            return None
        shares = self.stages[stage][1]
        upto = np.rint(np.cumsum(shares) * self.ends[-1]).astype(int)
        begins = (0, *self.ends[:-1])
        return list(zip(begins, self.ends, np.diff(upto, prepend=0).tolist(), strict=True))

    def __str__(self) -> str:
        told = (
            f"from {begin:.0%} of the run " * (len(self.stages) > 1) + ", ".join(f"{share:.1%}" for share in shares)
            for begin, shares in self.stages
        )
        return f"corpora are drawn from in these shares: {'; '.join(told)}"


def _shares(weights: Sequence[float], sizes: Sequence[int]) -> Shares:
    """Weights as shares; a corpus of which no pair is left has none."""
    there = [weight if size else 0.0 for weight, size in zip(weights, sizes, strict=True)]
    return tuple(weight / sum(there) for weight in there)
