"""Cutting text anew into shorter pieces, so that a network sees the same word in several spellings.

BPE-dropout (Provilkov et al. 2020) leaves merges out while text is cut; here merges are undone in text that has been
cut, which works on ids alone and for vocabularies of any kind: a piece is split into two pieces of the vocabulary, and
each half again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from calque.text.codec import BYTE_PIECE, Codec

Ids = npt.NDArray[np.int64]
Seeds = npt.NDArray[np.uint64]

_DEEPEST = 6  # splits of splits


class Splitter:
    """All ways to split each piece of a codec in two that together decode to the same text."""

    def __init__(self, codec: Codec) -> None:
        pieces = codec.pieces()
        known = {piece: number for number, piece in enumerate(pieces) if piece and number not in codec.hidden}
        lefts: list[int] = []
        rights: list[int] = []
        counts = np.zeros(len(pieces), np.int64)
        for piece, number in known.items():
            if BYTE_PIECE.fullmatch(piece) or number == codec.special.unk:
                continue
            begin = len(codec.prefix) if codec.prefix and piece.startswith(codec.prefix) else 0
            for place in range(begin + 1, len(piece)):
                left, right = known.get(piece[:place]), known.get(codec.prefix + piece[place:])
                if left is not None and right is not None:
                    lefts.append(left)
                    rights.append(right)
                    counts[number] += 1
        # The pieces are visited in the order of their numbers, so the splits of one lie side by side.
        self._counts, self._starts = counts, np.cumsum(counts) - counts
        self._lefts, self._rights = np.array(lefts, np.int64), np.array(rights, np.int64)
        self.most = codec.max_length

    def split(self, rows: Sequence[Sequence[int]], seeds: Seeds, share: float) -> list[list[int]]:
        """The rows with a `share` of their pieces split, and of the halves again.

        Args:
            rows: framed ids.
            seeds: one for each row; the same row with the same seed is split in the same way.
            share: probability of a split, 0 to 1, for each piece that can be split.

        Returns:
            The rows, in their order; one that would be longer than the codec's maximum length stays as it was.
        """
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        ids = np.fromiter((number for row in rows for number in row), np.int64, int(lengths.sum()))
        of = np.repeat(np.arange(len(rows)), lengths)
        fresh = np.ones(len(ids), bool)  # whole pieces at first, then halves
        for depth in range(_DEEPEST):
            place = np.arange(len(ids)) - np.searchsorted(of, of)
            first = _mixed(seeds[of] + np.uint64(depth << 32) + place.astype(np.uint64))
            hit = fresh & (_uniform(first) < share) & (self._counts[ids] > 0)
            if not hit.any():
                break
            which = (_uniform(_mixed(first)) * self._counts[ids]).astype(np.int64)
            split = self._starts[ids[hit]] + which[hit]
            times = 1 + hit
            begins = np.cumsum(times) - times
            fresh = np.repeat(hit, times)
            grown = np.repeat(ids, times)
            grown[begins[hit]] = self._lefts[split]
            grown[begins[hit] + 1] = self._rights[split]
            ids, of = grown, np.repeat(of, times)
        ends = np.searchsorted(of, np.arange(1, len(rows) + 1))
        cut = [part.tolist() for part in np.split(ids, ends[:-1])]
        return [list(row) if len(new) > self.most else new for row, new in zip(rows, cut, strict=True)]


def seeds(seed: int, epoch: int, rows: Sequence[int]) -> Seeds:
    """A seed for each row of each epoch."""
    with np.errstate(over="ignore"):
        start = _mixed(np.array([seed], np.uint64) + _mixed(np.array([epoch], np.uint64)))
        return _mixed(start + np.asarray(rows, np.uint64))


def _mixed(numbers: Seeds) -> Seeds:
    """Numbers that look random: the finaliser of SplitMix64 (Steele et al. 2014, figure 16)."""
    with np.errstate(over="ignore"):
        numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return numbers ^ (numbers >> np.uint64(31))


def _uniform(numbers: Seeds) -> npt.NDArray[np.float64]:
    """As numbers from 0 to less than 1."""
    return (numbers >> np.uint64(11)).astype(np.float64) * 2.0**-53
