"""How a network looks at the source while it says a translation.

Legend: L layers, B rows, H heads, T target length, S source length.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from calque.model.batch import Batch


def crosswise(module: nn.Module, batch: Batch) -> Tensor | None:
    """The cross-attention of an encoder-decoder over the batch's targets, (L, B, H, T, S); None where it does not tell.

    One forward pass, with attention computed in plain steps: fused kernels never have the weights.
    """
    network: Any = module
    with _plainly(module):
        out = network(
            input_ids=batch.inputs_BS,
            attention_mask=batch.mask_BS,
            decoder_input_ids=batch.prefix_BT,
            output_attentions=True,
            use_cache=False,
        )
    return _stacked(out.cross_attentions)


def backwards(module: nn.Module, ids_BL: Tensor) -> Tensor | None:
    """The attention of a decoder alone over its own stream, (L, B, H, length, length); None where it does not tell."""
    network: Any = module
    with _plainly(module):
        out = network(input_ids=ids_BL, attention_mask=torch.ones_like(ids_BL), output_attentions=True, use_cache=False)
    return _stacked(out.attentions)


def _stacked(layers: tuple[Tensor | None, ...] | None) -> Tensor | None:
    told = [layer for layer in layers or () if layer is not None]
    return torch.stack(told).float() if told else None


@contextmanager
def _plainly(module: nn.Module) -> Iterator[None]:
    """Let every part of a network compute attention in plain steps while the block runs."""
    configs = {id(part.config): part.config for part in module.modules() if isinstance(part, PreTrainedModel)}
    before = [(config, config._attn_implementation) for config in configs.values()]
    try:
        for config, _ in before:
            config._attn_implementation = "eager"
        yield
    finally:
        for config, kind in before:
            config._attn_implementation = kind
