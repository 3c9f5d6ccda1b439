"""New networks for language models: BERT's encoder, a decoder with BERT's layers, and BART's encoder-decoder.

The decoder is transformers' BertGeneration, which is what the decoder of a pair is too (see parts): a pair that begins
with it takes over every weight, the output layer's bias included.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    BertGenerationConfig,
    BertGenerationDecoder,
    GenerationConfig,
    MBartConfig,
    MBartForConditionalGeneration,
)

from calque.recipes.pretrain import Pretrain
from calque.text.codec import Codec

LAYERS = 4  # where neither recipe nor preset say how many


def new(recipe: Pretrain, codec: Codec) -> nn.Module:
    """A network with random weights, of the shape that the recipe says, for the codec's ids and row length."""
    special = codec.special
    tokens = {"pad_token_id": special.pad, "bos_token_id": special.bos, "eos_token_id": special.eos}
    if recipe.objective == "denoise":
        return _encoder_decoder(recipe, codec, tokens)
    encodes = recipe.objective == "mlm"
    shape: dict[str, Any] = {
        "vocab_size": codec.size,
        "hidden_size": recipe.width,
        "num_hidden_layers": (recipe.encoder_layers if encodes else recipe.decoder_layers) or LAYERS,
        "num_attention_heads": recipe.heads,
        "intermediate_size": recipe.feed_forward,
        "max_position_embeddings": codec.max_length,
        "hidden_dropout_prob": recipe.dropout,
        "attention_probs_dropout_prob": recipe.attention_dropout,
        "tie_word_embeddings": True,
    }
    if encodes:
        return BertForMaskedLM(BertConfig(type_vocab_size=1, **shape, **tokens))  # type: ignore[no-any-return]
    config = BertGenerationConfig(is_decoder=True, add_cross_attention=False, **shape, **tokens)
    module = BertGenerationDecoder(config)
    module.tie_weights()
    module.generation_config = GenerationConfig(**tokens, max_length=codec.max_length)
    return module  # type: ignore[no-any-return]


def _encoder_decoder(recipe: Pretrain, codec: Codec, tokens: dict[str, int]) -> nn.Module:
    """BART, or mBART where there are several languages."""
    start, first = {"decoder_start_token_id": codec.special.eos}, {"forced_bos_token_id": codec.special.bos}
    if recipe.multilingual:  # the decoder begins with a language's token
        start = first = {}
    shape: dict[str, Any] = {
        "vocab_size": codec.size,
        "d_model": recipe.width,
        "encoder_layers": recipe.encoder_layers or LAYERS,
        "decoder_layers": recipe.decoder_layers or LAYERS,
        "encoder_attention_heads": recipe.heads,
        "decoder_attention_heads": recipe.heads,
        "encoder_ffn_dim": recipe.feed_forward,
        "decoder_ffn_dim": recipe.feed_forward,
        "max_position_embeddings": codec.max_length,
        "dropout": recipe.dropout,
        "attention_dropout": recipe.attention_dropout,
        "activation_dropout": 0.0,
        "forced_eos_token_id": None,
    }
    kinds = (
        (MBartConfig, MBartForConditionalGeneration)
        if recipe.multilingual
        else (
            BartConfig,
            BartForConditionalGeneration,
        )
    )
    module = kinds[1](kinds[0](**shape, **tokens, **start))
    module.generation_config = GenerationConfig(**tokens, **start, **first, max_length=codec.max_length)
    return module  # type: ignore[no-any-return]
