"""`calque translate`."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Annotated

from calque.cli import show, terminal
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

    results_are_seen = recipe.out is None and not json and sys.stdout.isatty()  # they are progress enough
    with nullcontext(None) if results_are_seen else terminal.counting("texts") as progress:
        done = run(recipe, sys.stdin.buffer, None if json else sys.stdout.buffer, progress, resume, restart)
    if json:
        terminal.print_json(done.to_json())
    else:
        show.warnings(done)
