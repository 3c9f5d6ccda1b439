"""Multi-head attention over flat positions, in the way that the device computes fastest.

Legend: N, M positions of queries and of keys, rows after rows, perhaps some unused ones at the end; B rows, T queries
and S keys a row, H heads, D width, d width of a head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

KINDS = ("matmul", "sdpa")


@dataclass(frozen=True, slots=True)
class Shape:
    """How flat positions are cut: `rows` rows of `queries` and of `keys` positions, and `heads` heads."""

    rows: int
    queries: int
    keys: int
    heads: int


def attend(kind: str, q_ND: Tensor, k_MD: Tensor, v_MD: Tensor, bias: Tensor | None, shape: Shape) -> Tensor:
    """softmax(q · kᵀ / √d + bias) · v for each head, as (N, D); unused positions are 0 (Vaswani et al. 2017, eq. 1).

    kind: "matmul" for plain batched products, "sdpa" for torch's fused kernel. On CPUs the fused kernel's backward pass
        is many times slower than plain products in bf16.
    bias: added to the scores, (B or 1, 1, T or 1, S), or None.
    """
    if kind == "matmul":
        return _Attention.apply(q_ND, k_MD, v_MD, bias, shape)  # type: ignore[no-any-return, no-untyped-call]
    rows, heads = shape.rows, shape.heads
    q, k, v = (
        x[: rows * length].view(rows, length, heads, -1).transpose(1, 2)
        for x, length in ((q_ND, shape.queries), (k_MD, shape.keys), (v_MD, shape.keys))
    )
    out_BHTd = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    flat = out_BHTd.transpose(1, 2).reshape(rows * shape.queries, -1)
    return functional.pad(flat, (0, 0, 0, len(q_ND) - len(flat)))


class _Attention(torch.autograd.Function):
    """Attention whose backward pass is written out: fewer copies and passes over the weights than autograd makes.

    The weights' softmax is computed in float32 by elementwise steps, since torch's own is slow for short rows.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        q_ND: Tensor,
        k_MD: Tensor,
        v_MD: Tensor,
        bias: Tensor | None,
        shape: Shape,
    ) -> Tensor:
        """See `attend`."""
        q = _heads(q_ND, shape.rows, shape.queries, shape.heads)
        scale = q.shape[2] ** -0.5
        q = q * scale
        k, v = (_heads(x, shape.rows, shape.keys, shape.heads) for x in (k_MD, v_MD))
        weights = torch.bmm(q, k.transpose(1, 2)).float()
        if bias is not None:
            weights.view(shape.rows, shape.heads, shape.queries, shape.keys).add_(bias)
        weights.sub_(weights.amax(2, keepdim=True)).exp_()
        weights.div_(weights.sum(2, keepdim=True))
        weights = weights.to(q.dtype)
        ctx.save_for_backward(q, k, v, weights)
        ctx.shape, ctx.scale, ctx.lengths = shape, scale, (len(q_ND), len(k_MD))
        return _flat(torch.bmm(weights, v), len(q_ND), shape)

    @staticmethod
    def backward(ctx: Any, grad_ND: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """The gradients of queries, keys and values."""
        q, k, v, weights = ctx.saved_tensors
        shape, (queries, keys) = ctx.shape, ctx.lengths
        grad = _heads(grad_ND, shape.rows, shape.queries, shape.heads)
        grad_v = torch.bmm(weights.transpose(1, 2), grad)
        grad_weights = torch.bmm(grad, v.transpose(1, 2)).float().mul_(weights)
        grad_weights.sub_(weights * grad_weights.sum(2, keepdim=True))
        grad_scores = grad_weights.to(q.dtype)
        grad_q = torch.bmm(grad_scores, k).mul_(ctx.scale)
        grad_k = torch.bmm(grad_scores.transpose(1, 2), q)
        return _flat(grad_q, queries, shape), _flat(grad_k, keys, shape), _flat(grad_v, keys, shape), None, None


def _heads(x_ND: Tensor, rows: int, length: int, heads: int) -> Tensor:
    """(N, D) as (B x H, length, d), contiguous."""
    return x_ND[: rows * length].view(rows, length, heads, -1).permute(0, 2, 1, 3).reshape(rows * heads, length, -1)


def _flat(x: Tensor, count: int, shape: Shape) -> Tensor:
    """(B x H, length, d) as (count, D), zero where there is no row."""
    _, length, width = x.shape
    out_ND = x.new_empty(count, shape.heads * width)
    used = shape.rows * length
    out_ND[used:] = 0
    out_ND[:used].view(shape.rows, length, shape.heads, width).copy_(
        x.view(shape.rows, shape.heads, length, width).transpose(1, 2)
    )
    return out_ND
