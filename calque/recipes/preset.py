"""Presets: settings that suit a model, kept as TOML files and named like the model."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PRESETS = Path(__file__).with_name("presets")
FROM_SCRATCH = frozenset({"tiny"})  # presets that name a shape and no checkpoint


def presets() -> list[str]:
    """Names of the presets that come with calque."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def with_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """The given settings over those of the preset that `model` names, if it names one."""
    model = given.get("model")
    if model not in presets():
        return dict(given)
    return tomllib.loads((PRESETS / f"{model}.toml").read_text(encoding="utf-8")) | dict(given)
