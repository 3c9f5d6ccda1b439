"""Stopping in good order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from calque.errors import Interrupted


class Stopped(Exception):  # noqa: N818 - the field's word is no error
    """Work was left between two batches because a signal, whose name this carries, had come."""


class Stop:
    """While entered, the first SIGINT or SIGTERM only sets `asked`, the signal's name; a second one acts as usual."""

    def __init__(self) -> None:
        self.asked: str | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if _is_main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
            if _was_lost(self._before[signal.SIGINT]):
                self.asked = signal.SIGINT.name
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()

    def check(self) -> None:
        """Raise Stopped where a signal came: to be called where leaving is safe."""
        if self.asked:
            raise Stopped(self.asked)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.asked = signal.Signals(number).name
        self._give_back()

    def _give_back(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)


@contextmanager
def leaving(advice: Callable[[], str]) -> Iterator[None]:
    """While entered, SIGTERM ends the block at once, as Ctrl-C does, where nobody inside minds signals; a second one
    ends the process.

    Raises:
        Interrupted: one of them came; its message is `advice()`.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise KeyboardInterrupt

    if _was_lost(signal.getsignal(signal.SIGINT)):
        raise Interrupted(advice())
    before = signal.signal(signal.SIGTERM, leave) if _is_main_thread() else None
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(advice()) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _was_lost(handler: object) -> bool:
    """Whether a Ctrl-C came whose exception got lost, as a handler that remembers tells."""
    return bool(getattr(handler, "asked", False))


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
