"""The recipe of `calque select`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from calque.recipes.evaluate import Scoring
from calque.recipes.parallel import PLACE, Parallel


class Select(Parallel, Scoring):
    """Several pretrained models and one time budget: which of them makes the better translator of this text?"""

    candidates: Path = Field(
        description="TOML file with a table for each candidate: [NAME], and under it settings of `calque finetune`, of "
        "which `model` is required; settings above the first table are for all of them"
    )
    minutes: float = Field(gt=0, description="time for everything: training, validation, the test and its statistics")
    out: Path = Field(description="folder of the chosen translator; the candidates' runs lie in OUT.run")
    dev: tuple[str, ...] = Field(min_length=1, description=f"development text, by which candidates are halved: {PLACE}")
    test: tuple[str, ...] = Field(min_length=1, description=f"test text, on which the finalists are compared: {PLACE}")
    validation_pairs: int = Field(
        default=300, ge=1, description="development pairs translated at each validation (all of them give the loss)"
    )
    metric: Literal["chrF2", "chrF2++", "BLEU", "TER"] = Field(
        default="chrF2", description="metric in which the winner must be significantly better on the test text"
    )
    level: float = Field(
        default=0.05, gt=0, le=0.2, description="p below which a difference is called significant, after correction"
    )
    bootstrap: int = Field(default=1000, ge=100, le=100_000, description="bootstrap samples of intervals and tests")
    trials: int = Field(
        default=10_000, ge=100, le=1_000_000, description="trials of the approximate randomisation test"
    )
    checks: bool = Field(default=True, description="look at the text first, and stop where `calque check` would")
    keep_others: bool = Field(
        default=False, description="keep the finalists that were not chosen, in OUT.others, instead of removing them"
    )
