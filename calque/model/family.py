"""What the trainer and the engine may ask of a kind of model; nothing else may know which kind it is.

Legend: B rows, S source length, T target length, N scored positions, D width, V target vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from calque.errors import ModelError, nearest

if TYPE_CHECKING:
    from torch import Tensor, nn

    from calque.model.batch import Batch, Ids
    from calque.model.hypothesis import Hypothesis
    from calque.model.pretrained import Pretrained
    from calque.model.vocabulary import Vocabularies
    from calque.recipes.architecture import Architecture
    from calque.recipes.search import Search
    from calque.text.codec import Codec
    from calque.text.frame import Special


@dataclass(frozen=True, slots=True)
class Build:
    """What a network is assembled from; `encoder` is None from scratch, `decoder` is None for new weights."""

    recipe: Architecture
    encoder: Pretrained | None
    decoder: Pretrained | None
    vocabularies: Vocabularies


@dataclass(frozen=True, slots=True)
class Assembly:
    """A network ready to be trained: which of its parameters carry pretrained weights, and what to tell the user."""

    module: nn.Module
    pretrained: frozenset[str]
    notes: tuple[str, ...]


class Family(Protocol):
    """The verbs of a kind of model."""

    @property
    def name(self) -> str:
        """What calque.json calls it."""

    @property
    def max_length(self) -> int:
        """Tokens that a text may have, special ones included."""

    @property
    def source(self) -> Special:
        """The special tokens of the source side."""

    @property
    def target(self) -> Special:
        """The special tokens of the target side; what frames a target begins with the decoder's start token."""

    def assemble(self, build: Build) -> Assembly:
        """A new network; ModelError where the parts do not go together."""

    def load(self, folder: Path, dropout: tuple[float | None, float] | None = None) -> nn.Module:
        """The network saved in a model folder, in evaluation mode; `dropout` (of hidden states, of attention weights)
        replaces what its configuration says."""

    def save(self, module: nn.Module, folder: Path) -> None:
        """Write config.json, generation_config.json and model.safetensors, so that transformers loads them alone."""

    def batch(self, rows: Sequence[Ids]) -> Batch:
        """Rows of ids as padded tensors; without targets where they are None."""

    def states(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """The decoder's last hidden states at scored positions, states_ND, and their labels_N."""

    def head(self, module: nn.Module) -> tuple[Tensor, Tensor]:
        """The output layer: weight_VD and bias_V."""

    def generate(self, module: nn.Module, batch: Batch, search: Search) -> list[list[Hypothesis]]:
        """`search.n_best` hypotheses a row, best first; where the batch has a prefix (of one length for all rows, with
        what frames a target), every hypothesis begins with it."""

    def attended(self, module: nn.Module, batch: Batch) -> Tensor | None:
        """How each layer (L) and head (H) spreads its attention over the source where it says the batch's targets:
        (L, B, H, T, S); None where the network does not tell."""


_TABLE = {
    "pair": "a BERT-like encoder and a decoder joined by cross-attention",
    "seq2seq": "a native encoder-decoder, such as Marian, mBART, M2M100, NLLB or T5",
    "causal": "a decoder alone, which goes on with a prompt, such as GPT-2 or Llama",
}
NATIVE = {  # architectures, as config.json calls them, that are whole translators without another half
    "seq2seq": ("bart", "m2m_100", "marian", "mbart", "mt5", "t5"),
    "causal": (
        *("bloom", "cohere", "cohere2", "falcon", "gemma", "gemma2", "gemma3_text", "glm", "glm4", "gpt2"),
        *("gpt_bigcode", "gpt_neo", "gpt_neox", "gptj", "granite", "helium", "llama", "mistral", "nemotron", "olmo"),
        *("olmo2", "opt", "phi", "phi3", "qwen2", "qwen3", "smollm3", "stablelm", "starcoder2", "xglm"),
    ),
}

WITHOUT_DROPOUT = frozenset(  # causal architectures that have none of hidden states
    (
        *("cohere", "cohere2", "gemma", "gemma2", "gemma3_text", "glm", "glm4", "granite", "helium", "llama"),
        *("mistral", "nemotron", "olmo", "olmo2", "qwen2", "qwen3", "smollm3"),
    )
)


def kind_of(encoder: Pretrained | None, decoder: Pretrained | None) -> str:
    """The family that these checkpoints make together: one architecture on both sides may be whole by itself."""
    if encoder is not None and decoder == encoder:
        for name, kinds in NATIVE.items():
            if encoder.kind in kinds:
                return name
    return "pair"


def of(name: str, source: Codec, target: Codec, attention: str = "auto", recompute: bool = False) -> Family:
    """The family called `name`, speaking through these codecs.

    Args:
        name: such as 'pair'.
        source: the source side's codec.
        target: the target side's codec.
        attention: how attention is computed: 'auto', 'matmul', 'sdpa', or 'stock' for transformers' own forward pass.
        recompute: compute layers again in the backward pass rather than keep their activations.

    Raises:
        ModelError: no such family; the nearest name is given.
    """
    if name == "pair":
        from calque.model.lean import Way
        from calque.model.pair import PairFamily

        return PairFamily(source.special, target.special, target.max_length, Way(attention, recompute))
    if name == "seq2seq":
        from calque.model.seq2seq import Seq2SeqFamily

        return Seq2SeqFamily(source.special, target.special, target.max_length, attention, recompute)
    if name == "causal":
        from calque.model.causal import CausalFamily

        return CausalFamily(source.special, target.special, target.max_length, attention, recompute)
    raise ModelError(f"unknown model family '{name}'{nearest(name, _TABLE)} (known: {', '.join(_TABLE)})")
