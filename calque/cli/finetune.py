"""`calque finetune`."""

from __future__ import annotations

from typing import Annotated

from calque.cli import live, show, terminal
from calque.cli.flags import Json, command, switch
from calque.recipes.finetune import Finetune


@command(Finetune)
def finetune(
    recipe: Finetune,
    *,
    resume: Annotated[bool, switch("go on with the run that lies in OUT.run")] = False,
    restart: Annotated[bool, switch("throw away the run that lies in OUT.run and begin anew")] = False,
    json: Json = False,
) -> None:
    """Train, and print the scores of the finished translator."""
    from calque.training.finetune import finetune as run

    with live.listener() as listener:
        report = run(recipe, resume=resume, restart=restart, listener=listener)
    if json:
        terminal.print_json(report.to_json())
    else:
        show.report(report)
        show.next_steps(recipe.out)
