"""Rows of embeddings that go from one vocabulary to another.

Legend: V vocabulary, D width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def drawn_embeddings(old_VD: Tensor, size: int, rows: Sequence[tuple[int, int]]) -> Tensor:
    """Embeddings (size, D): `rows` (new, old) copied from `old_VD`, the rest normal with its mean and deviation. So are
    rows for which there is no old one, of tokens that a tokenizer got and its model did not."""
    deviation_D, mean_D = torch.std_mean(old_VD, dim=0)
    new_VD = mean_D + deviation_D * torch.randn(size, old_VD.shape[1])
    copy_rows(new_VD, old_VD, rows)
    return new_VD


def copy_rows(new: Tensor, old: Tensor, rows: Sequence[tuple[int, int]]) -> None:
    """Copy the `rows` (new, old) for which there is an old one."""
    known = [(fresh, former) for fresh, former in rows if former < len(old)]
    if known:
        fresh, former = (torch.tensor(ids) for ids in zip(*known, strict=True))
        new[fresh] = old[former]
