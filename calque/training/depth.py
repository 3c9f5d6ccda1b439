"""How deep in a network a parameter lies, read from its name."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LAYER = re.compile(r"\b(?:layers?|h|block)\.(\d+)\.")  # h: GPT-2 and its kin, block: T5
_HALF = re.compile(r"\b(encoder|decoder)\.")
_BELOW = re.compile(r"embed|\bshared\b|relative_attention_bias|\bw[tp]e\b|project_in")  # what all layers stand on


def depths(names: Iterable[str]) -> dict[str, int]:
    """The depth of each of these parameters, counted from the top of its half of the network (encoder or decoder): 0
    for the top layer and what belongs to no layer and lies above them, such as a head's transform, and one more for
    each layer below; embeddings are the deepest."""
    numbers = {name: _layer(name) for name in names}
    tops: dict[str, int] = {}
    for name, number in numbers.items():
        tops[half(name)] = max(tops.get(half(name), 0), 1 if number is None else number)
    deepest = max(tops.values(), default=0)
    return {
        name: 0 if number is None else (tops[half(name)] if half(name) else deepest) - number
        for name, number in numbers.items()
    }


def is_embedding(name: str) -> bool:
    """Whether a parameter lies below all layers."""
    return _layer(name) == 0


def half(name: str) -> str:
    """Which half of the network a parameter belongs to: 'encoder', 'decoder', or '' where it is of both or of a decoder
    alone."""
    found = _HALF.search(name)
    return found.group(1) if found else ""


def _layer(name: str) -> int | None:
    """The number of a parameter's layer from below, 1 upwards; 0 below all layers, None above them or shared by all."""
    found = _LAYER.search(name)
    if found:
        return int(found.group(1)) + 1
    return 0 if _BELOW.search(name) else None
