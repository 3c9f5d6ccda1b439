"""Perplexity and bits per character, against numbers that can be counted by hand."""

from __future__ import annotations

import math

import pytest
import torch

from calque.model.batch import IGNORED, Batch, Ids, pad
from calque.training.corruption import Corruption
from calque.training.perplexity import Perplexity
from calque.training.validate import Measured

VOCABULARY = 8


class Uniform:
    """A language model for which all pieces are equally likely."""

    def batch(self, rows):
        inputs_BS = pad([row.source for row in rows], 0)
        return Batch(inputs_BS, torch.ones_like(inputs_BS), None, pad([row.target for row in rows], IGNORED))

    def states(self, module, batch):
        labels_N = batch.labels_BT[batch.labels_BT != IGNORED]
        return torch.zeros(len(labels_N), 4), labels_N

    def head(self, module):
        return torch.zeros(VOCABULARY, 4), torch.zeros(VOCABULARY)


def half(row, chance):
    """Scores the first token alone."""
    return list(row), [row[0], *[IGNORED] * (len(row) - 1)]


ROWS = [Ids([1, 5, 6, 2]), Ids([1, 5, 2]), Ids([1, 5, 6, 7, 3, 2])]


@pytest.mark.parametrize(
    ("corruption", "tokens", "bits"),
    [(Corruption(None, 0), 10, 3 * 10 / 20), (Corruption(half, 0), 7, 3 * 7 / 20)],
)
def test_uniform_pieces_take_three_bits_each(corruption, tokens, bits):
    module = torch.nn.Linear(1, 1).train()
    batches = []
    measurer = Perplexity(Uniform(), ROWS, corruption, characters=20, tokens=tokens, batch_tokens=8)
    measured = measurer.measure(module, between=lambda: batches.append(1))
    assert measured.loss == pytest.approx(math.log(VOCABULARY))
    assert measured.scores == pytest.approx({"bits_per_character": bits, "perplexity": VOCABULARY})
    assert module.training
    assert len(batches) == 2
    assert measured.sample is None


def test_what_is_lower_is_better():
    measured = Measured(2.0, {"perplexity": 7.4, "bits_per_character": 1.5, "BLEU": 30.0})
    names = ("loss", "perplexity", "bits_per_character", "BLEU")
    assert [measured.better_by(name) for name in names] == [-2.0, -7.4, -1.5, 30.0]
