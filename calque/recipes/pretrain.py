"""The recipe of `calque pretrain`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from calque.recipes.corruption import Corruption
from calque.recipes.idle import chosen, idle_in_training
from calque.recipes.limits import Limits, Machine, Saving
from calque.recipes.monolingual import Monolingual
from calque.recipes.optimisation import Optimisation
from calque.recipes.preset import FROM_SCRATCH, with_preset

_SHARES = {"mlm": 0.15, "denoise": 0.3}  # Devlin et al. 2019, section 3.1; Lewis et al. 2020, in its released code
_HALVES = {"encoder_layers": ("mlm", "denoise"), "decoder_layers": ("clm", "denoise")}
_USED_BY = {
    **_HALVES,
    "mask_share": ("mlm", "denoise"),
    "whole_word": ("mlm",),
    "span_length": ("denoise",),
    "permute": ("denoise",),
}
_SCRATCH = ("width", "heads", "feed_forward", "encoder_layers", "decoder_layers", "vocabulary", "pieces")
_PRETRAINED = ("freeze", "unfreeze", "layer_decay", "pretrained_learning_rate")


class Pretrain(Monolingual, Corruption, Optimisation, Limits, Saving, Machine):
    """One-language text becomes a language model, from scratch or from a checkpoint that learns on. Where `model` names
    a preset, its settings are the defaults."""

    objective: Literal["mlm", "clm", "denoise"] = Field(
        description="what is learned: mlm: to fill in masks (an encoder: BERT, RoBERTa); clm: to go on with a text (a "
        "decoder: GPT); denoise: to restore a spoiled text (an encoder-decoder: BART, mBART)"
    )
    model: str = Field(
        default="tiny",
        description="checkpoint that learns on: a hub name, a folder, 'minilm'; or a preset ('tiny' begins from "
        "scratch)",
    )
    out: Path = Field(description="folder of the finished model; the run itself lies in OUT.run")
    encoder_layers: int | None = Field(
        default=None, ge=1, le=96, description="layers of the encoder, from scratch only (mlm, denoise)"
    )
    decoder_layers: int | None = Field(
        default=None, ge=1, le=96, description="layers of the decoder, from scratch only (clm, denoise)"
    )
    width: int = Field(default=128, ge=8, le=8192, description="hidden size, from scratch only")
    heads: int = Field(default=4, ge=1, le=128, description="attention heads, from scratch only")
    feed_forward: int = Field(default=512, ge=8, le=32768, description="feed-forward size, from scratch only")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="dropout probability of hidden states")
    attention_dropout: float = Field(default=0.0, ge=0, lt=1, description="dropout probability of attention weights")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="share of the target spread over all pieces; never in what is measured"
    )
    pretrained_learning_rate: float | None = Field(
        default=1e-4, gt=0, le=10, description="peak learning rate of a checkpoint's weights"
    )
    freeze: Literal["none", "embeddings"] = Field(
        default="none", description="part of a checkpoint that is never trained"
    )
    batch_tokens: int = Field(
        default=4096, ge=16, description="tokens of text, padding included, of one optimizer step"
    )
    probes: bool = Field(default=True, description="look for the known silent bugs before training")

    @property
    def from_scratch(self) -> bool:
        """Whether there is no checkpoint."""
        return self.model in FROM_SCRATCH

    @property
    def masked(self) -> float:
        """The share of the tokens that are masked."""
        return self.mask_share or _SHARES.get(self.objective, 0.0)

    @property
    def packs(self) -> bool:
        """Whether lines are joined."""
        return self.objective == "denoise" if self.pack is None else self.pack

    @property
    def splits(self) -> bool:
        """Whether lines are split into sentences."""
        return self.objective == "denoise" if self.sentences is None else self.sentences

    @property
    def multilingual(self) -> bool:
        """Whether the text is of several languages."""
        return len(set(self.language)) > 1

    @property
    def best(self) -> Literal["loss"]:
        """What the best weights are kept by; perplexity and bits per character rise and fall with it."""
        return "loss"

    @property
    def adapter(self) -> Literal["none"]:
        """All weights are trained."""
        return "none"

    @property
    def sharding(self) -> Literal["none"]:
        """Every process has the whole network."""
        return "none"

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, given: Any) -> Any:  # noqa: ANN401
        if not isinstance(given, Mapping) or given.get("model", "tiny") not in FROM_SCRATCH:
            return given
        preset = with_preset({"model": given.get("model", "tiny")})
        idle = {name for name, users in _HALVES.items() if given.get("objective") not in users}
        return {name: value for name, value in preset.items() if name in cls.model_fields and name not in idle} | dict(
            given
        )

    @model_validator(mode="after")
    def _nothing_is_idle(self) -> Pretrain:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        if found := [*self._idle(), *idle_in_training(self)]:
            raise ValueError("; ".join(found))
        return self

    def _idle(self) -> Iterator[str]:
        for name, users in _USED_BY.items():
            if self.objective not in users and chosen(self, name):
                yield f"{name} is for {' and '.join(users)}, and the objective is {self.objective}: leave it out"
        if self.objective == "denoise" and self.pack is False and self.permute:
            yield "permute puts the sentences of a row into another order, and without pack a row has one: turn it off"
        if self.dev:
            for name in chosen(self, "held_out"):
                yield f"{name} does nothing beside dev: give one of both"
        if self.from_scratch:
            for name in chosen(self, *_PRETRAINED):
                yield f"{name} is about a checkpoint's weights, and {self.model} begins from scratch: leave it out"
        else:
            for name in chosen(self, *_SCRATCH):
                yield f"{name} is for models from scratch, and {self.model} has its own: leave it out"
