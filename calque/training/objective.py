"""Objectives: how a batch is made of examples and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from calque.model.batch import Batch, Ids
from calque.model.family import Family
from calque.training.loss import summed_cross_entropy, summed_divergence


class Objective(Protocol):
    """What the loop needs to know of a task."""

    def batch(self, rows: Sequence[Ids]) -> Batch:
        """Examples as one padded batch."""

    def summed_loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Loss summed over the batch's scored tokens (nats, a scalar in float32)."""


class Predictor(Protocol):
    """What a likelihood is computed from; a family of translators is one, and so is a language model."""

    def batch(self, rows: Sequence[Ids]) -> Batch:
        """Examples as padded tensors."""

    def states(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """The last hidden states at scored positions, states_ND, and their labels_N."""

    def head(self, module: nn.Module) -> tuple[Tensor, Tensor]:
        """The output layer: weight_VD and bias_V."""


def summed_likelihood(
    predictor: Predictor, module: nn.Module, batch: Batch, label_smoothing: float, rdrop: float
) -> Tensor:
    """Summed cross-entropy; with R-Drop the mean of two dropout passes plus `rdrop` times their divergence."""
    weight_VD, bias_V = predictor.head(module)
    states_ND, labels_N = predictor.states(module, batch)
    loss = summed_cross_entropy(states_ND, weight_VD, bias_V, labels_N, label_smoothing)
    if not (rdrop and module.training):
        return loss
    again_ND, _ = predictor.states(module, batch)
    other = summed_cross_entropy(again_ND, weight_VD, bias_V, labels_N, label_smoothing)
    return (loss + other) / 2 + rdrop * summed_divergence(states_ND, again_ND, weight_VD, bias_V)


@dataclass(frozen=True, slots=True)
class LanguageModelling:
    """Token-level cross-entropy of what is hidden, what follows, or what was spoiled: the examples say which."""

    model: Predictor
    label_smoothing: float = 0.0
    rdrop: float = 0.0

    def batch(self, rows: Sequence[Ids]) -> Batch:
        """The language model's own batch."""
        return self.model.batch(rows)

    def summed_loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """See `summed_likelihood`."""
        return summed_likelihood(self.model, module, batch, self.label_smoothing, self.rdrop)


@dataclass(frozen=True, slots=True)
class Translation:
    """Token-level cross-entropy of the target given the source, label-smoothed, with R-Drop where asked."""

    family: Family
    label_smoothing: float = 0.0
    rdrop: float = 0.0

    def batch(self, rows: Sequence[Ids]) -> Batch:
        """The family's own batch."""
        return self.family.batch(rows)

    def summed_loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """See `summed_likelihood`."""
        return summed_likelihood(self.family, module, batch, self.label_smoothing, self.rdrop)


class Scored(nn.Module):
    """A network together with its objective: its forward pass is the loss, so that wrappers which hook into forward
    (data parallelism, compilation) see the whole step."""

    def __init__(self, module: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.module = module
        self.objective = objective

    def forward(self, batch: Batch) -> Tensor:
        """The summed loss of a batch."""
        return self.objective.summed_loss(self.module, batch)
