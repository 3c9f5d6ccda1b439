"""What a tokenizer can say at best: perfect references through it and back, scored like a translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from calque.evaluation.metrics import quick
from calque.model.vocabulary import spells
from calque.text.codec import Codec

LOW = 95.0  # BLEU below which a ceiling is worth a warning


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A tokenizer against one side of a corpus.

    `BLEU` and `chrF2` score the texts decoded as they are, `BLEU_cleaned` and `chrF2_cleaned` after the spaces before
    punctuation are taken away; cased. `unknown` is the share of pieces that stand for something that the vocabulary
    cannot spell, `pieces_per_word` counts words between spaces, `spelled` is the share of texts whose visible
    characters all come back.
    """

    BLEU: float
    chrF2: float
    BLEU_cleaned: float
    chrF2_cleaned: float
    unknown: float
    pieces_per_word: float
    spelled: float
    texts: int
    vocabulary: int

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return asdict(self)


def ceiling(codec: Codec, texts: Sequence[str], language: str) -> Ceiling:
    """Encode and decode `texts` (not empty) and compare with themselves."""
    encoded = [codec.special.bare(ids) for ids in codec.encode_all(texts)]
    plain = quick([codec.decode(ids, clean=False) for ids in encoded], texts, language)
    cleaned = quick([codec.decode(ids) for ids in encoded], texts, language)
    pieces = sum(map(len, encoded))
    return Ceiling(
        BLEU=round(plain["BLEU"], 2),
        chrF2=round(plain["chrF2"], 2),
        BLEU_cleaned=round(cleaned["BLEU"], 2),
        chrF2_cleaned=round(cleaned["chrF2"], 2),
        unknown=sum(codec.unknown(ids) for ids in encoded) / max(1, pieces),
        pieces_per_word=round(pieces / max(1, sum(len(text.split()) for text in texts)), 3),
        spelled=spells(codec, texts),
        texts=len(texts),
        vocabulary=codec.size,
    )
