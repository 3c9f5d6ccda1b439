"""`calque compare`."""

from __future__ import annotations

from calque.cli import standings, terminal
from calque.cli.flags import Json, command
from calque.recipes.compare import Compare


@command(Compare, positional=("systems",))
def compare(recipe: Compare, *, json: Json = False) -> None:
    """Test which of several translators is better, and say where they differ."""
    from calque.evaluation.compare import compare as run

    with terminal.working("comparing ...") as say:
        comparison = run(recipe, say)
    if json:
        terminal.print_json(comparison.to_json())
    else:
        standings.show(comparison)
