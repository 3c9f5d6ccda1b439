"""A recipe as command-line flags: every field one flag, and only those really given are handed on."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from cyclopts import Group, Parameter
from pydantic.fields import FieldInfo

from calque.recipes.recipe import Recipe
from calque.recipes.sources import resolve

R = TypeVar("R", bound=Recipe)
Face = Callable[..., int | None]

_RUNNING = Group("Running", help="How to run the command, not what it makes.", sort_key=99)


def switch(description: str) -> Parameter:
    """A flag that says how to run a command and is no setting of its recipe."""
    return Parameter(group=_RUNNING, negative=(), show_default=False, help=description)


Json = Annotated[bool, switch("print one JSON object on standard output and nothing else there")]
Debug = Annotated[bool, switch("show the trace of an error")]
RecipeFile = Annotated[
    Path | None,
    Parameter(
        name="--recipe",
        group=_RUNNING,
        help="TOML file of settings; a flag wins over it. Paths in it are relative to the current directory",
    ),
]


def command(recipe: type[R], positional: tuple[str, ...] = ()) -> Callable[[Face], Face]:
    """Make `face(recipe, *, json, ...)` a command whose flags are the fields of `recipe`.

    The face gets the resolved recipe (flags over `--recipe` over the preset over defaults) and its own keyword-only
    parameters, `json` among them. `--debug` is the business of `main` and not handed on.

    Args:
        recipe: the recipe whose fields become flags.
        positional: fields that may be given without a flag, in this order.
    """

    def decorate(face: Face) -> Face:
        own = [p for p in inspect.signature(face, eval_str=True).parameters.values() if p.kind is p.KEYWORD_ONLY]

        @functools.wraps(face)
        def called(*given: Any, **flags: Any) -> int | None:  # noqa: ANN401
            bound = {k: v for k, v in signature.bind(*given, **flags).arguments.items() if v is not None}
            file = bound.pop("recipe", None)
            bound.pop("debug", None)
            how = {p.name: bound.pop(p.name, p.default) for p in own}
            return face(resolve(recipe, bound, file), **how)

        signature = _signature(recipe, positional, own)
        called.__signature__ = signature  # type: ignore[attr-defined]
        called.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
        called.__doc__ = recipe.__doc__
        return called

    return decorate


def _signature(recipe: type[Recipe], positional: tuple[str, ...], own: list[inspect.Parameter]) -> inspect.Signature:
    fields = recipe.model_fields
    nouns = _nouns(recipe)
    order = [*positional, *(name for name in fields if name not in positional)]
    flags = [_parameter(name, fields[name], nouns[name], name in positional) for name in order]
    running = [
        inspect.Parameter("recipe", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=RecipeFile),
        *own,
        inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Debug),
    ]
    return inspect.Signature([*flags, *running])


def _nouns(recipe: type[Recipe]) -> Mapping[str, Group]:
    """For each field the help panel of the noun that declares it, the command's own fields first."""
    panels: dict[str, Group] = {}
    for rank, noun in enumerate(recipe.__mro__):
        if issubclass(noun, Recipe) and noun is not Recipe:
            panel = Group(noun.__name__, help="" if rank == 0 else inspect.getdoc(noun) or "", sort_key=rank)
            for name in noun.__annotations__:
                panels.setdefault(name, panel)
    return panels


def _parameter(name: str, field: FieldInfo, noun: Group, positional: bool) -> inspect.Parameter:
    default = None if field.is_required() else _shown(field.default)
    parameter = Parameter(
        help=f"{field.description} [required]" if field.is_required() else field.description,
        group=noun,
        show_default=default or False,
        negative_iterable=(),
        consume_multiple=isinstance(field.json_schema_extra, dict) and bool(field.json_schema_extra.get("several")),
    )
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD if positional else inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=None, annotation=Annotated[field.annotation | None, parameter])  # type: ignore[operator]


def _shown(default: Any) -> str | None:  # noqa: ANN401
    """How the default reads in the help; nothing for 'none' and empty lists, which the description explains."""
    if default is None or default == ():
        return None
    return {True: "on", False: "off"}[default] if isinstance(default, bool) else str(default)
