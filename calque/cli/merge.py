"""`calque merge`."""

from __future__ import annotations

from calque.cli import show, terminal
from calque.cli.flags import Json, command
from calque.recipes.merge import Merge


@command(Merge, positional=("folder",))
def merge(recipe: Merge, *, json: Json = False) -> None:
    """Write the merged translator, and say where."""
    from calque.training.merge import merge as run

    with terminal.working(f"merging {recipe.folder} ..."):
        report = run(recipe)
    if json:
        terminal.print_json(report.to_json())
    else:
        show.next_steps(recipe.out)
