"""One set of weights for encoder and decoder (Rothe et al. 2020, "Leveraging Pre-trained Checkpoints for Sequence
Generation Tasks": BERTSHARE), which halves the layers that must be learnt and kept in memory.

Both halves are transformers' BertGeneration, whose names agree. Shared are the layers (without cross-attention, which
the decoder alone has), the positions, and the words where both sides have one vocabulary. In memory every shared tensor
exists once, under the encoder's name. transformers ties nothing across the halves of a pair, so on disk the decoder has
its own copy, which calque drops again when it loads the folder: transformers alone computes the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import BertGenerationEncoder

from calque.model import parts
from calque.model.decoder import convert, decoder, plain_config
from calque.model.family import Build
from calque.model.parts import Part

_MARK = "tie_encoder_decoder"  # in config.json; what transformers 4 called it
_WORDS = "embeddings.word_embeddings.weight"


def halves(build: Build) -> tuple[Part, Part]:
    """An encoder and a decoder that `tie` can make one."""
    shape = parts.encoder(build).module.config if build.encoder is None else parts.configuration(build.encoder)
    half = decoder(build, shape)
    recipe, side = build.recipe, build.vocabularies.source
    config = plain_config(shape, parts.depth_of(half.module.config), side, is_decoder=False)
    parts.set_dropout(config, recipe.dropout, recipe.attention_dropout)
    module = BertGenerationEncoder(config)
    if build.encoder is None or recipe.random_weights:
        return Part(module, frozenset(), ("encoder: the weights of the decoder",)), half
    body = parts.body_of(build.encoder, recipe, random_weights=False)
    return Part(module, convert(body, module, side), ("encoder: the weights of the decoder",)), half


def one_vocabulary(build: Build) -> bool:
    """Whether both sides have the same pieces, with the same numbers."""
    source, target = build.vocabularies.source.codec, build.vocabularies.target.codec
    return source.special == target.special and source.pieces() == target.pieces()


def tie(pair: Any, one_vocabulary: bool) -> None:  # noqa: ANN401
    """Give the decoder the encoder's parameters, words only with `one_vocabulary`, and say so in the configuration."""
    body = pair.decoder.bert
    for name, parameter in pair.encoder.named_parameters():
        if name != _WORDS or one_vocabulary:
            module, _, own = name.rpartition(".")
            setattr(body.get_submodule(module), own, parameter)
    pair.decoder.tie_weights()  # the output layer follows the words
    setattr(pair.config, _MARK, True)


def is_shared(pair: Any) -> bool:  # noqa: ANN401
    """Whether the halves of a pair are one set of weights."""
    return bool(getattr(getattr(pair, "config", None), _MARK, False))


def tie_again(pair: Any) -> None:  # noqa: ANN401
    """Make one again what was one when the pair was saved, and was loaded as copies."""
    if is_shared(pair):
        words = [half.get_input_embeddings().weight for half in (pair.encoder, pair.decoder)]
        tie(pair, one_vocabulary=words[0].shape == words[1].shape and torch.equal(*words))


def apart(pair: Any) -> dict[str, Tensor]:  # noqa: ANN401
    """The pair's tensors by name, those that the encoder shares as copies, which transformers saves."""
    tensors: dict[str, Tensor] = pair.state_dict()
    if is_shared(pair):
        tensors |= {name: tensor.clone() for name, tensor in tensors.items() if name.startswith("encoder.")}
    return tensors
