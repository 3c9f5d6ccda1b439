"""BERT's layout as encoder and as decoder: BERT, RoBERTa, XLM-R, CamemBERT, ELECTRA, BertGeneration and DistilBERT.

What CTranslate2 has no place for is folded into what it has, exactly: token type 0 into the positions, RoBERTa's two
unused positions are left out, the map between halves of different widths goes into the keys and values of
cross-attention, and the transform of a language model's head becomes one more layer.

Legend: D width, H heads, P positions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ctranslate2.specs import transformer_spec

from calque.decoding.specification.layer import (
    ACTIVATIONS,
    Array,
    Linear,
    array,
    linear,
    set_attention,
    set_linear,
    set_norm,
)
from calque.errors import ModelError
from calque.model.kinds import OFFSET

DISTIL = "distilbert"


def encoder(module: Any) -> transformer_spec.TransformerEncoderSpec:  # noqa: ANN401
    """The encoder of a pair."""
    config = module.config
    distil = config.model_type == DISTIL
    depth, heads = (config.n_layers, config.n_heads) if distil else (config.num_hidden_layers, _heads(config))
    spec = transformer_spec.TransformerEncoderSpec(
        depth,
        heads,
        pre_norm=False,
        activation=_activation(config.activation if distil else config.hidden_act),
        layernorm_embedding=True,
    )
    _set_embeddings(spec, spec.embeddings[0], module)
    layers = module.transformer.layer if distil else module.encoder.layer
    for part, layer in zip(spec.layer, layers, strict=True):
        if distil:
            _set_distil_layer(part, layer)
        else:
            _set_layer(part, layer)
    return spec


def decoder(
    module: Any,  # noqa: ANN401
    width: int,
    bridge: Linear | None,
    epsilon: float,
) -> transformer_spec.TransformerDecoderSpec:
    """The decoder of a pair.

    Args:
        module: with its head.
        width: the encoder's.
        bridge: what maps the encoder's states to the decoder's width, where these differ.
        epsilon: of the layer norms.
    """
    config, body = module.config, module.base_model
    transform = _transform(module)
    depth = config.num_hidden_layers
    spec = transformer_spec.TransformerDecoderSpec(
        depth + (transform is not None),
        _heads(config),
        pre_norm=False,
        activation=_activation(config.hidden_act),
        layernorm_embedding=True,
        alignment_layer=depth - 1,
    )
    _set_embeddings(spec, spec.embeddings, body)
    for part, layer in zip(spec.layer, body.encoder.layer, strict=False):
        _set_layer(part, layer)
        cross = layer.crossattention
        query, key, value = (linear(getattr(cross.self, name)) for name in ("query", "key", "value"))
        if bridge is not None:
            key, value = key.after(bridge), value.after(bridge)
        set_attention(part.attention, (query, key, value, linear(cross.output.dense)), itself=False)
        set_norm(part.attention.layer_norm, cross.output.LayerNorm)
    if transform is not None:
        if _activation(config.hidden_act) != ACTIVATIONS["gelu"]:
            raise ModelError(f"its head's transform with '{config.hidden_act}' cannot be expressed: only with gelu")
        _fold_head(spec, *transform, width, epsilon)
    set_linear(spec.projection, linear(module.get_output_embeddings()))
    return spec


def _heads(config: Any) -> int:  # noqa: ANN401
    return int(config.num_attention_heads)


def _activation(name: Any) -> int:  # noqa: ANN401
    if name not in ACTIVATIONS:
        raise ModelError(f"CTranslate2 has no activation '{name}' (it has {', '.join(ACTIVATIONS)})")
    return int(ACTIVATIONS[name])


def _set_embeddings(spec: Any, words: Any, module: Any) -> None:  # noqa: ANN401
    """Words, positions and the norm behind them."""
    embeddings = module.embeddings
    if getattr(module, "embeddings_project", None) is not None:
        raise ModelError(
            "its embeddings are narrower than its layers, and CTranslate2 has no place for the map between them"
        )
    words.weight = array(embeddings.word_embeddings.weight)
    spec.scale_embeddings = False
    positions_PD = array(embeddings.position_embeddings.weight)[OFFSET.get(module.config.model_type, 0) :]
    types = getattr(embeddings, "token_type_embeddings", None)
    if types is not None:
        positions_PD = positions_PD + array(types.weight)[0]
    spec.position_encodings.encodings = positions_PD
    set_norm(spec.layernorm_embedding, embeddings.LayerNorm)


def _set_layer(spec: Any, layer: Any) -> None:  # noqa: ANN401
    """Self-attention and feed-forward part of a layer."""
    own = layer.attention
    maps = [linear(getattr(own.self, name)) for name in ("query", "key", "value")]
    set_attention(spec.self_attention, (*maps, linear(own.output.dense)), itself=True)
    set_norm(spec.self_attention.layer_norm, own.output.LayerNorm)
    set_linear(spec.ffn.linear_0, linear(layer.intermediate.dense))
    set_linear(spec.ffn.linear_1, linear(layer.output.dense))
    set_norm(spec.ffn.layer_norm, layer.output.LayerNorm)


def _set_distil_layer(spec: Any, layer: Any) -> None:  # noqa: ANN401
    own = layer.attention
    maps = [linear(getattr(own, name)) for name in ("q_lin", "k_lin", "v_lin", "out_lin")]
    set_attention(spec.self_attention, maps, itself=True)
    set_norm(spec.self_attention.layer_norm, layer.sa_layer_norm)
    set_linear(spec.ffn.linear_0, linear(layer.ffn.lin1))
    set_linear(spec.ffn.linear_1, linear(layer.ffn.lin2))
    set_norm(spec.ffn.layer_norm, layer.output_layer_norm)


def _transform(module: Any) -> tuple[Linear, Array, Array] | None:  # noqa: ANN401
    """What the head does before the output layer: a linear map, gelu, and a norm's scale and shift."""
    name = type(module).__name__
    if name.startswith("BertGeneration"):
        return None
    if name == "BertLMHeadModel":
        head = module.cls.predictions.transform
        return linear(head.dense), array(head.LayerNorm.weight), array(head.LayerNorm.bias)
    if name == "ElectraForCausalLM":
        head = module.generator_predictions
        return linear(head.dense), array(head.LayerNorm.weight), array(head.LayerNorm.bias)
    head = module.lm_head  # RoBERTa and its kin
    return linear(head.dense), array(head.layer_norm.weight), array(head.layer_norm.bias)


