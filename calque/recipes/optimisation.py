"""How weights are updated."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calque.recipes.recipe import Recipe


class Optimisation(Recipe):
    """Loss, optimizer and learning-rate schedule."""

    optimizer: Literal["adamw", "adam", "sgd", "adafactor"] = Field(default="adamw", description="update rule")
    learning_rate: float = Field(default=5e-4, gt=0, le=10, description="peak learning rate of new weights")
    pretrained_learning_rate: float | None = Field(
        default=None,
        gt=0,
        le=10,
        description="peak learning rate of pretrained "
        "weights; by default learning_rate, or 1e-4 where neither is given and the checkpoint is a whole translator",
    )
    layer_decay: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="factor from each pretrained layer's learning rate to that of the layer below, from the top of "
        "encoder and decoder down to the embeddings; 0.8 is customary for 12 layers; 1 is off",
    )
    schedule: Literal["inverse-sqrt", "linear", "cosine", "constant"] = Field(
        default="inverse-sqrt", description="how the learning rate falls after the warm-up"
    )
    warmup: float = Field(
        default=0.1, ge=0, le=1, description="share of the run during which the learning rate rises linearly"
    )
    weight_decay: float = Field(default=0.01, ge=0, le=1, description="decay of weight matrices (not biases and norms)")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="Adam's first decay rate")
    beta2: float = Field(default=0.98, ge=0, lt=1, description="Adam's second decay rate")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="momentum of sgd")
    clip: float = Field(default=1.0, ge=0, description="largest norm of the gradient; 0 never clips")
    label_smoothing: float = Field(default=0.1, ge=0, lt=1, description="share of the target spread over all pieces")
    rdrop: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="weight of R-Drop's divergence between two dropout passes beside "
        "their mean loss, half the paper's alpha; 0 is off",
    )
    ema: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="decay of an exponential moving average of the weights, which is validated and kept while "
        "training goes on with the raw ones; 0.999 is customary; 0 is off",
    )
    batch_tokens: int = Field(
        default=4096, ge=16, description="source plus target tokens, padding included, of one optimizer step"
    )
    micro_batch_tokens: int | None = Field(
        default=None,
        ge=16,
        description="tokens computed at once (gradients are summed exactly); by default batch_tokens",
    )
    unfreeze: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the run over which pretrained layers are unfrozen one by one, those on top of encoder "
        "and decoder first; 0: at once",
    )
    freeze: Literal["none", "encoder", "embeddings"] = Field(
        default="none", description="pretrained part that is never trained"
    )
