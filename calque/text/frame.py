"""Special tokens by their roles, and what stands around every text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Special:
    """The ids of the special tokens. `bos` and `eos` frame every text, [CLS] and [SEP] for BERT and its kin, unless
    `before` and `after` say what does: a language code, or a prompt.

    `unk` is None where nothing can be unknown.
    """

    pad: int
    bos: int
    eos: int
    unk: int | None
    before: tuple[int, ...] | None = None
    after: tuple[int, ...] | None = None

    @property
    def frame(self) -> tuple[list[int], list[int]]:
        """The ids before and after every text."""
        before = (self.bos,) if self.before is None else self.before
        return list(before), list((self.eos,) if self.after is None else self.after)

    @property
    def framing(self) -> int:
        """How many tokens frame a text."""
        return sum(map(len, self.frame))

    def bare(self, ids: Sequence[int]) -> Sequence[int]:
        """Framed ids without their frame."""
        before, after = self.frame
        return ids[len(before) : len(ids) - len(after)]

    def renumbered(self, numbers: Mapping[int, int]) -> Special:
        """The same tokens where id i has become `numbers[i]`."""
        return Special(
            pad=numbers[self.pad],
            bos=numbers[self.bos],
            eos=numbers[self.eos],
            unk=None if self.unk is None else numbers[self.unk],
            before=None if self.before is None else tuple(numbers[i] for i in self.before),
            after=None if self.after is None else tuple(numbers[i] for i in self.after),
        )
