"""The recipe of `calque key`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from calque.recipes.recipe import Recipe

ANONYMOUS = "anonymous"  # the name of whoever comes without a key


def holder(name: str) -> str:
    """The name, where it can be that of somebody with a key.

    Raises:
        ValueError: it is the name of those without.
    """
    if name == ANONYMOUS:
        raise ValueError(f"'{ANONYMOUS}' is the name of whoever comes without a key: take another")
    return name


class Key(Recipe):
    """A key for the server, made and shown once."""

    name: str = Field(description="name of who gets it, for logs and usage", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    keys: Path = Field(default=Path("keys.toml"), description="file of keys to add it to (made when absent)")
    characters: int | None = Field(default=None, ge=0, description="characters a month; by default any")
    per_minute: int | None = Field(default=None, ge=1, description="requests a minute; by default the server's limit")
    admin: bool = Field(default=False, description="let it load models anew")

    @field_validator("name")
    @classmethod
    def _of_somebody(cls, name: str) -> str:
        return holder(name)
