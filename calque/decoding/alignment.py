"""Which words go with which, out of attention.

Legend: T target tokens or words, S source tokens or words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter

Matrix = list[list[float]]
Range = tuple[int, int]
_EVEN = 0.3  # added to what each source token gets in all, so that one that hardly anything looks at is not blown up


def links(
    attention_TS: Sequence[Sequence[float]],
    sides: tuple[Sequence[Range], Sequence[Range]],
    words: tuple[Sequence[Range], Sequence[Range]],
) -> list[tuple[int, int]]:
    """For each target word the source word that it looks at most, as (place in source, place in target), sorted.

    What every token looks at (a full stop, the end of the sentence) says little, so each source token's share is
    divided by what it gets in all, first of pieces and then of words.

    Args:
        attention_TS: for each target piece how it is spread over the source's pieces.
        sides: where the pieces of source and target stand, in characters.
        words: where the words of source and target stand.
    """
    owners = [[owner(piece, places) for piece in pieces] for pieces, places in zip(sides, words, strict=True)]
    # Only words that own pieces take part: a piece may stand for a stretch of any length, in which there are more words
    # than a matrix has room for.
    owned = [sorted({place for place in some if place is not None}) for some in owners]
    columns, rows = ({place: number for number, place in enumerate(some)} for some in owned)
    pieces_TS = _balanced([list(row) for row in attention_TS])
    words_TS: Matrix = [[0.0] * len(columns) for _ in rows]
    for row, target in zip(pieces_TS, owners[1], strict=True):
        for share, source in zip(row, owners[0], strict=True):
            if source is not None and target is not None:
                words_TS[rows[target]][columns[source]] += share
    found = []
    for target, row in enumerate(_balanced(words_TS)):
        if any(row):
            found.append((owned[0][max(range(len(row)), key=row.__getitem__)], owned[1][target]))
    return sorted(found)


def owner(piece: Range, words: Sequence[Range]) -> int | None:
    """The place of the word that shares most characters with a piece; None where none does. Words ascend."""
    best, most = None, 0
    for place in range(bisect_right(words, piece[0], key=itemgetter(1)), len(words)):
        start, end = words[place]
        if start >= piece[1]:
            break
        shared = min(end, piece[1]) - max(start, piece[0])
        if shared > most:
            best, most = place, shared
    return best


def _balanced(rows: Matrix) -> Matrix:
    """Rows that sum to 1, each column divided by what it has in all, and rows that sum to 1 again."""
    rows = [_even(row) for row in rows]
    totals = [sum(column) + _EVEN for column in zip(*rows, strict=True)]
    return [_even([share / total for share, total in zip(row, totals, strict=True)]) for row in rows]


def _even(row: Sequence[float]) -> list[float]:
    total = sum(row)
    return [share / total for share in row] if total > 0 else list(row)
