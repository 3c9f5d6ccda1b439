"""How often each training corpus is drawn from, and how its text is cut anew."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field, model_validator

from calque.recipes.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Stage:
    """From the fraction `begin` of the run on, corpora are drawn from in proportion to `weights`."""

    begin: float
    weights: tuple[float, ...]

    @classmethod
    def of(cls, text: str) -> Stage:
        """The stage that '[BEGIN=]W1:W2:...' describes; ValueError where it describes none."""
        begin, sign, weights = text.rpartition("=")
        try:
            stage = cls(float(begin) if sign else 0.0, tuple(map(float, weights.split(":"))))
        except ValueError:
            raise ValueError(
                f"mixture '{text}' is not of the form W1:W2 or BEGIN=W1:W2, such as 3:1 or 0.8=0:1"
            ) from None
        if not 0 <= stage.begin < 1:
            raise ValueError(f"mixture '{text}': a stage begins at a fraction of the run, from 0 to less than 1")
        if not all(weight >= 0 for weight in stage.weights) or not 0 < sum(stage.weights) < math.inf:
            raise ValueError(f"mixture '{text}': weights are numbers from 0 on, and one of them must be above 0")
        return stage


class Mixture(Recipe):
    """Several training corpora: how often each is drawn from, and when."""

    mixture: tuple[str, ...] = Field(
        default=(),
        description="how often pairs of each --train are drawn, as W1:W2:... in its order: 3:1 draws three of the "
        "first for one of the second, whatever their sizes. BEGIN=W1:W2:... holds from that fraction of the run on: "
        "repeat it for the stages of a curriculum, such as 1:1 and then 0.8=0:1. By default every pair once an epoch",
    )
    temperature: float | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="draw from each --train in proportion to its size to the power of 1 / temperature: 1 is by size, 5 "
        "is customary for many languages, 1000 is nearly evenly",
    )
    subword_dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="probability that a piece of the training text is split into two known pieces, and these again, "
        "anew in each epoch; 0.1 is customary for small corpora",
    )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the mixture, in their order; none where all pairs are drawn alike."""
        return tuple(map(Stage.of, self.mixture))

    @model_validator(mode="after")
    def _mixture_is_one(self) -> Mixture:
        corpora: Sequence[str] = getattr(self, "train", ())
        stages = self.stages
        if not (stages or self.temperature is not None):
            return self
        if stages and self.temperature is not None:
            raise ValueError("mixture and temperature both say how often corpora are drawn from: give one")
        if len(corpora) < 2:
            raise ValueError("mixture and temperature are for several corpora, and there is one train: leave them out")
        for text, stage in zip(self.mixture, stages, strict=True):
            if len(stage.weights) != len(corpora):
                raise ValueError(f"mixture '{text}' has {len(stage.weights)} weights for {len(corpora)} train corpora")
        if stages and stages[0].begin > 0:
            raise ValueError(f"mixture '{self.mixture[0]}': the first stage begins at 0")
        if any(one.begin >= other.begin for one, other in itertools.pairwise(stages)):
            raise ValueError("the stages of mixture must begin one after the other")
        return self
