"""Where in a translation something belongs that was taken out of its source."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

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
    before = bisect_right(told.source, gap.place, key=itemgetter(1)) - 1  # no word where it is -1
    behind = bisect_left(told.source, gap.place, key=itemgetter(0))  # no word where it is their number
    neighbours = [(before, True), (behind, False)]
    if gap.item.kind == "number" or not gap.before:
        neighbours.reverse()
    for word, after in neighbours:
        first, last = (bisect_left(told.links, number, key=itemgetter(0)) for number in (word, word + 1))
        linked = [target for _, target in told.links[first:last]]
        if linked:
            return told.target[max(linked)][1] if after else told.target[min(linked)][0]
    return end if before >= 0 else 0
