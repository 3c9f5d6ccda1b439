"""`calque translate`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated

from calque.cli.flags import Json, command, switch
from calque.recipes.translate import Translate


@command(Translate, positional=("folder", "text"))
def translate(
    recipe: Translate,
    *,
    resume: Annotated[bool, switch("go on with the output that lies in OUT.part (--input and --out)")] = False,
    restart: Annotated[bool, switch("throw away the output that lies in OUT.part and begin anew")] = False,
    json: Json = False,
) -> None:
    """Translate texts, a file or standard input, one line for each line."""
    from calque.scale.file import translate as run

    seen = recipe.out is None and not json and (bool(recipe.text) or sys.stdout.isatty())  # progress enough
    with nullcontext(None) if seen else _counting() as progress:
        done = run(recipe, sys.stdin.buffer, None if json else sys.stdout.buffer, progress, resume, restart)
    if json:
        from calque.cli import terminal

        terminal.print_json(done.to_json())
    elif done.warned:
        from calque.cli import show

        show.warnings(done)


def _counting() -> AbstractContextManager[Callable[[int], None]]:
    """The live count; what prints it is imported only where it is wanted, for one sentence is translated in less."""
    from calque.cli import terminal

    return terminal.counting("texts")
