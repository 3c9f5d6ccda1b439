"""Where settings come from, and which wins: default < preset < recipe file < flags."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import ValidationError

from calque.errors import DataError, RecipeError, nearest
from calque.recipes.recipe import Recipe

_SYNTAX = re.compile(r"(?P<what>.*?) \(at (line (?P<line>\d+), column \d+|end of document)\)$", re.DOTALL)

R = TypeVar("R", bound=Recipe)


@dataclass(frozen=True, slots=True)
class Source:
    """Settings from one place; `places` says where each key was written, such as 'mine.toml:3'."""

    settings: Mapping[str, Any]
    places: Mapping[str, str]


def resolve(recipe: type[R], flags: Mapping[str, Any] | None = None, file: str | Path | None = None) -> R:
    """The recipe that these settings make together; a flag wins over the file (and both over the recipe's preset).

    Args:
        recipe: which recipe to make.
        flags: field name to value, only those really given.
        file: a TOML file of settings. Relative paths in it are relative to the current directory.

    Raises:
        DataError: there is no such file.
        RecipeError: the file is not UTF-8 or not TOML, a key is unknown (the nearest known one is named), or a value
            does not fit; every mistake is told with the place where it was made.
    """
    given = Source(flags or {}, dict.fromkeys(flags or {}, "command line"))
    written = Source({}, {}) if file is None else read(recipe, Path(file))
    settings: dict[str, Any] = {}
    places: dict[str, str] = {}
    for source in (written, given):
        if not recipe.exclusive.isdisjoint(source.settings):
            settings = {name: value for name, value in settings.items() if name not in recipe.exclusive}
        settings |= source.settings
        places |= source.places
    try:
        return recipe.model_validate(settings)
    except ValidationError as error:
        raise RecipeError(_sentences(recipe, error, places)) from None


def read(recipe: type[Recipe], path: Path) -> Source:
    """The settings in a TOML file, as far as this recipe knows them; one string stands for a list of one.

    Raises:
        DataError: there is no such file.
        RecipeError: the file is not UTF-8 or not TOML, or a key is unknown.
    """
    text = _text(path)
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(_syntax(path, text, str(error))) from None
    places = {key: _place(path, text, key) for key in settings}
    unknown = [key for key in settings if key not in recipe.model_fields]
    if unknown:
        raise RecipeError(
            "; ".join(f"{places[key]}: unknown setting '{key}'{nearest(key, recipe.model_fields)}" for key in unknown)
        )
    return Source({key: _listed(recipe, key, value) for key, value in settings.items()}, places)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise RecipeError(
            f"{path}:{line}: byte 0x{error.object[error.start]:02X} is not UTF-8 (offset {error.start} in the file): "
            "save the recipe as UTF-8"
        ) from None
    except OSError as error:
        raise DataError(f"the recipe cannot be read: {error.strerror}", path) from None


def _syntax(path: Path, text: str, message: str) -> str:
    """`path:line: what is wrong`, from tomllib's sentence, which has the line at its end."""
    found = _SYNTAX.match(message)
    if found is None:
        return f"{path}: not TOML: {message}"
    line = found["line"] or text.count("\n") + 1
    return f"{path}:{line}: not TOML: {found['what'][0].lower()}{found['what'][1:]}"


def _place(path: Path, text: str, key: str) -> str:
    written = re.compile(rf"""\s*(\[+\s*)?["']?{re.escape(key)}["']?\s*[]=.]""")
    for number, line in enumerate(text.splitlines(), 1):
        if written.match(line):
            return f"{path}:{number}"
    return str(path)


def _listed(recipe: type[Recipe], key: str, value: Any) -> Any:  # noqa: ANN401
    is_list = get_origin(recipe.model_fields[key].annotation) is tuple
    return [value] if is_list and isinstance(value, str) else value


def _sentences(recipe: type[Recipe], error: ValidationError, places: Mapping[str, str]) -> str:
    """All mistakes in one line, those made in one place together behind its name, what is missing last."""
    by_place: dict[str, list[str]] = {}
    missing = []
    for mistake, sentence in zip(error.errors(include_url=False), recipe._sentences(error), strict=True):
        name = str(mistake["loc"][0]) if mistake["loc"] else ""
        if mistake["type"] == "missing":
            missing.append((name, sentence))
        else:
            by_place.setdefault(places.get(name, "recipe"), []).append(sentence)
    told = [f"{place}: {'; '.join(sentences)}" for place, sentences in by_place.items()]
    if len(missing) == 1:
        told.append(f"recipe: {missing[0][1]}")
    elif missing:
        names = [f"'{name}'" for name, _ in missing]
        told.append(f"recipe: {', '.join(names[:-1])} and {names[-1]} are required")
    return "; ".join(told)
