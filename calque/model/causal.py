"""The family `causal`: a decoder alone, which goes on with a prompt (Radford et al. 2019, "Language Models are
Unsupervised Multitask Learners"), kept in transformers' own class.

Source and target are one stream: the source in its frame, which is the prompt but for its last token, and behind it
what the decoder has said, which begins with that token. Only target tokens are scored. In training a stream is padded
on the right, where causal attention never looks from a scored position, so it needs no mask and positions count from 0;
in generation it is padded on the left, since every row goes on at its right end.

Legend: B rows, S source length, T target length, L stream length, N scored positions, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

from calque.errors import ModelError
from calque.model import attending, parts
from calque.model.batch import IGNORED, Batch, Ids, pad
from calque.model.beam import beginning, hypotheses, said
from calque.model.family import Assembly, Build
from calque.model.folder import writing
from calque.model.hypothesis import Hypothesis, longest
from calque.recipes.search import Search
from calque.text.frame import Special

_HIDDEN_DROPOUT = (
    *("dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop", "resid_dropout", "embed_dropout"),
    *("residual_dropout", "embedding_dropout"),
)
_ATTENTION_DROPOUT = ("attn_pdrop", "attention_dropout")


@dataclass(frozen=True, slots=True)
class CausalFamily:
    """The verbs of a decoder alone, for codecs with these special tokens and at most `max_length` tokens on each side.

    attention: 'auto' and 'stock' leave what transformers prefers. recompute: keep no activations of layers.
    """

    source: Special
    target: Special
    max_length: int
    attention: str = "auto"
    recompute: bool = False
    name: str = "causal"

    def assemble(self, build: Build) -> Assembly:
        """The checkpoint with its vocabulary, dropout and end token as the recipe says.

        Raises:
            ModelError: it cannot be loaded, or knows too few positions for source and target together.
        """
        recipe, pretrained = build.recipe, build.encoder
        if pretrained is None:
            raise ModelError("a decoder alone must be pretrained: name a --model")
        with parts.reading(pretrained.folder):
            config = AutoConfig.from_pretrained(pretrained.folder)
        self._check_positions(pretrained.name, config)
        notes = [*_linear(config), *_dropout(config, recipe.dropout, recipe.attention_dropout)]
        absent: list[str] = []
        with parts.reading(pretrained.folder):
            if recipe.random_weights:
                module = AutoModelForCausalLM.from_config(config)
            else:
                module, absent = _loaded(pretrained.folder, config)
        if absent:
            raise ModelError(
                f"{pretrained.folder}: its weights lack {len(absent)} parameters of {type(module).__name__}, or have "
                f"them in another shape ({', '.join(absent[:3])}): they are damaged, or of another kind of model"
            )
        _keep_rows(module, [old for _, old in build.vocabularies.source.rows], pretrained.name)
        self._configure(module)
        self._suit(module)
        names = frozenset(() if recipe.random_weights else (name for name, _ in module.named_parameters()))
        what = f"the shape of {pretrained.name}, random weights" if recipe.random_weights else pretrained.name
        return Assembly(module, names, (f"decoder alone: {what} ({pretrained.kind})", *notes))

    def _check_positions(self, name: str, config: Any) -> None:  # noqa: ANN401
        known = getattr(config, "max_position_embeddings", None)
        if known is not None and 2 * self.max_length - 1 > known:
            raise ModelError(
                f"'{name}' knows {known} positions, which source and target share: --max-length {self.max_length} is "
                f"too long for it, give at most {(known + 1) // 2}"
            )
        if config.model_type == "xglm" and self.target.pad > 1:  # the position of that number would be zero
            raise ModelError(
                f"'{name}' pads with token {self.target.pad}, which its positions cannot be told apart from"
            )

    def _configure(self, module: Any) -> None:  # noqa: ANN401
        tokens = {"bos_token_id": self.source.bos, "eos_token_id": self.target.eos, "pad_token_id": self.target.pad}
        for name, value in tokens.items():
            setattr(module.config, name, value)
        module.generation_config = GenerationConfig(**tokens, max_new_tokens=self.max_length - 1, num_beams=4)

    def load(self, folder: Path, dropout: tuple[float | None, float] | None = None) -> nn.Module:
        """The saved decoder in evaluation mode, with another `dropout` (hidden, attention) where one is given;
        ModelError where transformers cannot load it."""
        with parts.reading(folder):
            config = AutoConfig.from_pretrained(folder)
            if dropout is not None:
                _set_dropout(config, *dropout)
            module, odd = _loaded(folder, config)
        if odd:
            raise ModelError(
                f"{folder}: weights and configuration disagree about {len(odd)} parameters ({', '.join(odd[:3])}): the "
                "folder is damaged, save it again"
            )
        self._suit(module)
        return module.eval()  # type: ignore[no-any-return]

    def _suit(self, module: Any) -> None:  # noqa: ANN401
        """Compute as is chosen, where the architecture can: one whose attention scores are capped has no fused kernel.

        The token that pads may also begin or end texts, so its embedding must learn like any other.
        """
        kind = parts.IMPLEMENTATIONS.get(self.attention)
        if kind == "eager" or (kind == "sdpa" and module._supports_sdpa):
            module.set_attn_implementation(kind)
        module.get_input_embeddings().padding_idx = None
        if self.recompute:
            parts.recompute(module)

    def save(self, module: nn.Module, folder: Path) -> None:
        """Write the Hugging Face files of the decoder into `folder`."""
        with parts.quiet(), writing(folder):
            module.save_pretrained(folder)  # type: ignore[operator]

    def batch(self, rows: Sequence[Ids]) -> Batch:
        """Right-padded rows; the prefix is the target without its last token, the labels without its first."""
        inputs_BS = pad([row.source for row in rows], self.source.pad)
        lengths_B = torch.tensor([len(row.source) for row in rows])
        mask_BS = (torch.arange(inputs_BS.shape[1]) < lengths_B[:, None]).long()
        targets = [row.target for row in rows if row.target is not None]
        if not targets:
            return Batch(inputs_BS, mask_BS)
        prefix_BT = pad([target[:-1] for target in targets], self.target.pad)
        return Batch(inputs_BS, mask_BS, prefix_BT, pad([target[1:] for target in targets], IGNORED))

    def states(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """One forward pass over the streams, without the output layer."""
        if batch.prefix_BT is None or batch.labels_BT is None:
            raise ValueError("a batch without targets has no scored positions")
        scored_N = (batch.labels_BT.flatten() != IGNORED).nonzero().flatten()
        ids_BL, places_BT = _streams(batch, self.target.pad)
        places_N = places_BT.flatten()[scored_N]
        if len(places_N):
            ids_BL = ids_BL[:, : int(places_N.max()) + 1]
        rows_N = scored_N.div(batch.prefix_BT.shape[1], rounding_mode="floor")
        decoder: Any = module
        seen_BL = torch.ones_like(ids_BL)  # no mask at all makes transformers suspect a mistake, and costs the same
        states_BLD = decoder.base_model(input_ids=ids_BL, attention_mask=seen_BL, use_cache=False).last_hidden_state
        states_ND = states_BLD.flatten(0, 1).index_select(0, rows_N * ids_BL.shape[1] + places_N)
        return _scaled(states_ND, decoder.config), batch.labels_BT.flatten()[scored_N]

    def head(self, module: nn.Module) -> tuple[Tensor, Tensor]:
        """The output layer: weight_VD, which may be the embeddings, and bias_V, zeros where there is none."""
        output = module.get_output_embeddings()  # type: ignore[operator]
        bias_V = getattr(output, "bias", None)
        return output.weight, output.weight.new_zeros(len(output.weight)) if bias_V is None else bias_V

    @torch.inference_mode()
    def generate(self, module: nn.Module, batch: Batch, search: Search) -> list[list[Hypothesis]]:
        """Beam search (greedy for a beam of 1) by transformers, which goes on with each prompt, and with the batch's
        prefix behind it where it has one."""
        begin_BT = beginning(batch, self.target)
        ids_BL, mask_BL = _prompts(batch, begin_BT, self.source.pad)
        before = begin_BT.shape[1] - len(self.target.frame[0])
        new = longest(search, self.max_length - 1, batch.inputs_BS.shape[1] - self.source.framing, before)
        found = said(module, search, new, input_ids=ids_BL, attention_mask=mask_BL)
        behind = ids_BL.shape[1] - begin_BT.shape[1]
        sequences = [ids[behind:] for ids in found]
        head = self.head(module)
        return hypotheses(batch, sequences, self.target, search, lambda forced: self.states(module, forced), head)

    def attended(self, module: nn.Module, batch: Batch) -> Tensor | None:
        """How the layers look back from what is said at the source without its prompt, (L, B, H, T, S)."""
        if batch.prefix_BT is None:
            raise ValueError("a batch without targets looks at nothing")
        ids_BL, places_BT = _streams(batch, self.target.pad)
        weights = attending.backwards(module, ids_BL)
        if weights is None:
            return None
        layers, _, heads, _, length = weights.shape
        rows_LBHTL = weights.gather(3, places_BT[None, :, None, :, None].expand(layers, -1, heads, -1, length))
        sources = batch.inputs_BS.shape[1]
        seen_BS = batch.mask_BS.clone()
        before, after = (len(side) for side in self.source.frame)
        seen_BS[:, :before] = 0
        seen_BS = seen_BS * (torch.arange(sources, device=seen_BS.device) < batch.mask_BS.sum(1, keepdim=True) - after)
        spread = rows_LBHTL[..., :sources] * seen_BS[None, :, None, None]
        return spread / spread.sum(-1, keepdim=True).clamp(min=1e-9)


def _streams(batch: Batch, filler: int) -> tuple[Tensor, Tensor]:
    """Each row's source with its prefix directly behind it, ids_BL (right-padded), and the places_BT of the prefix."""
    prefix_BT: Any = batch.prefix_BT
    (rows, sources), targets = batch.inputs_BS.shape, prefix_BT.shape[1]
    places_BT = batch.mask_BS.sum(1, keepdim=True) + torch.arange(targets, device=prefix_BT.device)
    ids_BL = torch.full((rows, sources + targets), filler, device=prefix_BT.device)
    ids_BL[:, :sources] = batch.inputs_BS
    return ids_BL.scatter_(1, places_BT, prefix_BT), places_BT


