"""Ctrl-C that cannot get lost."""

from __future__ import annotations

from types import FrameType


class Interrupt:
    """A handler of SIGINT that raises KeyboardInterrupt, as Python's own does, and remembers it in `asked`: what is
    raised while an object is being deleted is thrown away, and imports delete many."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Remember and raise."""
        self.asked = True
        raise KeyboardInterrupt
