"""The encoder of a pair, pretrained or new, and what both halves are read from checkpoints with."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    BertConfig,
    BertModel,
    EncoderDecoderConfig,
    EncoderDecoderModel,
)

from calque.errors import ModelError, is_out_of_memory
from calque.model.embeddings import drawn_embeddings
from calque.model.family import Build
from calque.model.kinds import OFFSET
from calque.model.pretrained import Pretrained
from calque.model.vocabulary import Side
from calque.recipes.architecture import Architecture

_BARE = ("BertGenerationDecoder", "GPT2LMHeadModel", "XGLMForCausalLM")  # an output layer is all the head there is
_HIDDEN_DROPOUT = (
    "hidden_dropout_prob", "dropout", "dropout_rate", "embedding_dropout", "mlp_dropout", "resid_pdrop", "embd_pdrop"
)  # fmt: skip
_ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop")
IMPLEMENTATIONS = {"matmul": "eager", "sdpa": "sdpa"}  # what transformers calls the kinds of attention
_TOLD = 300  # characters at most of what transformers says of a folder


@dataclass(frozen=True, slots=True)
class Part:
    """Half of a pair, the names of its parameters that carry pretrained weights, and notes for the user."""

    module: Any
    pretrained: frozenset[str]
    notes: tuple[str, ...] = ()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from reporting what is checked here anyway."""
    logging = transformers.utils.logging
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def encoder(build: Build) -> Part:
    """The encoder with its vocabulary, depth and dropout as the recipe says."""
    recipe, side = build.recipe, build.vocabularies.source
    if build.encoder is None:
        config = BertConfig(
            vocab_size=side.codec.size,
            hidden_size=recipe.width,
            num_hidden_layers=recipe.encoder_layers or 6,
            num_attention_heads=recipe.heads,
            intermediate_size=recipe.feed_forward,
            max_position_embeddings=side.codec.max_length,
            pad_token_id=side.codec.special.pad,
            type_vocab_size=1,
        )
        set_dropout(config, recipe.dropout, recipe.attention_dropout)
        return Part(BertModel(config), frozenset())
    module = body_of(build.encoder, recipe, recipe.random_weights)
    check_positions(build.encoder, module.config, side.codec.max_length)
    _keep_layers(module, recipe.encoder_layers)
    fresh = fit_embeddings(module, side)
    if recipe.random_weights:
        return Part(module, frozenset(), (f"encoder: the shape of {build.encoder.name}, random weights",))
    return Part(module, names_of(module, fresh), (f"encoder: {build.encoder.name} ({build.encoder.kind})",))


def joined(encoder: Any, decoder: Any) -> EncoderDecoderModel:  # noqa: ANN401
    """Encoder and decoder as one network. Joining initialises every layer that transformers did not load itself, such
    as replaced embeddings, so the weights are put back afterwards; and it makes copies of the configurations, which the
    layers then never hear from again, so it is told to keep those that there are."""
    config = EncoderDecoderConfig.from_encoder_decoder_configs(encoder.config, decoder.config)
    config.encoder, config.decoder = encoder.config, decoder.config
    before = [{name: t.clone() for name, t in part.state_dict().items()} for part in (encoder, decoder)]
    module = EncoderDecoderModel(config=config, encoder=encoder, decoder=decoder)
    module.encoder.load_state_dict(before[0])
    module.decoder.load_state_dict(before[1])
    return module


