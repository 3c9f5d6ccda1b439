"""The recipe of `calque evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from calque.recipes.adapter import Base
from calque.recipes.neural import Neural
from calque.recipes.parallel import PLACE
from calque.recipes.search import Search


class Scoring(Search):
    """How test text is translated to be scored."""

    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:N or mps")
    threads: int | None = Field(default=None, ge=1, description="CPU threads; by default PyTorch's choice")
    seed: int = Field(
        default=12345, ge=0, lt=2**32, description="seed of what is drawn at random, such as the bootstrap"
    )

    @model_validator(mode="after")
    def _only_the_best_is_scored(self) -> Scoring:
        if self.n_best > 1:
            raise ValueError("n_best does nothing here, where only best translations are scored: leave it out")
        return self


class Measure(Scoring):
    """How scores are computed."""

    bootstrap: int = Field(
        default=1000, ge=0, le=100_000, description="bootstrap samples of the confidence interval; 0: none"
    )
    worst: int = Field(default=10, ge=0, le=1000, description="worst sentences shown")


class Evaluate(Measure, Neural, Base):
    """A translator and a test set become scores."""

    folder: Path = Field(description="translator to score")
    test: tuple[str, ...] = Field(min_length=1, description=f"test text: {PLACE}")
    train: tuple[str, ...] = Field(
        default=(), description=f"training text, from which the word-lexicon floor is learned: {PLACE}"
    )
    engine: Literal["auto", "fast", "torch"] = Field(
        default="torch", description="what computes; fast is what `calque export` made, rounded as it is"
    )
    out: Path | None = Field(
        default=None, description="new folder for report.json, report.md, report.html and hypotheses"
    )
