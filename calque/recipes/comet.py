"""The recipe of `calque comet`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from calque.recipes.recipe import Recipe


class Comet(Recipe):
    """An environment of its own for COMET, which cannot be installed beside transformers 5."""

    python: Path | None = Field(
        default=None, description="Python that it is made with; by default the one that runs calque"
    )
    again: bool = Field(default=False, description="make it anew where there is one already")
