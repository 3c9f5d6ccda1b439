"""Cross-entropy that never holds all logits.

Legend: N scored positions, D width, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

CHUNK = 512  # positions whose logits are held at once


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Summed label-smoothed cross-entropy of a linear output layer, whose gradient is computed while the chunk's
    logits are at hand, so that backward only scales it."""

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
        vocabulary = weight_VD.shape[0]
        grad_states = torch.empty_like(states_ND)
        grad_weight = torch.zeros_like(weight_VD, dtype=torch.float32)
        grad_bias = torch.zeros_like(bias_V, dtype=torch.float32)
        weight = weight_VD.to(states_ND.dtype)
        total = states_ND.new_zeros((), dtype=torch.float32)
        for begin in range(0, states_ND.shape[0], CHUNK):
            states, labels = states_ND[begin : begin + CHUNK], labels_N[begin : begin + CHUNK, None]
            logits = torch.mm(states, weight.t()).float().add_(bias_V)
            at_label, mean = logits.gather(1, labels), logits.mean(1, keepdim=True)
            top = logits.amax(1, keepdim=True)
            probabilities = logits.sub_(top).exp_()  # in place: the logits are not needed again
            normaliser = probabilities.sum(1, keepdim=True)
            log_normaliser = normaliser.log() + top
            total += ((log_normaliser - at_label) * (1 - smoothing) + (log_normaliser - mean) * smoothing).sum()
            gradient = probabilities.div_(normaliser).sub_(smoothing / vocabulary)
            gradient.scatter_add_(1, labels, torch.full_like(labels, smoothing - 1, dtype=torch.float32))
            grad_bias += gradient.sum(0)
            gradient = gradient.to(states_ND.dtype)
            torch.mm(gradient, weight, out=grad_states[begin : begin + CHUNK])
            grad_weight += torch.mm(gradient.t(), states)
        ctx.save_for_backward(grad_states, grad_weight.to(weight_VD.dtype), grad_bias.to(bias_V.dtype))
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """The saved gradients, scaled."""
        states, weight, bias = ctx.saved_tensors
        return states * grad, weight * grad, bias * grad, None, None


def summed_cross_entropy(
    states_ND: Tensor, weight_VD: Tensor, bias_V: Tensor, labels_N: Tensor, smoothing: float = 0.0
) -> Tensor:
    """Sum over positions of the cross-entropy (nats) between softmax(states · weightᵀ + bias) and the labels, of which
    `smoothing` is spread evenly over the vocabulary (Szegedy et al. 2016, section 7). Peak memory is CHUNK × V floats.
    """
    if not torch.is_grad_enabled():
        return _plain_sum(states_ND, weight_VD, bias_V, labels_N, smoothing)
    return _ChunkedCrossEntropy.apply(states_ND, weight_VD, bias_V, labels_N, smoothing)  # type: ignore[no-any-return, no-untyped-call]


def _plain_sum(states_ND: Tensor, weight_VD: Tensor, bias_V: Tensor, labels_N: Tensor, smoothing: float) -> Tensor:
    total = states_ND.new_zeros((), dtype=torch.float32)
    weight = weight_VD.to(states_ND.dtype)
    for begin in range(0, states_ND.shape[0], CHUNK):
        logits = torch.mm(states_ND[begin : begin + CHUNK], weight.t()).float() + bias_V
        labels = labels_N[begin : begin + CHUNK]
        total += functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="sum")
    return total


def summed_divergence(first_ND: Tensor, second_ND: Tensor, weight_VD: Tensor, bias_V: Tensor) -> Tensor:
    """Sum over positions of R-Drop's symmetric Kullback-Leibler divergence between the predictions of two dropout
    passes, (KL(p‖q) + KL(q‖p)) / 2 (Liang et al. 2021, equation 2), chunk by chunk; a chunk's logits are computed
    again in the backward pass."""

    def chunk(first: Tensor, second: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        p = functional.log_softmax(functional.linear(first, weight.to(first.dtype)).float() + bias, dim=1)
        q = functional.log_softmax(functional.linear(second, weight.to(first.dtype)).float() + bias, dim=1)
        return ((p.exp() - q.exp()) * (p - q)).sum() / 2

    parts = [
        checkpoint(
            chunk, first_ND[begin : begin + CHUNK], second_ND[begin : begin + CHUNK], weight_VD, bias_V,
            use_reentrant=False, preserve_rng_state=False,
        )
        for begin in range(0, first_ND.shape[0], CHUNK)
    ]  # fmt: skip
    return torch.stack(parts).sum()
