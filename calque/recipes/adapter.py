"""What is trained where not everything is, and where the base of a saved adapter lies."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from calque.recipes.recipe import Recipe

_USED_BY = {  # setting: the adapters that read it
    "adapter_rank": ("lora", "dora"),
    "adapter_alpha": ("lora", "dora"),
    "adapter_dropout": ("lora", "dora", "bottleneck"),
    "adapter_width": ("bottleneck",),
    "adapter_only": ("lora", "dora", "bottleneck", "bitfit"),
}


class Adapter(Recipe):
    """Parameter-efficient fine-tuning: pretrained weights stay, and little is trained beside them."""

    adapter: Literal["none", "lora", "dora", "bottleneck", "bitfit"] = Field(
        default="none",
        description="what is trained of the pretrained part: none: everything; lora or dora: low-rank matrices beside "
        "its linear layers; bottleneck: a small layer behind each feed-forward layer; bitfit: its biases. New weights "
        "are trained in full with each",
    )
    adapter_rank: int = Field(default=16, ge=1, le=1024, description="rank of the matrices of lora and dora")
    adapter_alpha: float | None = Field(
        default=None,
        gt=0,
        le=65536,
        description="lora and dora: what they add is scaled by alpha / rank; by default twice the rank",
    )
    adapter_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="dropout probability of what goes into lora, dora and bottleneck"
    )
    adapter_width: int = Field(default=64, ge=1, le=8192, description="width of the bottleneck")
    adapter_only: bool = Field(
        default=False,
        description="save the adapter alone, a few MB that go with the translator that `model` names, instead of a "
        "whole translator",
    )

    @model_validator(mode="after")
    def _settings_are_used(self) -> Adapter:
        for name, users in _USED_BY.items():
            if self.adapter not in users and getattr(self, name) != Adapter.model_fields[name].default:
                raise ValueError(
                    f"'{name}' is for an adapter of {' or '.join(users)}, and 'adapter' is {self.adapter}: leave it out"
                )
        return self


class Base(Recipe):
    """The translator under an adapter."""

    base: Path | None = Field(
        default=None,
        description="where `folder` is an adapter: its base translator, if it is not where the adapter says",
    )
