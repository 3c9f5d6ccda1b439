"""The recipe of `calque translate`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from calque.recipes.adapter import Base
from calque.recipes.handling import Handling
from calque.recipes.search import Search


class Translate(Search, Handling, Base):
    """A translator and text become text."""

    folder: Path = Field(description="translator to use")
    text: tuple[str, ...] = Field(default=(), description="texts to translate; without any, standard input or --input")
    input: Path | None = Field(default=None, description="file to translate, line by line (.gz too)")
    out: Path | None = Field(default=None, description="file to write; by default standard output")
    scores: bool = Field(
        default=False,
        description="print SCORE<tab>TEXT; with --n-best N each text gives N lines of NUMBER ||| TEXT ||| SCORE "
        "anyway, numbers counting from 0",
    )
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:N or mps")
    threads: int | None = Field(default=None, ge=1, description="CPU threads; by default the engine's choice")
    engine: Literal["auto", "fast", "torch", "ray"] = Field(
        default="auto",
        description="what computes: fast is what `calque export` made, on the CPU; auto takes it where it is there; "
        "ray spreads a file over a Ray cluster (--input and --out only)",
    )
    cluster: str | None = Field(
        default=None, description="address of the Ray cluster; by default RAY_ADDRESS, else the cores of this machine"
    )
    workers: int | None = Field(
        default=None, ge=1, description="translators in the Ray cluster; by default one for every `threads` (1) cores"
    )

    @model_validator(mode="after")
    def _ray_settings_need_ray(self) -> Translate:
        if self.engine != "ray" and (self.cluster is not None or self.workers is not None):
            raise ValueError("cluster and workers do nothing without engine = 'ray'")
        return self

    @model_validator(mode="after")
    def _one_input(self) -> Translate:
        if self.text and self.input is not None:
            raise ValueError("give TEXT or --input, not both")
        return self
