"""An adapter that was saved alone and its base become one translator, as if it had been merged in training."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

from calque.errors import ModelError
from calque.model import adapter
from calque.model import family as families
from calque.model.adapter_folder import AdapterFolder
from calque.model.batch import Ids
from calque.model.folder import Folder, describe, refuse_existing, stage, write_text
from calque.recipes.merge import Merge
from calque.records import Report, Score
from calque.training.card import card
from calque.training.probes import unmerged_adapter

_PAIRS, _LENGTH = 8, 12  # of random ids, on which merged and unmerged are compared
_USUAL = frozenset({"format", "family", "source", "target", "max_length"})  # of calque.json


def merge(recipe: Merge) -> Report:
    """Write the translator that `recipe.folder` and its base are together into `recipe.out`; its report is that of the
    adapter.

    Raises:
        RecipeError: `recipe.out` exists.
        ModelError: the folder is no adapter, its base is not there or another, or it cannot be merged.
        ProbeError: merging would change what the network computes.
    """
    refuse_existing(recipe.out)
    opened = AdapterFolder.open(recipe.folder, recipe.base)
    if not opened.adaptation.merges:
        raise ModelError(
            f"{opened.path}: a {opened.adaptation.kind} is no linear function of what it reads and cannot be "
            "merged; `calque translate` and `calque evaluate` take the folder as it is"
        )
    base, codecs = opened.base, (opened.base.source_codec, opened.base.target_codec)
    family = families.of(base.family, *codecs)
    module = adapter.lay(family.load(base.path), opened.adaptation, adapter.read(opened.path))
    unmerged_adapter(module, family, _rows(base))
    parameters = sum(p.numel() for p in module.parameters())
    report = _report(opened, {"folder": str(recipe.out), "parameters": parameters})
    with stage(recipe.out) as folder:
        family.save(module, folder)
        extra = {name: said for name, said in base.details.items() if name not in _USUAL}
        describe(folder, family.name, (base.source, base.target), codecs, **extra)
        for name in ("recipe.toml", "metrics.jsonl"):
            if (opened.path / name).is_file():
                shutil.copy(opened.path / name, folder / name)
        write_text(folder / "report.json", json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n")
        write_text(folder / "README.md", card(report))
    return report


def _rows(base: Folder) -> list[Ids]:
    """Pairs of random ids, framed."""
    chance = random.Random(1)
    sides = (base.source_codec, base.target_codec)

    def row() -> Ids:
        framed = []
        for codec in sides:
            before, after = codec.special.frame
            framed.append([*before, *(chance.randrange(codec.size) for _ in range(_LENGTH)), *after])
        return Ids(*framed)

    return [row() for _ in range(_PAIRS)]


def _report(opened: AdapterFolder, changed: dict[str, Any]) -> Report:
    """The adapter's report as that of the whole translator."""
    file: Path = opened.path / "report.json"
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        scores = {name: Score(**score) for name, score in plain.pop("scores").items()}
        recipe, seconds, versions = (plain.pop(name) for name in ("recipe", "seconds", "versions"))
        details = plain | changed | {"adapter": plain["adapter"] | {"saved": "merged"}}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file}: cannot be read ({type(error).__name__}: {error}): the folder is damaged") from None
    return Report(recipe, scores, seconds, versions, details)
