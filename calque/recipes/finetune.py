"""The recipe of `calque finetune`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from calque.recipes.adapter import Adapter
from calque.recipes.architecture import Architecture
from calque.recipes.idle import idle
from calque.recipes.limits import Limits, Machine, Validation
from calque.recipes.mixture import Mixture
from calque.recipes.optimisation import Optimisation
from calque.recipes.parallel import PLACE, Parallel
from calque.recipes.preset import with_preset
from calque.recipes.search import Search
from calque.recipes.vocabulary import Vocabulary


class Finetune(Parallel, Mixture, Architecture, Adapter, Vocabulary, Optimisation, Limits, Validation, Search, Machine):
    """A pretrained model and parallel text become a translator. Where `model` names a preset, its settings are the
    defaults."""

    dev: tuple[str, ...] = Field(min_length=1, description=f"development text, which says when to stop: {PLACE}")
    out: Path = Field(description="folder of the finished translator; the run itself lies in OUT.run")
    sharding: Literal["none", "full"] = Field(
        default="none",
        description="what several processes have each: none: the whole network; full: a share of its parameters, "
        "gradients and optimizer state, for networks that one device cannot hold with these",
    )
    probes: bool = Field(default=True, description="look for the known silent bugs before training")

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, given: Any) -> Any:  # noqa: ANN401
        return with_preset(given) if isinstance(given, Mapping) else given

    @model_validator(mode="after")
    def _adapter_freezes(self) -> Finetune:
        if self.adapter != "none" and (self.freeze != "none" or self.unfreeze or self.layer_decay < 1):
            raise ValueError(
                f"an adapter keeps all pretrained weights{' but biases' if self.adapter == 'bitfit' else ''} as they "
                "are: leave out 'freeze', 'unfreeze' and 'layer_decay'"
            )
        return self

    @model_validator(mode="after")
    def _shared_weights_change_together(self) -> Finetune:
        if self.share_weights and self.adapter != "none":
            raise ValueError("an adapter changes one half, and share_weights makes both one: leave out one of both")
        if self.share_weights and self.freeze == "encoder":
            raise ValueError("with share_weights, freezing the encoder would freeze the decoder: leave out one of both")
        return self

    @model_validator(mode="after")
    def _nothing_is_idle(self) -> Finetune:
        if found := idle(self):
            raise ValueError("; ".join(found))
        return self
