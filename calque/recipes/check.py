"""The recipe of `calque check`."""

from __future__ import annotations

from pydantic import Field, model_validator

from calque.recipes.idle import chosen
from calque.recipes.limits import Machine
from calque.recipes.parallel import Parallel
from calque.recipes.vocabulary import Vocabulary


class Check(Parallel, Vocabulary, Machine):
    """The pre-flight: what is wrong with a corpus, and what a pretrained model can make of it."""

    model: str | None = Field(default=None, description="pretrained model whose tokenizer and speed are looked at")
    examples: int = Field(default=3, ge=0, le=100, description="example lines shown for each finding")
    timed_steps: int = Field(default=5, ge=0, le=1000, description="training steps timed for the forecast; 0: none")

    @model_validator(mode="after")
    def _about_a_model(self) -> Check:
        if self.model is None and (found := chosen(self, *Vocabulary.model_fields, "timed_steps")):
            raise ValueError(f"{', '.join(found)}: about a model, and there is none: give one, or leave it out")
        return self
