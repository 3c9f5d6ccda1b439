"""The decoder of a pair: new, converted from BERT's layout, or a language model with cross-attention added.

A new or converted one is transformers' BertGeneration: BERT's layers with a bare output layer tied to its embeddings,
so that it can be exported exactly. Its weights come from any checkpoint with BERT's layout; token type 0, the only one
a sentence alone ever has, is folded into the positions, and RoBERTa's two unused positions are dropped. GPT-2 and XGLM
stay what they are.

Legend: V vocabulary, D width.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, BertGenerationConfig
from transformers import BertGenerationDecoder as Decoder

from calque.errors import ModelError
from calque.model import parts
from calque.model.embeddings import copy_rows, drawn_embeddings
from calque.model.family import Build
from calque.model.kinds import LANGUAGE_MODELS, OFFSET
from calque.model.parts import Part
from calque.model.vocabulary import Side

_SCALE = 0.1  # of the cross-attention's output where it is 'scaled'
_CROSSING = ("crossattention", "ln_cross_attn", "encoder_attn")  # names of what looks at the source
_TOO_DEEP = "--decoder-layers {0}: the checkpoint has only {1}; give --decoder-layers {1}, or --decoder new"


def decoder(build: Build, encoder_config: Any) -> Part:  # noqa: ANN401
    """The decoder that the recipe asks for; a new one has the encoder's shape.

    Raises:
        ModelError: the checkpoint lacks weights, layers or positions.
    """
    if build.recipe.head == "own":
        return _with_own_head(build)
    if build.decoder is not None and build.decoder.kind in LANGUAGE_MODELS:
        return _language_model(build)
    recipe, side = build.recipe, build.vocabularies.target
    shape = encoder_config if build.decoder is None else parts.configuration(build.decoder)
    usual = parts.depth_of(shape) if build.encoder or build.decoder else recipe.encoder_layers or 6
    depth = recipe.decoder_layers or usual
    config = plain_config(shape, depth, side, is_decoder=True)
    parts.set_dropout(config, recipe.dropout, recipe.attention_dropout)
    module = Decoder(config)
    module.tie_weights()
    if build.decoder is None or recipe.random_weights:
        return Part(module, frozenset(), (f"decoder: new, {depth} layers",))
    body = parts.body_of(build.decoder, recipe, random_weights=False)
    parts.check_positions(build.decoder, body.config, side.codec.max_length)
    copied = {f"bert.{name}" for name in convert(body, module.bert, side, recipe.cross_attention)}
    if build.decoder.kind == "bert-generation":  # the same plain head
        kept = parts.configuration(build.decoder)
        old = parts.network_of(Decoder, build.decoder, kept, False, may_lack=(*_CROSSING, "lm_head"))
        copy_rows(module.lm_head.bias.data, old.lm_head.bias.data, side.rows)
        copied.add("lm_head.bias")
    note = f"decoder: {depth} layers of {build.decoder.name}, cross-attention {recipe.cross_attention}, plain tied head"
    return Part(module, frozenset(copied), (note,))


def plain_config(shape: Any, depth: int, side: Side, is_decoder: bool) -> BertGenerationConfig:  # noqa: ANN401
    """The configuration of BERT's layers in the `shape` of another, with the vocabulary of `side`."""
    special = side.codec.special
    return BertGenerationConfig(
        vocab_size=side.codec.size,
        hidden_size=shape.hidden_size,
        num_hidden_layers=depth,
        num_attention_heads=shape.num_attention_heads,
        intermediate_size=getattr(shape, "intermediate_size", None) or 4 * shape.hidden_size,
        hidden_act=getattr(shape, "hidden_act", "gelu"),
        layer_norm_eps=getattr(shape, "layer_norm_eps", 1e-12),
        max_position_embeddings=side.codec.max_length,
        pad_token_id=special.pad,
        bos_token_id=special.bos,
        eos_token_id=special.eos,
        is_decoder=is_decoder,
        add_cross_attention=is_decoder,
        tie_word_embeddings=True,
    )


