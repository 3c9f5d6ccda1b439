"""Lexical shortlists: which target pieces each source piece may become, so that a decoder need not weigh them all
(Jean et al. 2015, "On Using Very Large Target Vocabulary for Neural Machine Translation"; as a table for CTranslate2).

The table is learned from parallel text by IBM model 1 (Brown et al. 1993) over pieces. Every target may use, besides,
the most frequent pieces, single characters, and pieces spelled as a source piece of it is: names and numbers.

Legend: C cells (a source and a target piece of one pair), K different ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from calque.records import Pair
from calque.text.codec import Codec

_CELLS = 4_000_000  # learned from, at most
_ITERATIONS = 4
_FREQUENT = 100  # target pieces that every target may use


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Target pieces for every text, and for each source piece."""

    always: tuple[int, ...]
    of: dict[int, tuple[int, ...]]

    def lines(self) -> Iterable[str]:
        """The table in CTranslate2's form: a source token, a tab, target tokens; without a source token, for all."""
        yield "\t" + " ".join(map(str, self.always)) + "\n"
        for source, targets in sorted(self.of.items()):
            yield f"{source}\t" + " ".join(map(str, targets)) + "\n"


def learn(pairs: Iterable[Pair], source: Codec, target: Codec, size: int) -> Shortlist:
    """The shortlist of a parallel text.

    Args:
        pairs: the text; it is read until there are enough cells.
        source: the source side's codec.
        target: the target side's.
        size: target pieces of each source piece, at most.
    """
    rows = _rows(pairs, source, target)
    frequent = Counter(number for _, said in rows for number in said)
    single = {number for number, piece in enumerate(target.pieces()) if len(piece) == 1}
    always = {target.special.eos, *target.special.frame[1], *single}
    always |= {number for number, _ in frequent.most_common(_FREQUENT)}
    if target.special.unk is not None:
        always.add(target.special.unk)
    found = _best(rows, target.size, size)
    spelled = {piece: number for number, piece in enumerate(target.pieces()) if piece}
    for number, piece in enumerate(source.pieces()):
        if piece in spelled:
            found[number] = tuple(dict.fromkeys([*found.get(number, ()), spelled[piece]]))
    return Shortlist(tuple(sorted(always)), found)


def _rows(pairs: Iterable[Pair], source: Codec, target: Codec) -> list[tuple[list[int], list[int]]]:
    """Pairs as bare ids, as many as there is room for."""
    rows: list[tuple[list[int], list[int]]] = []
    cells, waiting = 0, iter(pairs)
    while cells < _CELLS and (chunk := list(islice(waiting, 1000))):
        sources = source.encode_all([pair.source for pair in chunk])
        targets = target.encode_all([pair.target for pair in chunk])
        for one, other in zip(sources, targets, strict=True):
            row = list(source.special.bare(one)), list(target.special.bare(other))
            cells += len(row[0]) * len(row[1])
            rows.append(row)
    return rows


def _best(rows: Sequence[tuple[list[int], list[int]]], vocabulary: int, size: int) -> dict[int, tuple[int, ...]]:
    """The most probable target pieces of each source piece, best first."""
    rows = [row for row in rows if row[0] and row[1]]
    if not rows:
        return {}
    keys_C = np.concatenate([np.add.outer(np.array(said), np.array(read) * vocabulary).ravel() for read, said in rows])
    counts = [len(read) for read, said in rows for _ in said]  # cells of each target token
    token_C = np.repeat(np.arange(len(counts)), counts)
    keys_K, place_C = np.unique(keys_C, return_inverse=True)
    source_K = keys_K // vocabulary
    probability_K = np.ones(len(keys_K))
    for _ in range(_ITERATIONS):
        share_C = probability_K[place_C]
        share_C /= np.bincount(token_C, share_C)[token_C]
        expected_K = np.bincount(place_C, share_C, len(keys_K))
        probability_K = expected_K / np.bincount(source_K, expected_K)[source_K]
    order = np.lexsort((-probability_K, source_K))
    found: dict[int, list[int]] = {}
    for key in order.tolist():
        some = found.setdefault(int(source_K[key]), [])
        if len(some) < size:
            some.append(int(keys_K[key] % vocabulary))
    return {number: tuple(some) for number, some in found.items()}
