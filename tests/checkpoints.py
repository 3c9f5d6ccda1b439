"""Tiny pretrained checkpoints and corpora, made on the spot."""

from __future__ import annotations

import random
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 70,
}
NUMBERS = {
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "fr": ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
}


def numbers(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Pairs of number words and their translation in reverse order, all different."""
    chance = random.Random(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        digits = [chance.randrange(10) for _ in range(chance.randint(4, 7))]
        source = " ".join(NUMBERS["en"][d] for d in digits) + "."
        found[source] = " ".join(NUMBERS["fr"][d] for d in reversed(digits)) + "."
    return list(found.items())


def corpus(folder: Path, name: str, pairs: list[tuple[str, str]]) -> str:
    """Write pairs as NAME.en and NAME.fr; the prefix."""
    folder.mkdir(parents=True, exist_ok=True)
    for side, language in enumerate(("en", "fr")):
        (folder / f"{name}.{language}").write_text("".join(pair[side] + "\n" for pair in pairs), encoding="utf-8")
    return str(folder / name)


def wordpiece(folder: Path, texts: list[str], size: int = 200) -> int:
    """Train and save an uncased BERT tokenizer; its size."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=size, special_tokens=special))
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    return tokenizer.get_vocab_size()


def bytelevel(folder: Path, texts: list[str], size: int = 400) -> int:
    """Train and save a RoBERTa tokenizer; its size."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=alphabet)
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>"
    ).save_pretrained(folder)
    return tokenizer.get_vocab_size()


def checkpoint(folder: Path, kind: str) -> Path:
    """A random tiny checkpoint of an architecture ('bert', 'roberta', 'electra', 'distilbert', 'gpt2')."""
    torch.manual_seed(7)
    texts = [text for pair in numbers(200) for text in pair]
    folder.mkdir(parents=True, exist_ok=True)
    byte_level = kind in ("roberta", "gpt2")
    size = (bytelevel if byte_level else wordpiece)(folder, texts)
    shape = dict(SHAPE, vocab_size=size, pad_token_id=1 if byte_level else 0)
    if kind == "bert":
        module = transformers.BertForMaskedLM(transformers.BertConfig(**shape))
    elif kind == "roberta":
        module = transformers.RobertaForMaskedLM(transformers.RobertaConfig(**shape))
    elif kind == "electra":
        module = transformers.ElectraModel(transformers.ElectraConfig(embedding_size=16, **shape))
    elif kind == "distilbert":
        module = transformers.DistilBertModel(
            transformers.DistilBertConfig(vocab_size=size, dim=32, n_layers=3, n_heads=4, hidden_dim=64)
        )
    else:
        module = transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=size, n_embd=32, n_layer=2, n_head=4))
    for parameter in module.parameters():  # larger than the usual 0.02, so that a mistake shows
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    module.save_pretrained(folder)
    return folder
