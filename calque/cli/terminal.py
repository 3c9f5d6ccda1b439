"""What faces print with: results go to standard output, everything else to standard error."""

from __future__ import annotations

import json
import math
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from rich.console import Console
from rich.text import Text

QUIET_SECONDS = 10.0  # between two lines of progress where there is no terminal
UNWRAPPED = 10_000  # columns, where the reader is a file or a program and wrapping would cut its lines


def results() -> Console:
    """The console of standard output."""
    return _console(stderr=False)


def progress() -> Console:
    """The console of standard error."""
    return _console(stderr=True)


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else UNWRAPPED
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def visible(text: str) -> str:
    """The text with control characters escaped, so that a corpus cannot steer the terminal or break a line."""
    return "".join(
        char.encode("unicode_escape", "surrogatepass").decode("ascii")
        if unicodedata.category(char) in ("Cc", "Cs")
        else char
        for char in text
    )


def one_line(text: str) -> str:
    """The text on one line, white space folded and control characters escaped."""
    return visible(" ".join(text.split()))


def duration(seconds: float) -> str:
    """The time in two units at most.

    >>> duration(250)
    '4 min 10 s'
    >>> duration(7500)
    '2 h 05 min'
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def print_json(record: Mapping[str, Any]) -> None:
    """One JSON object on standard output, in one line; numbers that JSON does not know become null."""
    print(json.dumps(_finite(record), ensure_ascii=False, default=str, allow_nan=False))


def _finite(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner on standard error while the block runs; where that is no terminal, a line now and then.

    Yields a function that replaces the sentence shown.
    """
    console = progress()
    if not console.is_terminal:
        console.print(Text(what))
        yield _unhurried(console)
        return
    with console.status(Text(what)) as status:
        yield lambda sentence: status.update(Text(one_line(sentence)))


def _unhurried(console: Console) -> Callable[[str], None]:
    said = time.monotonic()

    def say(sentence: str) -> None:
        nonlocal said
        if time.monotonic() - said >= QUIET_SECONDS:
            said = time.monotonic()
            console.print(Text(one_line(sentence)))

    return say


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Show on standard error how many there are so far and how fast they come; where that is no terminal, a line every
    `QUIET_SECONDS`, and none for shorter work.

    Yields a function to call with each new count.
    """
    console = progress()
    began = time.monotonic()
    with console.status(Text(f"no {what} yet ...")) if console.is_terminal else nullcontext() as status:
        say = _unhurried(console) if status is None else lambda line: status.update(Text(line))
        yield lambda count: say(f"{count:,} {what}, {count / (time.monotonic() - began):,.1f} a second")
