"""The family `pair`: an encoder and a decoder joined by cross-attention (Rothe et al. 2020, "Leveraging Pre-trained
Checkpoints for Sequence Generation Tasks"), kept in transformers' EncoderDecoderModel. `kinds` knows what goes
together.

Legend: B rows, S source length, T target length, N scored positions, D width, V target vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import EncoderDecoderConfig, EncoderDecoderModel, GenerationConfig

from calque.errors import ModelError
from calque.model import attending, beam, lean, parts, sharing
from calque.model.batch import Batch, Ids, paired, scored
from calque.model.decoder import decoder as decoder_of
from calque.model.family import Assembly, Build
from calque.model.folder import writing
from calque.model.hypothesis import Hypothesis, longest
from calque.model.kinds import refuse_illegal
from calque.recipes.search import Search
from calque.text.frame import Special


@dataclass(frozen=True, slots=True)
class PairFamily:
    """The pair's verbs, for codecs with these special tokens and at most `max_length` target tokens."""

    source: Special
    target: Special
    max_length: int
    way: lean.Way = lean.STANDARD
    name: str = "pair"

    def assemble(self, build: Build) -> Assembly:
        """Encoder and decoder as the recipe says, joined; the decoder's head is tied to its embeddings.

        Raises:
            ModelError: an illegal pair; the message names the legal ones.
        """
        refuse_illegal(build.recipe, build.encoder, build.decoder)
        encoder, decoder = self._halves(build)
        module = parts.joined(encoder.module, decoder.module)
        if build.recipe.share_weights:
            sharing.tie(module, one_vocabulary=sharing.one_vocabulary(build))
        self._configure(module)
        self._suit(module)
        if getattr(module.encoder, "pooler", None) is not None:  # saved for transformers' sake, never trained
            module.encoder.pooler.requires_grad_(False)
        pretrained = {f"encoder.{name}" for name in encoder.pretrained} | {
            f"decoder.{name}" for name in decoder.pretrained
        }
        return Assembly(module, frozenset(pretrained), encoder.notes + decoder.notes)

    def _halves(self, build: Build) -> tuple[parts.Part, parts.Part]:
        if build.recipe.share_weights:
            return sharing.halves(build)
        encoder = parts.encoder(build)
        return encoder, decoder_of(build, encoder.module.config)

    def _configure(self, module: nn.Module) -> None:
        tokens = {
            "decoder_start_token_id": self.target.bos,
            "bos_token_id": self.target.bos,
            "eos_token_id": self.target.eos,
            "pad_token_id": self.target.pad,
        }
        for name, value in tokens.items():
            setattr(module.config, name, value)
        module.generation_config = GenerationConfig(**tokens, max_length=self.max_length, num_beams=4)

    def load(self, folder: Path, dropout: tuple[float | None, float] | None = None) -> nn.Module:
        """The saved pair in evaluation mode, with another `dropout` (hidden, attention) where one is given; ModelError
        where transformers cannot load it."""
        with parts.reading(folder):
            config = EncoderDecoderConfig.from_pretrained(folder)
            if dropout is not None:
                parts.set_dropout(config.encoder, *dropout)
                parts.set_dropout(config.decoder, *dropout)
            module, info = EncoderDecoderModel.from_pretrained(
                folder, config=config, output_loading_info=True, ignore_mismatched_sizes=True
            )
        odd = {*info["missing_keys"], *info["unexpected_keys"], *(name for name, *_ in info["mismatched_keys"])}
        if odd:
            raise ModelError(
                f"{folder}: weights and configuration disagree about {len(odd)} parameters "
                f"({', '.join(sorted(odd)[:3])}): the folder is damaged, save it again"
            )
        sharing.tie_again(module)
        self._suit(module)
        return module.eval()  # type: ignore[no-any-return]

    def _suit(self, module: nn.Module) -> None:
        """Let transformers compute attention as is chosen, and keep as little as is asked, where its forward pass is
        used."""
        if self._is_lean(module):
            return
        if self.way.attention == "matmul":
            module.set_attn_implementation("eager")  # type: ignore[operator]
        if self.way.recompute:
            parts.recompute(module)

    def _is_lean(self, module: nn.Module) -> bool:
        return self.way.attention != "stock" and lean.covers(module)

    def save(self, module: nn.Module, folder: Path) -> None:
        """Write the Hugging Face files of the pair into `folder`."""
        with parts.quiet(), writing(folder):
            module.save_pretrained(folder, state_dict=sharing.apart(module))  # type: ignore[operator]

    def batch(self, rows: Sequence[Ids]) -> Batch:
        """Right-padded rows; the prefix is the target without its last token, the labels without its first."""
        return paired(rows, self.source.pad, self.target.pad)

    def states(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """One forward pass without the output layer. Target padding is on the right, where causal attention never
        looks from a scored position, so the decoder needs no mask of its own."""
        return self._scored(module, batch)

    def _scored(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        if batch.labels_BT is None:
            raise ValueError("a batch without targets has no scored positions")
        states_ND, labels_N = scored(batch, self._hidden(module, batch))
        return parts.before_head(module.decoder, states_ND), labels_N

    def _hidden(self, module: nn.Module, batch: Batch) -> Tensor:
        """The decoder's last states, (B, T, D)."""
        pair: Any = module
        if self._is_lean(pair):
            return lean.states(pair, batch, self.way)
        memory_BSD = pair.encoder(input_ids=batch.inputs_BS, attention_mask=batch.mask_BS).last_hidden_state
        if hasattr(pair, "enc_to_dec_proj"):
            memory_BSD = pair.enc_to_dec_proj(memory_BSD)
        return pair.decoder.base_model(  # type: ignore[no-any-return]
            input_ids=batch.prefix_BT,
            encoder_hidden_states=memory_BSD,
            encoder_attention_mask=batch.mask_BS,
            use_cache=False,
        ).last_hidden_state

    def head(self, module: nn.Module) -> tuple[Tensor, Tensor]:
        """The decoder's output layer: weight_VD (the tied embeddings) and bias_V, zeros where it has none."""
        output = module.decoder.get_output_embeddings()  # type: ignore[union-attr, operator]
        weight_VD = output.weight
        return weight_VD, weight_VD.new_zeros(len(weight_VD)) if output.bias is None else output.bias

    @torch.inference_mode()
    def generate(self, module: nn.Module, batch: Batch, search: Search) -> list[list[Hypothesis]]:
        """Beam search (greedy for a beam of 1) by transformers. Hypotheses are as long as the model allows, or as
        `search.longest_ratio` says, and begin with the batch's prefix where it has one."""
        begin_BT = beam.beginning(batch, self.target)
        before = begin_BT.shape[1] - len(self.target.frame[0])
        most = longest(search, self.max_length - 1, batch.inputs_BS.shape[1], before)
        given = {} if batch.prefix_BT is None else {"decoder_input_ids": begin_BT}
        found = beam.said(module, search, most, input_ids=batch.inputs_BS, attention_mask=batch.mask_BS, **given)
        head = self.head(module)
        return beam.hypotheses(batch, found, self.target, search, lambda forced: self._scored(module, forced), head)

    def attended(self, module: nn.Module, batch: Batch) -> Tensor | None:
        """How the decoder's layers look at the source, (L, B, H, T, S)."""
        return attending.crosswise(module, batch)
