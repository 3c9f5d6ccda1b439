"""The codecs of a native encoder-decoder: its own vocabulary, framed as it was in pretraining.

What frames a text differs from one architecture to the next, and a translator that frames it in another way than it was
pretrained with speaks badly or another language. B is the start token, E the end token, L a language code:

              encoder reads     decoder begins with   then says
Marian        [>>L<<] text E    pad                   text E
BART          <s> text E        E <s>                 text E
mBART         text E L          L                     text E
mBART-50      L text E          E L                   text E
M2M100        L text E          E L                   text E
NLLB          L text E          E L                   text E      (text E L in front of the encoder, the older way)
T5, mT5       [prompt] text E   pad                   text E
MADLAD        <2L> text E       pad                   text E
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models

from calque.corpus.language import name
from calque.errors import ModelError, RecipeError
from calque.model import parts
from calque.model.codes import Codes, codes_in
from calque.model.pretrained import Pretrained, tokenizer_folder
from calque.model.vocabulary import Side, Vocabularies
from calque.recipes.vocabulary import Vocabulary
from calque.text import spm
from calque.text.codec import Codec, unknown_in
from calque.text.frame import Special
from calque.text.trim import CHUNK, extend, trim_together

SEEN = 3  # times that a character which the vocabulary cannot spell must be in the text to get a piece of its own


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a text on each side, and the languages' codes, None where the model has none."""

    source_before: tuple[int, ...]
    source_after: tuple[int, ...]
    target_before: tuple[int, ...]
    codes: tuple[str | None, str | None]


def native(
    recipe: Vocabulary,
    checkpoint: Pretrained,
    sources: Iterable[str],
    targets: Iterable[str],
    languages: tuple[str, str],
) -> Vocabularies:
    """The checkpoint's vocabulary for both sides: as it is ('keep'), with pieces for characters of the text that it
    cannot spell ('auto'), or with those that the text needs only ('trim').

    Raises:
        RecipeError: another vocabulary is asked for, or a language of which the model has no code.
        ModelError: the tokenizer cannot be read.
    """
    choice = _choice(recipe, checkpoint)
    tokenizers = tokenizers_of(checkpoint)
    codecs, frame, added = _framed(recipe, checkpoint, tokenizers, languages)
    rows: list[tuple[int, int]] = [*added, *((i, i) for i in range(codecs[0].size) if i not in dict(added))]
    told = f"the {codecs[0].size} pieces of {checkpoint.name}"
    if choice == "trim":
        whole = codecs[0].size
        codecs, kept = trim_together(codecs, [sources, targets])
        old = dict(rows)
        rows = [(new, old[number]) for new, number in enumerate(kept)]
        told = f"{codecs[0].size} of the {whole} pieces of {checkpoint.name}"
    if choice != "keep" and (lacking := unspelled(codecs, [sources, targets])):
        codecs, kept_or_new = extend(codecs, lacking)
        old = dict(rows)
        rows = [(new, old[number]) for new, number in enumerate(kept_or_new) if number is not None]
        told += f", and {len(lacking)} characters more"
    notes = [f"{told}{'' if code is None else f', language code {code}'}" for code in frame.codes]
    source, target = (Side(codec, tuple(sorted(rows)), note) for codec, note in zip(codecs, notes, strict=True))
    return Vocabularies(source, target)


def _choice(recipe: Vocabulary, checkpoint: Pretrained) -> str:
    choices = {recipe.source_vocabulary, recipe.target_vocabulary} - {"auto"} or {"auto"}
    if new := choices & {"unigram", "bpe"}:
        raise RecipeError(
            f"{checkpoint.name} is a whole translator with a vocabulary of its own, and a new one ({new.pop()}) would "
            "forget its embeddings on both sides: leave out --source-vocabulary and --target-vocabulary, or 'trim'"
        )
    if len(choices) > 1:
        raise RecipeError(
            f"{checkpoint.name} has one vocabulary for both sides: --source-vocabulary {recipe.source_vocabulary} "
            f"cannot go with --target-vocabulary {recipe.target_vocabulary}"
        )
    if recipe.source_pieces or recipe.target_pieces:
        raise RecipeError(f"{checkpoint.name} has a vocabulary of its own: leave out --source-pieces, --target-pieces")
    return choices.pop()


def tokenizers_of(checkpoint: Pretrained) -> tuple[Tokenizer, Tokenizer]:
    """The tokenizers of both sides, which number pieces in the same way.

    Raises:
        ModelError: there are none, or they cannot be read.
    """
    folder = checkpoint.folder
    if (folder / "tokenizer.json").is_file():
        return _file(folder), _file(folder)
    if (folder / "source.spm").is_file():
        return _marian(folder)
    if (folder / "sentencepiece.bpe.model").is_file() and (folder / "vocab.json").is_file():
        return _m2m(folder), _m2m(folder)
    if _config_of_tokenizer(folder).get("tokenizer_class") == "ByT5Tokenizer":
        return _bytes(), _bytes()
    with tempfile.TemporaryDirectory() as scratch:
        found = tokenizer_folder(checkpoint, Path(scratch))
        return _file(found), _file(found)


