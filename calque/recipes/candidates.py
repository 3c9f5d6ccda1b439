"""The candidates of a selection: a TOML file with a table of `finetune` settings for each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calque.errors import DataError, RecipeError, nearest
from calque.recipes.finetune import Finetune
from calque.recipes.select import Select

_NAME = re.compile(r"[A-Za-z0-9](?!.*\.run$)[A-Za-z0-9._-]*")  # X.run is where the run of X lies
_OURS = (  # settings that the selection itself has
    *("train", "dev", "test", "source", "target", "out", "minutes", "steps", "epochs", "validation_pairs", "patience"),
    *(
        "best",
        "beam",
        "length_penalty",
        "n_best",
        "search_tokens",
        "longest_ratio",
        "device",
        "threads",
        "validate_every",
    ),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name, and the settings that make it."""

    name: str
    settings: Mapping[str, Any]

    def recipe(self, select: Select, folder: Path, minutes: float) -> Finetune:
        """What is trained for it, for so many minutes, into a folder called by its name in `folder`.

        Raises:
            RecipeError: settings that do not fit; each mistake is told with the candidate's name.
        """
        shared = {name: getattr(select, name) for name in ("train", "dev", "source", "target", "device", "threads")}
        given = {"out": folder / self.name, "minutes": minutes, "validation_pairs": select.validation_pairs}
        return Finetune.of({**self.settings, **shared, **given}, where=f"{select.candidates} [{self.name}]")


def candidates(select: Select) -> tuple[Candidate, ...]:
    """The candidates that the file names, in its order.

    Raises:
        DataError: there is no such file.
        RecipeError: it is not TOML, names fewer than two candidates or one without a model, or a setting is unknown or
            belongs to the selection.
    """
    path = select.candidates
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"the candidates cannot be read: {error.strerror}", path) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not TOML: {error}") from None
    shared = {name: value for name, value in tables.items() if not isinstance(value, dict)}
    found = tuple(
        Candidate(name, {**shared, **settings}) for name, settings in tables.items() if isinstance(settings, dict)
    )
    for name in shared:
        _refuse_unknown(name, f"{path}")
    if len(found) < 2:
        raise RecipeError(
            f"{path}: {len(found)} candidates, and a selection needs two or more: write a table for each, [NAME] and "
            "under it model = '...'"
        )
    for candidate in found:
        where = f"{path} [{candidate.name}]"
        if not _NAME.fullmatch(candidate.name):
            raise RecipeError(f"{where}: a name of letters, digits, '.', '_' and '-' is wanted, it names a folder")
        if "model" not in candidate.settings:
            raise RecipeError(f"{where}: 'model' is required: {Finetune.model_fields['model'].description}")
        for name in candidate.settings:
            _refuse_unknown(name, where)
    return found


def _refuse_unknown(name: str, where: str) -> None:
    if name in _OURS:
        raise RecipeError(f"{where}: '{name}' is the same for all candidates: give it to `calque select`")
    if name not in Finetune.model_fields:
        raise RecipeError(f"{where}: unknown setting '{name}'{nearest(name, Finetune.model_fields)}")
