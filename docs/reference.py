"""Writes reference.md from the commands, their recipes, and the `--json` answers recorded in examples/.

python docs/reference.py            write the page
python docs/reference.py --check    exit with 1 where the page is stale
"""

from __future__ import annotations

import inspect
import json
import sys
import types
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from calque.cli.main import COMMANDS
from calque.recipes.parallel import PLACE
from calque.recipes.recipe import Recipe

HERE = Path(__file__).resolve().parent
PAGE = HERE / "reference.md"
EXAMPLES = HERE / "examples"
EVERYWHERE = {"recipe", "json", "debug"}  # told once, in the introduction
VALUE = {"train": "PLACE", "dev": "PLACE", "test": "PLACE", "source": "LANG", "target": "LANG", "model": "NAME",
         "text": "FILE"}  # fmt: skip
INTRODUCTION = f"""\
# Reference

<!-- written by docs/reference.py from the commands and their recipes; do not edit -->

[README](../README.md) · [Tutorial](tutorial.md) · [Architecture](architecture.md)

Every command, every setting. A setting has one name: `batch_tokens` in a recipe file (TOML) and in Python is
`--batch-tokens` on the command line. Precedence: default < preset < `--recipe FILE` < flag.
Every command also takes:

| flag | what |
|---|---|
| `--json` | one JSON object on standard output and nothing else there; progress goes to standard error |
| `--debug` | the trace of an error, not only its sentence |
| `--help` | this list, in the terminal |
| `--recipe FILE` | a TOML file of settings (not for `doctor`, which has none); paths in it are relative to the current directory |

**PLACE** stands for {PLACE}.

A star marks a flag that may be repeated. A *switch* such as `probes` is `--probes` or `--no-probes`; in a file it is
`true` or `false`. Under most commands stands a recorded `--json` answer, shortened where it shows an
ellipsis; its values come from a small run on generated text and show the form, they are no results.
"""  # noqa: E501


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(section(name) for name in COMMANDS)])


def section(name: str) -> str:
    """One command: its call, a table of its settings by noun, its own switches, and a recorded answer."""
    face = getattr(import_module(f"calque.cli.{name}"), name)
    recipe = recipe_of(face)
    parts = [f"## calque {name}", "", COMMANDS[name], ""]
    if recipe is not None:
        parts += ["```text", call(name, recipe, positional(face)), "```", ""]
        parts += ["| setting | type | default | what |", "|---|---|---|---|"]
        for noun, fields in nouns(recipe).items():
            parts += [] if noun is recipe else [f"| **{noun.__name__}** | | | {first_sentence(noun)} |"]
            parts += [row(field, recipe.model_fields[field], field in positional(face)) for field in fields]
        parts += [*switches(face), ""]
    return "\n".join([*parts, *example(name)])


def call(name: str, recipe: type[Recipe], places: set[str]) -> str:
    """The shortest call: positional settings, and the flags that nothing replaces."""
    words = [f"calque {name}"]
    for field, info in sorted(recipe.model_fields.items(), key=lambda item: item[0] not in places):
        if field in places:
            named = field.upper() + "..." * (get_origin(info.annotation) is tuple)
            words.append(named if info.is_required() else f"[{named}]")
        elif info.is_required():
            words.append(f"--{field.replace('_', '-')} {VALUE.get(field, field.upper())}")
    return " ".join([*words, "[settings]"])


def recipe_of(face: Callable[..., Any]) -> type[Recipe] | None:
    """The recipe that a command makes, or None where it has no settings."""
    first = next(iter(inspect.signature(inspect.unwrap(face), eval_str=True).parameters.values()), None)
    kind = None if first is None else first.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Recipe) else None


def positional(face: Callable[..., Any]) -> set[str]:
    """The settings that may be given without a flag."""
    parameters = face.__signature__.parameters.values()  # type: ignore[attr-defined]
    return {p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}


def switches(face: Callable[..., Any]) -> list[str]:
    """Rows of the flags that say how to run a command and are no setting."""
    own = inspect.signature(inspect.unwrap(face), eval_str=True).parameters.values()
    flags = [p for p in own if p.kind is p.KEYWORD_ONLY and p.name not in EVERYWHERE]
    rows = [f"| `--{p.name.replace('_', '-')}` | switch | `off` | {p.annotation.__metadata__[0].help} |" for p in flags]
    return ["| **Running** | | | Not a setting: how to run the command. |", *rows] if rows else []


def nouns(recipe: type[Recipe]) -> dict[type[Recipe], list[str]]:
    """The fields of a recipe by the noun that declares them, the command's own first."""
    found: dict[type[Recipe], list[str]] = {}
    left = set(recipe.model_fields)
    for noun in recipe.__mro__:
        own = [field for field in vars(noun).get("__annotations__", {}) if field in left]
        if own:
            found[noun] = own
            left -= set(own)
    return found


def row(name: str, field: FieldInfo, is_positional: bool) -> str:
    """One setting as a table row."""
    flag = name.upper() if is_positional else f"--{name.replace('_', '-')}"
    star = "\\*" if get_origin(field.annotation) is tuple else ""
    what = str(field.description).replace(PLACE, "PLACE").replace("|", "\\|").replace("<", "&lt;")
    return f"| `{flag}`{star} | {kind(field)} | {default(field)} | {what} |"


def kind(field: FieldInfo) -> str:
    """The type of a setting in words, with its bounds."""
    annotation = plain(field.annotation)
    if get_origin(annotation) is Literal:
        return " ".join(f"`{choice}`" for choice in get_args(annotation))
    word = {int: "integer", float: "number", bool: "switch", str: "text", Path: "path"}[annotation]
    return ", ".join([word, *bounds(field)])


def plain(annotation: Any) -> Any:  # noqa: ANN401
    """The type itself, of `T | None` and of `tuple[T, ...]`."""
    if get_origin(annotation) in (Union, types.UnionType, tuple):
        return next(part for part in get_args(annotation) if part not in (type(None), ...))
    return annotation


def bounds(field: FieldInfo) -> list[str]:
    """The bounds of a number, such as `≥ 1`."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = ((sign, getattr(limit, name, None)) for limit in field.metadata for name, sign in signs.items())
    return [f"{sign} {value}" for sign, value in found if value is not None]


def default(field: FieldInfo) -> str:
    """The default as one would write it."""
    if field.is_required():
        return "**required**"
    if field.default is None or field.default == ():
        return "none"
    if isinstance(field.default, bool):
        return "`on`" if field.default else "`off`"
    return f"`{field.default}`"


def example(name: str) -> list[str]:
    """The recorded answer to a call with `--json` (see record.py), or nothing where none is recorded."""
    file = EXAMPLES / f"{name}.json"
    if not file.is_file():
        return []
    recorded = json.loads(file.read_text(encoding="utf-8"))
    lines = [f"{json.dumps(key)}: {json.dumps(part, ensure_ascii=False)}" for key, part in recorded["answer"].items()]
    answer = "{" + ",\n ".join(lines) + "}"
    return ["```sh", recorded["call"], "```", "", "```json", answer, "```", ""]


def first_sentence(noun: type[Recipe]) -> str:
    """The first line of a docstring."""
    return str(noun.__doc__).strip().splitlines()[0]


def main() -> int:
    """Write the page, or compare it with what is there."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/reference.md is stale: run `python docs/reference.py`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
