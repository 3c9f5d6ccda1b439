"""The family `seq2seq`: a native encoder-decoder of transformers, fine-tuned with its own vocabulary and its own frame
around texts (Marian, BART, mBART, M2M100, NLLB, T5 and their kin).

Legend: B rows, S source length, T target length, N scored positions, D width, V target vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSeq2SeqLM, GenerationConfig

from calque.errors import ModelError
from calque.model import attending, beam, parts
from calque.model.batch import Batch, Ids, paired, scored
from calque.model.embeddings import drawn_embeddings
from calque.model.family import Assembly, Build
from calque.model.folder import writing
from calque.model.hypothesis import Hypothesis, longest
from calque.model.native import same_rows
from calque.model.vocabulary import Side
from calque.recipes.search import Search
from calque.text.frame import Special


@dataclass(frozen=True, slots=True)
class Seq2SeqFamily:
    """The verbs of a native encoder-decoder, for codecs with these special tokens and at most `max_length` tokens.
    `attention` and `recompute` are the recipe's settings of these names."""

    source: Special
    target: Special
    max_length: int
    attention: str = "auto"
    recompute: bool = False
    name: str = "seq2seq"

    def assemble(self, build: Build) -> Assembly:
        """The checkpoint with the vocabulary, dropout and language codes that were chosen.

        Raises:
            ModelError: its weights cannot be loaded, or it knows fewer positions than `max_length`.
        """
        checkpoint, recipe = build.encoder, build.recipe
        if checkpoint is None:
            raise ModelError("a native encoder-decoder needs a checkpoint")
        config = parts.configuration(checkpoint)
        self._check_positions(checkpoint.name, config)
        parts.set_dropout(config, recipe.dropout, recipe.attention_dropout)
        module = self._network(checkpoint.folder, config, recipe.random_weights)
        notes = [f"model: {checkpoint.name} ({checkpoint.kind}){', random weights' if recipe.random_weights else ''}"]
        sides = build.vocabularies.source, build.vocabularies.target
        if not same_rows(sides[0], _embeddings(module.get_encoder()).num_embeddings) or not same_rows(
            sides[1], module.get_output_embeddings().weight.shape[0]
        ):
            _lay_vocabularies(module, *sides)
        self._configure(module)
        self._suit(module)
        names = frozenset(name for name, _ in module.named_parameters())
        return Assembly(module, frozenset() if recipe.random_weights else names, tuple(notes))

    def _check_positions(self, name: str, config: Any) -> None:  # noqa: ANN401
        known = getattr(config, "max_position_embeddings", None)  # T5 has relative positions, and no end
        if known is not None and self.max_length > known:
            raise ModelError(f"'{name}' knows {known} positions: --max-length {self.max_length} is too long for it")

    def _network(self, folder: Path, config: Any, random_weights: bool) -> Any:  # noqa: ANN401
        with parts.reading(folder):
            if random_weights:
                return AutoModelForSeq2SeqLM.from_config(config)
            module, info = AutoModelForSeq2SeqLM.from_pretrained(
                folder, config=config, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True
            )
        odd = {*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])} - {"final_logits_bias"}
        if odd:
            raise ModelError(
                f"{folder}: its weights lack {len(odd)} parameters of {type(module).__name__}, or have them in another "
                f"shape ({', '.join(sorted(odd)[:3])}): they are damaged, or of another kind of model"
            )
        return module

    def _configure(self, module: Any) -> None:  # noqa: ANN401
        """The tokens that generation needs: whoever loads the folder with transformers alone gets the right language
        too. The forced code is in the generation configuration only: transformers 5 refuses to generate where the
        network's own has one that differs from it."""
        before, _ = self.target.frame
        forced = before[1] if len(before) == 2 else None
        tokens = {
            "decoder_start_token_id": before[0],
            "eos_token_id": self.target.eos,
            "pad_token_id": self.target.pad,
            "forced_bos_token_id": forced,
        }
        for name, value in tokens.items():
            if name != "forced_bos_token_id":
                setattr(module.config, name, value)
            elif getattr(module.config, name, None) is not None:
                setattr(module.config, name, None)
        kept = {}
        if getattr(module.generation_config, "bad_words_ids", None):  # Marian: never say padding
            kept["bad_words_ids"] = [[self.target.pad]]
        module.generation_config = GenerationConfig(**tokens, **kept, max_length=self.max_length, num_beams=4)

    def load(self, folder: Path, dropout: tuple[float | None, float] | None = None) -> nn.Module:
        """The saved network in evaluation mode, with another `dropout` (hidden, attention) where one is given;
        ModelError where transformers cannot load it."""
        with parts.reading(folder):
            config = AutoConfig.from_pretrained(folder)
        if dropout is not None:
            parts.set_dropout(config, *dropout)
        module = self._network(folder, config, random_weights=False)
        self._suit(module)
        return module.eval()  # type: ignore[no-any-return]

    def _suit(self, module: Any) -> None:  # noqa: ANN401
        """Let transformers compute attention as is chosen, and keep as little as is asked. Marian's sinusoids, which it
        computes anew where a folder is loaded and does not save, must not be trained."""
        unsaved = set(getattr(module, "_keys_to_ignore_on_save", None) or ())
        for name, parameter in module.named_parameters():
            if name in unsaved:
                parameter.requires_grad_(False)
        if (implementation := parts.IMPLEMENTATIONS.get(self.attention)) is not None:
            module.set_attn_implementation(implementation)
        if self.recompute:
            parts.recompute(module)

    def save(self, module: nn.Module, folder: Path) -> None:
        """Write the Hugging Face files of the network into `folder`."""
        with parts.quiet(), writing(folder):
            module.save_pretrained(folder)  # type: ignore[operator]

    def batch(self, rows: Sequence[Ids]) -> Batch:
        """Right-padded rows; the prefix is the target without its last token, the labels without its first."""
        return paired(rows, self.source.pad, self.target.pad)

    def states(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """One forward pass without the output layer. Target padding is on the right, where causal attention never
        looks from a scored position, so the decoder needs no mask of its own."""
        network: Any = module
        memory_BSD = network.get_encoder()(input_ids=batch.inputs_BS, attention_mask=batch.mask_BS).last_hidden_state
        states_BTD = network.get_decoder()(
            input_ids=batch.prefix_BT,
            encoder_hidden_states=memory_BSD,
            encoder_attention_mask=batch.mask_BS,
            use_cache=False,
        ).last_hidden_state
        states_ND, labels_N = scored(batch, states_BTD)
        if getattr(network.config, "scale_decoder_outputs", False):  # T5 with tied embeddings
            states_ND = states_ND * network.config.d_model**-0.5
        return states_ND, labels_N

    def head(self, module: nn.Module) -> tuple[Tensor, Tensor]:
        """The output layer: weight_VD and bias_V, which is never trained."""
        network: Any = module
        weight_VD = network.get_output_embeddings().weight
        bias = getattr(network, "final_logits_bias", None)
        return weight_VD, weight_VD.new_zeros(len(weight_VD)) if bias is None else bias[0]

    @torch.inference_mode()
    def generate(self, module: nn.Module, batch: Batch, search: Search) -> list[list[Hypothesis]]:
        """Beam search by transformers, which begins with the start token and the target language's code, and with the
        batch's prefix where it has one."""
        begin_BT = beam.beginning(batch, self.target)
        start = len(self.target.frame[0])
        before = begin_BT.shape[1] - start
        most = longest(search, self.max_length, batch.inputs_BS.shape[1], before)
        found = beam.said(
            module, search, max(1, min(most, self.max_length - start - before)), input_ids=batch.inputs_BS,
            attention_mask=batch.mask_BS, decoder_input_ids=begin_BT,
        )  # fmt: skip
        head = self.head(module)
        return beam.hypotheses(batch, found, self.target, search, lambda forced: self.states(module, forced), head)

    def attended(self, module: nn.Module, batch: Batch) -> Tensor | None:
        """How the decoder's layers look at the source, (L, B, H, T, S)."""
        return attending.crosswise(module, batch)


def _embeddings(side: Any) -> nn.Embedding:  # noqa: ANN401
    return side.get_input_embeddings()  # type: ignore[no-any-return]


@torch.no_grad()
def _lay_vocabularies(module: Any, source: Side, target: Side) -> None:  # noqa: ANN401
    """Give the network the codecs' ids: rows begin with the embeddings, output weights and biases of old ones, the
    others are drawn with the mean and the spread of those."""
    old = [side.weight.clone() for side in _tables(module)]
    bias = getattr(module, "final_logits_bias", None)
    old_bias_V = None if bias is None else bias[0].clone()
    shared = _tables(module)[0].weight is _tables(module)[1].weight
    with parts.quiet():
        module.resize_token_embeddings(source.codec.size, mean_resizing=False)
        if not shared and hasattr(module, "resize_decoder_token_embeddings") and old[0].shape != old[1].shape:
            module.resize_decoder_token_embeddings(target.codec.size)
    done: dict[int, Tensor] = {}
    for table, before_VD, side in zip(_tables(module), old, (source, target, target), strict=True):
        if id(table.weight) not in done:
            table.weight.copy_(drawn_embeddings(before_VD, side.codec.size, side.rows))
            done[id(table.weight)] = table.weight
    if old_bias_V is not None:
        new_V = torch.zeros(target.codec.size)
        fresh, known = (torch.tensor(ids) for ids in zip(*target.rows, strict=True))
        new_V[fresh] = old_bias_V[known]
        module.final_logits_bias = nn.Buffer(new_V[None])  # resizing left a view of the old one, which cannot be saved


def _tables(module: Any) -> list[Any]:  # noqa: ANN401
    """The encoder's embeddings, the decoder's, and the output layer, each with a `weight`."""
    return [_embeddings(module.get_encoder()), _embeddings(module.get_decoder()), module.get_output_embeddings()]
