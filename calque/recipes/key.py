"""The recipe of `calque key`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from calque.recipes.recipe import Recipe


class Key(Recipe):
    """A key for the server, made and shown once."""

    name: str = Field(description="name of who gets it, for logs and usage", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    keys: Path = Field(default=Path("keys.toml"), description="file of keys to add it to (made when absent)")
    characters: int | None = Field(default=None, ge=0, description="characters a month; by default any")
    per_minute: int | None = Field(default=None, ge=1, description="requests a minute; by default the server's limit")
    admin: bool = Field(default=False, description="let it load models anew")
