"""Text spoiled for a network that learns to restore it (Lewis et al. 2020, "BART", section 2.2): spans that one mask
stands for, and sentences in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np


@dataclass(frozen=True, slots=True)
class Infilling:
    """How rows are spoiled.

    A row is `before` tokens of a frame, sentences with the id `mark` between them, and `after` tokens of the frame. Of
    `share` of its text's tokens, spans are replaced by one `mask` each; their lengths are drawn from Poisson's
    distribution with the mean `span`, and one of no tokens puts a mask in between. No two masks stand side by side.
    Sentences are put into another order where `permute` says so.
    """

    mask: int
    mark: int
    before: int
    after: int
    share: float
    span: float
    permute: bool

    def __call__(self, row: Sequence[int], chance: np.random.Generator) -> tuple[list[int], list[int]]:
        """The spoiled row and the whole one, both in the frame and without marks."""
        end = len(row) - self.after
        head, tail = list(row[: self.before]), list(row[end:])
        sentences = self.sentences(row[self.before : end])
        whole = list(chain.from_iterable(sentences))
        if self.permute and len(sentences) > 1:
            sentences = [sentences[number] for number in chance.permutation(len(sentences))]
        spoiled = self.filled(list(chain.from_iterable(sentences)), chance)
        return [*head, *spoiled, *tail], [*head, *whole, *tail]

    def sentences(self, ids: Sequence[int]) -> list[list[int]]:
        """What stands between marks."""
        found: list[list[int]] = [[]]
        for number in ids:
            if number == self.mark:
                found.append([])
            else:
                found[-1].append(number)
        return [sentence for sentence in found if sentence]

    def filled(self, ids: Sequence[int], chance: np.random.Generator) -> list[int]:
        """The ids with spans masked."""
        lengths = self._lengths(max(1, round(self.share * len(ids))), chance)
        places = len(ids) - sum(lengths) + 1  # before, between and behind the ids that stay
        lengths = sorted(lengths, reverse=True)[:places]
        places = len(ids) - sum(lengths) + 1
        starts = chance.choice(places, len(lengths), replace=False).tolist()
        spans = dict(zip(starts, chance.permutation(lengths).tolist(), strict=True))
        found: list[int] = []
        at = 0
        for place in range(places):
            if place in spans:
                found.append(self.mask)
                at += spans[place]
            if place < places - 1:
                found.append(ids[at])
                at += 1
        return found

    def _lengths(self, wanted: int, chance: np.random.Generator) -> list[int]:
        """Lengths of spans, which sum up to `wanted`; the last is cut off there."""
        lengths: list[int] = []
        while wanted > 0:
            length = min(int(chance.poisson(self.span)), wanted)
            lengths.append(length)
            wanted -= length
        return lengths
