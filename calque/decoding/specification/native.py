"""Networks for which CTranslate2 has loaders of its own: native encoder-decoders and decoders alone. Its loaders are
given the network alone, for they fail on tokenizers of transformers 5, and calque numbers its tokens itself; and what
they get wrong is set right here: a fresh BART's or mBART's configuration does not say where its layers are normalised,
and T5 scales its outputs where it says so, not where its embeddings are tied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from ctranslate2.converters import transformers as loaders
from ctranslate2.specs import model_spec

from calque.decoding.specification import gpt2
from calque.errors import ModelError

SEQ2SEQ = ("bart", "m2m_100", "marian", "mbart", "mt5", "t5")
CAUSAL = {
    "bloom": loaders.BloomLoader,
    "falcon": loaders.FalconLoader,
    "gemma": loaders.GemmaLoader,
    "gpt2": loaders.GPT2Loader,
    "gpt_bigcode": loaders.GPTBigCodeMHALoader,
    "gpt_neox": loaders.GPTNeoXLoader,
    "gptj": loaders.GPTJLoader,
    "llama": loaders.LlamaLoader,
    "mistral": loaders.MistralLoader,
    "opt": loaders.OPTLoader,
    "qwen2": loaders.Qwen2Loader,
    "qwen3": loaders.Qwen3Loader,
}
_THETA = 10000.0  # the base of rotary positions where CTranslate2's loader knows no other


def seq2seq(module: Any) -> Any:  # noqa: ANN401
    """The specification of a native encoder-decoder."""
    kind = module.config.model_type
    if kind in ("t5", "mt5"):
        return _t5(module)
    module.config.normalize_before = kind in ("mbart", "m2m_100")
    module.config.normalize_embedding = kind in ("bart", "mbart")
    loader = loaders.M2M100Loader() if kind == "m2m_100" else loaders.BartLoader()
    return loaders.BartLoader.get_model_spec(loader, module)  # nothing of Marian's is left out, as its own loader would


def _t5(module: Any) -> Any:  # noqa: ANN401
    spec = loaders.T5Loader().get_model_spec(module)
    scaled = bool(getattr(module.config, "scale_decoder_outputs", False))
    spec.decoder.scale_outputs = np.float32(module.config.d_model**-0.5) if scaled else model_spec.OPTIONAL
    return spec


def refuse_odd(config: Any) -> None:  # noqa: ANN401
    """Raise ModelError where a decoder alone is of a known kind, built in a way that CTranslate2 does not know."""
    kind = config.model_type
    if kind == "gpt2":
        gpt2.refuse_odd_attention(config)
    if kind == "gpt_bigcode" and not config.multi_query:
        raise ModelError("its heads have keys and values each, which CTranslate2 does not read of this kind")
    if kind == "falcon" and (config.new_decoder_architecture or not config.multi_query):
        raise ModelError("of Falcon's layers CTranslate2 reads only those with one head of keys, and one norm")
    if kind == "bloom" and config.apply_residual_connection_post_layernorm:
        raise ModelError("its residual connections begin behind the norms, which CTranslate2 has no place for")
    if kind == "gpt_neox" and config.rope_parameters.get("rope_theta", _THETA) != _THETA:
        raise ModelError(f"the base of its rotary positions is not {_THETA:g}, all that CTranslate2 has for this kind")


@torch.no_grad()
def causal(module: Any, longest: int) -> Any:  # noqa: ANN401
    """The specification of a decoder alone that sees at most `longest` tokens; the loader may take the network apart.

    A window of attention that is never full does nothing, and is left out.

    Raises:
        ModelError: it looks back over fewer tokens than that.
    """
    window = getattr(module.config, "sliding_window", None)
    if window is not None and window < longest:
        raise ModelError(f"it looks back over {window} tokens only, which CTranslate2 does in another way")
    module.config.sliding_window = None
    _name_as_before(module)
    return CAUSAL[module.config.model_type]().get_model_spec(module)


def _name_as_before(module: Any) -> None:  # noqa: ANN401
    """Give what transformers 5 renamed the names that the loaders look for."""
    config = module.config
    if config.model_type == "gpt_neox":
        config.rotary_pct = config.rope_parameters.get("partial_rotary_factor", 1.0)
        module.embed_out = module.lm_head
