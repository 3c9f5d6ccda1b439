"""The noun of neural metrics: learned scores, which a process of its own computes."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from calque.recipes.recipe import Recipe


class Neural(Recipe):
    """COMET scores, from a process of its own."""

    comet: tuple[str, ...] = Field(
        default=(),
        description="COMET checkpoint to score with, trained with references or without: its folder, its .ckpt file, "
        "or a name on the hub, which is fetched",
    )
    comet_batch: int = Field(default=16, ge=1, le=4096, description="sentences that COMET reads at once")
    comet_timeout: int = Field(
        default=1800, ge=1, description="seconds without an answer after which the scoring process is given up"
    )
    comet_python: Path | None = Field(
        default=None,
        description="Python that can import comet, of an environment of your own; by default the one that `calque "
        "comet` made",
    )

    @model_validator(mode="after")
    def _nothing_idle(self) -> Neural:
        if not self.comet:
            idle = self.model_fields_set & {"comet_batch", "comet_timeout", "comet_python"}
            changed = sorted(name for name in idle if getattr(self, name) != Neural.model_fields[name].default)
            if changed:
                raise ValueError(
                    f"{' and '.join(changed)} would do nothing without comet: name a checkpoint or leave it out"
                )
        if len(set(self.comet)) < len(self.comet):
            raise ValueError("comet names a checkpoint twice: name each once")
        return self
