"""Floating-point operations of an encoder-decoder with BERT's layers, counted by hand.

Legend: S source tokens, T scored target positions, D width, F feed-forward width, V target vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """What the count depends on. `width` is that of both halves; `transform` tells whether the decoder has BERT's own
    head, with one more D x D product before the output layer."""

    encoder_layers: int
    decoder_layers: int
    width: int
    feed_forward: int
    vocabulary: int
    transform: bool = False


def forward(shape: Shape, source: int, target: int) -> int:
    """Operations of one sentence's forward pass, of which `source` tokens are read and `target` are scored.

    A product of (a, b) and (b, c) matrices counts 2abc, everything else nothing. Causal attention counts in full, since
    dense kernels compute in full. Biases, norms, softmax, dropout, embeddings and the optimizer are left out, so the
    share of a peak that is told with this is what the matrix unit was kept busy with, never more.
    """
    S, T, D, F = source, target, shape.width, shape.feed_forward
    encoder = 8 * S * D * D + 4 * S * S * D + 4 * S * D * F
    own = 8 * T * D * D + 4 * T * T * D + 4 * T * D * F
    cross = 4 * T * D * D + 4 * S * D * D + 4 * T * S * D
    head = 2 * T * D * shape.vocabulary + (2 * T * D * D if shape.transform else 0)
    return shape.encoder_layers * encoder + shape.decoder_layers * (own + cross) + head


def training(shape: Shape, source: int, target: int) -> int:
    """Operations of a forward and backward pass: each product has two of its size behind it, one for the gradient of
    either factor (Kaplan et al. 2020, section 2.1)."""
    return 3 * forward(shape, source, target)
