"""Tiny pretrained tokenizers of every kind, trained on the spot and saved as published folders are."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TEXT = [
    "The little dog runs through the high grass.",
    "A man in a blue shirt is standing on a ladder cleaning a window.",
    "Two young girls are sitting in front of a shop, selling lemonade.",
    "Un petit chien court dans l'herbe haute; où va-t-il ?",
    "Une femme âgée attend à l'arrêt de l'autobus n° 27.",
    "Ein kleiner Hund läuft über die Straße.",
    "the dog and the man and the girls and the ladders and the windows",
] * 3
BERT_TOKENS = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
ROBERTA_TOKENS = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
KINDS = ("wordpiece", "byte_bpe", "piece_bpe", "unigram")


def build(kind: str, folder: Path) -> Path:
    """A folder with a tokenizer of that kind: BERT's, RoBERTa's, Llama's or XLM-R's in small."""
    tokenizer = {"wordpiece": _wordpiece, "byte_bpe": _byte_bpe, "piece_bpe": _piece_bpe, "unigram": _unigram}[kind]()
    names = BERT_TOKENS if kind == "wordpiece" else ROBERTA_TOKENS
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(names))
    return folder


def _wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = [*BERT_TOKENS.values(), "[MASK]"]
    tokenizer.train_from_iterator(
        TEXT, trainers.WordPieceTrainer(vocab_size=220, special_tokens=special, show_progress=False)
    )
    return tokenizer


def _byte_bpe() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(ROBERTA_TOKENS.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    tokenizer.add_special_tokens(["<mask>"])
    return tokenizer


def _piece_bpe() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    learnt = Tokenizer(models.BPE())
    learnt.normalizer = tokenizer.normalizer
    learnt.pre_tokenizer = pre_tokenizers.Split(Regex("▁?[^▁]+"), "isolated")
    special = [*ROBERTA_TOKENS.values(), *(f"<0x{byte:02X}>" for byte in range(256))]
    learnt.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=480, special_tokens=special, show_progress=False))
    model = json.loads(learnt.to_str())["model"]
    described = json.loads(tokenizer.to_str())
    described["model"] |= {"vocab": model["vocab"], "merges": model["merges"]}
    tokenizer = Tokenizer.from_str(json.dumps(described))
    tokenizer.add_special_tokens(list(ROBERTA_TOKENS.values()))
    return tokenizer


def _unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=180, special_tokens=list(ROBERTA_TOKENS.values()), unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    tokenizer.add_special_tokens(["<mask>"])
    return tokenizer


def random_texts(count: int, seed: int = 1) -> list[str]:
    """Texts of random code points from everywhere in Unicode, mixed with what is known to be difficult."""
    chance = random.Random(seed)
    spaces = [" ", "  ", "\t", "\u00a0", "\u202f", "\n", "\r", "\0"]
    marks = ["▁", "Ġ", "##", "\ufdd0", "<0x41>", "</s>", "[SEP]", "\ufffd", "'", ".", "n't"]
    difficult = [*spaces, *marks, "é", "e\u0301", "👨\u200d👩\u200d👧", "١٢", "ሰላም", "日本", "the", "Hund"]

    def letter() -> str:
        while True:
            letter = chr(chance.randrange(chance.choice((0x80, 0x250, 0x3000, 0x20000, 0x110000))))
            if unicodedata.category(letter) != "Cs":
                return letter

    return [
        "".join(letter() if chance.random() < 0.5 else chance.choice(difficult) for _ in range(chance.randrange(24)))
        for _ in range(count)
    ]
