"""SentencePiece models as tokenizers of the `tokenizers` package, with ids of one's own.

Some published checkpoints number pieces in a vocab.json beside the SentencePiece model (Marian, M2M100), which
transformers reads one text at a time and in Python; as a tokenizer like any other they are fast, and can be trimmed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from calque.errors import ModelError

_UNREACHED = -1e4  # score, for each character, of a piece that this model does not know: less than all that it does
_UNIGRAM, _BPE = 1, 2


def tokenizer(file: Path, ids: Mapping[str, int], unknown: str = "<unk>") -> Tokenizer:
    """The SentencePiece model in `file` with the pieces and numbers of `ids`.

    A piece without a number is cut into smaller ones that have one. A number whose piece the model does not know (the
    other language's, where both share their numbers) is decoded, and text is only cut into it where it would be unknown
    otherwise.

    Raises:
        ModelError: the file is no SentencePiece model, or is one of words or characters.
    """
    pieces, normalizer, kind = _read(file)
    if kind == _UNIGRAM:
        by_id = {number: piece for piece, number in ids.items()}
        surfaces = [by_id.get(number, f"<unused {number}>") for number in range(max(by_id) + 1)]
        scored = [(piece, pieces.get(piece, _UNREACHED * len(piece))) for piece in surfaces]
        made = Tokenizer(models.Unigram(scored, unk_id=ids[unknown], byte_fallback=False))
    elif kind == _BPE:
        known = {piece: number for piece, number in ids.items() if piece in pieces or piece == unknown}
        others = {piece: number for piece, number in ids.items() if piece not in known}
        made = Tokenizer(models.BPE(known | others, _merges(pieces, known), unk_token=unknown, fuse_unk=True))
    else:
        raise ModelError(f"{file}: neither a unigram nor a byte-pair model of SentencePiece")
    made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    made.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    return made


def special(made: Tokenizer, surfaces: list[str]) -> Tokenizer:
    """The tokenizer with these pieces as special tokens, which text is never cut into."""
    made.add_special_tokens([AddedToken(surface, special=True, normalized=False) for surface in surfaces])
    return made


def numbers(file: Path) -> dict[str, int]:
    """What a vocab.json says; ModelError where it does not map pieces to numbers."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return {str(piece): int(number) for piece, number in said.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ModelError(f"{file}: cannot be read as a vocabulary ({error})") from None


def _read(file: Path) -> tuple[dict[str, float], normalizers.Normalizer, int]:
    """Scores of the pieces, how text is normalised, and the kind of model."""
    from google.protobuf.message import DecodeError
    from sentencepiece import sentencepiece_model_pb2

    layout: Any = sentencepiece_model_pb2  # made of its description when it is imported
    model = layout.ModelProto()
    try:
        model.ParseFromString(file.read_bytes())
    except (OSError, DecodeError) as error:
        raise ModelError(f"{file}: cannot be read as a SentencePiece model ({error})") from None
    steps: list[normalizers.Normalizer] = []
    if charsmap := model.normalizer_spec.precompiled_charsmap:
        steps.append(normalizers.Precompiled(charsmap))
    if model.normalizer_spec.remove_extra_whitespaces:
        steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    pieces = {entry.piece: float(entry.score) for entry in model.pieces}
    return pieces, normalizers.Sequence(steps), int(model.trainer_spec.model_type)


def _merges(pieces: Mapping[str, float], known: Mapping[str, int]) -> list[tuple[str, str]]:
    """The merges of a byte-pair model, which SentencePiece leaves implicit: any two pieces that make a third, the best
    third first."""
    found = []
    for rank, piece in enumerate(sorted(known.keys() & pieces.keys(), key=lambda piece: -pieces[piece])):
        for place in range(1, len(piece)):
            left, right = piece[:place], piece[place:]
            if left in known and right in known:
                found.append((rank, known[left], known[right], left, right))
    return [(left, right) for *_, left, right in sorted(found)]
