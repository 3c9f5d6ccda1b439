"""`calque pretrain`."""

from __future__ import annotations

from typing import Annotated

from calque.cli import live, show, terminal
from calque.cli.flags import Json, command, switch
from calque.recipes.pretrain import Pretrain


@command(Pretrain)
def pretrain(
    recipe: Pretrain,
    *,
    resume: Annotated[bool, switch("go on with the run that lies in OUT.run")] = False,
    restart: Annotated[bool, switch("throw away the run that lies in OUT.run and begin anew")] = False,
    json: Json = False,
) -> None:
    """Train, and print how well the model knows held-out text."""
    from calque.training.pretrain import pretrain as run

    with live.listener() as listener:
        report = run(recipe, resume=resume, restart=restart, listener=listener)
    if json:
        terminal.print_json(report.to_json())
    else:
        show.report(report)
        show.beginning(recipe.out, recipe.objective)
