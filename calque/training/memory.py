"""How much memory a run takes, told before it starts.

Legend: B rows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from calque.model.batch import Ids
from calque.training.objective import Objective

_MOMENTS = {"adamw": 2.0, "adam": 2.0, "sgd": 1.0, "adafactor": 0.1}  # float32 copies of the trained weights
_SAMPLE = 8  # rows whose activations are counted


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that training needs: weights, gradients, the optimizer's state, what the largest micro-batch keeps for its
    backward pass, and a moving average of the weights; and what the device has left when only the weights and their
    average are there (None where unknown)."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    available: int | None
    average: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.average

    @property
    def fits(self) -> bool:
        """Whether it should fit."""
        return self.available is None or self.total - self.weights - self.average <= self.available

    def __str__(self) -> str:
        parts = ("weights", "gradients", "optimizer", "activations")
        told = ", ".join(f"{name} {_size(getattr(self, name))}" for name in parts)
        told += f", moving average {_size(self.average)}" if self.average else ""
        available = "" if self.available is None else f"; {_size(self.available)} are free"
        advice = "" if self.fits else ": expect to run out, and give a smaller --micro-batch-tokens or --recompute"
        return f"memory: about {_size(self.total)} ({told}){available}{advice}"


def estimate(module: nn.Module, objective: Objective, largest: Sequence[Ids], optimizer: str) -> Memory:
    """The memory for training `module`, whose largest micro-batch has these examples. What a few of them keep is
    counted in a forward pass, and taken to grow with their number."""
    device = next(module.parameters()).device
    trained = sum(p.numel() * p.element_size() for p in module.parameters() if p.requires_grad)
    some = largest[:_SAMPLE]
    kept = _kept(module, objective, some) * len(largest) // max(1, len(some))
    return Memory(
        weights=sum(p.numel() * p.element_size() for p in module.parameters()),
        gradients=trained,
        optimizer=round(_MOMENTS[optimizer] * trained),
        activations=kept,
        available=_available(device),
    )


def _kept(module: nn.Module, objective: Objective, rows: Sequence[Ids]) -> int:
    """Bytes that a forward pass keeps for the backward pass, weights not counted."""
    weights = {p.untyped_storage().data_ptr() for p in module.parameters()}
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    device = next(module.parameters()).device
    with torch.random.fork_rng(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        objective.summed_loss(module, objective.batch(rows).to(device))
    return sum(sizes.values())


def _available(device: torch.device) -> int | None:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # no such number on this system
        return None


def _size(count: float) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"
