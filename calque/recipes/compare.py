"""The recipe of `calque compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from calque.recipes.evaluate import Scoring
from calque.recipes.parallel import LANGUAGE, PLACE


class Compare(Scoring):
    """Several translators and a test set become a comparison with tests of significance."""

    systems: tuple[str, ...] = Field(
        min_length=1,
        description="what is compared, at least two: translator folders, or files of translations line by line with "
        "the test text; NAME=PLACE gives a name, and PLACE,PLACE,PLACE are several runs (seeds) of one system",
    )
    test: tuple[str, ...] = Field(
        min_length=1,
        description=f"test text: {PLACE}. Each place is scored for itself too, and the winner is found on all together",
    )
    train: tuple[str, ...] = Field(
        default=(), description=f"training text, whose word counts say which words are rare: {PLACE}"
    )
    out: Path | None = Field(
        default=None, description="new folder for report.json, report.md, report.html and what each system said"
    )
    source: str | None = Field(
        default=None, pattern=LANGUAGE, description="source language code; needed where no folder tells it"
    )
    target: str | None = Field(
        default=None, pattern=LANGUAGE, description="target language code; needed where no folder tells it"
    )
    metric: Literal["chrF2", "chrF2++", "BLEU", "TER"] = Field(
        default="chrF2", description="metric in which a winner must be better"
    )
    level: float = Field(
        default=0.05, gt=0, le=0.2, description="p below which a difference is called significant, after correction"
    )
    bootstrap: int = Field(
        default=1000, ge=100, le=100_000, description="bootstrap samples of the intervals and of the paired test"
    )
    trials: int = Field(
        default=10_000, ge=100, le=1_000_000, description="trials of the approximate randomisation test"
    )
    sentences: int = Field(
        default=10, ge=0, le=1000, description="sentences shown of each two systems, where these differ most"
    )
