"""The recipe of `calque push`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from calque.recipes.recipe import Recipe


class Push(Recipe):
    """A finished folder goes to the Hugging Face hub. The token is the hub login's, or $HF_TOKEN."""

    folder: Path = Field(description="translator or adapter to upload")
    repo: str = Field(
        pattern=r"^[\w.-]+(/[\w.-]+)?$",
        description="name of the model on the hub: NAME (in your own account) or OWNER/NAME",
    )
    private: bool = Field(default=False, description="make a new repository that only you and your organisation see")
    revision: str | None = Field(default=None, min_length=1, description="branch to upload to; by default main")
    message: str = Field(default="Upload by calque", min_length=1, description="what the commit says")
    license: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][\w.+-]*$",
        description="licence as the hub spells it (apache-2.0, cc-by-4.0); needed where the card knows none",
    )
    dry_run: bool = Field(default=False, description="say what would be uploaded, and send nothing")
