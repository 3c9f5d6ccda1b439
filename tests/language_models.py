"""Tiny checkpoints of the kinds that can be pretrained, and one-language text, made on the spot."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
import transformers
from checkpoints import NUMBERS, bytelevel, wordpiece

WIDTHS = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
MASKED = ("albert", "bert", "camembert", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet", "roberta")
CAUSAL = ("bert", "bert-generation", "gemma", "gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3", "roberta")
BYTE_LEVEL = (
    "roberta",
    "camembert",
    "bart",
    "mbart",
    "mpnet",
    "gpt2",
    "gpt_neox",
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
)


def counting(count: int, language: str = "fr", seed: int = 1) -> list[str]:
    """Lines that count upwards from some number, all different in what goes before: a network can learn to go on."""
    chance = random.Random(seed)
    words = NUMBERS[language]
    lines = []
    for number in range(count):
        first = chance.randrange(10)
        counted = [words[(first + step) % 10] for step in range(chance.randint(4, 9))]
        lines.append(f"{' '.join(words[int(digit)] for digit in str(number))} : {' '.join(counted)}.")
    return lines


def written(file: Path, lines: list[str]) -> str:
    """Write lines into a file; its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return str(file)


def language_model(folder: Path, kind: str, causal: bool = False) -> Path:
    """A random tiny checkpoint with a language model's head."""
    torch.manual_seed(7)
    folder.mkdir(parents=True, exist_ok=True)
    byte_level = kind in BYTE_LEVEL
    size = (bytelevel if byte_level else wordpiece)(folder, counting(100), 400 if byte_level else 200)
    if kind == "mbart":
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        tokenizer.add_special_tokens({"additional_special_tokens": ["en_XX", "fr_XX"]})
        tokenizer.save_pretrained(folder)
        size += 2
    module = _class(kind, causal)(_config(kind, size, 1 if byte_level else 0))
    for parameter in module.parameters():  # larger than the usual 0.02, so that a mistake shows
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    module.save_pretrained(folder)
    return folder


def _config(kind: str, size: int, pad: int) -> Any:
    tokens = {"vocab_size": size, "pad_token_id": pad, "bos_token_id": 0 if pad else 2, "eos_token_id": 2 if pad else 3}
    if kind in ("bart", "mbart"):
        sides = {f"{side}_{name}": value for side in ("encoder", "decoder") for name, value in
                 (("layers", 2), ("attention_heads", 4), ("ffn_dim", 64))}  # fmt: skip
        return transformers.AutoConfig.for_model(
            kind, d_model=32, max_position_embeddings=70, decoder_start_token_id=2, **sides, **tokens
        )
    if kind == "gpt2":
        return transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=70, **tokens)
    if kind == "distilbert":
        return transformers.DistilBertConfig(
            dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=70, **tokens
        )
    own: dict[str, Any] = {
        "electra": {"embedding_size": 16},
        "albert": {"embedding_size": 16},
        "gemma": {"head_dim": 8, "num_key_value_heads": 2},
        "mistral": {"num_key_value_heads": 2},
        "qwen2": {"num_key_value_heads": 2},
        "qwen3": {"head_dim": 8, "num_key_value_heads": 2},
        "bert-generation": {"is_decoder": True},
    }
    return transformers.AutoConfig.for_model(kind, **WIDTHS, **tokens, max_position_embeddings=70, **own.get(kind, {}))


def _class(kind: str, causal: bool) -> Any:
    if kind in ("bart", "mbart"):
        return transformers.AutoModelForSeq2SeqLM.from_config
    return (transformers.AutoModelForCausalLM if causal else transformers.AutoModelForMaskedLM).from_config
