"""`calque key`."""

from __future__ import annotations

import sys

from calque.cli import terminal
from calque.cli.flags import Json, command
from calque.recipes.key import Key


@command(Key, positional=("name",))
def key(recipe: Key, *, json: Json = False) -> None:
    """Make a key for the server, add its digest to a file of keys, and print it."""
    from calque.server.keys import make

    made = make(recipe)
    if json:
        terminal.print_json({"name": recipe.name, "key": made, "keys": recipe.keys})
    else:
        print(made)
        print(f"calque: its digest is in {recipe.keys}; the key is shown this once", file=sys.stderr)
