"""A network in CTranslate2 that has only some of its target vocabulary. Who asks it need not know which: pieces that
it lacks are spelled with those that it has. Neither torch nor transformers is imported here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from calque.decoding.fast_network import TranslatingNetwork, Wanted
from calque.decoding.spelling import Spelling
from calque.errors import DataError


class TrimmedNetwork:
    """An encoder with a decoder whose vocabulary was trimmed.

    A given beginning is spelled in what is there, and comes back as it was given. The log-probability of a piece that
    is not there is that of what spells it; its attention is their mean.

    Args:
        network: what computes.
        kept: the ids that it has, in the order of its rows.
        spelling: how the others are spelled.
        size: ids of the whole vocabulary.
        longest: tokens that a target may have, start and end token not counted.
    """

    def __init__(
        self, network: TranslatingNetwork, kept: Sequence[int], spelling: Spelling, size: int, longest: int
    ) -> None:
        self._network = network
        self._kept = kept
        self._spelling = spelling
        self._size = size
        self._longest = longest

    def search(
        self, sources: Sequence[Sequence[int]], begins: Sequence[Sequence[int]], wanted: Wanted
    ) -> list[list[tuple[list[int], float]]]:
        """As the protocol says.

        Raises:
            DataError: a beginning has no room behind it, as it is spelled here.
        """
        spelled = [self._flat(begin) for begin in begins]
        if (begun := max(map(len, spelled))) >= wanted.longest:
            raise DataError(
                f"the given beginning is {begun} tokens in the exported vocabulary, which leaves no room: the model "
                f"writes {wanted.longest} at most"
            )
        never = tuple(number for number in wanted.never if self._spelling.has([number]))
        found = self._network.search(sources, spelled, replace(wanted, never=never))
        return [
            [([*begin, *ids[len(ours) :]], score) for ids, score in some]
            for begin, ours, some in zip(begins, spelled, found, strict=True)
        ]

    def log_probs(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[list[float]]:
        """As the protocol says.

        Raises:
            DataError: a target is longer than the model takes, as it is spelled here.
        """
        grouped = [self._grouped(target) for target in targets]
        told = self._network.log_probs(sources, [_joined(groups) for groups in grouped])
        return [
            [math.fsum(row[start:end]) for start, end in _stretches(groups)]
            for groups, row in zip(grouped, told, strict=True)
        ]

    def attention(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[list[list[float]]]:
        """As the protocol says."""
        grouped = [self._grouped(target) for target in targets]
        told = self._network.attention(sources, [_joined(groups) for groups in grouped])
        return [
            [_mean(rows[start:end]) for start, end in _stretches(groups)]
            for groups, rows in zip(grouped, told, strict=True)
        ]

    def logits(self, source: Sequence[int], begin: Sequence[int]) -> Sequence[float]:
        """As the protocol says; minus infinity for ids that are not there."""
        whole = [-math.inf] * self._size
        for number, logit in zip(self._kept, self._network.logits(source, self._flat(begin)), strict=False):
            whole[number] = logit
        return whole

    def _flat(self, ids: Sequence[int]) -> list[int]:
        return _joined([self._spelling.of(number) for number in ids])

    def _grouped(self, target: Sequence[int]) -> list[tuple[int, ...]]:
        groups = [self._spelling.of(number) for number in target]
        if (said := sum(map(len, groups))) > self._longest:
            raise DataError(
                f"a translation is {said} tokens in the exported vocabulary, longer than the {self._longest} that the "
                "model takes"
            )
        return groups


def _joined(groups: Sequence[Sequence[int]]) -> list[int]:
    return [number for group in groups for number in group]


def _stretches(groups: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Where each group begins and ends, and the end token behind them."""
    found, at = [], 0
    for group in (*groups, (0,)):
        found.append((at, at + len(group)))
        at += len(group)
    return found


def _mean(rows: Sequence[Sequence[float]]) -> list[float]:
    """The mean of some rows, place by place."""
    return [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
