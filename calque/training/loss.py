"""Cross-entropy that never holds all logits.

Legend: N scored positions, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

LOGITS = 1 << 24  # held at once, whatever the vocabulary
_GRAIN = 64  # rows of a block whose softmax stays in a processor's cache; heights of products are multiples of it


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Summed label-smoothed cross-entropy of a linear output layer, whose gradient is computed while the chunk's
    logits are at hand, so that backward only scales it.

    Products are of a chunk, elementwise work is done block after block in float32.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        states_ND: Tensor,
        weight_VD: Tensor,
        bias_V: Tensor,
        labels_N: Tensor,
        smoothing: float,
    ) -> Tensor:
        """The sum over positions, in float32."""
        grad_states = torch.empty_like(states_ND)
        grad_weight = torch.zeros_like(weight_VD, dtype=torch.float32)
        grad_bias = torch.zeros_like(bias_V, dtype=torch.float32)
        weight = weight_VD.to(states_ND.dtype)
        total = states_ND.new_zeros((), dtype=torch.float32)
        for begin, states, labels in _chunks(states_ND, labels_N, len(weight)):
            padded = functional.pad(states, (0, 0, 0, -len(states) % _GRAIN))
            logits = torch.mm(padded, weight.t())
            logits[len(states) :] = 0
            for part, wanted in _blocks(logits[: len(states)], labels):
                total += _to_gradient(part, wanted, bias_V, smoothing, grad_bias)
            grad_states[begin : begin + len(states)] = torch.mm(logits, weight)[: len(states)]
            grad_weight += torch.mm(logits.t(), padded)
        ctx.save_for_backward(grad_states, grad_weight.to(weight_VD.dtype), grad_bias.to(bias_V.dtype))
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """The saved gradients, scaled."""
        states, weight, bias = ctx.saved_tensors
        return states * grad.to(states.dtype), weight * grad, bias * grad, None, None


def _to_gradient(logits: Tensor, labels: Tensor, bias_V: Tensor, smoothing: float, grad_bias: Tensor) -> Tensor:
    """Replace a block's logits (without bias) by their gradient, in place, and add it to that of the bias; the summed
    loss."""
    vocabulary = logits.shape[1]
    work = logits.float()
    work.add_(bias_V)
    at_label = work.gather(1, labels)
    mean = work.mean(1, keepdim=True) if smoothing else 0.0
    top = work.amax(1, keepdim=True)
    work.sub_(top).exp_()  # in place: the logits are not needed again
    normaliser = work.sum(1, keepdim=True)
    log_normaliser = normaliser.log() + top
    loss = ((log_normaliser - at_label) * (1 - smoothing) + (log_normaliser - mean) * smoothing).sum()
    work.div_(normaliser)
    if smoothing:
        work.sub_(smoothing / vocabulary)
    work.scatter_add_(1, labels, torch.full_like(labels, smoothing - 1, dtype=torch.float32))
    grad_bias += work.sum(0)
    logits.copy_(work)
    return loss


def _chunks(states_ND: Tensor, labels_N: Tensor, vocabulary: int) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Where a chunk begins, its states, and its labels (n, 1)."""
    size = max(_GRAIN, LOGITS // vocabulary // _GRAIN * _GRAIN)
    for begin in range(0, len(states_ND), size):
        yield begin, states_ND[begin : begin + size], labels_N[begin : begin + size, None]


def _blocks(logits: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """What is worked on at once: little on a processor with caches, everything elsewhere."""
    size = _GRAIN if logits.device.type == "cpu" else max(1, len(logits))
    return zip(torch.split(logits, size), torch.split(labels, size), strict=True)


def summed_cross_entropy(
    states_ND: Tensor, weight_VD: Tensor, bias_V: Tensor, labels_N: Tensor, smoothing: float = 0.0
) -> Tensor:
    """Sum over positions of the cross-entropy (nats) between softmax(states · weightᵀ + bias) and the labels, of which
    `smoothing` is spread evenly over the vocabulary (Szegedy et al. 2016, section 7). At most LOGITS logits are held.
    """
    if not torch.is_grad_enabled():
        return _plain_sum(states_ND, weight_VD, bias_V, labels_N, smoothing)
    return _ChunkedCrossEntropy.apply(states_ND, weight_VD, bias_V, labels_N, smoothing)  # type: ignore[no-any-return, no-untyped-call]


def _plain_sum(states_ND: Tensor, weight_VD: Tensor, bias_V: Tensor, labels_N: Tensor, smoothing: float) -> Tensor:
    total = states_ND.new_zeros((), dtype=torch.float32)
    weight = weight_VD.to(states_ND.dtype)
    for _, states, labels in _chunks(states_ND, labels_N, len(weight)):
        logits = torch.mm(states, weight.t()).float() + bias_V
        total += functional.cross_entropy(logits, labels[:, 0], label_smoothing=smoothing, reduction="sum")
    return total


def summed_divergence(first_ND: Tensor, second_ND: Tensor, weight_VD: Tensor, bias_V: Tensor) -> Tensor:
    """Sum over positions of R-Drop's symmetric Kullback-Leibler divergence between the predictions of two dropout
    passes, (KL(p‖q) + KL(q‖p)) / 2 (Liang et al. 2021, equation 2), chunk by chunk; a chunk's logits are computed
    again in the backward pass."""

    def chunk(first: Tensor, second: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        p = functional.log_softmax(functional.linear(first, weight.to(first.dtype)).float() + bias, dim=1)
        q = functional.log_softmax(functional.linear(second, weight.to(first.dtype)).float() + bias, dim=1)
        return ((p.exp() - q.exp()) * (p - q)).sum() / 2

    size = max(_GRAIN, LOGITS // len(weight_VD))
    parts = [
        checkpoint(chunk, first, second, weight_VD, bias_V, use_reentrant=False, preserve_rng_state=False)
        for first, second in zip(torch.split(first_ND, size), torch.split(second_ND, size), strict=True)
    ]
    return torch.stack(parts).sum()