def _file(folder: Path) -> Tokenizer:
    file = folder / "tokenizer.json"
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # noqa: BLE001 - that is what the tokenizers package raises
        raise ModelError(f"{file}: not a tokenizer ({error})") from None


def _marian(folder: Path) -> tuple[Tokenizer, Tokenizer]:
    """Two SentencePiece models whose pieces are numbered in vocab.json, or each in a file of its own."""
    source = spm.numbers(folder / "vocab.json")
    apart = folder / "target_vocab.json"
    target = spm.numbers(apart) if apart.is_file() else source
    made = []
    for file, ids in (("source.spm", source), ("target.spm", target)):
        marks = [piece for piece in ids if piece in ("</s>", "<unk>", "<pad>") or piece.startswith(">>")]
        made.append(spm.special(spm.tokenizer(folder / file, ids), marks))
    return made[0], made[1]


def _m2m(folder: Path) -> Tokenizer:
    """A SentencePiece model numbered in vocab.json; the languages' codes come behind, in transformers' order."""
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    ids = spm.numbers(folder / "vocab.json")
    said = _config_of_tokenizer(folder).get("language_codes", "m2m100")
    marks = [f"__{code}__" for code in FAIRSEQ_LANGUAGE_CODES.get(said, FAIRSEQ_LANGUAGE_CODES["m2m100"])]
    made = spm.tokenizer(folder / "sentencepiece.bpe.model", ids)
    return spm.special(made, [mark for mark in ("<s>", "<pad>", "</s>", "<unk>") if mark in ids] + marks)


