"""Token ids, batches of them, and hypotheses. Legend: B rows, S source length, T target length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100  # label of a position that is not scored, as in torch's cross-entropy


@dataclass(frozen=True, slots=True)
class Ids:
    """One pair as token ids, special tokens included; `target` is None when translating."""

    source: list[int]
    target: list[int] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What a model reads and what it should say.

    inputs_BS: source ids, right-padded, int64.
    mask_BS: 1 where a source token is real, int64.
    prefix_BT: what the decoder has already said (begins with the start token), or None when translating.
    labels_BT: what it should say next at each position, IGNORED at padding, or None when translating.
    """

    inputs_BS: Tensor
    mask_BS: Tensor
    prefix_BT: Tensor | None = None
    labels_BT: Tensor | None = None

    @property
    def rows(self) -> int:
        """Number of pairs."""
        return self.inputs_BS.shape[0]

    @property
    def scored_tokens(self) -> int:
        """Number of label positions that count in the loss."""
        return 0 if self.labels_BT is None else int((self.labels_BT != IGNORED).sum())

    def unscored(self) -> Batch:
        """The same batch with no position that counts in the loss."""
        labels_BT = None if self.labels_BT is None else torch.full_like(self.labels_BT, IGNORED)
        return replace(self, labels_BT=labels_BT)

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        moved = {
            name: None if tensor is None else tensor.to(device, non_blocking=True)
            for name, tensor in (("prefix_BT", self.prefix_BT), ("labels_BT", self.labels_BT))
        }
        return replace(self, inputs_BS=self.inputs_BS.to(device), mask_BS=self.mask_BS.to(device), **moved)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One candidate translation: target ids without special tokens, and its log-probability per token (natural
    logarithm, end token counted, divided by length ** length_penalty as the search did). `ended` is False where the
    model's maximum length cut it off."""

    ids: list[int]
    score: float
    ended: bool = True


def pad(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    """Rows of different lengths as one int64 tensor (B, longest), filled on the right with `value`."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows], dtype=torch.int64)
