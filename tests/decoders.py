"""Tiny decoders alone of every architecture that is taken, made on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from checkpoints import numbers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"
POSITIONS = 320
_OLD = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": POSITIONS}
_ROTARY = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": POSITIONS,
}
_GROUPED = _ROTARY | {"num_key_value_heads": 2}
_HEADS = _GROUPED | {"head_dim": 8}
SHAPES: dict[str, dict[str, Any]] = {
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "cohere": _GROUPED | {"logit_scale": 0.25},
    "cohere2": _GROUPED | {"logit_scale": 0.25, "sliding_window": 8},
    "falcon": _ROTARY | {"alibi": True},
    "gemma": _HEADS,
    "gemma2": _HEADS | {"sliding_window": 8, "query_pre_attn_scalar": 8},
    "gemma3_text": _HEADS | {"sliding_window": 8, "query_pre_attn_scalar": 8},
    "glm": _HEADS,
    "glm4": _HEADS,
    "gpt2": _OLD,
    "gpt_bigcode": _OLD,
    "gpt_neo": {
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": POSITIONS,
        "attention_types": [[["global", "local"], 1]],
        "window_size": 8,
    },
    "gpt_neox": _ROTARY,
    "gptj": _OLD | {"rotary_dim": 4},
    "granite": _GROUPED | {"logits_scaling": 4.0, "embedding_multiplier": 3.0},
    "helium": _HEADS,
    "llama": _GROUPED,
    "mistral": _GROUPED | {"sliding_window": 8},
    "nemotron": _GROUPED,
    "olmo": _GROUPED,
    "olmo2": _GROUPED,
    "opt": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "ffn_dim": 48,
        "max_position_embeddings": POSITIONS,
        "word_embed_proj_dim": 16,
    },
    "phi": _ROTARY,
    "phi3": _GROUPED,
    "qwen2": _GROUPED,
    "qwen3": _HEADS,
    "smollm3": _GROUPED,
    "stablelm": _GROUPED,
    "starcoder2": _GROUPED | {"sliding_window": 8},
    "xglm": {
        "d_model": 32,
        "num_layers": 2,
        "attention_heads": 4,
        "ffn_dim": 48,
        "max_position_embeddings": POSITIONS,
    },
}
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] | trim }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}{% endif %}"
)


def tokenizer(folder: Path, special: tuple[str, ...] = (END,), size: int = 340, **told: str | None) -> int:
    """Train and save a byte-level tokenizer as GPT-2's, whose one special token begins, ends and pads; its size."""
    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learnt.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    texts = [text for pair in numbers(200) for text in pair]
    learnt.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, special_tokens=list(special), initial_alphabet=alphabet)
    )
    folder.mkdir(parents=True, exist_ok=True)
    learnt.save(str(folder / "tokenizer.json"))
    named = told or {"bos_token": END, "eos_token": END, "unk_token": END}
    config = {"tokenizer_class": "PreTrainedTokenizerFast"} | named
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return int(learnt.get_vocab_size())


def decoder(folder: Path, kind: str = "gpt2", deviation: float = 0.2, surplus: int = 3, **shape: Any) -> Path:
    """A random tiny decoder with GPT-2's tokenizer, and as real ones have it, a few embeddings more than pieces."""
    size = tokenizer(folder)
    return network(folder, kind, size + surplus, deviation, **shape)


def network(folder: Path, kind: str, size: int, deviation: float = 0.2, **shape: Any) -> Path:
    """A random tiny decoder of `size` embeddings beside the tokenizer that is in the folder."""
    torch.manual_seed(7)
    ids = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None if kind != "xglm" else 0}
    config = transformers.AutoConfig.for_model(kind, vocab_size=size, **(ids | SHAPES[kind] | shape))
    module = transformers.AutoModelForCausalLM.from_config(config)
    if deviation:
        for parameter in module.parameters():  # larger than the usual 0.02, so that a mistake shows
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=deviation)
        module.tie_weights()
    module.save_pretrained(folder)
    return folder


def chatting(folder: Path, kind: str = "llama", **shape: Any) -> Path:
    """A tiny decoder that has a chat template, and no token that begins texts."""
    special = (END, "<|im_start|>", "<|im_end|>")
    size = tokenizer(folder, special, bos_token=None, eos_token=END, pad_token=END, chat_template=CHAT)
    return network(folder, kind, size, **shape)
