"""Beam search by transformers, and what its findings are worth.

Legend: B rows, N scored positions, D width, V target vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from calque.model.batch import IGNORED, Batch, pad
from calque.model.hypothesis import Hypothesis
from calque.recipes.search import Search
from calque.text.frame import Special

StatesOf = Callable[[Batch], tuple[Tensor, Tensor]]
LOGITS = 1 << 24  # held at once


def said(module: Any, search: Search, new_tokens: int, **inputs: Tensor) -> list[list[int]]:  # noqa: ANN401
    """What transformers' beam search (greedy for a beam of 1) says, `search.n_best` sequences a row, with all that
    they begin with."""
    out: Tensor = module.generate(
        **inputs,
        num_beams=search.beam,
        num_return_sequences=search.n_best,
        length_penalty=search.length_penalty,
        early_stopping=False,
        do_sample=False,
        max_length=None,
        max_new_tokens=new_tokens,
    )
    return out.tolist()


def framed(ids: Sequence[int], special: Special) -> list[int]:
    """A sequence with what it begins with, and as far as its end token, behind which there is padding."""
    begin = len(special.frame[0])
    said = list(ids[:begin])
    for token in ids[begin:]:
        said.append(token)
        if token == special.eos:
            return said
    return said


def hypotheses(
    batch: Batch,
    sequences: Sequence[Sequence[int]],
    special: Special,
    search: Search,
    states_of: StatesOf,
    head: tuple[Tensor, Tensor],
) -> list[list[Hypothesis]]:
    """Sequences (`search.n_best` a row) as hypotheses with their scores, best first.

    Log-probabilities are computed anew in one pass with the sequences as targets, and divided by length **
    length_penalty: transformers keeps all logits of the search in memory to tell them. Tokens that the search was
    forced to begin with do not count.

    Args:
        batch: the sources.
        sequences: what was said, with all that it begins with.
        special: the target side's tokens.
        search: how it was searched.
        states_of: a family's `states`: states_ND and labels_N of a batch with targets.
        head: the output layer, weight_VD and bias_V.
    """
    rows = [framed(ids, special) for ids in sequences]
    begin = len(special.frame[0])
    copies = torch.arange(len(rows), device=batch.inputs_BS.device) // search.n_best
    forced = forcing(Batch(batch.inputs_BS[copies], batch.mask_BS[copies]), rows, special)
    found = []
    for row, losses in zip(rows, losses_of(forced, states_of, head), strict=True):
        ended = len(row) > begin and row[-1] == special.eos
        score = -float(losses.sum()) / max(1, len(losses)) ** search.length_penalty
        found.append(Hypothesis(row[begin : -1 if ended else None], score, ended))
    grouped = [found[row : row + search.n_best] for row in range(0, len(found), search.n_best)]
    if batch.prefix_BT is None:
        return grouped
    return [
        sorted(some, key=lambda hypothesis: -hypothesis.score) for some in grouped
    ]  # the search left out the prefix


def forcing(batch: Batch, rows: Sequence[Sequence[int]], special: Special) -> Batch:
    """The batch with sequences as its targets, given with all that they begin with, which is not scored."""
    begin = len(special.frame[0])
    prefix_BT = pad([row[:-1] for row in rows], special.pad)
    labels_BT = pad([[*[IGNORED] * (begin - 1), *row[begin:]] for row in rows], IGNORED)
    return replace(batch, prefix_BT=prefix_BT, labels_BT=labels_BT).to(batch.inputs_BS.device)


def losses_of(forced: Batch, states_of: StatesOf, head: tuple[Tensor, Tensor]) -> list[Tensor]:
    """Cross-entropy (nats) of every scored token, a tensor a row."""
    if forced.labels_BT is None:
        raise ValueError("a batch without targets has no scored positions")
    counts = (forced.labels_BT != IGNORED).sum(1).tolist()
    return list(torch.split(_losses(*states_of(forced), *head), counts))


def beginning(batch: Batch, special: Special) -> Tensor:
    """What every row's target begins with, begin_BT: the batch's prefix, or what frames every target."""
    if batch.prefix_BT is not None:
        return batch.prefix_BT
    return torch.tensor([special.frame[0]] * batch.rows, device=batch.inputs_BS.device)


def _losses(states_ND: Tensor, labels_N: Tensor, weight_VD: Tensor, bias_V: Tensor) -> Tensor:
    """Cross-entropy at each position, a few positions at a time."""
    size = max(1, LOGITS // len(weight_VD))
    return torch.cat(
        [
            nn.functional.cross_entropy(
                nn.functional.linear(states, weight_VD, bias_V).float(), labels, reduction="none"
            )
            for states, labels in zip(torch.split(states_ND, size), torch.split(labels_N, size), strict=True)
        ]
    )