def _fold_head(spec: Any, dense: Linear, gamma: Array, beta: Array, width: int, epsilon: float) -> None:  # noqa: ANN401
    """Make LN(gelu(W x + c)) one more layer.

    Its attentions are zero, so that their norms see x alone. The norm of the layer before leaves its states
    normalised, and normalising them again changes nothing but by the epsilon, which their scales make good; the last of
    these norms has the scale and the shift that the layer before should have had. The feed-forward part has 3 D units:
    gelu(W x + c) - (gelu(x) - gelu(-x)), which is gelu(W x + c) - x, and the residual adds x.
    """
    size = len(dense.weight)
    before, layer = spec.layer[-2].ffn.layer_norm, spec.layer[-1]
    last_gamma, last_beta = before.gamma, before.beta
    again = np.full(size, np.sqrt(1 + epsilon), np.float32)
    none = np.zeros(size, np.float32)
    before.gamma, before.beta = np.ones(size, np.float32), none
    zero, far = (Linear(np.zeros((size, wide), np.float32), none) for wide in (size, width))
    set_attention(layer.self_attention, (zero, zero, zero, zero), itself=True)
    set_attention(layer.attention, (zero, far, far, zero), itself=False)
    layer.self_attention.layer_norm.gamma, layer.self_attention.layer_norm.beta = again, none
    layer.attention.layer_norm.gamma, layer.attention.layer_norm.beta = again * last_gamma, last_beta
    one = np.eye(size, dtype=np.float32)
    set_linear(layer.ffn.linear_0, dense, Linear(one, none), Linear(-one, none))
    set_linear(layer.ffn.linear_1, Linear(np.ascontiguousarray(np.concatenate([one, -one, one], 1)), none))
    layer.ffn.layer_norm.gamma, layer.ffn.layer_norm.beta = gamma, beta
