"""One optimizer step, exact however its batch is cut and shared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from calque.model.batch import Batch
from calque.training.team import ALONE, Team


def update(
    accelerator: Accelerator,
    scored: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Sequence[Batch],
    clip: float,
    team: Team = ALONE,
) -> tuple[float, int]:
    """One step over the micro-batches `batches` of this process, the gradient clipped to the norm `clip` (0: never).

    Returns:
        The loss summed over the step's scored tokens, and their number, of all processes together. Where the loss is no
        number, the weights stay as they are.
    """
    loss, tokens = gradient(accelerator, scored, batches, team)
    apply(scored, optimizer, loss, clip)
    return loss, tokens


def gradient(
    accelerator: Accelerator, scored: nn.Module, batches: Sequence[Batch], team: Team = ALONE
) -> tuple[float, int]:
    """Add the gradient of (summed loss / scored tokens), both of all processes together, to the parameters; these two
    numbers. Gradients travel between processes once, with the last micro-batch."""
    tokens = int(team.sum([sum(batch.scored_tokens for batch in batches)])[0])
    total = 0.0
    for number, batch in enumerate(batches, 1):
        alone: Any = nullcontext() if number == len(batches) or team.alone else accelerator.no_sync(scored)
        with alone:
            with accelerator.autocast():
                loss = scored(batch)
            accelerator.backward(loss * (team.size / max(1, tokens)))  # the processes' gradients are averaged
        total += float(loss.detach())
    return team.sum([total])[0], tokens


def apply(scored: nn.Module, optimizer: torch.optim.Optimizer, loss: float, clip: float) -> None:
    """Take the step that the gradient asks for, and forget the gradient; nothing where the loss is no number."""
    if math.isfinite(loss):
        if clip:
            _clip(scored, clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def _clip(scored: nn.Module, clip: float) -> None:
    """Scale the gradient down to the norm `clip` where it is longer. torch's own function multiplies every gradient by
    1 otherwise, which takes as long as reading and writing all of them."""
    gradients = [p.grad for p in scored.parameters() if p.grad is not None]
    norm: Any = get_total_norm(gradients)
    norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm  # of a sharded network
    if float(norm) > clip:
        clip_grads_with_norm_(scored.parameters(), clip, norm)
