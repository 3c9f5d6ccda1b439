"""`calque select`."""

from __future__ import annotations

from typing import Annotated

from calque.cli import live, show, terminal
from calque.cli.flags import Json, command, switch
from calque.recipes.select import Select


@command(Select)
def select(
    recipe: Select,
    *,
    resume: Annotated[bool, switch("go on with the selection that lies in OUT.run")] = False,
    restart: Annotated[bool, switch("throw away the selection that lies in OUT.run and begin anew")] = False,
    json: Json = False,
) -> None:
    """Train several candidates within a time, and keep the better one."""
    from calque.training.select import select as run

    with live.listener() as listener:
        selection = run(recipe, resume=resume, restart=restart, listener=listener)
    if json:
        terminal.print_json(selection.to_json())
    else:
        show.selection(selection)
        show.next_steps(recipe.out)
