"""Every error calque raises on purpose.

    CalqueError              exit code  HTTP status
    ├── RecipeError          2          422   a setting or the command line; also an output that exists
    ├── DataError            3          422   a corpus or a document; also a path that is not there
    ├── ModelError           4          409   a model folder, a checkpoint, an impossible pair
    │   └── ProbeError       4          409   a named check found a silent bug of training
    ├── EngineError          5          503   translation failed
    ├── MachineError         6          507   disk full, out of memory, no such device
    └── Interrupted          130        503   stopped by the user, state saved

A message says what is wrong, where, and what to do about it. Anything else that escapes is a bug of ours: exit code 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

CLOSE = 0.6  # share of the characters of two words that they have in common, where one may be meant by the other


class CalqueError(Exception):
    """Base of all errors that calque raises on purpose; `exit_code` and `status` are what faces answer with."""

    exit_code = 1
    status = 500


class RecipeError(CalqueError):
    """A setting is unknown, out of range or contradicts another; or the output exists already."""

    exit_code = 2
    status = 422


class DataError(CalqueError):
    """Input text cannot be used as it is. Keeps the `path` and the 1-based `line` where that is known."""

    exit_code = 3
    status = 422

    def __init__(self, message: str, path: str | Path | None = None, line: int | None = None) -> None:
        self.path = None if path is None else str(path)
        self.line = line
        where = "" if path is None else f"{path}:{line}: " if line is not None else f"{path}: "
        super().__init__(where + message)


class ModelError(CalqueError):
    """A model folder or checkpoint is missing, damaged, or cannot do what is asked."""

    exit_code = 4
    status = 409


class ProbeError(ModelError):
    """A probe found a silent bug of training; `probe` is its name."""

    def __init__(self, probe: str, message: str) -> None:
        self.probe = probe
        super().__init__(f"probe '{probe}': {message}")


class EngineError(CalqueError):
    """The engine could not translate."""

    exit_code = 5
    status = 503


class MachineError(CalqueError):
    """The machine lacks something: disk, memory, a device."""

    exit_code = 6
    status = 507


class Interrupted(CalqueError):  # noqa: N818 - the field's word is no error
    """The user stopped the work; what was done is saved and the message says how to go on."""

    exit_code = 130
    status = 503


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python's memory, CUDA's, or that of torch's CPU allocator is full; torch is never imported to ask."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and (type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error))
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """A clause naming the known word closest to `word`, or an empty string where none is close."""
    import difflib

    able = [one for one in known if 2 * min(len(one), len(word)) / max(len(one) + len(word), 1) >= CLOSE]
    if not able:  # a word from outside may have a million characters, which take long to compare
        return ""
    close = difflib.get_close_matches(word, able, n=1, cutoff=CLOSE)
    return f"; did you mean '{close[0]}'?" if close else ""
