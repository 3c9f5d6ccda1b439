"""GPT-2 and XGLM as the decoders of a pair: language models to which cross-attention was added."""

from __future__ import annotations

from typing import Any

import numpy as np
from ctranslate2.specs import transformer_spec

from calque.decoding.specification.layer import (
    ACTIVATIONS,
    Linear,
    array,
    linear,
    set_attention,
    set_linear,
    set_norm,
)
from calque.errors import ModelError


def decoder(module: Any, bridge: Linear | None) -> transformer_spec.TransformerDecoderSpec:  # noqa: ANN401
    """GPT-2 as decoder.

    Args:
        module: with its head.
        bridge: what maps the encoder's states to the decoder's width, where these differ.
    """
    config, body = module.config, module.transformer
    refuse_odd_attention(config)
    spec = _specification(config.n_layer, config.n_head, config.activation_function)
    spec.embeddings.weight = array(body.wte.weight)
    spec.scale_embeddings = False
    spec.position_encodings.encodings = array(body.wpe.weight)
    set_norm(spec.layer_norm, body.ln_f)
    for part, layer in zip(spec.layer, body.h, strict=True):
        own, cross = layer.attn, layer.crossattention
        set_attention(part.self_attention, (*_apart(linear(own.c_attn), 3), linear(own.c_proj)), itself=True)
        set_norm(part.self_attention.layer_norm, layer.ln_1)
        key, value = _apart(linear(cross.c_attn), 2)
        maps = linear(cross.q_attn), *_bridged(bridge, key, value), linear(cross.c_proj)
        set_attention(part.attention, maps, itself=False)
        set_norm(part.attention.layer_norm, layer.ln_cross_attn)
        set_linear(part.ffn.linear_0, linear(layer.mlp.c_fc))
        set_linear(part.ffn.linear_1, linear(layer.mlp.c_proj))
        set_norm(part.ffn.layer_norm, layer.ln_2)
    set_linear(spec.projection, linear(module.lm_head))
    return spec


def xglm(module: Any, bridge: Linear | None) -> transformer_spec.TransformerDecoderSpec:  # noqa: ANN401
    """XGLM as decoder; arguments as of `decoder`."""
    config, body = module.config, module.model
    spec = _specification(config.num_layers, config.attention_heads, config.activation_function)
    spec.embeddings.weight = array(body.embed_tokens.weight)
    spec.scale_embeddings = float(np.sqrt(config.d_model)) if config.scale_embedding else False
    spec.position_encodings.encodings = array(body.embed_positions.weights)[body.embed_positions.offset :]
    set_norm(spec.layer_norm, body.layer_norm)
    for part, layer in zip(spec.layer, body.layers, strict=True):
        set_attention(part.self_attention, _maps(layer.self_attn), itself=True)
        set_norm(part.self_attention.layer_norm, layer.self_attn_layer_norm)
        query, key, value, out = _maps(layer.encoder_attn)
        maps = query, *_bridged(bridge, key, value), out
        set_attention(part.attention, maps, itself=False)
        set_norm(part.attention.layer_norm, layer.encoder_attn_layer_norm)
        set_linear(part.ffn.linear_0, linear(layer.fc1))
        set_linear(part.ffn.linear_1, linear(layer.fc2))
        set_norm(part.ffn.layer_norm, layer.final_layer_norm)
    set_linear(spec.projection, linear(module.lm_head))
    return spec


def refuse_odd_attention(config: Any) -> None:  # noqa: ANN401
    """Raise ModelError where GPT-2's attention is scaled in an unusual way."""
    if not config.scale_attn_weights or config.scale_attn_by_inverse_layer_idx:
        raise ModelError("its attention is not scaled by the square root of a head's width, as CTranslate2 does it")


def _specification(depth: int, heads: int, activation: str) -> transformer_spec.TransformerDecoderSpec:
    if activation not in ACTIVATIONS:
        raise ModelError(f"CTranslate2 has no activation '{activation}' (it has {', '.join(ACTIVATIONS)})")
    return transformer_spec.TransformerDecoderSpec(depth, heads, pre_norm=True, activation=ACTIVATIONS[activation])


def _maps(attention: Any) -> list[Linear]:  # noqa: ANN401
    return [linear(getattr(attention, name)) for name in ("q_proj", "k_proj", "v_proj", "out_proj")]


def _apart(fused: Linear, count: int) -> list[Linear]:
    """The maps that lie side by side in one."""
    weights, biases = np.split(fused.weight, count), np.split(fused.bias, count)
    return [Linear(weight, bias) for weight, bias in zip(weights, biases, strict=True)]


def _bridged(bridge: Linear | None, key: Linear, value: Linear) -> tuple[Linear, Linear]:
    return (key, value) if bridge is None else (key.after(bridge), value.after(bridge))
