"""`calque comet`."""

from __future__ import annotations

from calque.cli import show, terminal
from calque.cli.flags import Json, command
from calque.recipes.comet import Comet


@command(Comet)
def comet(recipe: Comet, *, json: Json = False) -> None:
    """Make the environment that COMET scores need, and say where it is."""
    from calque.evaluation.environment import make

    with terminal.working("looking for COMET's environment ...") as say:
        found = make(recipe, say)
    if json:
        terminal.print_json(found)
    else:
        show.facts({"COMET's environment": {name: str(value) for name, value in found.items() if name != "made"}})
