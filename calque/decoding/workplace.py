"""Where an export is made: beside what a model folder has, one at a time, and there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calque.errors import RecipeError
from calque.model import disk
from calque.model.fast_folder import NAME
from calque.model.folder import stage

_LEFT = (f".{NAME}.proof-*", f".{NAME}.part-*", f".{NAME}.new-*", f"..{NAME}.new-*", f".{NAME}.old-*")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other exports out of a model folder. What one that was killed left there is cleared away; where it had just
    moved the old `fast/` aside, that is put back.

    Raises:
        RecipeError: another process exports there.
    """
    place = os.open(folder, os.O_RDONLY)
    try:
        try:
            held = disk.lock(place)
        except BlockingIOError:
            raise RecipeError(f"{folder}: another process exports there: wait until it ends, or stop it") from None
        if held:
            _clear(folder)
        yield
    finally:
        os.close(place)


def _clear(folder: Path) -> None:
    for old in sorted(folder.glob(f".{NAME}.old-*")):
        if not (folder / NAME).exists():
            old.rename(folder / NAME)
    for kind in _LEFT:
        for left in folder.glob(kind):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """A folder for what is only looked at, on the same disk."""
    place = Path(tempfile.mkdtemp(prefix=f".{NAME}.proof-", dir=folder))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def replacing(out: Path, replace: bool) -> Iterator[Path]:
    """A new folder to fill, which takes the name `out` when the block ends well; what has that name goes only then."""
    if not replace or not out.exists():
        with stage(out) as new:
            yield new
        return
    fresh, old = (out.with_name(f".{out.name}.{word}-{os.getpid()}") for word in ("new", "old"))
    try:
        with stage(fresh) as new:
            yield new
        out.rename(old)
        fresh.rename(out)
        disk.flush(out.parent)
    finally:
        for left in (fresh, old):
            shutil.rmtree(left, ignore_errors=True)
