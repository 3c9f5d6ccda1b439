"""What is compared: systems under names, each of one or several runs: translator folders or files of translations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calque.errors import ModelError, RecipeError, nearest
from calque.model.adapter_folder import AdapterFolder, is_adapter
from calque.model.folder import Folder


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a system: where it lies, and its languages where it is a translator; None: a file of translations."""

    place: str
    languages: tuple[str, str] | None

    @classmethod
    def open(cls, place: str) -> Run:
        """Look at what lies there; no weights are loaded.

        Raises:
            ModelError: a folder that is no translator, or nothing.
        """
        path = Path(place)
        if path.is_file():
            return cls(place, None)
        if not path.exists():
            near = map(str, path.parent.iterdir()) if path.parent.is_dir() else ()
            raise ModelError(f"{place}: no such translator folder or file of translations{nearest(str(path), near)}")
        folder = AdapterFolder.open(path).base if is_adapter(path) else Folder.open(path)
        return cls(place, (folder.source, folder.target))


@dataclass(frozen=True, slots=True)
class System:
    """A name and one or several runs."""

    name: str
    runs: tuple[Run, ...]


def systems(words: Sequence[str]) -> list[System]:
    """The systems that these words name: PLACE, NAME=PLACE, or either with several places parted by commas. What exists
    as it is written is a place, whatever signs its name has.

    Raises:
        RecipeError: there are fewer than two, a name or a place is given twice, or a place is empty.
        ModelError: a place is neither a translator nor a file.
    """
    named = [_named(word) for word in words]
    if len(named) < 2:
        raise RecipeError(f"'{words[0]}' alone is nothing to compare: name two systems or more")
    seen: dict[Path, str] = {}
    for place in (place for _, places in named for place in places):
        path = Path(place).resolve()
        if path in seen:
            also = "" if seen[path] == place else f" (as {seen[path]} too)"
            raise RecipeError(f"{place} is named twice{also}: a system does not differ from itself; name each once")
        seen[path] = place
    names = [name for name, _ in named]
    for name in names:
        if names.count(name) > 1:
            raise RecipeError(f"two systems are called '{name}': give each a name of its own, NAME=PLACE")
    return [System(name, tuple(Run.open(place) for place in places)) for name, places in named]


def _named(word: str) -> tuple[str, tuple[str, ...]]:
    """The name and the places in a word."""
    if _exists(word):
        return word, (word,)
    name, sign, rest = word.partition("=")
    if not sign:
        name, rest = word, word
    places = (rest,) if _exists(rest) else tuple(part.strip() for part in rest.split(","))
    if not name.strip() or not all(places):
        raise RecipeError(f"'{word}' names no system: FOLDER, NAME=FOLDER or NAME=FOLDER,FOLDER,FOLDER is wanted")
    return name.strip(), places


def _exists(word: str) -> bool:
    return os.path.exists(word)  # noqa: PTH110 - answers too where a list of places is too long for a path


def direction(named: Sequence[System], source: str | None, target: str | None) -> tuple[str, str]:
    """The languages of all systems.

    Args:
        named: the systems; files of translations have no languages of their own.
        source: the code that the user gave, or None.
        target: likewise.

    Raises:
        RecipeError: two translators have different languages, one has others than the user said, or nothing says them.
    """
    folders = [(run.place, run.languages) for system in named for run in system.runs if run.languages is not None]
    if not folders:
        if source is None or target is None:
            raise RecipeError("no translator folder tells the languages of these files: give --source and --target")
        return source, target
    first, found = folders[0]
    for place, languages in folders[1:]:
        if languages != found:
            raise RecipeError(
                f"{place} translates {languages[0]} to {languages[1]}, but {first} {found[0]} to {found[1]}: "
                "only translators of the same languages can be compared"
            )
    if (source or found[0], target or found[1]) != found:
        raise RecipeError(
            f"{first} translates {found[0]} to {found[1]}, not {source or found[0]} to {target or found[1]}: "
            "leave out --source and --target"
        )
    return found
