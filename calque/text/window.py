"""Where a stretch of a text lies in its translation, by the alignment of their words.

An element of markup that stood around some words, and a term that should have had another translation, look for one
unbroken stretch of the translation. It is the stretch whose words are linked most exclusively to the words of the
source: each word that is linked inside counts one, each that is linked only elsewhere counts one against, and one that
has no link hardly matters (the maximum subarray of these values, Bentley 1984).
"""

from __future__ import annotations

from collections.abc import Sequence

from calque.records import Alignment

LOOSE = -0.01  # value of a word without links: it is taken in between two that belong, and left out at the ends


def window(alignment: Alignment, start: int, end: int, within: tuple[int, int] | None = None) -> tuple[int, int] | None:
    """The characters [start, end) of the translation that go with the characters [start, end) of the source.

    Args:
        alignment: words of both and their links.
        start, end: characters of the source.
        within: characters of the translation in which to look; by default all of it.

    Returns:
        None where no word of the stretch has a link into `within`.
    """
    inside = {place for place, word in enumerate(alignment.source) if word.start < end and word.end > start}
    values = [LOOSE] * len(alignment.target)
    for source, target in alignment.links:
        if source in inside:
            values[target] = 1.0
        elif values[target] < 0:
            values[target] = -1.0
    if within is not None:
        for place, word in enumerate(alignment.target):
            if word.start < within[0] or word.end > within[1]:
                values[place] = float("-inf")
    best = _best(values)
    if best is None:
        return None
    return alignment.target[best[0]].start, alignment.target[best[1]].end


def _best(values: Sequence[float]) -> tuple[int, int] | None:
    """First and last place of the stretch with the greatest sum; None where no value is positive."""
    best, found = 0.0, None
    total, start = 0.0, 0
    for place, value in enumerate(values):
        if total <= 0:
            total, start = 0.0, place
        total += value
        if total > best:
            best, found = total, (start, place)
    return found
