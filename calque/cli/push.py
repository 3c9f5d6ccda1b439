"""`calque push`."""

from __future__ import annotations

from calque.cli import show, terminal
from calque.cli.flags import Json, command
from calque.recipes.push import Push


@command(Push, positional=("folder", "repo"))
def push(recipe: Push, *, json: Json = False) -> None:
    """Upload a folder, and say what went where."""
    from calque.training.push import push as run

    with terminal.working(f"packing {recipe.folder} ...") as say:
        done = run(recipe, say)
    if json:
        terminal.print_json(done)
    else:
        show.upload(done)
