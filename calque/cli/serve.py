"""`calque serve`."""

from __future__ import annotations

import sys

from calque.cli import terminal
from calque.cli.flags import Json, command
from calque.recipes.serve import Serve


@command(Serve, positional=("folders",))
def serve(recipe: Serve, *, json: Json = False) -> None:
    """Serve translators over HTTP, until Ctrl-C or SIGTERM."""
    from calque.server import extra

    extra.check()
    from calque.server.run import run

    def listening(address: str) -> None:
        if json:
            terminal.print_json({"address": address})
        else:
            print(f"calque: listening on {address}")
        sys.stdout.flush()

    run(recipe, listening)
