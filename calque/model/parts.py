"""The halves of a pair: a pretrained or new encoder, and a decoder converted into a plain generating one.

The decoder is transformers' BertGeneration: BERT's layers with a bare output layer tied to its embeddings, so that it
can be exported exactly. Its weights come from any checkpoint with BERT's layout; token type 0, the only one a sentence
alone ever has, is folded into the positions, and RoBERTa's two unused positions are dropped.
"""

from __future__ import annotations

import contextlib
import copy
import pickle
import re
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
    BertGenerationConfig,
    BertModel,
    EncoderDecoderConfig,
    EncoderDecoderModel,
)
from transformers import BertGenerationDecoder as Decoder

from calque.errors import ModelError, is_out_of_memory, nearest
from calque.model.embeddings import copy_rows, drawn_embeddings
from calque.model.family import Build
from calque.model.lean import OFFSET
from calque.model.pretrained import Pretrained
from calque.recipes.architecture import Architecture

ENCODERS = (
    "albert", "bert", "camembert", "deberta-v2", "distilbert", "electra", "mpnet", "modernbert",
    "roberta", "xlm-roberta",
)  # fmt: skip
DECODERS = ("bert", "camembert", "electra", "roberta", "xlm-roberta", "bert-generation")
_LAYER = re.compile(r"\blayers?\.(\d+)\.")
_TOLD = 300  # characters at most of what transformers says of a folder
_SCALE = 0.1  # of the cross-attention's output where it is 'scaled'


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


def refuse_illegal(build: Build) -> None:
    """Raise ModelError where the checkpoints cannot form a pair, naming those that can."""
    if build.encoder is not None and build.encoder.kind not in ENCODERS:
        raise ModelError(
            f"'{build.encoder.name}' is of kind '{build.encoder.kind}', which cannot be the encoder of a pair"
            f"{nearest(build.encoder.kind, ENCODERS)} (encoders: {', '.join(ENCODERS)})"
        )
    if build.decoder is None:
        return
    kind = build.decoder.kind
    if kind not in DECODERS:
        raise ModelError(
            f"'{build.decoder.name}' is of kind '{kind}', which cannot be the decoder of a pair"
            f"{nearest(kind, DECODERS)} (decoders: {', '.join(DECODERS)}; or --decoder new)"
        )
    config = _config(build.decoder)
    if getattr(config, "embedding_size", config.hidden_size) != config.hidden_size and build.recipe.head == "plain":
        raise ModelError(
            f"'{build.decoder.name}' has embeddings narrower than its layers, which a plain head cannot be tied to; "
            "use --head own or --decoder new"
        )


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
    module = _body(build.encoder, recipe, recipe.random_weights)
    _check_positions(build.encoder, module.config, side.codec.max_length)
    _keep_layers(module, recipe.encoder_layers)
    fresh = _replace_embeddings(module, side.codec.size, side.rows, side.codec.special.pad)
    if recipe.random_weights:
        return Part(module, frozenset(), (f"encoder: the shape of {build.encoder.name}, random weights",))
    names = {name for name, _ in module.named_parameters()}
    if fresh:  # most embeddings are new: they learn at the rate of new weights
        names -= {name for name in names if name.endswith("word_embeddings.weight")}
    return Part(module, frozenset(names), (f"encoder: {build.encoder.name} ({build.encoder.kind})",))


def decoder(build: Build, encoder_config: Any) -> Part:  # noqa: ANN401
    """The decoder: new with the encoder's shape, or warm-started from a checkpoint with BERT's layout."""
    recipe, side = build.recipe, build.vocabularies.target
    if recipe.head == "own":
        return _own_head_decoder(build)
    shape = encoder_config if build.decoder is None else _config(build.decoder)
    depth = recipe.decoder_layers or (_depth(shape) if build.encoder or build.decoder else recipe.encoder_layers or 6)
    config = BertGenerationConfig(
        vocab_size=side.codec.size,
        hidden_size=shape.hidden_size,
        num_hidden_layers=depth,
        num_attention_heads=shape.num_attention_heads,
        intermediate_size=getattr(shape, "intermediate_size", None) or 4 * shape.hidden_size,
        hidden_act=getattr(shape, "hidden_act", "gelu"),
        layer_norm_eps=getattr(shape, "layer_norm_eps", 1e-12),
        max_position_embeddings=side.codec.max_length,
        pad_token_id=side.codec.special.pad,
        bos_token_id=side.codec.special.bos,
        eos_token_id=side.codec.special.eos,
        is_decoder=True,
        add_cross_attention=True,
        tie_word_embeddings=True,
    )
    set_dropout(config, recipe.dropout, recipe.attention_dropout)
    module = Decoder(config)
    module.tie_weights()
    if build.decoder is None or recipe.random_weights:
        return Part(module, frozenset(), (f"decoder: new, {depth} layers",))
    body = _body(build.decoder, recipe, random_weights=False)
    _check_positions(build.decoder, body.config, side.codec.max_length)
    copied = _convert(body, module, build)
    if build.decoder.kind == "bert-generation":  # the same plain head
        old = _network(Decoder, build.decoder, _config(build.decoder), False, may_lack=("crossattention",))
        copy_rows(module.lm_head.bias.data, old.lm_head.bias.data, side.rows)
        copied |= {"lm_head.bias"}
    note = f"decoder: {depth} layers of {build.decoder.name}, cross-attention {recipe.cross_attention}, plain tied head"
    return Part(module, copied, (note,))


