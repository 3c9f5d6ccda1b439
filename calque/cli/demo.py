"""`calque demo`."""

from __future__ import annotations

from calque.cli import live, show, terminal
from calque.cli.flags import Json, command
from calque.recipes.demo import Demo


@command(Demo)
def demo(recipe: Demo, *, json: Json = False) -> None:
    """Generate a corpus, fine-tune a pretrained BERT on it, and print the scores."""
    from calque.training.demo import demo as run

    with live.listener() as listener:
        report = run(recipe, listener)
    if json:
        terminal.print_json(report.to_json())
    else:
        show.report(report)
        if not recipe.corpus_only:
            show.next_steps(recipe.out)
            show.own_files(recipe.model)
