"""Which networks CTranslate2 can express exactly, and their specifications, complete with vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from ctranslate2.specs import transformer_spec

from calque.decoding.specification import bert, gpt2, native
from calque.decoding.specification.layer import Heads, linear, move_heads, rescale
from calque.errors import ModelError
from calque.model.family import Family

ENCODERS = ("bert", "bert-generation", "camembert", "distilbert", "electra", "roberta", "xlm-roberta")
DECODERS = ("bert", "bert-generation", "camembert", "electra", "gpt2", "roberta", "xglm", "xlm-roberta")
_WHY = {
    "albert": "its embeddings pass a linear map before the first layer",
    "gemma2": "it bends its attention and its outputs with a hyperbolic tangent",
    "deberta-v2": "its attention is disentangled into contents and positions",
    "modernbert": "its layers look around only locally by turns, with rotary positions",
    "mpnet": "it has absolute and relative positions at once",
}


def specification(
    family: Family,
    module: Any,  # noqa: ANN401
    heads: Heads | None = None,
    kept: Sequence[int] | None = None,
) -> Any:  # noqa: ANN401
    """What CTranslate2 needs to compute as `module` does, in float32, not yet validated.

    Args:
        family: whose network it is; its codecs' special tokens are named.
        module: in evaluation mode, on the CPU. A causal one may be used up: it must be loaded anew for other things.
        heads: the heads of cross-attention whose attention is to be told.
        kept: the target ids that the network has; None: all. The source side keeps its own, shared or not.

    Raises:
        ModelError: CTranslate2 cannot express it exactly; the message names what it can.
    """
    refuse_inexpressible(family, module)
    spec: Any
    if family.name == "pair":
        spec, epsilon = _pair(module)
    else:
        epsilon = epsilon_of(module.config)
        causal = family.name == "causal"
        spec = native.causal(module, 2 * family.max_length) if causal else native.seq2seq(module)
    if heads is not None:
        move_heads(spec.decoder, heads)
    if kept is not None:
        _keep(spec.decoder, list(kept))
    _name_tokens(spec, family, epsilon, kept)
    return spec


def refuse_inexpressible(family: Family, module: Any) -> None:  # noqa: ANN401
    """Raise ModelError where it is known from the kinds of a network that CTranslate2 cannot express it."""
    if family.name == "pair":
        _refuse_unknown(module.encoder.config.model_type, "encoder", ENCODERS)
        _refuse_unknown(module.decoder.config.model_type, "decoder", DECODERS)
    elif family.name == "seq2seq":
        _refuse_unknown(module.config.model_type, "encoder-decoder", native.SEQ2SEQ)
    else:
        _refuse_unknown(module.config.model_type, "decoder alone", tuple(native.CAUSAL))
        native.refuse_odd(module.config)


def _pair(module: Any) -> tuple[transformer_spec.TransformerSpec, float]:  # noqa: ANN401
    """The specification of a pair, and the epsilon of its layer norms."""
    first, second = module.encoder, module.decoder
    bridge = linear(module.enc_to_dec_proj) if hasattr(module, "enc_to_dec_proj") else None
    encoder = bert.encoder(first)
    mine, theirs = epsilon_of(first.config), epsilon_of(second.config)
    kind = second.config.model_type
    if kind in ("gpt2", "xglm"):
        decoder = (gpt2.decoder if kind == "gpt2" else gpt2.xglm)(second, bridge)
    else:
        decoder = bert.decoder(second, encoder.embeddings[0].weight.shape[1], bridge, theirs)
    if theirs != mine:
        rescale(decoder, float(np.sqrt(mine / theirs)))
    return transformer_spec.TransformerSpec(encoder, decoder), mine


def _refuse_unknown(kind: str, half: str, known: tuple[str, ...]) -> None:
    if kind not in known:
        why = f": {_WHY[kind]}" if kind in _WHY else ""
        raise ModelError(
            f"the {half} is of kind '{kind}', which CTranslate2 cannot express{why} ({half}s that can be exported: "
            f"{', '.join(known)}); translate with the weights themselves, --engine torch"
        )


def epsilon_of(config: Any) -> float:  # noqa: ANN401
    """What is added to the variance in layer norms."""
    if config.model_type == "distilbert":
        return 1e-12
    for name in ("rms_norm_eps", "layer_norm_epsilon", "layer_norm_eps"):
        if getattr(config, name, None) is not None:
            return float(getattr(config, name))
    return 1e-5  # torch's


def _keep(decoder: Any, kept: list[int]) -> None:  # noqa: ANN401
    """Leave the decoder these rows of embeddings and output layer; what it shares with the encoder is copied first."""
    decoder.embeddings.weight = decoder.embeddings.weight[kept]
    decoder.projection.weight = decoder.projection.weight[kept]
    if decoder.projection.has_bias():
        decoder.projection.bias = decoder.projection.bias[kept]


def _name_tokens(spec: Any, family: Family, epsilon: float, kept: Sequence[int] | None) -> None:  # noqa: ANN401
    """Call every row by its number, and say which tokens begin and end a target."""
    special = family.target
    if family.name == "causal":
        spec.register_vocabulary(_numbers(spec.get_vocabulary_size()))
    else:
        spec.register_source_vocabulary(_numbers(spec.get_source_vocabulary_size()[0]))
        spec.register_target_vocabulary(_numbers(spec.get_target_vocabulary_size()) if kept is None else _named(kept))
        spec.config.decoder_start_token = str(special.frame[0][0])
    spec.config.bos_token = str(special.bos)
    spec.config.eos_token = str(special.eos)
    spec.config.unk_token = str(special.eos if special.unk is None else special.unk)
    spec.config.layer_norm_epsilon = epsilon


def _numbers(count: int) -> list[str]:
    return _named(range(count))


def _named(ids: Iterable[int]) -> list[str]:
    return [str(number) for number in ids]
