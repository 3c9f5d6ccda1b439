"""Networks for which CTranslate2 has loaders of its own: native encoder-decoders and decoders alone. Its loaders are
given the network alone, for they fail on tokenizers of transformers 5, and calque numbers its tokens itself; and what
they get wrong is set right here: a fresh BART's or mBART's configuration does not say where its layers are normalised,
and T5 scales its outputs where it says so, not where its embeddings are tied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ctranslate2.converters import transformers as loaders
from ctranslate2.specs import model_spec

from calque.errors import ModelError

SEQ2SEQ = ("bart", "m2m_100", "marian", "mbart", "mt5", "t5")
CAUSAL = {
    "gemma": loaders.GemmaLoader,
    "gpt2": loaders.GPT2Loader,
    "llama": loaders.LlamaLoader,
    "mistral": loaders.MistralLoader,
    "qwen2": loaders.Qwen2Loader,
    "qwen3": loaders.Qwen3Loader,
}


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
    return CAUSAL[module.config.model_type]().get_model_spec(module)
