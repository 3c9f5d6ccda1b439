"""A lock on a run's directory: one process works there, and the kernel lets go of the lock when that process dies."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from calque.errors import RecipeError
from calque.model import disk

NAME = "lock"


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Hold `folder`/lock for as long as the block lasts. False where the file system knows no locks.

    Raises:
        RecipeError: another process holds it.
    """
    with (folder / NAME).open("a+b", buffering=0) as file:
        held = _take(file, folder)
        try:
            same = os.path.samestat(os.fstat(file.fileno()), (folder / NAME).stat())
        except FileNotFoundError:
            same = False
        if not same:
            raise RecipeError(f"{folder}: another process was just clearing up there: run the command again")
        with suppress(OSError):  # a full disk
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
        yield held


def _take(file: IO[bytes], folder: Path) -> bool:
    try:
        return disk.lock(file.fileno())
    except BlockingIOError:
        file.seek(0)
        who = file.read().decode() or "another process"
        raise RecipeError(
            f"{folder}: {who} is at work there: wait until it ends, stop it, or choose another --out"
        ) from None
