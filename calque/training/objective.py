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
        """Summed cross-entropy; with R-Drop the mean of two dropout passes plus `rdrop` times their divergence."""
        weight_VD, bias_V = self.family.head(module)
        states_ND, labels_N = self.family.states(module, batch)
        loss = summed_cross_entropy(states_ND, weight_VD, bias_V, labels_N, self.label_smoothing)
        if not (self.rdrop and module.training):
            return loss
        again_ND, _ = self.family.states(module, batch)
        other = summed_cross_entropy(again_ND, weight_VD, bias_V, labels_N, self.label_smoothing)
        return (loss + other) / 2 + self.rdrop * summed_divergence(states_ND, again_ND, weight_VD, bias_V)


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