@torch.no_grad()
def convert(body: Any, target: Any, side: Side, cross_attention: str = "new") -> frozenset[str]:  # noqa: ANN401
    """Copy a BERT-like body into BertGeneration's; the names of the parameters that were copied."""
    embeddings, old = target.embeddings, body.embeddings
    embeddings.word_embeddings.weight.copy_(drawn_embeddings(old.word_embeddings.weight, side.codec.size, side.rows))
    first = OFFSET.get(body.config.model_type, 0)
    positions = old.position_embeddings.weight[first : first + embeddings.position_embeddings.num_embeddings]
    types = dict(old.named_parameters()).get("token_type_embeddings.weight")
    embeddings.position_embeddings.weight.copy_(positions if types is None else positions + types[0])
    embeddings.LayerNorm.load_state_dict(old.LayerNorm.state_dict())
    copied = {"position_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias"}
    if 2 * len(side.rows) >= side.codec.size:
        copied.add("word_embeddings.weight")
    copied = {f"embeddings.{name}" for name in copied}
    layers, known = target.encoder.layer, len(body.encoder.layer)
    if len(layers) > known:
        raise ModelError(_TOO_DEEP.format(len(layers), known))
    for i, j in enumerate(parts.spread(len(layers), known)):
        names = _copy_layer(body.encoder.layer[j], layers[i], cross_attention)
        copied |= {f"encoder.layer.{i}.{name}" for name in names}
    return frozenset(copied)


def _copy_layer(old: Any, new: Any, cross_attention: str) -> set[str]:  # noqa: ANN401
    state = dict(old.state_dict())
    if cross_attention != "new":
        for name in list(state):
            if name.startswith("attention."):
                state["crossattention." + name.removeprefix("attention.")] = state[name].clone()
    if cross_attention == "scaled":
        for name in ("crossattention.output.dense.weight", "crossattention.output.dense.bias"):
            state[name] *= _SCALE
    new.load_state_dict(state, strict=False)
    return set(state)


def _with_own_head(build: Build) -> Part:
    """A BERT-like decoder in transformers' own class, with the transform of its head."""
    recipe, side = build.recipe, build.vocabularies.target
    module = _causal(build)
    if recipe.decoder_layers not in (None, parts.depth_of(module.config)):
        raise ModelError("--head own keeps the checkpoint's depth: leave out --decoder-layers")
    if not recipe.random_weights and recipe.cross_attention != "new":
        for layer in module.base_model.encoder.layer:
            _copy_layer(copy.deepcopy(layer), layer, recipe.cross_attention)
    fresh = parts.fit_embeddings(module, side)
    _replace_output(module, side.codec.size, side.rows)
    name = "" if build.decoder is None else build.decoder.name
    note = f"decoder: {name} with its own head transform, which export cannot always reproduce"
    return _part(build, module, fresh, note)


def _causal(build: Build, **changes: Any) -> Any:  # noqa: ANN401
    """The decoder's checkpoint as transformers' causal language model with cross-attention, its configuration changed
    so."""
    if build.decoder is None:
        raise ValueError("a decoder of new weights has no checkpoint")
    config = parts.configuration(build.decoder)
    for name, value in {"is_decoder": True, "add_cross_attention": True, **changes}.items():
        setattr(config, name, value)
    parts.check_positions(build.decoder, config, build.vocabularies.target.codec.max_length)
    parts.set_dropout(config, build.recipe.dropout, build.recipe.attention_dropout)
    may_lack = (*_CROSSING, "pooler")
    return parts.network_of(AutoModelForCausalLM, build.decoder, config, build.recipe.random_weights, may_lack)


def _part(build: Build, module: Any, fresh: bool, note: str) -> Part:  # noqa: ANN401
    """What transformers loaded, as half of a pair; cross-attention is new where it was not copied."""
    if build.recipe.random_weights:
        return Part(module, frozenset(), (note,))
    new = _CROSSING if build.recipe.cross_attention == "new" else ()
    return Part(module, parts.names_of(module, fresh, new), (note,))


