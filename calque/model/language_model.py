"""Language models: networks that fill in masks, go on with a text, or restore a spoiled one; what the trainer may ask
of them. Which kinds of checkpoints can do which is here and nowhere else.

Legend: B rows, S length of what is read, T of what is told, N scored positions, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

from calque.errors import ModelError, nearest
from calque.model import lean, parts
from calque.model.batch import IGNORED, Batch, Ids, pad
from calque.model.folder import writing
from calque.model.kinds import ENCODERS
from calque.model.pretrained import Pretrained
from calque.text.frame import Special

_CLASSES = {"mlm": AutoModelForMaskedLM, "clm": AutoModelForCausalLM, "denoise": AutoModelForSeq2SeqLM}
_EITHER_WAY = ("bert", "camembert", "electra", "roberta", "xlm-roberta")  # encoders that can be told to be decoders
KINDS = {
    "mlm": tuple(kind for kind in ENCODERS if kind != "bert-generation"),  # which transformers gave no such head
    "clm": (*_EITHER_WAY, "bert-generation", "gemma", "gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3"),
    "denoise": ("bart", "mbart"),
}
_INSTEAD = {"mlm": "an encoder such as BERT", "clm": "a decoder such as GPT-2", "denoise": "BART or mBART"}
_DROPOUT = ("resid_pdrop", "embd_pdrop", "hidden_dropout")  # of GPT-2 and GPT-NeoX


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """The verbs of a network with this objective ('mlm', 'clm', 'denoise') and these special tokens."""

    objective: str
    special: Special
    way: lean.Way = lean.STANDARD

    def load(self, folder: Path, dropout: tuple[float, float] | None = None) -> tuple[nn.Module, tuple[str, ...]]:
        """The network of a checkpoint in evaluation mode, with this `dropout` (hidden, attention) where one is given,
        and the names of parameters of its head that the checkpoint lacks, which are new.

        Raises:
            ModelError: it cannot be loaded, or lacks other parameters than those of the head.
        """
        kind: Any = _CLASSES[self.objective]
        with parts.reading(folder):
            config = AutoConfig.from_pretrained(folder)
            if config.model_type in _EITHER_WAY:
                config.is_decoder = self.objective == "clm"
                config.add_cross_attention = False
            if dropout is not None:
                parts.set_dropout(config, *dropout)
                _set(config, _DROPOUT, dropout[0])
                _set(config, ("attn_pdrop",), dropout[1])
            module, info = kind.from_pretrained(
                folder, config=config, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True
            )
        wrong = sorted(name for name, *_ in info["mismatched_keys"])
        body = f"{module.base_model_prefix}."
        wrong += sorted(name for name in info["missing_keys"] if name.startswith(body) and ".pooler." not in name)
        if wrong:
            raise ModelError(
                f"{folder}: its weights lack {len(wrong)} parameters of {type(module).__name__}, or have them in "
                f"another shape ({', '.join(wrong[:3])}): they are damaged, or of another kind of model"
            )
        if not _has_output(module):
            raise ModelError(
                f"{folder}: the head of this {config.model_type} has no output layer that calque could train"
            )
        new = tuple(sorted(name for name in info["missing_keys"] if not name.startswith(body)))
        return self.suited(module).eval(), new

    def suited(self, module: Any) -> nn.Module:  # noqa: ANN401
        """The network, whose attention transformers computes as is chosen where its forward pass is used."""
        if not self._leanly(module):
            if self.way.attention == "matmul":
                module.set_attn_implementation("eager")
            if self.way.recompute:
                parts.recompute(module)
        return module  # type: ignore[no-any-return]

    def save(self, module: nn.Module, folder: Path) -> None:
        """Write the Hugging Face files of the network into `folder`."""
        with parts.quiet(), writing(folder):
            module.save_pretrained(folder)  # type: ignore[operator]

    def batch(self, rows: Sequence[Ids]) -> Batch:
        """Right-padded examples. A denoising network's prefix is its target, with the last token moved to the front:
        BART begins with the end token, mBART with the language."""
        inputs_BS = pad([row.source for row in rows], self.special.pad)
        lengths_B = torch.tensor([len(row.source) for row in rows])
        mask_BS = (torch.arange(inputs_BS.shape[1]) < lengths_B[:, None]).long()
        targets = [row.target or [] for row in rows]
        prefix_BT = None
        if self.objective == "denoise":
            prefix_BT = pad([[target[-1], *target[:-1]] for target in targets], self.special.pad)
        return Batch(inputs_BS, mask_BS, prefix_BT, pad(targets, IGNORED))

    def states(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """The last states at scored positions, as the output layer takes them, states_ND, and their labels_N."""
        if batch.labels_BT is None:
            raise ValueError("a batch without labels has no scored positions")
        labels_N = batch.labels_BT.flatten()
        hidden_ND = self.hidden(module, batch).flatten(0, 1)
        scored = (labels_N != IGNORED).nonzero().flatten()
        return transformed(module, hidden_ND.index_select(0, scored)), labels_N[scored]

    def hidden(self, module: Any, batch: Batch) -> Tensor:  # noqa: ANN401
        """The last layer's states at all positions, (B, S, D) or, of a denoising network's decoder, (B, T, D)."""
        if self._leanly(module):
            return lean.states_alone(module.base_model, batch, self.objective == "clm", self.way)
        ways: dict[str, Any] = {"input_ids": batch.inputs_BS, "attention_mask": batch.mask_BS}
        if self.objective != "mlm":
            ways |= {"use_cache": False}
        if batch.prefix_BT is not None:
            ways |= {"decoder_input_ids": batch.prefix_BT}
        return module.base_model(**ways).last_hidden_state  # type: ignore[no-any-return]

    def head(self, module: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        """The output layer: weight_VD and bias_V (zeros where it has none)."""
        output = module.get_output_embeddings()
        if self.objective == "denoise":
            return output.weight, module.final_logits_bias[0]
        bias = output.bias
        return output.weight, output.weight.new_zeros(len(output.weight)) if bias is None else bias

    def _leanly(self, module: Any) -> bool:  # noqa: ANN401
        return self.way.attention != "stock" and self.objective != "denoise" and lean.covers_alone(module.base_model)


def _has_output(module: Any) -> bool:  # noqa: ANN401
    """Whether the head ends with a layer that scores the vocabulary (DeBERTa-v2's newer one has none)."""
    output = module.get_output_embeddings()
    return output is not None and len(output.weight) == len(module.get_input_embeddings().weight)


def refuse_unfit(pretrained: Pretrained, objective: str) -> None:
    """Raise ModelError where a checkpoint cannot learn by this objective, and say what can."""
    kind = pretrained.kind
    if pretrained.is_translator:
        raise ModelError(
            f"{pretrained.folder}: this is a finished translator, which pretraining would make unlearn to translate: "
            "go on with `calque finetune`, or name its base"
        )
    if kind in KINDS[objective]:
        return
    why = f"cannot be trained by {objective}"
    if kind in ("t5", "mt5", "umt5", "longt5"):
        why = (
            f"cannot be trained by {objective}: T5 learns to tell spans after sentinel tokens, which calque does not do"
        )
    others = [name for name, kinds in KINDS.items() if kind in kinds]
    advice = f"--objective {others[0]} fits it" if others else f"take {_INSTEAD[objective]}"
    raise ModelError(
        f"'{pretrained.name}' is of kind '{kind}', which {why}{nearest(kind, KINDS[objective])}: {advice} "
        f"({objective}: {', '.join(KINDS[objective])})"
    )


def turned(pretrained: Pretrained, objective: str) -> str:
    """What is to be said of a checkpoint that reads the other way from now on; nothing where it does not."""
    if pretrained.kind not in _EITHER_WAY:
        return ""
    if objective == "clm" and not pretrained.config.get("is_decoder"):
        return (
            f"{pretrained.name} is an encoder that sees both sides of a token: from now on it sees only what stands "
            "before it (is_decoder), and is a decoder"
        )
    if objective == "mlm" and pretrained.config.get("is_decoder"):
        return f"{pretrained.name} is a decoder: from now on it sees both sides of a token, and is an encoder"
    return ""


def transformed(module: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    """What a network's head does to states before the output layer."""
    return _TRANSFORMS.get(module.config.model_type, _nothing)(module, states_ND)


def _nothing(_: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    return states_ND


def _bert(module: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    return module.cls.predictions.transform(states_ND)  # type: ignore[no-any-return]


def _roberta(module: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    head = module.lm_head
    return head.layer_norm(functional.gelu(head.dense(states_ND)))  # type: ignore[no-any-return]


def _electra(module: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    return module.generator_predictions(states_ND)  # type: ignore[no-any-return]


def _albert(module: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    head = module.predictions
    return head.LayerNorm(head.activation(head.dense(states_ND)))  # type: ignore[no-any-return]


def _distilbert(module: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    return module.vocab_layer_norm(module.activation(module.vocab_transform(states_ND)))  # type: ignore[no-any-return]


def _modernbert(module: Any, states_ND: Tensor) -> Tensor:  # noqa: ANN401
    return module.head(states_ND)  # type: ignore[no-any-return]


_TRANSFORMS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "albert": _albert,
    "bert": _bert,
    "camembert": _roberta,
    "deberta-v2": _bert,
    "distilbert": _distilbert,
    "electra": _electra,
    "modernbert": _modernbert,
    "mpnet": _roberta,
    "roberta": _roberta,
    "xlm-roberta": _roberta,
}


def _set(config: Any, names: Sequence[str], value: float) -> None:  # noqa: ANN401
    for name in names:
        if hasattr(config, name):
            setattr(config, name, value)
