"""The heads of cross-attention that align words, found without a single aligned sentence.

A source token is what a target token comes from if, without it, the target token becomes improbable: erasure (Li,
Monroe and Jurafsky 2016, "Understanding Neural Networks through Representation Erasure"). For each target token of the
sample, each source token is hidden from the network in turn, and the one whose loss costs most is where a head should
look. A head is judged by the share of these costs, in nats, at whose target tokens it looks there most.

A token's alignment may be read where it is predicted, or one step later, where the decoder reads it again; the later
one is often better (Chen et al. 2020, "Accurate Word Alignment Induction from Neural Machine Translation"), so both are
judged.

Legend: B rows, S source length, T target length, L layers, H heads, A of both ways to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from calque.decoding import reference
from calque.decoding.specification.layer import Heads
from calque.model.batch import Ids
from calque.model.family import Family

_ROWS = 600  # sources with a hidden token, all sentences together: what erasure costs
_LONGEST = 30  # tokens of a sentence that is judged by
_AT_ONCE = 32
_SEVERAL = 4  # heads whose mean is tried, at most
_WORTH = 0.005  # by how much a mean of more heads must be better


@dataclass(frozen=True, slots=True)
class Choice:
    """The heads that were chosen, how their attention is read (see `FastFolder.shift`), their agreement with erasure (0
    to 1), that of the last layer's first head, and the number of target tokens that it was judged by."""

    heads: Heads
    shift: int
    agreement: float
    usual: float
    tokens: int

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return {
            "layer": self.heads.layer,
            "heads": list(self.heads.heads),
            "shift": self.shift,
            "agreement": self.agreement,
            "agreement_of_the_last_layers_first_head": self.usual,
            "target_tokens": self.tokens,
        }


@dataclass(frozen=True, slots=True)
class _Judged:
    """A sentence: attention_ALHTS of every head, source tokens alone, and of each target token how much the loss of
    which source token costs most (cost_T in nats, from_T)."""

    attention_ALHTS: Tensor
    cost_T: Tensor
    from_T: Tensor


def choose(
    family: Family,
    module: Any,  # noqa: ANN401
    sources: Sequence[list[int]],
    targets: Sequence[Sequence[int]],
) -> Choice | None:
    """The best heads of a network with cross-attention; None where there is none, or nothing to judge by.

    Args:
        family: whose network it is.
        module: in evaluation mode.
        sources: framed ids.
        targets: bare ids of translations.
    """
    judged = [found for pair in _some(family, sources, targets) if (found := _judge(family, module, *pair)) is not None]
    if not judged:
        return None
    told_ALH = agreement(judged)
    _, layers, heads = told_ALH.shape
    place = int(told_ALH.argmax())
    shift, layer = place // (layers * heads), place // heads % layers
    order = told_ALH[shift, layer].argsort(descending=True).tolist()[:_SEVERAL]
    best, chosen = float(told_ALH.max()), 1
    for count in range(2, len(order) + 1):
        several = float(agreement([_mean(one, shift, layer, order[:count]) for one in judged]))
        if several > best + _WORTH:
            best, chosen = several, count
    usual = float(told_ALH[0, -1, 0])
    return Choice(Heads(layer, tuple(order[:chosen])), shift, best, usual, sum(len(one.cost_T) for one in judged))


def agreement(judged: Sequence[_Judged]) -> Tensor:
    """Of each head, read in both ways, the share of the costs at whose target tokens it looks at the right source
    token, (A, L, H)."""
    right = [((one.attention_ALHTS.argmax(-1) == one.from_T).double() * one.cost_T).sum(-1) for one in judged]
    return torch.stack(right).sum(0) / sum(float(one.cost_T.sum()) for one in judged)


def _mean(one: _Judged, shift: int, layer: int, heads: list[int]) -> _Judged:
    mean_TS = one.attention_ALHTS[shift, layer, heads].mean(0)
    return replace(one, attention_ALHTS=mean_TS[None, None, None])


def _some(
    family: Family, sources: Sequence[list[int]], targets: Sequence[Sequence[int]]
) -> Iterable[tuple[list[int], Sequence[int]]]:
    """The first pairs that are neither long nor trivial, until there are enough tokens to hide."""
    rows = 0
    for source, target in zip(sources, targets, strict=True):
        tokens = len(source) - family.source.framing
        if target and 2 <= tokens <= _LONGEST and rows + tokens <= _ROWS:
            rows += tokens
            yield source, target


@torch.inference_mode()
def _judge(family: Family, module: Any, source: list[int], target: Sequence[int]) -> _Judged | None:  # noqa: ANN401
    told_LHTS = reference.attention(family, module, source, target)
    if told_LHTS is None:
        return None
    before = len(family.source.frame[0])
    places = range(before, before + len(source) - family.source.framing)
    costs_ST = _costs(family, module, source, target, places)
    cost_T, from_T = costs_ST.max(0)
    later_LHTS = torch.cat([told_LHTS[:, :, 1:], told_LHTS[:, :, -1:]], 2)
    both_ALHTS = torch.stack([told_LHTS, later_LHTS])
    spoken = slice(0, len(target))  # the end token comes from no word
    words = slice(places.start, places.stop)
    return _Judged(both_ALHTS[:, :, :, spoken, words], cost_T[spoken].clamp(min=0).double(), from_T[spoken])


def _costs(family: Family, module: Any, source: list[int], target: Sequence[int], places: range) -> Tensor:  # noqa: ANN401
    """By how many nats each target token becomes less probable where each source token is hidden, (S, T)."""
    row = Ids(source, reference.framed(family, target))
    (whole,) = reference.forced(family, module, family.batch([row]))
    without: list[list[float]] = []
    for first in range(0, len(places), _AT_ONCE):
        hidden = places[first : first + _AT_ONCE]
        batch = family.batch([row] * len(hidden))
        mask_BS = batch.mask_BS.clone()
        mask_BS[torch.arange(len(hidden)), torch.tensor(hidden)] = 0
        without += reference.forced(family, module, replace(batch, mask_BS=mask_BS))
    return torch.tensor(whole)[None] - torch.tensor(without)
