"""`calque export`."""

from __future__ import annotations

from calque.cli import show, terminal
from calque.cli.flags import Json, command
from calque.recipes.export import Export


@command(Export, positional=("folder",))
def export(recipe: Export, *, json: Json = False) -> None:
    """Make the fast engine's network, and show the proof that it computes the same."""
    from calque.decoding.export import export as run

    with terminal.working(f"exporting {recipe.folder} ...") as say:
        report = run(recipe, say)
    if json:
        terminal.print_json(report.to_json())
    else:
        show.exported(report.to_json())
