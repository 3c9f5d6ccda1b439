"""The recipe of `calque merge`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from calque.recipes.adapter import Base


class Merge(Base):
    """An adapter and its base become one translator."""

    folder: Path = Field(description="adapter, as `calque finetune --adapter-only` leaves it")
    out: Path = Field(description="folder of the translator")