def _prompts(batch: Batch, begin_BT: Tensor, filler: int) -> tuple[Tensor, Tensor]:
    """Each row's source and what the target begins with, ids_BL, left-padded, and where they are real, mask_BL."""
    sources = batch.inputs_BS.shape[1]
    from_BS = torch.arange(sources, device=batch.inputs_BS.device) - (sources - batch.mask_BS.sum(1, keepdim=True))
    mask_BS = (from_BS >= 0).long()
    ids_BS = batch.inputs_BS.gather(1, from_BS.clamp(min=0)).where(mask_BS.bool(), filler)
    return torch.cat([ids_BS, begin_BT], 1), torch.cat([mask_BS, torch.ones_like(begin_BT)], 1)


def _loaded(folder: Path, config: Any) -> tuple[Any, list[str]]:  # noqa: ANN401
    """The network in a folder, and the names of parameters about which weights and configuration disagree."""
    told = {"output_loading_info": True, "ignore_mismatched_sizes": True}
    module, info = AutoModelForCausalLM.from_pretrained(folder, config=config, dtype=torch.float32, **told)
    return module, sorted({*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])})


def _linear(config: Any) -> list[str]:  # noqa: ANN401
    """Make logits a linear function of the states, as the loss wants them; what is said of it."""
    cap = getattr(config, "final_logit_softcapping", None)
    if cap is None:
        return []
    config.final_logit_softcapping = None
    return [
        f"logits of {config.model_type} are no longer capped (at {cap:g}): the order of tokens is the same, and "
        "training settles how sure they are; config.json says so too"
    ]


