"""Beam search by transformers, and what its findings are worth. Legend: B rows, N scored positions, V target vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from calque.model.batch import IGNORED, Batch, Hypothesis, pad
from calque.recipes.search import Search
from calque.text.codec import Special

LogitsOf = Callable[[Batch], tuple[Tensor, Tensor]]


def longest(search: Search, max_length: int, source_length: int) -> int:
    """New tokens that a search may say: as many as the model allows, or as `search.longest_ratio` says."""
    if search.longest_ratio is None:
        return max_length
    return min(max_length, round(search.longest_ratio * source_length) + 16)


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
    return out.tolist()  # type: ignore[no-any-return]


def framed(ids: Sequence[int], special: Special) -> list[int]:
    """A sequence with what it begins with, and as far as its end token, without padding behind."""
    begin = len(special.frame[0])
    said = list(ids[:begin])
    for token in ids[begin:]:
        said.append(token)
        if token == special.eos:
            return said
    while len(said) > begin and said[-1] == special.pad:
        said.pop()
    return said


def hypotheses(
    batch: Batch, sequences: Sequence[Sequence[int]], special: Special, search: Search, logits_of: LogitsOf
) -> list[list[Hypothesis]]:
    """Sequences (`search.n_best` a row) as hypotheses with their scores.

    Log-probabilities are computed anew in one pass with the sequences as targets, and divided by length **
    length_penalty: transformers keeps all logits of the search in memory to tell them. Tokens that the search was
    forced to begin with do not count.
    """
    rows = [framed(ids, special) for ids in sequences]
    begin = len(special.frame[0])
    copies = torch.arange(len(rows), device=batch.inputs_BS.device) // search.n_best
    prefix_BT = pad([row[:-1] for row in rows], special.pad).to(copies.device)
    labels_BT = pad([[*[IGNORED] * (begin - 1), *row[begin:]] for row in rows], IGNORED).to(copies.device)
    scores_B = _scores(Batch(batch.inputs_BS[copies], batch.mask_BS[copies], prefix_BT, labels_BT), logits_of)
    found = []
    for row, score in zip(rows, scores_B, strict=True):
        ended = len(row) > begin and row[-1] == special.eos
        counted = max(1, len(row) - begin) ** search.length_penalty
        found.append(Hypothesis(row[begin : -1 if ended else None], score / counted, ended))
    return [found[row : row + search.n_best] for row in range(0, len(found), search.n_best)]


def _scores(batch: Batch, logits_of: LogitsOf) -> list[float]:
    """The log-probability of each row's labels."""
    if batch.labels_BT is None:
        raise ValueError("a batch without targets has nothing to score")
    logits_NV, labels_N = logits_of(batch)
    losses_N = nn.functional.cross_entropy(logits_NV.float(), labels_N, reduction="none")
    lengths = (batch.labels_BT != IGNORED).sum(1).tolist()
    return [-float(part.sum()) for part in losses_N.split(lengths)]
