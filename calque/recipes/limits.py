"""When a run ends, and what it does on the way."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from calque.recipes.recipe import Recipe


class Limits(Recipe):
    """Length of the run: at most one of minutes, steps and epochs."""

    exclusive: ClassVar[frozenset[str]] = frozenset({"minutes", "steps", "epochs"})

    minutes: float | None = Field(default=None, gt=0, description="stop after this many minutes of training")
    steps: int | None = Field(default=None, ge=1, description="stop after this many optimizer steps")
    epochs: float | None = Field(default=None, gt=0, description="stop after this many passes; by default 10")
    patience: int = Field(
        default=0, ge=0, description="stop after this many validations without a better score; 0 never stops early"
    )

    @model_validator(mode="after")
    def _one_limit(self) -> Limits:
        given = [name for name in ("minutes", "steps", "epochs") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} contradict each other: give one")
        return self


class Saving(Recipe):
    """How often it is measured, and what is kept on the way."""

    validations: int = Field(
        default=10, ge=1, le=10_000, description="how often the development text is scored in the run"
    )
    validate_every: int | None = Field(default=None, ge=1, description="score it every so many steps instead")
    average: int = Field(
        default=5, ge=1, le=50, description="best checkpoints averaged at the end; kept if they score better; 1 is off"
    )
    save_every: int | None = Field(
        default=None, ge=1, description="save a resumable checkpoint every so many steps; by default at each validation"
    )
    keep: int = Field(default=2, ge=1, description="resumable checkpoints kept, the last ones")
    keep_best: int = Field(
        default=0, ge=0, description="resumable checkpoints of the best validations that are kept beside the last ones"
    )
    log_every: int = Field(default=10, ge=1, description="steps between two lines of metrics.jsonl")
    tensorboard: bool = Field(default=False, description="write TensorBoard events too")


class Validation(Saving):
    """What is measured of a translator on the way."""

    validation_pairs: int = Field(
        default=500, ge=1, description="development pairs translated at each validation (all of them give the loss)"
    )
    best: Literal["chrF2", "BLEU", "loss"] = Field(
        default="chrF2", description="score by which the best weights are kept"
    )


class Machine(Recipe):
    """Where and how it is computed."""

    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:N or mps")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto",
        description="auto: bf16 where the device computes it natively, and half as fast again as fp32 (timed), else "
        "fp32",
    )
    attention: Literal["auto", "matmul", "sdpa", "stock"] = Field(
        default="auto",
        description="plain products, torch's fused kernel, or transformers' own forward pass throughout; auto: plain "
        "products on a CPU and the fused kernel elsewhere, or the other of the two where it is half as fast "
        "again (timed)",
    )
    recompute: bool = Field(
        default=False,
        description="keep no activations of layers and compute them again in the backward pass: less memory, a third "
        "more time",
    )
    threads: int | None = Field(default=None, ge=1, description="CPU threads; by default PyTorch's choice")
    seed: int = Field(default=1, ge=0, lt=2**32, description="seed of everything random")
