"""Token ids and batches of them.

Legend: B rows, S source length, T target length, N scored positions, D width.
"""

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


def pad(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    """Rows of different lengths as one int64 tensor (B, longest), filled on the right with `value`."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows], dtype=torch.int64)


def paired(rows: Sequence[Ids], source_pad: int, target_pad: int) -> Batch:
    """Right-padded rows for an encoder and a decoder; the prefix is the target without its last token, the labels are
    the target without its first."""
    inputs_BS = pad([row.source for row in rows], source_pad)
    lengths_B = torch.tensor([len(row.source) for row in rows])
    mask_BS = (torch.arange(inputs_BS.shape[1]) < lengths_B[:, None]).long()
    targets = [row.target for row in rows if row.target is not None]
    if not targets:
        return Batch(inputs_BS, mask_BS)
    prefix_BT = pad([target[:-1] for target in targets], target_pad)
    return Batch(inputs_BS, mask_BS, prefix_BT, pad([target[1:] for target in targets], IGNORED))


def scored(batch: Batch, states_BTD: Tensor) -> tuple[Tensor, Tensor]:
    """The states at positions that count in the loss, states_ND, and their labels_N."""
    if batch.labels_BT is None:
        raise ValueError("a batch without targets has no scored positions")
    labels_N = batch.labels_BT.flatten()
    states_ND = states_BTD.flatten(0, 1)
    positions = (labels_N != IGNORED).nonzero().flatten()
    if len(positions) < len(labels_N):
        states_ND, labels_N = states_ND.index_select(0, positions), labels_N[positions]
    return states_ND, labels_N
