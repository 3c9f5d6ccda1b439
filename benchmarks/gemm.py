"""The fastest matrix product that a device does here and now, as the yardstick of everything built from such products.

Legend: M, K, N sizes of a product of (M, K) and (K, N) matrices.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from benchmarks.clock import Clock

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_SQUARES = {"cpu": (512, 1024, 2048), "cuda": (2048, 4096, 8192), "mps": (1024, 2048)}
_POSITIONS = (640, 2048)  # of a batch, which is what M is in a transformer


def shapes(device: torch.device, width: int, feed_forward: int, vocabulary: int) -> list[tuple[int, int, int]]:
    """Square products, and those of a layer and an output layer of this network."""
    squares = [(size, size, size) for size in _SQUARES[device.type]]
    inner = ((width, width), (width, feed_forward), (feed_forward, width), (width, vocabulary))
    return squares + [(positions, k, n) for positions in _POSITIONS for k, n in inner]


class Peak:
    """The best rate so far of each precision over all shapes, in 10^9 operations per second of the device's clock."""

    def __init__(self, clock: Clock, sizes: Sequence[tuple[int, int, int]], precisions: Sequence[str]) -> None:
        self.clock, self.sizes = clock, sizes
        self.gflops = dict.fromkeys(precisions, 0.0)

    def measure(self, seconds: float) -> None:
        """Time every shape in every precision, for about `seconds` altogether."""
        share = seconds / (len(self.gflops) * len(self.sizes))
        for precision in self.gflops:
            best = max(self._rate(DTYPES[precision], size, share) for size in self.sizes)
            self.gflops[precision] = max(self.gflops[precision], best)

    def _rate(self, dtype: torch.dtype, size: tuple[int, int, int], seconds: float) -> float:
        M, K, N = size
        a_MK = torch.randn(M, K, device=self.clock.device).to(dtype)
        b_KN = torch.randn(K, N, device=self.clock.device).to(dtype)
        out_MN = torch.mm(a_MK, b_KN)  # the first one chooses, and perhaps compiles, the kernel
        repeats, spent = 1, 0.0
        while True:
            began = self.clock.now()
            for _ in range(repeats):
                torch.mm(a_MK, b_KN, out=out_MN)
            spent = self.clock.now() - began
            if spent >= seconds / 2:
                return 2 * M * K * N * repeats / spent / 1e9
            repeats *= 2
