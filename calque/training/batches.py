"""Cutting an epoch into batches of similar lengths, as a pure function of seed and epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, SupportsIndex, overload

import numpy as np
import numpy.typing as npt

from calque.model.batch import Ids
from calque.training.store import Lengths, Store

Numbers = npt.NDArray[np.integer[Any]]
Keys = npt.NDArray[np.uint64]

BLOCK = 1 << 20  # rows whose keys are made at once
BAND = 2  # tokens: sources are compared in bands of so many, targets after noise of less than so many
_FRACTION = 4  # bits of a token that noise is counted in
_LONGEST = (1 << 14) - 2  # tokens beyond which all lengths are alike
_WITHIN = (1 << 18) - 1  # the largest key within a band


@dataclass(frozen=True, slots=True, eq=False)
class Epoch(Sequence[list[int]]):
    """The steps of one epoch, each a list of row numbers: step n is what lies between two cuts of `order`."""

    order: npt.NDArray[np.uint32]
    cuts: npt.NDArray[np.int64]
    turns: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.turns)

    @overload
    def __getitem__(self, key: SupportsIndex) -> list[int]: ...
    @overload
    def __getitem__(self, key: slice) -> list[list[int]]: ...
    def __getitem__(self, key: SupportsIndex | slice) -> list[int] | list[list[int]]:
        if isinstance(key, slice):
            return [self[turn] for turn in range(len(self))[key]]
        turn = self.turns[key]
        return list(self.order[self.cuts[turn] : self.cuts[turn + 1]].tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Batching:
    """Rows' lengths (of sources, of targets) and how they are cut.

    `tokens` bounds rows × (longest source + longest target) of one optimizer step, `micro_tokens` that of what is
    computed at once. One row longer than the budget is a step by itself.
    """

    lengths: Lengths
    tokens: int
    micro_tokens: int
    seed: int

    @classmethod
    def of(cls, rows: Sequence[Ids], tokens: int, micro_tokens: int | None, seed: int) -> Batching:
        """The batching of these rows."""
        return cls(lengths_of(rows), tokens, min(tokens, micro_tokens or tokens), seed)

    def epoch(self, number: int, quotas: Sequence[tuple[int, int, int]] | None = None) -> Epoch:
        """The steps of one epoch: similar lengths together, in an order of their own each epoch.

        `quotas` says how many rows to draw from the rows between a first and a last: each as often as any other of
        them or once more; by default every row is drawn once.

        Lengths are compared with some noise, so that a row meets other rows in each epoch even where few have its
        length: sources in bands of BAND tokens, within a band targets after less than BAND tokens were added, going up
        in one band and down in the next. Takes 20 bytes a row for a moment, and 4 for as long as the epoch lasts.
        """
        chance = np.random.PCG64([self.seed, number])  # its raw numbers stay the same in all versions of numpy
        drawn = None if quotas is None else _drawn(quotas, chance)
        keys = np.empty(len(self.lengths[0] if drawn is None else drawn), np.uint64)
        first = int(chance.random_raw()) % BAND
        for start in range(0, len(keys), BLOCK):
            block = slice(start, min(start + BLOCK, len(keys)))
            rows = np.arange(block.start, block.stop, dtype=np.uint64) if drawn is None else drawn[block]
            which: Any = block if drawn is None else rows
            noise = chance.random_raw(block.stop - start)
            keys[block] = _keys(self.lengths[0][which], self.lengths[1][which], rows, first, noise)
        keys.sort()
        order = keys.astype(np.uint32)  # the lower half of a key is the row
        del keys
        cuts = _cuts(order, self.lengths, self.tokens)
        return Epoch(order, cuts, np.argsort(chance.random_raw(len(cuts) - 1), kind="stable"))

    def micro(self, step: Sequence[int]) -> list[list[int]]:
        """One step cut into what is computed at once."""
        return cut(step, self.lengths, self.micro_tokens)

    def padded(self, rows: Sequence[int]) -> int:
        """Tokens of these rows as one batch, padding included."""
        return len(rows) * sum(int(side[list(rows)].max()) for side in self.lengths)

    def largest(self) -> list[int]:
        """The rows of what is computed at once that has the most tokens, padding included, in the first epoch's step
        that has the most."""
        epoch = self.epoch(0)
        longest = sum(np.maximum.reduceat(side[epoch.order], epoch.cuts[:-1]).astype(np.int64) for side in self.lengths)
        number = int(np.argmax(np.diff(epoch.cuts) * longest))
        rows = epoch.order[epoch.cuts[number] : epoch.cuts[number + 1]].tolist()
        return max(self.micro(rows), key=self.padded)


def lengths_of(rows: Sequence[Ids]) -> Lengths:
    """The lengths of all sources and of all targets; 0 for a target that is not there."""
    if isinstance(rows, Store):
        return rows.lengths
    sources = np.fromiter((len(row.source) for row in rows), np.uint32, len(rows))
    return sources, np.fromiter((len(row.target or ()) for row in rows), np.uint32, len(rows))


def cut(order: Sequence[int], lengths: Lengths, tokens: int) -> list[list[int]]:
    """Cut `order` into runs whose rows × (longest source + longest target) stay within `tokens`."""
    cuts = _cuts(np.asarray(order, np.int64), lengths, tokens).tolist()
    return [list(order[start:end]) for start, end in pairwise(cuts)]


def _drawn(quotas: Sequence[tuple[int, int, int]], chance: np.random.PCG64) -> Keys:
    """The numbers of the rows that the quotas draw, those of chance among them."""
    drawn = []
    for begin, end, quota in quotas:
        rows = np.arange(begin, end, dtype=np.uint64)
        times, rest = divmod(quota, max(1, end - begin))
        extra = np.argsort(chance.random_raw(len(rows)), kind="stable")[:rest]
        drawn += [np.tile(rows, times), rows[np.sort(extra)]]
    return np.concatenate(drawn)


def _keys(sources: Numbers, targets: Numbers, rows: Keys, first: int, noise: Keys) -> Keys:
    """What `rows` are sorted by, in one number: band of the source (14 bits), target with noise (18),
    row (32)."""
    source, target = (np.minimum(side, _LONGEST).astype(np.uint64) for side in (sources, targets))
    band = (source + first + noise % BAND) // BAND
    within = (target << _FRACTION) + (noise >> 32) % (BAND << _FRACTION)
    within = np.where(band % 2, _WITHIN - within, within)
    return ((band << 50) | (within << 32) | rows).astype(np.uint64, copy=False)


def _cuts(order: Numbers, lengths: Lengths, tokens: int) -> npt.NDArray[np.int64]:
    """Where the runs of `order` begin, and the end of the last: each takes as many rows as the budget allows."""
    cuts = [0]
    while (place := cuts[-1]) < len(order):
        source, target = (int(side[order[place]]) for side in lengths)
        most = max(1, tokens // max(1, source + target))  # if none that follows were longer
        rows = order[place : place + most]
        longest = sum(np.maximum.accumulate(side[rows].astype(np.int64)) for side in lengths)
        fitting = np.searchsorted(longest * np.arange(1, len(rows) + 1), tokens, side="right")
        cuts.append(place + max(1, int(fitting)))
    return np.array(cuts, np.int64)