def before_head(module: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    """What the decoder does to its hidden states before the output layer: nothing, or its own head's transform."""
    name = type(module).__name__
    if name in _BARE:
        return states_ND
    if name == "BertLMHeadModel":
        return module.cls.predictions.transform(states_ND)  # type: ignore[no-any-return]
    if name == "ElectraForCausalLM":
        return module.generator_predictions(states_ND)  # type: ignore[no-any-return]
    head = module.lm_head  # RoBERTa and its kin
    return head.layer_norm(nn.functional.gelu(head.dense(states_ND)))  # type: ignore[no-any-return]


def body_of(pretrained: Pretrained, recipe: Architecture, random_weights: bool) -> Any:  # noqa: ANN401
    """The checkpoint without a head, reading in both directions whatever its configuration says."""
    config = configuration(pretrained)
    for name in ("is_decoder", "add_cross_attention"):
        if getattr(config, name, False):
            setattr(config, name, False)
    set_dropout(config, recipe.dropout, recipe.attention_dropout)
    return network_of(AutoModel, pretrained, config, random_weights, may_lack=("pooler",))


def configuration(pretrained: Pretrained) -> Any:  # noqa: ANN401
    """What transformers makes of the checkpoint's config.json."""
    with reading(pretrained.folder):
        return AutoConfig.from_pretrained(pretrained.folder)


def network_of(kind: Any, pretrained: Pretrained, config: Any, random_weights: bool, may_lack: Sequence[str]) -> Any:  # noqa: ANN401
    """The checkpoint as a network of this kind; ModelError where parameters other than those that it `may_lack` would
    silently keep random values."""
    with reading(pretrained.folder):
        if random_weights:
            return kind.from_config(config)
        told = {"output_loading_info": True, "ignore_mismatched_sizes": True}
        module, info = kind.from_pretrained(pretrained.folder, config=config, dtype=torch.float32, **told)
    unfilled = {*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])}
    absent = sorted(name for name in unfilled if not any(part in name for part in may_lack))
    if absent:
        advice = "; use --head plain" if kind is AutoModelForCausalLM else ""
        raise ModelError(
            f"{pretrained.folder}: its weights lack {len(absent)} parameters of {kind.__name__}, or have them in "
            f"another shape ({', '.join(absent[:3])}): they are damaged, or of another kind of model{advice}"
        )
    return module


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Where transformers reads a checkpoint: whatever it stumbles over is a ModelError."""
    with quiet():
        try:
            yield
        except (pickle.UnpicklingError, EOFError):
            raise ModelError(
                f"{folder}: its weights are damaged, or hold other objects than tensors, which are never loaded: copy "
                "or download them again, best as safetensors"
            ) from None
        except (
            *(OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError),
            *(TypeError, AttributeError, StrictDataclassError),  # a config.json that is JSON and yet no configuration
        ) as error:
            if is_out_of_memory(error):
                raise
            reason = " ".join(str(error).split())[:_TOLD] or type(error).__name__
            raise ModelError(f"{folder}: cannot be loaded ({reason})") from None


def check_positions(pretrained: Pretrained, config: Any, max_length: int) -> None:  # noqa: ANN401
    """Raise ModelError where the checkpoint knows fewer positions than a text may have tokens."""
    known = config.max_position_embeddings - OFFSET.get(pretrained.kind, 0)
    if max_length > known:
        raise ModelError(f"'{pretrained.name}' knows {known} positions: --max-length {max_length} is too long for it")


def set_dropout(config: Any, hidden: float | None, attention: float) -> None:  # noqa: ANN401
    """Set the dropout probabilities in the configuration of either half, by whatever names it has for them; where
    `hidden` is None, that of hidden states stays."""
    for name in _HIDDEN_DROPOUT:
        if hidden is not None and hasattr(config, name):
            setattr(config, name, hidden)
    for name in _ATTENTION_DROPOUT:
        if hasattr(config, name):
            setattr(config, name, attention)


def recompute(module: Any) -> None:  # noqa: ANN401
    """Let transformers keep no activations of layers, and compute them again in the backward pass."""
    newer = getattr(module, "activation_checkpointing_enable", None)  # its name before 5.23 warns
    (newer or module.gradient_checkpointing_enable)({"use_reentrant": False})


def _layers(module: Any) -> nn.ModuleList:  # noqa: ANN401
    lists = [
        child
        for name, child in module.named_modules()
        if isinstance(child, nn.ModuleList) and name.endswith(("layer", "layers"))
    ]
    if not lists:
        raise ModelError(f"{type(module).__name__}: its layers cannot be counted; leave out --encoder-layers")
    return max(lists, key=len)


def depth_of(config: Any) -> int:  # noqa: ANN401
    """Number of layers, by whatever name the configuration has for it."""
    return int(getattr(config, "num_hidden_layers", None) or config.n_layers)


def spread(kept: int, known: int) -> list[int]:
    """Indices of `kept` of `known` layers, evenly spread, first and last included: spread(3, 6) == [0, 2, 5]."""
    if kept == 1:
        return [known - 1]
    return [int(i * (known - 1) / (kept - 1)) for i in range(kept)]


def _keep_layers(module: Any, kept: int | None) -> None:  # noqa: ANN401
    if kept is None:
        return
    layers, known = _layers(module), depth_of(module.config)
    if len(layers) != known:
        raise ModelError(f"{type(module).__name__} shares its layers: leave out --encoder-layers")
    if kept > known:
        raise ModelError(f"--encoder-layers {kept}: the checkpoint has only {known}")
    numbers = spread(kept, known)
    kinds = getattr(module.config, "layer_types", None)  # ModernBERT's, some of which look around only locally
    if kinds is not None:
        if numbers[0] != 0:
            raise ModelError(f"{type(module).__name__} has a first layer unlike the others: keep 2 layers or more")
        module.config.layer_types = [kinds[i] for i in numbers]
    chosen = [layers[i] for i in numbers]
    del layers[:]
    layers.extend(chosen)
    module.config.num_hidden_layers = kept


def fit_embeddings(module: Any, side: Side) -> bool:  # noqa: ANN401
    """Make the network's input embeddings those of the side's codec, in place, and its configuration name that codec's
    special tokens; `side.rows` begin with pretrained ones, the others are drawn with the mean and the spread of those.
    True where fewer than half have pretrained ones."""
    words, config = module.get_input_embeddings(), module.config
    size, rows, pad = side.codec.size, side.rows, side.codec.special.pad
    if OFFSET.get(config.model_type, 0) and pad != words.padding_idx:
        raise ModelError(
            f"the padding token moved from {words.padding_idx} to {pad}, which shifts positions: keep the tokenizer"
        )
    words.weight = nn.Parameter(drawn_embeddings(words.weight.data, size, rows))
    words.num_embeddings, config.vocab_size = size, size
    if words.padding_idx is not None:
        words.padding_idx = config.pad_token_id = pad
    for role, token in (("bos", "bos"), ("cls", "bos"), ("eos", "eos"), ("sep", "eos")):
        if getattr(config, f"{role}_token_id", None) is not None:
            setattr(config, f"{role}_token_id", getattr(side.codec.special, token))
    return 2 * len(rows) < size


def names_of(module: Any, fresh: bool, new: Sequence[str] = ()) -> frozenset[str]:  # noqa: ANN401
    """The parameters that carry pretrained weights: none of the layers called `new`, and not the embeddings where they
    are `fresh`, for then most are new: they learn at the rate of new weights."""
    words = module.get_input_embeddings().weight
    return frozenset(
        name
        for name, parameter in module.named_parameters()
        if not (fresh and parameter is words) and not any(part in name for part in new)
    )