def _scaled(states_ND: Tensor, config: Any) -> Tensor:  # noqa: ANN401
    """States multiplied by what some architectures multiply their logits by, which are more."""
    if config.model_type == "granite":
        return states_ND / config.logits_scaling  # type: ignore[no-any-return]
    return states_ND * config.logit_scale if config.model_type in ("cohere", "cohere2") else states_ND


def _set_dropout(config: Any, hidden: float | None, attention: float) -> bool:  # noqa: ANN401
    """Set the dropout probabilities by whatever names the configuration has for them; where `hidden` is None, that of
    hidden states stays. True where there is such."""
    known = [name for name in _HIDDEN_DROPOUT if hasattr(config, name)]
    for name in known:
        if hidden is not None:
            setattr(config, name, hidden)
    for name in _ATTENTION_DROPOUT:
        if hasattr(config, name):
            setattr(config, name, attention)
    return bool(known)


def _dropout(config: Any, hidden: float | None, attention: float) -> list[str]:  # noqa: ANN401
    """Set the dropout probabilities; what is said of it."""
    if _set_dropout(config, hidden, attention) or not hidden:
        return []
    return [f"{config.model_type} has no dropout of hidden states: only --attention-dropout does something"]


@torch.no_grad()
def _keep_rows(module: Any, rows: Sequence[int], name: str) -> None:  # noqa: ANN401
    """Leave the embeddings and the output layer these rows, where they are not all rows in their order (a network may
    have more than its tokenizer has pieces).

    Raises:
        ModelError: the network has fewer embeddings than its tokenizer has pieces.
    """
    embeddings, output = module.get_input_embeddings(), module.get_output_embeddings()
    known = len(embeddings.weight)
    if max(rows) >= known:
        raise ModelError(f"'{name}' has {known} embeddings, and its tokenizer {max(rows) + 1} pieces: it is damaged")
    if list(rows) == list(range(len(rows))):
        return
    tied = output.weight is embeddings.weight
    embeddings.weight = nn.Parameter(embeddings.weight[list(rows)].clone())
    output.weight = embeddings.weight if tied else nn.Parameter(output.weight[list(rows)].clone())
    if getattr(output, "bias", None) is not None:
        output.bias = nn.Parameter(output.bias[list(rows)].clone())
    embeddings.num_embeddings = output.out_features = module.config.vocab_size = len(rows)