def _bytes() -> Tokenizer:
    """ByT5's: three special tokens, the 256 bytes, and 125 sentinels (Xue et al. 2022, "ByT5: Towards a Token-Free
    Future with Pre-trained Byte-to-Byte Models")."""
    pieces = ["<pad>", "</s>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    numbered = {piece: number for number, piece in enumerate(pieces)}
    made = Tokenizer(models.BPE(numbered, [], unk_token="<unk>", byte_fallback=True))
    made.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return spm.special(made, ["<pad>", "</s>", "<unk>", *(f"<extra_id_{i}>" for i in reversed(range(125)))])


def _config_of_tokenizer(folder: Path) -> dict[str, Any]:
    file = folder / "tokenizer_config.json"
    try:
        said = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except ValueError as error:
        raise ModelError(f"{file}: not JSON ({error})") from None
    return said if isinstance(said, dict) else {}


def _framed(
    recipe: Vocabulary, checkpoint: Pretrained, tokenizers: tuple[Tokenizer, Tokenizer], languages: tuple[str, str]
) -> tuple[list[Codec], Frame, list[tuple[int, int]]]:
    """Both codecs in the checkpoint's frame, and the pairs (id, old id) of language codes that are added."""
    config = parts.configuration(checkpoint)
    codes = codes_in(checkpoint.kind, tokenizers[0])
    tokenizers, added = _with_new_codes(recipe, tokenizers, codes)
    codes = codes_in(checkpoint.kind, tokenizers[0])
    frame = _frame(recipe, checkpoint, config, tokenizers[0], codes, languages)
    sides = ((frame.source_before, frame.source_after), (frame.target_before, (int(config.eos_token_id),)))
    codecs = []
    for tokenizer, (before, after) in zip(tokenizers, sides, strict=True):
        special = Special(
            pad=int(config.pad_token_id), bos=_start(checkpoint, config, frame), eos=int(config.eos_token_id),
            unk=unknown_in(tokenizer), before=before, after=after,
        )  # fmt: skip
        codecs.append(Codec(tokenizer, special, recipe.max_length))
    return codecs, frame, added


def _with_new_codes(
    recipe: Vocabulary, tokenizers: tuple[Tokenizer, Tokenizer], codes: Codes
) -> tuple[tuple[Tokenizer, Tokenizer], list[tuple[int, int]]]:
    """The tokenizers with the codes that `code_like` introduces, and whose embeddings these begin with."""
    if recipe.code_like is None:
        return tokenizers, []
    wanted = [code for code in (recipe.source_code, recipe.target_code) if code and code not in codes.surfaces]
    if not wanted:
        raise RecipeError(
            "--code-like is about a language code that the model does not have: name it with --source-code or "
            "--target-code, or leave --code-like out"
        )
    like = _number(tokenizers[0], codes.named(recipe.code_like, "--code-like"))
    surfaces = [codes.surface(code, "--code-like") for code in wanted]
    for tokenizer in tokenizers:
        spm.special(tokenizer, surfaces)
    return tokenizers, [(_number(tokenizers[0], surface), like) for surface in surfaces]


def _number(tokenizer: Tokenizer, surface: str) -> int:
    number = tokenizer.token_to_id(surface)
    if number is None:
        raise ModelError(f"'{surface}' is not in the vocabulary")
    return int(number)


def _start(checkpoint: Pretrained, config: Any, frame: Frame) -> int:  # noqa: ANN401
    """The token with which the decoder begins."""
    if checkpoint.kind == "mbart" and len(frame.target_before) == 1:
        return frame.target_before[0]
    return _start_in(config)


def _start_in(config: Any) -> int:  # noqa: ANN401
    start = getattr(config, "decoder_start_token_id", None)
    if start is None:
        start = config.pad_token_id if config.model_type in ("t5", "mt5", "marian") else config.eos_token_id
    return int(start)


def _frame(
    recipe: Vocabulary,
    checkpoint: Pretrained,
    config: Any,  # noqa: ANN401
    tokenizer: Tokenizer,
    codes: Codes,
    languages: tuple[str, str],
) -> Frame:
    eos, start = int(config.eos_token_id), _start_in(config)
    kind, said = checkpoint.kind, _config_of_tokenizer(checkpoint.folder)
    source = None
    if kind in ("mbart", "m2m_100"):
        source = codes.find(languages[0], recipe.source_code, "--source-code")
    elif recipe.source_code is not None:
        raise RecipeError(f"--source-code: a {kind} is told the target language only: leave it out")
    target = codes.find(languages[1], recipe.target_code, "--target-code")
    numbers = [None if code is None else _number(tokenizer, code) for code in (source, target)]
    if recipe.prompt is not None and kind not in ("t5", "mt5"):
        raise RecipeError(f"--prompt is read by T5 and by decoders alone, not by a {kind}: leave it out")
    if kind == "bart":
        bos = int(config.bos_token_id)
        return Frame((bos,), (eos,), (start, bos), (None, None))
    if kind in ("mbart", "m2m_100"):
        mine, theirs = (_needed(number, checkpoint) for number in numbers)
        if kind == "mbart" and not is_mbart_50(said, codes):
            return Frame((), (eos, mine), (theirs,), (source, target))
        if said.get("legacy_behaviour"):
            return Frame((), (eos, mine), (start, theirs), (source, target))
        return Frame((mine,), (eos,), (start, theirs), (source, target))
    if kind == "marian" or codes.surfaces:  # only the target's code, before the source
        return Frame(tuple(number for number in numbers[1:] if number is not None), (eos,), (start,), (None, target))
    prompt = _prompt(recipe, config, languages)
    if said.get("tokenizer_class") != "ByT5Tokenizer":  # elsewhere the space before a word is part of its first piece
        prompt = prompt.rstrip()
    before = tokenizer.encode(prompt, add_special_tokens=False).ids
    return Frame(tuple(before), (eos,), (start,), (None, None))


def _needed(number: int | None, checkpoint: Pretrained) -> int:
    if number is None:
        raise ModelError(f"{checkpoint.name}: its tokenizer has no language codes, which a {checkpoint.kind} needs")
    return number


def is_mbart_50(said: dict[str, Any], codes: Codes) -> bool:
    """Whether the codes come first; the older mBART, of 25 languages, has them at the end."""
    name = str(said.get("tokenizer_class", ""))
    return name.startswith("MBart50") or (not name.startswith("MBart") and "af_ZA" in codes.surfaces)


def _prompt(recipe: Vocabulary, config: Any, languages: tuple[str, str]) -> str:  # noqa: ANN401
    """What T5 reads before the text."""
    if recipe.prompt is not None:
        before, found, after = recipe.prompt.partition("{source}")
        if not found or after.strip() or "{source}" in after:
            raise RecipeError("--prompt must end with {source}, which stands for the text, for a T5")
        for side, language in zip(("source", "target"), languages, strict=True):
            before = before.replace(f"{{{side}_language}}", name(language))
        return before
    tasks = getattr(config, "task_specific_params", None) or {}
    task = tasks.get(f"translation_{languages[0]}_to_{languages[1]}", {})
    return str(task.get("prefix", ""))


def unspelled(codecs: Sequence[Codec], texts: Sequence[Iterable[str]]) -> list[str]:
    """Characters of the texts, seen often enough, that the codecs cannot spell, most frequent first."""
    if codecs[0].special.unk is None:
        return []
    counts: Counter[str] = Counter()
    for codec, some in zip(codecs, texts, strict=True):
        waiting = iter(some)
        while chunk := list(islice(waiting, CHUNK)):
            for text, ids in zip(chunk, codec.encode_all(chunk), strict=True):
                if codec.unknown(codec.special.bare(ids)):
                    counts.update(codec.normalised(text))
    return [
        character
        for character, count in counts.most_common()
        if count >= SEEN
        and not character.isspace()
        and any(codec.unknown(codec.encode_bare(character)) for codec in codecs)
    ]


def same_rows(side: Side, size: int) -> bool:
    """Whether the codec numbers pieces as a checkpoint with `size` embeddings does."""
    return side.codec.size <= size and all(new == old for new, old in side.rows)
