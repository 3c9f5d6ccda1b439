"""The recipe of `calque finetune`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from calque.recipes.architecture import Architecture
from calque.recipes.limits import Limits, Machine, Validation
from calque.recipes.optimisation import Optimisation
from calque.recipes.parallel import Parallel
from calque.recipes.search import Search
from calque.recipes.vocabulary import Vocabulary


class Finetune(Parallel, Architecture, Vocabulary, Optimisation, Limits, Validation, Search, Machine):
    """A pretrained model and parallel text become a translator."""

    out: Path = Field(description="folder of the finished translator; the run itself lies in OUT.run")
    probes: bool = Field(default=True, description="look for the known silent bugs before training")

    @model_validator(mode="after")
    def _dev_is_there(self) -> Finetune:
        if not self.dev:
            raise ValueError("'dev' is required: without development text nothing says when to stop")
        return self
