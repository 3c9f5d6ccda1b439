"""Where a score comes from: sentence by sentence, by length, and the worst ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sacrebleu.metrics.chrf import CHRF

from calque.records import Pair

_EDGES = (0, 20, 40, 80, 160, 320)  # characters


def worst(pairs: Sequence[Pair], hypotheses: Sequence[str], chrf: Sequence[float], count: int) -> list[dict[str, Any]]:
    """The sentences with the lowest chrF2, worst first, in order of the text where they are equal.

    Sentences that are blank in both the translation and the reference are none.
    """
    spoken = [i for i, pair in enumerate(pairs) if hypotheses[i].strip() or pair.target.strip()]
    return [
        {
            "origin": pairs[i].origin,
            "line": pairs[i].line,
            "chrF2": chrf[i],
            "source": pairs[i].source,
            "hypothesis": hypotheses[i],
            "reference": pairs[i].target,
        }
        for i in sorted(spoken, key=lambda i: chrf[i])[:count]
    ]


def histogram(chrf: Sequence[float], width: int = 10) -> list[dict[str, int]]:
    """How many sentences have a chrF2 from `from` up to `to`; 100 is in the last."""
    counts = [0] * (100 // width)
    for value in chrf:
        counts[min(int(value // width), len(counts) - 1)] += 1
    return [{"from": i * width, "to": (i + 1) * width, "sentences": count} for i, count in enumerate(counts)]


def by_length(hypotheses: Sequence[str], references: Sequence[str]) -> list[dict[str, Any]]:
    """chrF2 of the sentences whose reference has more than `from` and up to `to` characters (None: any number)."""
    found = []
    for stretch, chosen in lengths(references):
        metric = CHRF().corpus_score([hypotheses[i] for i in chosen], [[references[i] for i in chosen]])
        found.append({**stretch, "sentences": len(chosen), "chrF2": float(metric.score)})
    return found


def lengths(texts: Sequence[str]) -> list[tuple[dict[str, int | None], list[int]]]:
    """The numbers of the texts that have more than `from` and up to `to` characters (None: any number), for each such
    stretch that has some."""
    counts = [len(text.strip()) for text in texts]
    found: list[tuple[dict[str, int | None], list[int]]] = []
    for above, upto in pairwise([*_EDGES, None]):
        chosen = [i for i, n in enumerate(counts) if n > (above or 0) and (upto is None or n <= upto)]
        if chosen:
            found.append(({"from": above, "to": upto}, chosen))
    return found
