"""Masks over a text that a network learns to fill in (Devlin et al. 2019, "BERT", section 3.1).

Legend: N places of a row that may be masked, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calque.errors import ModelError
from calque.text.codec import Codec

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

UNSCORED = -100  # label of a place that is not to be filled in
MASKED, RANDOM = 0.8, 0.1  # shares of the chosen places that get the mask, and a random piece; the others stay


def _begins_word(codec: Codec) -> Flags | None:
    """Of each piece whether a word begins with it; None where the pieces do not tell."""
    pieces = codec.pieces()
    if codec.prefix:
        return np.array([not piece.startswith(codec.prefix) for piece in pieces])
    mark = "Ġ" if codec.byte_level else "▁"
    found = np.array([piece.startswith(mark) for piece in pieces])
    return found if found.any() else None


@dataclass(frozen=True, slots=True, eq=False)
class Masking:
    """How rows are masked: of `share` of their places 80 % get the id `mask`, 10 % one of the `others`, and 10 % stay
    what they are; all of these are to be told. Ids that are `special_V` are left alone. With `begins_V` (whether a word
    begins with a piece) whole words are chosen."""

    mask: int
    others: Numbers
    special_V: Flags
    share: float
    begins_V: Flags | None = None

    @classmethod
    def of(cls, codec: Codec, share: float, whole_word: bool = False) -> Masking:
        """The masking of a codec's rows.

        Raises:
            ModelError: the codec has no mask, or its pieces do not tell where words begin.
        """
        if codec.mask is None:
            raise ModelError("its tokenizer has no mask token ([MASK] or <mask>), so nothing can be masked")
        begins = _begins_word(codec) if whole_word else None
        if whole_word and begins is None:
            raise ModelError("the pieces of its tokenizer do not tell where a word begins: leave out whole_word")
        special = np.zeros(codec.size, np.bool_)
        special[[number for number in codec.hidden if number < codec.size]] = True
        used = np.array([bool(piece) for piece in codec.pieces()])
        return cls(codec.mask, np.flatnonzero(used & ~special), special, share, begins)

    def __call__(self, row: Sequence[int], chance: np.random.Generator) -> tuple[list[int], list[int]]:
        """The row with masks, and its labels: the ids to be told, UNSCORED elsewhere.

        As many places are chosen as `share` says of those that may be, rounded, and one at least.
        """
        ids = np.array(row, np.int64)
        labels = np.full(len(ids), UNSCORED, np.int64)
        places_N = np.flatnonzero(~self.special_V[ids])
        if not len(places_N):
            return ids.tolist(), labels.tolist()
        count = max(1, round(self.share * len(places_N)))
        if self.begins_V is None:
            chosen = chance.permutation(places_N)[:count]
        else:
            chosen = self._words(places_N, ids, count, chance)
        labels[chosen] = ids[chosen]
        dice = chance.random(len(chosen))
        ids[chosen[dice < MASKED]] = self.mask
        odd = chosen[(dice >= MASKED) & (dice < MASKED + RANDOM)]
        ids[odd] = chance.choice(self.others, len(odd))
        return ids.tolist(), labels.tolist()

    def _words(self, places_N: Numbers, ids: Numbers, count: int, chance: np.random.Generator) -> Numbers:
        """The places of words drawn one after the other, leaving out those with more pieces than are still wanted, as
        BERT does; where even the first has more, as in scripts without spaces, a stretch of it."""
        begins: Any = self.begins_V
        first = begins[ids[places_N]] | (np.diff(places_N, prepend=-2) > 1)
        words = np.split(places_N, np.flatnonzero(first)[1:] if first[0] else np.flatnonzero(first))
        chosen: list[Numbers] = []
        left = count
        for number in chance.permutation(len(words)):
            if len(words[number]) <= left:
                chosen.append(words[number])
                left -= len(words[number])
        if not chosen:
            word = words[int(chance.integers(len(words)))]
            begin = int(chance.integers(len(word) - count + 1))
            chosen.append(word[begin : begin + count])
        return np.concatenate(chosen)
