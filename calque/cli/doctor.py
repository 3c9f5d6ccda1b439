"""`calque doctor`."""

from __future__ import annotations

from calque.cli import show, terminal
from calque.cli.flags import Debug, Json


def doctor(*, json: Json = False, debug: Debug = False) -> None:  # noqa: ARG001 - main looks for --debug itself
    """Tell what this machine offers: devices, precision, memory, versions, extras."""
    from calque.decoding.machine import environment
    from calque.evaluation.environment import told

    found = environment()
    found["extras"] |= told()
    if json:
        terminal.print_json(found)
    else:
        show.facts(found)
