"""The recipe of `calque export`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from calque.recipes.parallel import PLACE
from calque.recipes.recipe import Recipe

Quantization = Literal[
    "int8", "int8_float32", "int16", "float32", "float16", "bfloat16", "int8_float16", "int8_bfloat16"
]


class Export(Recipe):
    """A translator becomes one that CTranslate2 computes, with proof that both say the same."""

    folder: Path = Field(description="translator to export; what is made lies in its folder fast/")
    quantize: Quantization = Field(
        default="int8", description="how weights are stored and multiplied; what the CPU cannot multiply is refused"
    )
    sample: tuple[str, ...] = Field(
        default=(),
        description=f"text to prove it on: {PLACE}; by default the translator's own development or test text where it "
        "is still there, else pieces drawn at random",
    )
    sample_pairs: int = Field(default=100, ge=1, le=10_000, description="pairs of the sample that are used, at most")
    shortlist: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="let each source piece become only so many target pieces, learned from --train; 0: all",
    )
    vocabulary: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="keep only so many target pieces, the most frequent ones of --train, beside special tokens and "
        "single characters; 0: all",
    )
    train: tuple[str, ...] = Field(
        default=(),
        description="text to learn the shortlist and the pieces that are kept from, by default the translator's own: "
        f"{PLACE}",
    )
    alignment: bool = Field(default=True, description="find the attention heads that align words, and tell theirs")
    calibrate: bool = Field(
        default=True,
        description="fit how sure one may be of a word, on --sample or the translator's own development text, and keep "
        "it in the folder's calibration.json",
    )
    replace: bool = Field(default=False, description="replace what was exported before")
    threads: int | None = Field(default=None, ge=1, description="CPU threads; by default each engine's choice")

    @model_validator(mode="after")
    def _train_is_learned_from(self) -> Export:
        if self.train and not (self.shortlist or self.vocabulary):
            raise ValueError(
                "train is what a shortlist or a smaller vocabulary is learned from: give --shortlist or --vocabulary "
                "too, or leave it out"
            )
        return self
