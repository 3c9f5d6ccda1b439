"""What the device computes fastest: precision and attention, found by timing a layer once.

Legend: B rows, T positions a row, N = B x T, D width.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from calque.decoding.machine import computes_bf16, device_of
from calque.model.attention import Shape, attend
from calque.recipes.limits import Machine
from calque.training.progress import Listener, Message

R = TypeVar("R", bound=Machine)

ROWS, LENGTH, HEADS, WIDTH = 32, 20, 12, 384  # what is timed: a usual batch of short sentences in a small network
REPEATS = 3
MARGIN = 1.5  # a candidate must be faster than the one before it by this, so that noise does not decide


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and the seconds that one layer's forward and backward pass took for each candidate."""

    precision: str
    attention: str
    seconds: dict[str, float]

    def __str__(self) -> str:
        times = ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in self.seconds.items())
        timed = f" (timed one layer: {times})" if times else ""
        return f"computing in {self.precision} with {self.attention} attention{timed}"


def fastest(device: torch.device, precision: str = "auto", attention: str = "auto") -> Choice:
    """The fastest of the candidates that 'auto' leaves open; what is settled is not timed.

    The order of preference is fp32 before bf16 and, on a CPU, plain products before the fused kernel; what comes later
    must be faster by MARGIN.
    """
    if "auto" not in (precision, attention):
        return Choice(precision, attention, {})
    kinds = ("matmul", "sdpa") if device.type == "cpu" else ("sdpa", "matmul")
    precisions = ("fp32", "bf16") if computes_bf16(device) else ("fp32",)
    candidates = [
        (number, kind)
        for number in ((precision,) if precision != "auto" else precisions)
        for kind in ((attention,) if attention != "auto" else kinds)
    ]
    if len(candidates) == 1 or attention == "stock":
        return Choice(*candidates[-1], {})
    seconds = {candidate: _seconds(device, *candidate) for candidate in candidates}
    best = candidates[0]
    for candidate in candidates[1:]:
        if seconds[candidate] * MARGIN < seconds[best]:
            best = candidate
    return Choice(*best, {f"{number} {kind}": round(s, 5) for (number, kind), s in seconds.items()})


def settled(recipe: R, listener: Listener, before: Mapping[str, Any] | None = None) -> R:
    """The recipe with choices that depend on the machine made: device, precision, attention. What `before`, the
    settings of a run that is gone on with, chose by timing stays chosen.

    Raises:
        MachineError: no such device.
    """
    device = device_of(recipe.device)
    timed = {name: getattr(recipe, name) for name in ("precision", "attention")}
    if before:
        timed = {name: before.get(name, value) if value == "auto" else value for name, value in timed.items()}
    choice = fastest(device, **timed)
    listener.event(Message(str(choice)))
    chosen = {"device": str(device), "precision": choice.precision, "attention": choice.attention}
    return recipe.model_copy(update=chosen)


@lru_cache
def _seconds(device: torch.device, precision: str, attention: str) -> float:
    """The shortest time of a few forward and backward passes, after one that warms up: processor time on a CPU, which
    other processes disturb less."""
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    layer = _Layer(attention).to(device)
    x_ND = torch.randn(ROWS * LENGTH, WIDTH, device=device)
    spent = []
    for _ in range(1 + REPEATS):
        began = clock()
        with torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext():
            out_ND = layer(x_ND)
        out_ND.float().square().mean().backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        spent.append(clock() - began)
    return min(spent[1:])


class _Layer(nn.Module):
    """A layer of a transformer without norms."""

    def __init__(self, attention: str) -> None:
        super().__init__()
        self.attention = attention
        self.inner = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x_ND: Tensor) -> Tensor:
        """The layer's output, (N, D)."""
        q_ND, k_ND, v_ND = (linear(x_ND) for linear in self.inner[:3])
        shape = Shape(ROWS, LENGTH, LENGTH, HEADS)
        x_ND = x_ND + self.inner[3](attend(self.attention, q_ND, k_ND, v_ND, None, shape))
        return x_ND + self.down(functional.gelu(self.up(x_ND)))  # type: ignore[no-any-return]
