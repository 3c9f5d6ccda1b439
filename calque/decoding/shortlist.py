"""Lexical shortlists: which target pieces each source piece may become, so that a decoder need not weigh them all
(Jean et al. 2015, "On Using Very Large Target Vocabulary for Neural Machine Translation"; as a table for CTranslate2).

The table is learned from parallel text by IBM model 1 (Brown et al. 1993) over pieces. Every target may use, besides,
the most frequent pieces, which are on nobody's list therefore, single characters of the text, and pieces spelled as a
source piece of it is: names and numbers.

Legend: C cells (a source and a target piece of one pair), K different ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from calque.decoding.trimming import bare, is_single, special
from calque.records import Pair
from calque.text.codec import Codec

_CELLS = 8_000_000  # looked at together
_CHUNKS = 12  # of so many cells are learned from, at most
_ITERATIONS = 4
_FREQUENT = 1000  # target pieces that every target may use
_NOTHING = 0.01  # times that a pair of pieces must be expected in the text to be remembered

Rows = list[tuple[list[int], list[int]]]
Expected = tuple[np.ndarray, np.ndarray]


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


def learn(
    pairs: Iterable[Pair], source: Codec, target: Codec, size: int, kept: Collection[int] | None = None
) -> Shortlist:
    """The shortlist of a parallel text.

    Args:
        pairs: the text; it is read until there are enough cells.
        source: the source side's codec.
        target: the target side's.
        size: target pieces of each source piece, at most, beside those that every target may use.
        kept: the target pieces that there are; None: all.
    """
    there = frozenset(range(target.size) if kept is None else kept)
    read_V, said_V = np.zeros(source.size, np.int64), np.zeros(target.size, np.int64)
    keys_K, expected_K = np.zeros(0, np.int64), np.zeros(0)
    for rows in islice(_chunks(pairs, source, target), _CHUNKS):
        read_V += np.bincount([number for read, _ in rows for number in read], minlength=source.size)
        said_V += np.bincount([number for _, said in rows for number in said], minlength=target.size)
        keys_K, expected_K = _merged((keys_K, expected_K), _expected(rows, target.size))
    always = _always(source, target, read_V, said_V) & there
    found = _best((keys_K, expected_K), target.size, size, there - always)
    for number, alike in _alike(source, target).items():
        found[number] = tuple(dict.fromkeys([*found.get(number, ()), *(one for one in alike if one in there)]))
    return Shortlist(tuple(sorted(always)), found)


def _always(source: Codec, target: Codec, read_V: np.ndarray, said_V: np.ndarray) -> set[int]:
    """What every target may use: what ends it, the most frequent pieces, and characters that occur."""
    pieces = target.pieces()
    own = target.special
    letters = {letter for number in np.flatnonzero(said_V).tolist() for letter in pieces[number]}
    shown = source.pieces()
    letters |= {letter for number in np.flatnonzero(read_V).tolist() for letter in shown[number]}
    single = {number: bare(target, piece) for number, piece in enumerate(pieces) if is_single(target, piece)}
    always = {number for number, letter in single.items() if letter in letters or len(letter) > 1}  # bytes always
    frequent = np.argsort(-said_V, kind="stable")[:_FREQUENT]
    always |= set(frequent[said_V[frequent] > 0].tolist())
    return always | {own.eos, *own.frame[1]} | (set() if own.unk is None else {own.unk})


def _alike(source: Codec, target: Codec) -> dict[int, list[int]]:
    """The target pieces that are spelled as a source piece, wherever in a word and in whatever case."""
    spelled: dict[str, list[int]] = defaultdict(list)
    for number, letters in _bare(target):
        spelled[letters].append(number)
    return {number: spelled[letters] for number, letters in _bare(source) if letters in spelled}


def _bare(codec: Codec) -> Iterator[tuple[int, str]]:
    """Each piece that is no special token, without case and place."""
    skipped = special(codec)
    for number, piece in enumerate(codec.pieces()):
        if piece and number not in skipped:
            yield number, bare(codec, piece).casefold()


def _chunks(pairs: Iterable[Pair], source: Codec, target: Codec) -> Iterator[Rows]:
    """Pairs as bare ids, some at a time."""
    rows: Rows = []
    cells, waiting = 0, iter(pairs)
    while chunk := list(islice(waiting, 1000)):
        sources = source.encode_all([pair.source for pair in chunk])
        targets = target.encode_all([pair.target for pair in chunk])
        for one, other in zip(sources, targets, strict=True):
            row = list(source.special.bare(one)), list(target.special.bare(other))
            if row[0] and row[1]:
                cells += len(row[0]) * len(row[1])
                rows.append(row)
        if cells >= _CELLS:
            yield rows
            rows, cells = [], 0
    if rows:
        yield rows


def _expected(rows: Sequence[tuple[list[int], list[int]]], vocabulary: int) -> Expected:
    """How often each source piece (key // vocabulary) is expected to have become each target piece (key % vocabulary),
    in the order of the keys."""
    keys_C = np.concatenate([np.add.outer(np.array(said), np.array(read) * vocabulary).ravel() for read, said in rows])
    counts = [len(read) for read, said in rows for _ in said]  # cells of each target token
    token_C = np.repeat(np.arange(len(counts)), counts)
    keys_K, place_C = np.unique(keys_C, return_inverse=True)
    source_K = keys_K // vocabulary
    probability_K = np.ones(len(keys_K))
    expected_K: np.ndarray = probability_K
    for _ in range(_ITERATIONS):
        share_C = probability_K[place_C]
        share_C /= np.bincount(token_C, share_C)[token_C]
        expected_K = np.bincount(place_C, share_C, len(keys_K))
        probability_K = expected_K / np.bincount(source_K, expected_K)[source_K]
    known_K = expected_K >= _NOTHING
    return keys_K[known_K], expected_K[known_K]


def _merged(one: Expected, other: Expected) -> Expected:
    keys_K, place = np.unique(np.concatenate([one[0], other[0]]), return_inverse=True)
    return keys_K, np.bincount(place, np.concatenate([one[1], other[1]]), len(keys_K))


def _best(expected: Expected, vocabulary: int, size: int, free: Collection[int]) -> dict[int, tuple[int, ...]]:
    """The most probable target pieces of each source piece among those that are `free`, best first."""
    keys_K, expected_K = expected
    source_K, target_K = np.divmod(keys_K, vocabulary)
    free_V = np.zeros(vocabulary, bool)
    free_V[sorted(free)] = True
    wanted_K = free_V[target_K]
    source_K, target_K, expected_K = source_K[wanted_K], target_K[wanted_K], expected_K[wanted_K]
    order = np.lexsort((-expected_K, source_K))
    found: dict[int, list[int]] = defaultdict(list)
    for source, target in zip(source_K[order].tolist(), target_K[order].tolist(), strict=True):
        if len(found[source]) < size:
            found[source].append(target)
    return {number: tuple(some) for number, some in found.items()}
