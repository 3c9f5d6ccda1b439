"""Parts of layers as CTranslate2 wants them: norms, linear maps, attention; and two changes that leave what a network
computes as it is.

Legend: D width, H heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ctranslate2.specs import common_spec, model_spec

Array = npt.NDArray[np.float32]
ACTIVATIONS = {
    "gelu": common_spec.Activation.GELU,
    "gelu_python": common_spec.Activation.GELU,
    "gelu_new": common_spec.Activation.GELUTanh,
    "gelu_fast": common_spec.Activation.GELUTanh,
    "gelu_pytorch_tanh": common_spec.Activation.GELUTanh,
    "quick_gelu": common_spec.Activation.GELUSigmoid,
    "relu": common_spec.Activation.RELU,
    "silu": common_spec.Activation.SWISH,
    "swish": common_spec.Activation.SWISH,
}


@dataclass(frozen=True, slots=True)
class Heads:
    """Where alignment is read: the layer (from 0), and its heads, best first, which are moved to the front."""

    layer: int
    heads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear map: its weight (out, in) and its bias (out)."""

    weight: Array
    bias: Array

    def after(self, first: Linear) -> Linear:
        """This map behind `first`, as one; multiplied in double precision."""
        weight, wide = self.weight.astype(np.float64), first.weight.astype(np.float64)
        bias = weight @ first.bias.astype(np.float64) + self.bias
        return Linear((weight @ wide).astype(np.float32), bias.astype(np.float32))


def array(tensor: Any) -> Array:  # noqa: ANN401
    """A tensor's values."""
    values: Array = np.ascontiguousarray(tensor.detach().float().cpu().numpy())
    return values.copy()


def linear(module: Any) -> Linear:  # noqa: ANN401
    """The map of a torch Linear, or of transformers' Conv1D, whose weight is the other way round."""
    weight = array(module.weight.t() if type(module).__name__ == "Conv1D" else module.weight)
    bias = getattr(module, "bias", None)
    return Linear(weight, np.zeros(len(weight), np.float32) if bias is None else array(bias))


def set_linear(spec: common_spec.LinearSpec, *maps: Linear) -> None:
    """Give a specification one map, or several side by side."""
    spec.weight = np.concatenate([one.weight for one in maps])
    spec.bias = np.concatenate([one.bias for one in maps])


def set_norm(spec: common_spec.LayerNormSpec, module: Any) -> None:  # noqa: ANN401
    """Give a specification a layer norm's scale and shift."""
    spec.gamma, spec.beta = array(module.weight), array(module.bias)


def set_attention(spec: Any, maps: Sequence[Linear], itself: bool) -> None:  # noqa: ANN401
    """Give a specification the maps of an attention: query, key, value, out; `itself`: of self-attention."""
    query, key, value, out = maps
    if itself:
        set_linear(spec.linear[0], query, key, value)
    else:
        set_linear(spec.linear[0], query)
        set_linear(spec.linear[1], key, value)
    set_linear(spec.linear[-1], out)


def move_heads(decoder: Any, heads: Heads) -> None:  # noqa: ANN401
    """Let CTranslate2 tell the attention of these heads, and no others: it tells the mean of the first few of one
    layer. Which heads come first changes nothing, for a layer sums over them."""
    attention = decoder.layer[heads.layer].attention
    count = int(decoder.num_heads)
    order = [*heads.heads, *(head for head in range(count) if head not in heads.heads)]
    size = len(attention.linear[0].weight) // count
    places = np.concatenate([np.arange(head * size, (head + 1) * size) for head in order]).tolist()
    behind = [*places, *(count * size + place for place in places)]  # keys, and values below them
    for part, rows in ((attention.linear[0], places), (attention.linear[1], behind)):
        part.weight = part.weight[rows]
        if part.has_bias():
            part.bias = part.bias[rows]
    out = attention.linear[-1].weight[:, places]
    attention.linear[-1].weight = np.ascontiguousarray(out) if isinstance(out, np.ndarray) else out.contiguous()
    decoder.alignment_layer = np.int16(heads.layer)
    decoder.alignment_heads = np.int16(len(heads.heads))


def rescale(side: Any, factor: float) -> None:  # noqa: ANN401
    """Let a stack compute its stream of states `factor` times as large, and the same from it: what each layer norm sees
    grows by `factor`, so that its epsilon counts as if it were `factor` ** 2 times smaller. CTranslate2 has one epsilon
    for a whole network.

    Args:
        side: an encoder's or a decoder's specification, before it is validated.
        factor: above 0.
    """
    side.scale_embeddings = factor if side.scale_embeddings is False else float(side.scale_embeddings) * factor
    side.position_encodings.encodings = side.position_encodings.encodings * np.float32(factor)
    normed = (
        not side.pre_norm
    )  # then the stream comes out of layer norms, and must be made small again where it is read
    if normed:
        _multiply(side.layernorm_embedding, factor)
    for number, layer in enumerate(side.layer):
        last = number == len(side.layer) - 1
        parts = [(layer.self_attention, layer.self_attention.linear)]
        if hasattr(layer, "attention"):
            parts.append((layer.attention, layer.attention.linear))
        parts.append((layer.ffn, [layer.ffn.linear_0, layer.ffn.linear_1]))
        for part, maps in parts:
            _multiply(maps[-1], factor)
            if normed:
                maps[0].weight = maps[0].weight / np.float32(factor)
                if not (last and part is layer.ffn):
                    _multiply(part.layer_norm, factor)


def _multiply(spec: model_spec.LayerSpec, factor: float) -> None:
    for name in ("gamma", "beta", "weight", "bias"):
        value = getattr(spec, name, None)
        if isinstance(value, np.ndarray):
            setattr(spec, name, value * np.float32(factor))
