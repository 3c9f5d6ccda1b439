"""A tiny checkpoint of every kind that is half of a pair, with a tokenizer like its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from checkpoints import numbers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TEXTS = [text for pair in numbers(120) for text in pair]
BERT = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
POSITIONS = {"max_position_embeddings": 66}
SHAPES: dict[str, dict[str, Any]] = {
    "bert": {**BERT, **POSITIONS},
    "bert-generation": {**BERT, **POSITIONS},
    "roberta": {**BERT, **POSITIONS},
    "xlm-roberta": {**BERT, **POSITIONS, "hidden_size": 24, "num_attention_heads": 3},
    "camembert": {**BERT, **POSITIONS},
    "electra": {**BERT, **POSITIONS, "embedding_size": 16},
    "albert": {**BERT, **POSITIONS, "embedding_size": 8},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, **POSITIONS},
    "deberta-v2": {
        **BERT, **POSITIONS, "hidden_size": 24, "relative_attention": True, "position_buckets": 8,
        "conv_kernel_size": 3, "conv_act": "gelu", "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm",
        "share_att_key": True, "type_vocab_size": 0, "position_biased_input": False,
    },
    "modernbert": {**BERT, **POSITIONS, "local_attention": 8, "global_attn_every_n_layers": 2},
    "mpnet": {**BERT, **POSITIONS},
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64},
    "xglm": {"d_model": 24, "num_layers": 2, "attention_heads": 2, "ffn_dim": 32, **POSITIONS},
}  # fmt: skip
WORDPIECE = ("bert", "electra", "distilbert", "mpnet")
BYTES = ("roberta", "gpt2", "modernbert")
HEADLESS = ("albert", "distilbert", "deberta-v2", "modernbert", "mpnet", "bert-generation")


def half(folder: Path, kind: str, seed: int = 7, **shape: Any) -> Path:
    """A checkpoint of this kind, random but with weights large enough for a mistake to show."""
    folder.mkdir(parents=True, exist_ok=True)
    special = tokenizer(folder, kind)
    torch.manual_seed(seed)
    config = transformers.AutoConfig.for_model(kind, **special, **SHAPES[kind] | shape)
    auto = transformers.AutoModelForMaskedLM
    if kind in HEADLESS:
        auto = transformers.AutoModel
    elif kind in ("gpt2", "xglm"):
        auto = transformers.AutoModelForCausalLM
    module = auto.from_config(config)
    for parameter in module.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    module.save_pretrained(folder)
    return folder


def tokenizer(folder: Path, kind: str) -> dict[str, int]:
    """Train and save a tokenizer of the kind's kind; what a configuration says of it."""
    if kind in WORDPIECE:
        made, names = _wordpiece(kind), _names(kind)
    elif kind in BYTES:
        made, names = _bytes(kind), _names(kind)
    else:
        made, names = _unigram(kind), _names(kind)
    roles = {f"{role}_token": name for role, name in names.items()}
    saved = transformers.PreTrainedTokenizerFast(tokenizer_object=made, **roles)
    saved.save_pretrained(folder)
    ids = {role: made.token_to_id(names[role]) for role in ("pad", "bos", "eos", "cls", "sep") if role in names}
    ids = {role: number for role, number in ids.items() if role not in ("cls", "sep") or kind == "modernbert"}
    return {"vocab_size": made.get_vocab_size(), **{f"{role}_token_id": number for role, number in ids.items()}}


def _names(kind: str) -> dict[str, str]:
    if kind == "gpt2":
        return {"bos": "<|endoftext|>", "eos": "<|endoftext|>", "unk": "<|endoftext|>"}
    if kind in ("bert", "electra", "distilbert", "albert", "deberta-v2", "modernbert"):
        return {"pad": "[PAD]", "cls": "[CLS]", "sep": "[SEP]", "unk": "[UNK]", "mask": "[MASK]"}
    names = {"pad": "<pad>", "bos": "<s>", "eos": "</s>", "cls": "<s>", "sep": "</s>", "unk": "<unk>"}
    return names | ({"unk": "[UNK]"} if kind == "mpnet" else {})


def _wordpiece(kind: str) -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    bert = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    special = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"] if kind == "mpnet" else bert
    made.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special))
    return made


def _bytes(kind: str) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    first = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] if kind == "roberta" else []
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=first, initial_alphabet=alphabet)
    made.train_from_iterator(TEXTS, trainer)
    last = {"gpt2": ["<|endoftext|>"], "modernbert": ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]}.get(kind, [])
    made.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in last])
    return made


def _unigram(kind: str) -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    special = {
        "albert": ["<pad>", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        "deberta-v2": ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"],
        "camembert": ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>", "<mask>"],
        "bert-generation": ["<pad>", "</s>", "<s>", "<unk>"],
    }.get(kind, ["<s>", "<pad>", "</s>", "<unk>"])
    special = ["[PAD]" if name == "<pad>" and kind == "albert" else name for name in special]
    unk = "[UNK]" if "[UNK]" in special else "<unk>"
    made.train_from_iterator(
        TEXTS, trainers.UnigramTrainer(vocab_size=150, special_tokens=special, unk_token=unk, show_progress=False)
    )
    return made