def joined(config: EncoderDecoderConfig, encoder: Any, decoder: Any) -> EncoderDecoderModel:  # noqa: ANN401
    """Encoder and decoder as one network. Joining initialises every layer that transformers did not load itself, such
    as replaced embeddings, so the weights are put back afterwards."""
    before = [{name: t.clone() for name, t in part.state_dict().items()} for part in (encoder, decoder)]
    module = EncoderDecoderModel(config=config, encoder=encoder, decoder=decoder)
    module.encoder.load_state_dict(before[0])
    module.decoder.load_state_dict(before[1])
    return module


def before_head(module: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    """What the decoder does to its hidden states before the output layer: nothing, or its own head's transform."""
    name = type(module).__name__
    if name == "BertGenerationDecoder":
        return states_ND
    if name == "BertLMHeadModel":
        return module.cls.predictions.transform(states_ND)  # type: ignore[no-any-return]
    if name == "ElectraForCausalLM":
        return module.generator_predictions(states_ND)  # type: ignore[no-any-return]
    head = module.lm_head  # RoBERTa and its kin
    return head.layer_norm(nn.functional.gelu(head.dense(states_ND)))  # type: ignore[no-any-return]


def _body(pretrained: Pretrained, recipe: Architecture, random_weights: bool) -> Any:  # noqa: ANN401
    config = _config(pretrained)
    set_dropout(config, recipe.dropout, recipe.attention_dropout)
    return _network(AutoModel, pretrained, config, random_weights, may_lack=("pooler",))


def _config(pretrained: Pretrained) -> Any:  # noqa: ANN401
    with reading(pretrained.folder):
        return AutoConfig.from_pretrained(pretrained.folder)


def _network(kind: Any, pretrained: Pretrained, config: Any, random_weights: bool, may_lack: Sequence[str]) -> Any:  # noqa: ANN401
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


def _check_positions(pretrained: Pretrained, config: Any, max_length: int) -> None:  # noqa: ANN401
    known = config.max_position_embeddings - OFFSET.get(pretrained.kind, 0)
    if max_length > known:
        raise ModelError(f"'{pretrained.name}' knows {known} positions: --max-length {max_length} is too long for it")


def set_dropout(config: Any, hidden: float | None, attention: float) -> None:  # noqa: ANN401
    """Set the dropout probabilities in the configuration of either half, by whatever names it has for them; where
    `hidden` is None, that of hidden states stays."""
    for name in ("hidden_dropout_prob", "dropout", "dropout_rate", "embedding_dropout", "mlp_dropout"):
        if hidden is not None and hasattr(config, name):
            setattr(config, name, hidden)
    for name in ("attention_probs_dropout_prob", "attention_dropout"):
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


def _depth(config: Any) -> int:  # noqa: ANN401
    return int(getattr(config, "num_hidden_layers", None) or config.n_layers)


def spread(kept: int, known: int) -> list[int]:
    """Indices of `kept` of `known` layers, evenly spread, first and last included: spread(3, 6) == [0, 2, 5]."""
    if kept == 1:
        return [known - 1]
    return [int(i * (known - 1) / (kept - 1)) for i in range(kept)]


def _keep_layers(module: Any, kept: int | None) -> None:  # noqa: ANN401
    if kept is None:
        return
    layers, known = _layers(module), _depth(module.config)
    if len(layers) != known:
        raise ModelError(f"{type(module).__name__} shares its layers: leave out --encoder-layers")
    if kept > known:
        raise ModelError(f"--encoder-layers {kept}: the checkpoint has only {known}")
    chosen = [layers[i] for i in spread(kept, known)]
    del layers[:]
    layers.extend(chosen)
    module.config.num_hidden_layers = kept


def _replace_embeddings(module: Any, size: int, rows: Sequence[tuple[int, int]], pad: int) -> bool:  # noqa: ANN401
    """Give the network input embeddings for `size` ids; `rows` begin with pretrained ones, the others are drawn with
    the mean and the spread of those. True where fewer than half have pretrained ones."""
    old = module.get_input_embeddings()
    new = nn.Embedding(size, old.embedding_dim, padding_idx=pad if old.padding_idx is not None else None)
    new.weight.data = drawn_embeddings(old.weight.data, size, rows)
    if old.padding_idx is not None and pad != old.padding_idx:
        raise ModelError(
            f"the padding token moved from {old.padding_idx} to {pad}, which shifts positions: keep the tokenizer"
        )
    module.set_input_embeddings(new)
    module.config.vocab_size = size
    return 2 * len(rows) < size


@torch.no_grad()
def _convert(body: Any, module: Any, build: Build) -> frozenset[str]:  # noqa: ANN401
    """Copy a BERT-like body into a BertGeneration decoder; the names of the parameters that were copied."""
    recipe, side = build.recipe, build.vocabularies.target
    target = module.bert
    embeddings, old = target.embeddings, body.embeddings
    embeddings.word_embeddings.weight.copy_(drawn_embeddings(old.word_embeddings.weight, side.codec.size, side.rows))
    first = OFFSET.get(body.config.model_type, 0)
    positions = old.position_embeddings.weight[first : first + embeddings.position_embeddings.num_embeddings]
    types = getattr(old, "token_type_embeddings", None)  # BertGeneration has none
    embeddings.position_embeddings.weight.copy_(positions if types is None else positions + types.weight[0])
    embeddings.LayerNorm.load_state_dict(old.LayerNorm.state_dict())
    copied = {
        "bert.embeddings.position_embeddings.weight",
        "bert.embeddings.LayerNorm.weight",
        "bert.embeddings.LayerNorm.bias",
    }
    if 2 * len(side.rows) >= side.codec.size:
        copied.add("bert.embeddings.word_embeddings.weight")
    known = len(body.encoder.layer)
    if len(target.encoder.layer) > known:
        raise ModelError(
            f"--decoder-layers {len(target.encoder.layer)}: the checkpoint has only {known}; use --decoder new"
        )
    for i, j in enumerate(spread(len(target.encoder.layer), known)):
        copied |= {
            f"bert.encoder.layer.{i}.{name}"
            for name in _copy_layer(body.encoder.layer[j], target.encoder.layer[i], recipe.cross_attention)
        }
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


def _own_head_decoder(build: Build) -> Part:
    if build.decoder is None:
        raise ModelError("--head own needs a pretrained decoder: leave out --decoder new")
    recipe, side = build.recipe, build.vocabularies.target
    config = _config(build.decoder)
    known = _depth(config)
    config.is_decoder, config.add_cross_attention = True, True
    _check_positions(build.decoder, config, side.codec.max_length)
    set_dropout(config, recipe.dropout, recipe.attention_dropout)
    may_lack = ("crossattention", "pooler")
    module = _network(AutoModelForCausalLM, build.decoder, config, recipe.random_weights, may_lack)
    names = frozenset(name for name, _ in module.named_parameters() if "crossattention" not in name)
    if not recipe.random_weights and recipe.cross_attention != "new":
        for layer in _layers(module):
            _copy_layer(copy.deepcopy(layer), layer, recipe.cross_attention)
    if recipe.decoder_layers is not None and recipe.decoder_layers != known:
        raise ModelError("--head own keeps the checkpoint's depth: leave out --decoder-layers")
    _replace_embeddings(module, side.codec.size, side.rows, side.codec.special.pad)
    _replace_output(module, side.codec.size, side.rows)
    note = f"decoder: {build.decoder.name} with its own head transform, which export cannot always reproduce"
    return Part(module, frozenset() if recipe.random_weights else names, (note,))


@torch.no_grad()
def _replace_output(module: Any, size: int, rows: Sequence[tuple[int, int]]) -> None:  # noqa: ANN401
    old = module.get_output_embeddings()
    new = nn.Linear(old.in_features, size)
    new.bias.zero_()
    copy_rows(new.bias, old.bias, rows if old.bias is not None else ())
    new.weight = module.get_input_embeddings().weight
    module.set_output_embeddings(new)
    module.tie_weights()
