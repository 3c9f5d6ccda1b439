"""The recipe of `calque demo`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, model_validator

from calque.recipes.recipe import Recipe


class Demo(Recipe):
    """A generated corpus and a pretrained BERT become a translator, to see the whole way once."""

    exclusive: ClassVar[frozenset[str]] = frozenset({"minutes", "steps"})

    out: Path = Field(description="folder of the finished translator")
    model: str = Field(default="minilm", description="pretrained encoder: a hub name, a folder, or 'minilm'")
    pairs: int = Field(default=30_000, ge=200, le=1_000_000, description="training pairs to generate")
    minutes: float | None = Field(default=None, gt=0, description="stop training after this many minutes (5.6)")
    steps: int | None = Field(default=None, ge=1, description="stop training after this many optimizer steps")
    corpus_only: bool = Field(default=False, description="only write the corpus, into OUT")
    threads: int | None = Field(default=None, ge=1, description="CPU threads; by default PyTorch's choice")
    seed: int = Field(default=1, ge=0, lt=2**32, description="seed of the corpus and of training")

    @model_validator(mode="after")
    def _one_limit(self) -> Demo:
        if self.minutes is not None and self.steps is not None:
            raise ValueError("minutes and steps contradict each other: give one")
        if self.corpus_only and (self.minutes is not None or self.steps is not None):
            raise ValueError("minutes and steps are about training, and with corpus_only there is none: leave them out")
        return self
