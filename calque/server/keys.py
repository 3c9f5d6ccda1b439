"""The file of keys: a table for each key, with the digest of the key and never the key itself.

```toml
[[key]]
name = "shop"
sha256 = "..."          # of the key's 43 random characters: too many to be guessed, so a plain digest is safe
characters = 1000000    # a month; without it any
per_minute = 60         # without it the server's limit
admin = true            # may load models anew
```
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import tomlkit
from pydantic import Field, field_validator

from calque.errors import DataError, RecipeError
from calque.recipes.key import Key
from calque.recipes.key import holder as holder_name
from calque.recipes.recipe import Recipe

PREFIX = "calque-"


class Holder(Recipe):
    """Somebody with a key."""

    name: str = Field(description="name of who holds it", min_length=1, max_length=64)
    sha256: str = Field(description="digest of the key, in hexadecimal", pattern=r"^[0-9a-f]{64}$")
    characters: int | None = Field(default=None, ge=0, description="characters a month")
    per_minute: int | None = Field(default=None, ge=1, description="requests a minute")
    admin: bool = Field(default=False, description="may load models anew")

    @field_validator("name")
    @classmethod
    def _of_somebody(cls, name: str) -> str:
        return holder_name(name)


class Keys:
    """The holders of a file of keys, by the digests of their keys.

    Raises:
        DataError: the file is absent, cannot be read, or is no such file.
    """

    _TABLE: ClassVar[str] = "key"

    def __init__(self, holders: Mapping[str, Holder]) -> None:
        self._holders = holders

    @classmethod
    def read(cls, path: Path) -> Keys:
        """The keys in the file."""
        try:
            tables: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError("no such file of keys: `calque key NAME --keys FILE` makes one", path) from None
        except OSError as error:
            raise DataError(f"the file of keys cannot be read: {error.strerror or error}", path) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DataError(f"not a file of keys: {error}", path) from None
        entries = tables.get(cls._TABLE, [])
        if set(tables) - {cls._TABLE} or not isinstance(entries, list):
            raise DataError("a file of keys has tables [[key]] and nothing else", path)
        try:
            holders = [Holder.of(entry, f"key {number}") for number, entry in enumerate(entries, start=1)]
        except (RecipeError, TypeError, ValueError) as error:
            raise DataError(str(error), path) from None
        names = [holder.name for holder in holders]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"two keys are named '{twice}': usage is counted by name, so give each its own", path)
        return cls({holder.sha256: holder for holder in holders})

    def holder(self, key: str) -> Holder | None:
        """Who holds the key. Looking a digest up tells nothing about others by its timing."""
        return self._holders.get(digest(key))

    def __len__(self) -> int:
        return len(self._holders)


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def make(recipe: Key) -> str:
    """A new key, whose digest is added to the file. The key itself is not kept anywhere.

    Raises:
        DataError: the file is none of keys.
        RecipeError: the name is there already.
    """
    path = recipe.keys
    document = tomlkit.document()
    if path.exists():
        Keys.read(path)
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
    entries: Any = document.setdefault(Keys._TABLE, tomlkit.aot())
    if any(entry["name"] == recipe.name for entry in entries):
        raise RecipeError(f"{path} has a key named '{recipe.name}' already: take its table out first, or another name")
    key = PREFIX + secrets.token_urlsafe(32)
    told = recipe.model_dump(exclude={"keys"}, exclude_defaults=True)
    entries.append(tomlkit.item({"name": recipe.name, "sha256": digest(key)} | told))
    _write(path, tomlkit.dumps(document))
    return key


def _write(path: Path, text: str) -> None:
    """Complete or not at all. A new file is readable by its owner alone; one that is there keeps who may read it."""
    path = path.resolve()  # where it is a link, the file that it leads to is replaced
    if not path.parent.is_dir():
        raise DataError("its folder is not there: make it first", path)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    number = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if path.exists():
                _keep_access(number, path.stat())
            os.fsync(number)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _keep_access(number: int, old: os.stat_result) -> None:
    """Give an open file the owner, the group and the mode of another, as far as whoever runs this may."""
    for owner, group in ((-1, old.st_gid), (old.st_uid, -1)):
        with contextlib.suppress(PermissionError):
            os.chown(number, owner, group)
    os.chmod(number, stat.S_IMODE(old.st_mode))  # last, since another owner takes special bits away
