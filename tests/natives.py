"""Tiny native encoder-decoders of every kind, with tokenizers trained on the spot, saved as published folders are."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SOURCES = [
    "a dog runs", "two girls sing songs", "the man reads a book", "a red car stops", "the cat sleeps",
    "children play in the snow", "an old woman smiles", "people wait for the bus",
]  # fmt: skip
TARGETS = [
    "un chien court", "deux filles chantent", "l'homme lit un livre", "une voiture rouge s'arrête", "le chat dort",
    "des enfants jouent dans la neige", "une vieille femme sourit", "des gens attendent le bus",
]  # fmt: skip
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
KINDS = (
    "marian",
    "marian-many",
    "bart",
    "mbart",
    "mbart50",
    "m2m_100",
    "nllb",
    "t5",
    "t5v1.1",
    "mt5",
    "byt5",
    "madlad",
)


@dataclass(frozen=True)
class Made:
    """What a checkpoint is made of: its kind, the texts that its tokenizers know, its width and the spread of its
    weights."""

    kind: str
    sources: list[str]
    targets: list[str]
    width: int
    spread: float

    @property
    def texts(self) -> list[str]:
        return self.sources + self.targets

    @property
    def shape(self) -> dict[str, object]:
        return {
            "d_model": self.width, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
            "decoder_attention_heads": 4, "encoder_ffn_dim": 3 * self.width // 2, "max_position_embeddings": 64,
            "decoder_ffn_dim": 3 * self.width // 2, "dropout": 0.1, "init_std": self.spread,
        }  # fmt: skip


def build(
    kind: str,
    folder: Path,
    sources: list[str] = SOURCES,
    targets: list[str] = TARGETS,
    width: int = 32,
    spread: float = 0.2,
) -> Path:
    """A folder with a tiny checkpoint of that kind; by default with weights so large that a mistake shows."""
    folder.mkdir(parents=True)
    torch.manual_seed(1)
    {
        "marian": _marian, "marian-many": _marian, "bart": _bart, "mbart": _mbart, "mbart50": _mbart,
        "m2m_100": _m2m, "nllb": _nllb, "t5": _t5, "t5v1.1": _t5, "mt5": _t5, "byt5": _t5, "madlad": _t5,
    }[kind](Made(kind, sources, targets, width, spread), folder)  # fmt: skip
    return folder


def _spm(texts: list[str], kind: str, file: Path) -> list[str]:
    """Train a SentencePiece model into `file`; its pieces."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts * 3), model_writer=written, model_type=kind, vocab_size=60,
        hard_vocab_limit=False, minloglevel=2, character_coverage=1.0,
    )  # fmt: skip
    file.write_bytes(written.getvalue())
    model = sentencepiece.SentencePieceProcessor(model_file=str(file))
    return [model.id_to_piece(i) for i in range(model.get_piece_size())]


def _write(file: Path, said: object) -> None:
    file.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


def _marian(made: Made, folder: Path) -> None:
    pieces = _spm(made.sources, "unigram", folder / "source.spm") + _spm(made.targets, "unigram", folder / "target.spm")
    codes = [">>fra<<", ">>spa<<"] if made.kind == "marian-many" else []
    names = ["</s>", "<unk>", *codes, *(piece for piece in pieces if piece not in SPECIAL), "<pad>"]
    ids = {piece: number for number, piece in enumerate(dict.fromkeys(names))}
    _write(folder / "vocab.json", ids)
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "MarianTokenizer"})
    config = transformers.MarianConfig(
        **made.shape, vocab_size=len(ids), pad_token_id=ids["<pad>"], eos_token_id=0, forced_eos_token_id=0,
        decoder_start_token_id=ids["<pad>"], scale_embedding=True, static_position_embeddings=True,
    )  # fmt: skip
    module = transformers.MarianMTModel(config)
    module.final_logits_bias.copy_(torch.randn_like(module.final_logits_bias))
    module.generation_config.bad_words_ids = [[ids["<pad>"]]]
    module.save_pretrained(folder)


def _unigram(texts: list[str], special: list[str], behind: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=90, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens(behind)
    return tokenizer


def _bart(made: Made, folder: Path) -> None:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(made.texts, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "BartTokenizer"})
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    transformers.BartForConditionalGeneration(
        transformers.BartConfig(**made.shape, vocab_size=tokenizer.get_vocab_size(), forced_eos_token_id=2, **ids)
    ).save_pretrained(folder)


def _mbart(made: Made, folder: Path) -> None:
    codes = ["en_XX", "fr_XX", "de_DE", *(["af_ZA"] if made.kind == "mbart50" else [])]
    tokenizer = _unigram(made.texts, SPECIAL, [*codes, "<mask>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    name = "MBart50Tokenizer" if made.kind == "mbart50" else "MBartTokenizer"
    _write(folder / "tokenizer_config.json", {"tokenizer_class": name})
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    transformers.MBartForConditionalGeneration(
        transformers.MBartConfig(**made.shape, vocab_size=tokenizer.get_vocab_size(), scale_embedding=True, **ids)
    ).save_pretrained(folder)


def _m2m_network(made: Made, folder: Path, size: int) -> None:
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    transformers.M2M100ForConditionalGeneration(
        transformers.M2M100Config(**made.shape, vocab_size=size, scale_embedding=True, **ids)
    ).save_pretrained(folder)


def _m2m(made: Made, folder: Path) -> None:
    pieces = _spm(made.texts, "bpe", folder / "sentencepiece.bpe.model")
    names = [*SPECIAL, *(piece for piece in pieces if piece not in SPECIAL)]
    _write(folder / "vocab.json", {piece: number for number, piece in enumerate(names)})
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "M2M100Tokenizer"})
    _m2m_network(made, folder, len(names) + 100 + 8)  # the languages, and the made-up words of fairseq


def _nllb(made: Made, folder: Path) -> None:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=110, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(made.texts, trainer)
    tokenizer.add_special_tokens(["eng_Latn", "fra_Latn", "zho_Hans", "<mask>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "NllbTokenizer"})
    _m2m_network(made, folder, tokenizer.get_vocab_size())


def _t5(made: Made, folder: Path) -> None:
    if made.kind == "byt5":
        size = 384
        _write(folder / "tokenizer_config.json", {"tokenizer_class": "ByT5Tokenizer"})
    else:
        codes = ["<2fr>", "<2de>"] if made.kind == "madlad" else []
        tokenizer = _unigram(made.texts, ["<pad>", "</s>", "<unk>", *codes], [f"<extra_id_{i}>" for i in range(5)])
        tokenizer.save(str(folder / "tokenizer.json"))
        _write(folder / "tokenizer_config.json", {"tokenizer_class": "T5Tokenizer"})
        size = tokenizer.get_vocab_size() + 7  # published ones are padded too
    classes = (
        (transformers.MT5Config, transformers.MT5ForConditionalGeneration)
        if made.kind == "mt5"
        else (transformers.T5Config, transformers.T5ForConditionalGeneration)
    )
    tasks = {"translation_en_to_fr": {"prefix": "translate English to French: "}} if made.kind == "t5" else None
    gated = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False} if made.kind in ("t5v1.1", "mt5") else {}
    config = classes[0](
        vocab_size=size, d_model=made.width, d_kv=made.width // 4, d_ff=3 * made.width // 2,
        num_layers=2, num_heads=4, dropout_rate=0.1,
        decoder_start_token_id=0, task_specific_params=tasks, **gated,
    )  # fmt: skip
    module = classes[1](config)
    module.save_pretrained(folder)
