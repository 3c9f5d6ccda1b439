"""`calque evaluate`."""

from __future__ import annotations

from calque.cli import show, terminal
from calque.cli.flags import Json, command
from calque.recipes.evaluate import Evaluate


@command(Evaluate, positional=("folder",))
def evaluate(recipe: Evaluate, *, json: Json = False) -> None:
    """Translate a test set and print its scores."""
    from calque.evaluation.score import evaluate as run

    with terminal.working(f"scoring {recipe.folder} ...") as say:
        report = run(recipe, lambda done, total: say(f"{done:,} of {total:,} sentences translated"))
    if json:
        terminal.print_json(report.to_json())
    else:
        show.report(report)
