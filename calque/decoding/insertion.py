"""Where in a translation something belongs that was taken out of its source."""

from __future__ import annotations

from calque.decoding.explained import Explained
from calque.text.shield import Gap


def place(told: Explained, gap: Gap, end: int) -> int:
    """The place in the translation: a number before the word that stood behind it, anything else behind the word that
    stood before it; the other neighbour where that one has no translation, and the end where neither has.

    Args:
        told: the sentence without it, and its translation.
        gap: where it was.
        end: length of the translation.
    """
    before = max((k for k, (_, stop) in enumerate(told.source) if stop <= gap.place), default=None)
    behind = min((k for k, (start, _) in enumerate(told.source) if start >= gap.place), default=None)
    neighbours = [(before, True), (behind, False)]
    if gap.item.kind == "number" or not gap.before:
        neighbours.reverse()
    for word, after in neighbours:
        linked = [target for source, target in told.links if source == word]
        if linked:
            return told.target[max(linked)][1] if after else told.target[min(linked)][0]
    return end if before is not None else 0
