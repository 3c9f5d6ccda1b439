"""What PyTorch computes: the reference that an export is held against.

Legend: B rows, S source length, T target length, N scored positions, V target vocabulary, L layers, H heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from calque.model.batch import Batch, Ids
from calque.model.beam import LOGITS
from calque.model.family import Family
from calque.model.hypothesis import Hypothesis
from calque.recipes.search import Search

_ROWS = 16  # forced at once


def framed(family: Family, target: Sequence[int]) -> list[int]:
    """Bare target ids with all that stands around them."""
    before, after = family.target.frame
    return [*before, *target, *after]


@torch.inference_mode()
def log_probs(
    family: Family,
    module: Any,  # noqa: ANN401
    sources: Sequence[list[int]],
    targets: Sequence[Sequence[int]],
) -> list[list[float]]:
    """The log-probability of each bare target's tokens, and of the end token behind it."""
    found: list[list[float]] = []
    for first in range(0, len(sources), _ROWS):
        rows = slice(first, first + _ROWS)
        told = [
            Ids(source, framed(family, target)) for source, target in zip(sources[rows], targets[rows], strict=True)
        ]
        found += forced(family, module, family.batch(told))
    return found


@torch.inference_mode()
def forced(family: Family, module: Any, batch: Batch) -> list[list[float]]:  # noqa: ANN401
    """The same of a batch with targets."""
    states_ND, labels_N = family.states(module, batch)
    weight_VD, bias_V = family.head(module)
    size = max(1, LOGITS // len(weight_VD))
    told_N = torch.cat(
        [
            torch.nn.functional.linear(states, weight_VD, bias_V).log_softmax(-1).gather(1, labels[:, None])[:, 0]
            for states, labels in zip(torch.split(states_ND, size), torch.split(labels_N, size), strict=True)
        ]
    )
    if batch.labels_BT is None:
        raise ValueError("a batch without targets has no scored positions")
    counts = (batch.labels_BT >= 0).sum(1).tolist()
    skipped = len(family.target.frame[0]) - 1  # what a search is forced to begin with
    return [row.tolist()[skipped:] for row in torch.split(told_N, counts)]


def search(family: Family, module: Any, sources: Sequence[list[int]], how: Search) -> list[list[Hypothesis]]:  # noqa: ANN401
    """What transformers' search finds for sources that are taken at once."""
    return family.generate(module, family.batch([Ids(source) for source in sources]), how)


@torch.inference_mode()
def attention(family: Family, module: Any, source: list[int], target: Sequence[int]) -> Tensor | None:  # noqa: ANN401
    """How every head of every layer looks at the source, (L, H, T, S), with T the tokens that are said, end token
    included; None where there is no cross-attention."""
    if family.name == "causal":
        return None
    batch = family.batch([Ids(source, framed(family, target))])
    before = module.config._attn_implementation
    module.set_attn_implementation("eager")  # the others do not tell
    try:
        told = module(
            input_ids=batch.inputs_BS,
            attention_mask=batch.mask_BS,
            decoder_input_ids=batch.prefix_BT,
            output_attentions=True,
            use_cache=False,
        ).cross_attentions
    finally:
        module.set_attn_implementation(before)
    return torch.cat(list(told))[:, :, len(family.target.frame[0]) - 1 :]
