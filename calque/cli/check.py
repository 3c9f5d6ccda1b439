"""`calque check`: exit code 3 where a finding is red."""

from __future__ import annotations

from calque.cli import show, terminal
from calque.cli.flags import Json, command
from calque.errors import DataError
from calque.recipes.check import Check


@command(Check)
def check(recipe: Check, *, json: Json = False) -> int:
    """Print the findings of the pre-flight, the red ones first."""
    from calque.training.preflight import preflight

    with terminal.working("looking at the corpus ...") as say:
        found = preflight(recipe, say)
    if json:
        terminal.print_json(found.to_json())
    else:
        show.checks(found.checks)
    return DataError.exit_code if any(finding.level == "red" for finding in found.checks) else 0
