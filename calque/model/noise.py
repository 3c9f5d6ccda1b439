"""Dropout, drawn cheaply.

torch draws one Bernoulli variable at a time on a CPU (5 ns each, measured: more than the matrix products of a small
network in bf16). Here 64 random bits make four of them. Legend: N positions, D width.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

_LEVELS = 1 << 16  # a variable is 16 random bits against a threshold


class Noise:
    """Dropout with probability `probability`, for tensors of `dtype`.

    Its generator is seeded from torch's, so `torch.manual_seed`, checkpoints of torch's generator and recomputation
    under activation checkpointing all reproduce it. Survivors are scaled by 1 / (1 - probability), rounded to `dtype`;
    the probability is adjusted to that (0.1 becomes 0.0986 in bf16), so that the expectation is exact.
    """

    def __init__(self, probability: float, dtype: torch.dtype, device: torch.device) -> None:
        self.probability = probability
        self._on_cpu = device.type == "cpu"
        if probability and self._on_cpu:
            seed = int(torch.randint(2**62, ()))
            self._generator = np.random.Generator(np.random.SFC64(seed))
            self._survivor, self._threshold = _levels(probability, dtype)
            self._dtype = dtype

    def __call__(self, x: Tensor) -> Tensor:
        """`x` with some of its elements zeroed and the others scaled."""
        if not self.probability:
            return x
        if not self._on_cpu:
            return functional.dropout(x, self.probability)
        return x * self.mask(x.shape)

    def mask(self, shape: torch.Size) -> Tensor:
        """A tensor of zeros and survivors' scale."""
        count = shape.numel()
        words = self._generator.integers(0, 2**64, size=-(-count // 4), dtype=np.uint64)
        kept = words.view(np.uint16)[:count] >= self._threshold
        if self._dtype == torch.bfloat16:  # numpy has no bf16: its bits
            return torch.from_numpy(kept.astype(np.uint16) * self._survivor).view(torch.bfloat16).view(shape)
        return torch.from_numpy(kept.astype(np.float32) * self._survivor).view(shape)


@lru_cache
def _levels(probability: float, dtype: torch.dtype) -> tuple[np.uint16 | np.float32, np.uint16]:
    """What survivors are multiplied by (bf16 as its bits), and the threshold that a surviving level reaches."""
    scale = torch.tensor(1 / (1 - probability), dtype=dtype)
    threshold = np.uint16(min(_LEVELS - 1, round(_LEVELS * (1 - 1 / float(scale)))))
    if dtype == torch.bfloat16:
        return np.uint16(scale.view(torch.int16).item()), threshold
    return np.float32(scale.item()), threshold
