"""Lineage: which pretrained models a network is made from, by what name the hub knows them, and under which licences.

A translator that is trained on hands its own lineage down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from calque.errors import ModelError
from calque.model import licence
from calque.model.folder import Folder
from calque.model.pretrained import Pretrained
from calque.model.private import bare

ON_HUB = {"minilm": "sentence-transformers/all-MiniLM-L6-v2"}
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A model that a network is made from.

    name: as the user called it; a folder by its last part.
    hub: its name on the Hugging Face hub, where that is known.
    licence, said_in: its licence as the hub spells it and the file that says so; None: unknown.
    via: the translator that was trained on and was itself made from this model; None: this run began with it.
    """

    name: str
    hub: str | None
    licence: str | None
    said_in: str | None
    via: str | None = None


def of(found: Sequence[Pretrained | None], translator: Folder | None = None) -> list[dict[str, Any]]:
    """The ancestors of a network that is assembled from these checkpoints, or goes on from `translator`, each once and
    as plain JSON types."""
    ancestors = [ancestor for one in found if one is not None for ancestor in _ancestors(one)]
    if translator is not None:
        ancestors += _inherited(translator)
    return [asdict(ancestor) for ancestor in dict.fromkeys(ancestors)]


def _ancestors(found: Pretrained) -> list[Ancestor]:
    """A checkpoint, and what it was itself made from where its report tells that, as of one that calque pretrained."""
    said, hub = licence.of(found.folder), _on_hub(found.name, found.folder, found.config)
    made_from = _handed_down(found.folder, hub or bare(found.name)) or []
    if made_from and hub is None and said.name is None:
        return made_from
    return [Ancestor(bare(found.name), hub, said.name, said.said_in), *made_from]


def _on_hub(name: str, folder: Path, config: dict[str, Any]) -> str | None:
    """The name on the hub: that of the cache's folder, else as it was asked for, else as config.json remembers it."""
    if name in ON_HUB:
        return ON_HUB[name]
    for part in folder.parts:
        if part.startswith("models--"):
            return part.removeprefix("models--").replace("--", "/")
    remembered = str(config.get("_name_or_path", "")) if Path(name).is_dir() else name
    return remembered if _HUB_NAME.fullmatch(remembered) and not Path(remembered).exists() else None


def _inherited(translator: Folder) -> list[Ancestor]:
    """What a translator was made from, by its report; one without such a report by its card."""
    name = bare(str(translator.path.resolve()))
    hub = _on_hub(str(translator.path), translator.path, {})
    made_from = _handed_down(translator.path, hub or name)
    if made_from is None:
        made_from = _by_card(translator, hub or name)
    said = licence.of(translator.path)
    if hub is None and said.name is None and made_from:
        return made_from
    return [Ancestor(name, hub, said.name, said.said_in), *made_from]


def _handed_down(folder: Path, via: str) -> list[Ancestor] | None:
    """What a folder's report says that it was made from; None where it has none that says so."""
    try:
        told = json.loads((folder / "report.json").read_text(encoding="utf-8"))["bases"]
        return [Ancestor(**{**one, "via": via}) for one in told]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _by_card(translator: Folder, via: str) -> list[Ancestor]:
    said, found = licence.header(translator.path), licence.of(translator.path)
    bases = said.get("base_model") or []
    names = [str(name) for name in (bases if isinstance(bases, list) else [bases])]
    return [
        Ancestor(bare(name), name if _HUB_NAME.fullmatch(name) else None, found.name, found.said_in, via)
        for name in names
    ]


def read(folder: Path) -> list[dict[str, Any]]:
    """The lineage that a finished folder's report tells; empty where it tells none.

    Raises:
        ModelError: report.json is damaged.
    """
    file = folder / "report.json"
    try:
        said = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return [dict(one) for one in said.get("bases", [])]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{file}: damaged ({error})") from None
