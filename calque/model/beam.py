"""Beam search by transformers, and what its findings are worth.

Legend: B rows, N scored positions, D width, V target vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """Sequences (`search.n_best` a row) as hypotheses with their scores.

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
    prefix_BT = pad([row[:-1] for row in rows], special.pad).to(copies.device)
    labels_BT = pad([[*[IGNORED] * (begin - 1), *row[begin:]] for row in rows], IGNORED).to(copies.device)
    forced = Batch(batch.inputs_BS[copies], batch.mask_BS[copies], prefix_BT, labels_BT)
    losses_N = _losses(*states_of(forced), *head)
    found = []
    for row, losses in zip(rows, torch.split(losses_N, [len(row) - begin for row in rows]), strict=True):
        ended = len(row) > begin and row[-1] == special.eos
        score = -float(losses.sum()) / max(1, len(losses)) ** search.length_penalty
        found.append(Hypothesis(row[begin : -1 if ended else None], score, ended))
    return [found[row : row + search.n_best] for row in range(0, len(found), search.n_best)]


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