@torch.no_grad()
def _replace_output(module: Any, size: int, rows: Sequence[tuple[int, int]]) -> None:  # noqa: ANN401
    old = module.get_output_embeddings()
    new = nn.Linear(old.in_features, size)
    new.bias.zero_()
    if old.bias is not None:
        copy_rows(new.bias, old.bias, rows)
    new.weight = module.get_input_embeddings().weight
    module.set_output_embeddings(new)
    module.tie_weights()


def _language_model(build: Build) -> Part:
    """GPT-2 or XGLM as it is. Its configuration knows no padding token: XGLM would blank the position of that number,
    and GPT-2 would warn of padding, which on the right of a causal network nobody sees."""
    recipe, side = build.recipe, build.vocabularies.target
    whole = {"layerdrop": 0.0} if build.decoder is not None and build.decoder.kind == "xglm" else {}
    module = _causal(build, pad_token_id=None, **whole)
    module = _shallower(module, recipe.decoder_layers)
    if not recipe.random_weights and recipe.cross_attention != "new":
        for layer in _blocks(module):
            _copy_attention(layer, _SCALE if recipe.cross_attention == "scaled" else 1.0)
    fresh = _fit_language_model(module, side)
    name = "" if build.decoder is None else build.decoder.name
    depth = f"{parts.depth_of(module.config)} layers of {name}"
    return _part(build, module, fresh, f"decoder: {depth}, cross-attention {recipe.cross_attention}, its own tied head")


def _blocks(module: Any) -> nn.ModuleList:  # noqa: ANN401
    """The layers of GPT-2 or XGLM."""
    body = module.base_model
    return body.h if module.config.model_type == "gpt2" else body.layers  # type: ignore[no-any-return]


def _shallower(module: Any, depth: int | None) -> Any:  # noqa: ANN401
    """The network with `depth` of its layers, spread evenly. A new one is made, for its layers know their numbers."""
    known = parts.depth_of(module.config)
    if depth in (None, known):
        return module
    if depth > known:
        raise ModelError(_TOO_DEEP.format(depth, known))
    config = copy.deepcopy(module.config)
    config.num_hidden_layers = depth
    new = type(module)(config)
    kept = parts.spread(depth, known)
    chosen = [_blocks(module)[i] for i in kept]
    del _blocks(module)[:]
    new.load_state_dict(module.state_dict(), strict=False)
    for old, layer in zip(chosen, _blocks(new), strict=True):
        layer.load_state_dict(old.state_dict())
    return new.train(module.training)


@torch.no_grad()
def _copy_attention(layer: Any, scale: float) -> None:  # noqa: ANN401
    """Let a layer's cross-attention, and the norm before it, begin as its self-attention."""
    if hasattr(layer, "encoder_attn"):  # XGLM
        layer.encoder_attn.load_state_dict(layer.self_attn.state_dict())
        layer.encoder_attn_layer_norm.load_state_dict(layer.self_attn_layer_norm.state_dict())
        out = layer.encoder_attn.out_proj
    else:  # GPT-2: one matrix for query, key and value
        own, cross, width = layer.attn, layer.crossattention, layer.attn.embed_dim
        for name in ("weight", "bias"):
            fused = getattr(own.c_attn, name)
            getattr(cross.q_attn, name).copy_(fused[..., :width])
            getattr(cross.c_attn, name).copy_(fused[..., width:])
        cross.c_proj.load_state_dict(own.c_proj.state_dict())
        layer.ln_cross_attn.load_state_dict(layer.ln_1.state_dict())
        out = cross.c_proj
    out.weight *= scale
    out.bias *= scale


def _fit_language_model(module: Any, side: Side) -> bool:  # noqa: ANN401
    """Give input and output embeddings the vocabulary of `side`, tied where they were; whether most are new."""
    words, output = module.get_input_embeddings(), module.get_output_embeddings()
    tied = output.weight is words.weight
    apart = None if tied else drawn_embeddings(output.weight.data, side.codec.size, side.rows)
    fresh = parts.fit_embeddings(module, side)
    output.weight = words.weight if apart is None else nn.Parameter(apart)
    output.out_features = side.codec.size
    return fresh
