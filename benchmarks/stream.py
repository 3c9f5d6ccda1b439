"""Preparing and reading text of any size: speed, bytes and memory, measured in a process of its own."""

from __future__ import annotations

import numpy as np
from pathlib import Path

WORDS = 200_000  # invented words of each language
LONGEST = 90  # words of a sentence


def lexicon(seed: int) -> list[str]:
    """Invented words, the most frequent (short ones) first."""
    chance = np.random.default_rng(seed)
    onsets, vowels, ends = (
        "b c d f g h l m n p r s t v ch tr pl st".split(),
        "a e i o u ai ou é".split(),
        "n s r t l m".split(),
    )
    syllables = [a + b for a in onsets for b in vowels]
    found = {}
    while len(found) < WORDS:
        n = 1 + int(np.log1p(len(found)) / 4 + chance.random())
        word = "".join(syllables[i] for i in chance.integers(len(syllables), size=n)) + (
            ends[chance.integers(len(ends))] if chance.random() < 0.4 else ""
        )
        found.setdefault(word)
    return list(found)


def generate(folder: Path, pairs: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    sides = [lexicon(seed + 1), lexicon(seed + 2)]
    shares = 1 / (np.arange(WORDS) + 2.7)
    edges = np.cumsum(shares / shares.sum())
    with (folder / "train.en").open("w", encoding="utf-8") as a, (folder / "train.fr").open("w", encoding="utf-8") as b:
        for start in range(0, pairs, 10_000):
            count = min(10_000, pairs - start)
            lengths = np.clip(np.exp(chance.normal(3.0, 0.6, count)), 1, LONGEST).astype(int)
            others = np.clip(lengths * np.exp(chance.normal(0.08, 0.15, count)), 1, LONGEST).astype(int)
            for file, words, sizes in ((a, sides[0], lengths), (b, sides[1], others)):
                ids = np.searchsorted(edges, chance.random(sizes.sum())).tolist()
                place = 0
                lines = []
                for size in sizes.tolist():
                    lines.append(" ".join([words[i] for i in ids[place : place + size]]))
                    place += size
                file.write(".\n".join(lines) + ".\n")
