"""A sentence and its translation, word by word."""

from __future__ import annotations

from dataclasses import dataclass

from calque.decoding.confidence import Features


@dataclass(frozen=True, slots=True)
class Explained:
    """A sentence and its translation, word by word: places in both, what each target word's chance is computed from,
    and links; without features where the model cannot read it."""

    source: list[tuple[int, int]]
    target: list[tuple[int, int]]
    features: list[Features]
    links: list[tuple[int, int]]
