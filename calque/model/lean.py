"""The hidden states of a pair, computed from its weights with as few passes over memory as possible.

The modules stay transformers' own; only the arithmetic between their weights is done here, for encoders with BERT's
layout and BertGeneration decoders. What is saved on the way: all positions of a batch are one matrix, whose height is
rounded up so that few shapes occur (oneDNN compiles a kernel for each new shape of a bf16 product, which costs several
times the product itself); weights are cast once; dropout and attention are cheap (see noise, attention).

Legend: B rows, S source length, T target length, N positions with some unused ones at the end, D width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from calque.model.attention import Shape, attend
from calque.model.batch import Batch
from calque.model.kinds import OFFSET
from calque.model.noise import Noise

ENCODERS = frozenset({"bert", "bert-generation", "camembert", "electra", "roberta", "xlm-roberta"})
_GRAIN = 64  # flat positions are a multiple of this where kernels are compiled for each shape
THROUGH = (
    "through"  # the method with which a layer does work that reads its weights, where they lie elsewhere (sharding)
)
_HIDDEN = -1e4  # added to the scores of keys that may not be seen; bf16 holds it


@dataclass(frozen=True, slots=True)
class Way:
    """How to compute: the kind of attention, and whether layers are computed again in the backward pass instead of kept
    (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost")."""

    attention: str = "auto"
    recompute: bool = False

    def attention_on(self, device: torch.device) -> str:
        """The kind of attention; 'auto' is decided for the device."""
        if self.attention != "auto":
            return self.attention
        return "matmul" if device.type == "cpu" else "sdpa"


STANDARD = Way()


def covers(pair: Any) -> bool:  # noqa: ANN401
    """Whether this is a pair both of whose halves have the layout that is computed here."""
    if pair.config.model_type != "encoder-decoder":
        return False
    encoder, decoder = pair.config.encoder, pair.config.decoder
    return (
        encoder.model_type in ENCODERS
        and decoder.model_type == "bert-generation"
        and getattr(encoder, "embedding_size", encoder.hidden_size) == encoder.hidden_size
        and not hasattr(pair, "enc_to_dec_proj")
        and not encoder.attention_probs_dropout_prob
        and not decoder.attention_probs_dropout_prob
    )


def states(pair: Any, batch: Batch, way: Way) -> Tensor:  # noqa: ANN401
    """The decoder's last hidden states (B, T, D) for a batch with a prefix, in the autocast precision where one is
    enabled, else float32."""
    if batch.prefix_BT is None:
        raise ValueError("a batch without a prefix has no decoder states")
    memory = _Side.of(pair.encoder.config, batch.inputs_BS, pair.training, way)
    hidden_BS = None if bool(batch.mask_BS.all()) else _bias(batch.mask_BS[:, None, None], memory.dtype)
    memory_ND = memory.run(pair.encoder.embeddings, pair.encoder.encoder.layer, hidden_BS, None)
    said = _Side.of(pair.decoder.config, batch.prefix_BT, pair.training, way)
    rows, length = batch.prefix_BT.shape
    causal = torch.ones(length, length, dtype=torch.bool, device=batch.prefix_BT.device).tril()
    seen = _Memory(memory_ND, hidden_BS, batch.inputs_BS.shape[1])
    states_ND = said.run(pair.decoder.bert.embeddings, pair.decoder.bert.encoder.layer, _bias(causal, said.dtype), seen)
    return states_ND[: rows * length].view(rows, length, -1)


def covers_alone(body: Any) -> bool:  # noqa: ANN401
    """Whether an encoder, or a decoder without cross-attention, has the layout that is computed here."""
    config = body.config
    return (
        config.model_type in {*ENCODERS, "bert-generation"}
        and getattr(config, "embedding_size", config.hidden_size) == config.hidden_size
        and not getattr(config, "add_cross_attention", False)
        and not config.attention_probs_dropout_prob
    )


def states_alone(body: Any, batch: Batch, causal: bool, way: Way) -> Tensor:  # noqa: ANN401
    """The last hidden states (B, S, D) of the batch's inputs in a network that is no pair, with both sides of a token
    in its sight or, where `causal`, only what stands before it; padding stands behind and is not seen either way."""
    rows, length = batch.inputs_BS.shape
    side = _Side.of(body.config, batch.inputs_BS, body.training, way)
    bias = None
    if causal:
        bias = _bias(torch.ones(length, length, dtype=torch.bool, device=batch.inputs_BS.device).tril(), side.dtype)
    elif not bool(batch.mask_BS.all()):
        bias = _bias(batch.mask_BS[:, None, None], side.dtype)
    return side.run(body.embeddings, body.encoder.layer, bias, None)[: rows * length].view(rows, length, -1)


class _Memory(NamedTuple):
    """The encoder's states, the bias that hides their padding, and the source length."""

    states_ND: Tensor
    bias: Tensor | None
    length: int


@dataclass(frozen=True, slots=True)
class _Side:
    """One half of the pair at work on a batch of ids."""

    ids_BT: Tensor
    heads: int
    dropout: float
    first: int  # number of the first position
    dtype: torch.dtype
    way: Way

    @classmethod
    def of(cls, config: Any, ids_BT: Tensor, training: bool, way: Way) -> _Side:  # noqa: ANN401
        device = ids_BT.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else torch.float32
        dropout = config.hidden_dropout_prob if training else 0.0
        return cls(ids_BT, config.num_attention_heads, dropout, OFFSET.get(config.model_type, 0), dtype, way)

    def run(self, embeddings: Any, layers: Any, bias: Tensor | None, memory: _Memory | None) -> Tensor:  # noqa: ANN401
        """The last layer's states, (N, D)."""
        x_ND = self._embedded(embeddings)
        for layer in layers:
            through = getattr(layer, THROUGH, _at_once)
            x_ND = through(self._work, layer, x_ND, bias, memory)
        return x_ND

    def _work(self, layer: Any, x_ND: Tensor, bias: Tensor | None, memory: _Memory | None) -> Tensor:  # noqa: ANN401
        if self.way.recompute and torch.is_grad_enabled():
            return checkpoint(self._layer, layer, x_ND, bias, memory, use_reentrant=False)  # type: ignore[no-any-return]
        return self._layer(layer, x_ND, bias, memory)

    def _noise(self) -> Noise:
        return Noise(self.dropout, self.dtype, self.ids_BT.device)

    def _embedded(self, embeddings: Any) -> Tensor:  # noqa: ANN401
        rows, length = self.ids_BT.shape
        ids_N = functional.pad(self.ids_BT.flatten(), (0, _rounded(rows * length, self) - rows * length))
        places_TD = embeddings.position_embeddings.weight[self.first : self.first + length]
        types = getattr(embeddings, "token_type_embeddings", None)
        if types is not None:  # a sentence alone is of type 0
            places_TD = places_TD + types.weight[0]
        x_ND = functional.embedding(ids_N, embeddings.word_embeddings.weight, embeddings.word_embeddings.padding_idx)
        places_ND = functional.pad(places_TD.repeat(rows, 1), (0, 0, 0, len(ids_N) - rows * length))
        return self._noise()(_normed((x_ND + places_ND).to(self.dtype), embeddings.LayerNorm))

    def _layer(self, layer: Any, x_ND: Tensor, bias: Tensor | None, memory: _Memory | None) -> Tensor:  # noqa: ANN401
        noise, length = self._noise(), self.ids_BT.shape[1]
        x_ND = self._attention(layer.attention, x_ND, x_ND, length, bias, noise)
        if memory is not None:
            x_ND = self._attention(layer.crossattention, x_ND, memory.states_ND, memory.length, memory.bias, noise)
        inner = layer.intermediate.intermediate_act_fn(self._linear(layer.intermediate.dense, x_ND))
        return self._joined(layer.output, x_ND, inner, noise)

    def _attention(
        self,
        block: Any,  # noqa: ANN401
        x_ND: Tensor,
        seen_MD: Tensor,
        keys: int,
        bias: Tensor | None,
        noise: Noise,
    ) -> Tensor:
        own = block.self
        q_ND = self._linear(own.query, x_ND)
        k_MD, v_MD = self._linear(own.key, seen_MD), self._linear(own.value, seen_MD)
        shape = Shape(self.ids_BT.shape[0], self.ids_BT.shape[1], keys, self.heads)
        kind = self.way.attention_on(self.ids_BT.device)
        return self._joined(block.output, x_ND, attend(kind, q_ND, k_MD, v_MD, bias, shape), noise)

    def _joined(self, output: Any, x_ND: Tensor, more_ND: Tensor, noise: Noise) -> Tensor:  # noqa: ANN401
        """The residual connection and its norm."""
        return _normed(x_ND + noise(self._linear(output.dense, more_ND)), output.LayerNorm)

    def _linear(self, layer: nn.Module, x_ND: Tensor) -> Tensor:
        if type(layer) is not nn.Linear:  # an adapter sits there
            return layer(x_ND).to(self.dtype)  # type: ignore[no-any-return]
        bias = None if layer.bias is None else layer.bias.to(self.dtype)
        return functional.linear(x_ND, layer.weight.to(self.dtype), bias)


def _at_once(work: Callable[..., Tensor], *arguments: Any) -> Tensor:  # noqa: ANN401
    return work(*arguments)


def _normed(x_ND: Tensor, norm: Any) -> Tensor:  # noqa: ANN401
    return functional.layer_norm(
        x_ND, norm.normalized_shape, norm.weight.to(x_ND.dtype), norm.bias.to(x_ND.dtype), norm.eps
    )


def _bias(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """0 where a key may be seen, far below 0 elsewhere."""
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(seen == 0, _HIDDEN)


def _rounded(count: int, side: _Side) -> int:
    """A height of the matrix of positions that recurs."""
    grain = _GRAIN if side.dtype == torch.bfloat16 and side.ids_BT.device.type == "cpu" else 1
    return -(-count // grain) * grain
