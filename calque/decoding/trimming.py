"""Which pieces of a target vocabulary an exported network keeps, so that its output layer is smaller (Abdaoui et al.
2020, "Load What You Need: Smaller Versions of Multilingual BERT", on the target side alone)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from calque.decoding.spelling import Spelling
from calque.records import Pair
from calque.text.codec import BYTE_PIECE, Codec

_CHUNK = 1000
_PAIRS = 1_000_000  # counted, at most
_WORD_MARKS = "▁Ġ"  # with which pieces begin a word


def frequent(pairs: Iterable[Pair], codec: Codec) -> list[int]:
    """The ids of a text's target side, the most frequent first; no special tokens.

    Args:
        pairs: the text; at most a million pairs are read.
        codec: the target side's.
    """
    counts: Counter[int] = Counter()
    waiting = iter(islice(pairs, _PAIRS))
    while chunk := list(islice(waiting, _CHUNK)):
        for ids in codec.encode_all([pair.target for pair in chunk]):
            counts.update(codec.special.bare(ids))
    return sorted(counts, key=lambda number: (-counts[number], number))


def kept(pairs: Iterable[Pair], codec: Codec, size: int) -> tuple[int, ...]:
    """The `size` most frequent pieces of a text's target side, in the order of the vocabulary; beside them all special
    tokens and single characters and bytes, and pieces that nothing of these spells.

    Args:
        pairs: the text.
        codec: the target side's.
        size: how many of the frequent pieces stay.
    """
    pieces = codec.pieces()
    found = {number for number, piece in enumerate(pieces) if piece and is_single(codec, piece)}
    found |= special(codec) | set(frequent(pairs, codec)[:size])
    spelling = Spelling(codec, found)
    found |= {n for n, piece in enumerate(pieces) if piece and n not in found and not spelling.spells(piece)}
    return tuple(sorted(found))


def special(codec: Codec) -> set[int]:
    """The ids of all special tokens, and of what stands around a text."""
    own = codec.special
    unknown = set() if own.unk is None else {own.unk}
    return {own.pad, own.bos, own.eos, *own.frame[0], *own.frame[1]} | unknown | codec.hidden


def is_single(codec: Codec, piece: str) -> bool:
    """Whether a piece is one character or one byte, wherever in a word."""
    return len(bare(codec, piece)) == 1 or BYTE_PIECE.fullmatch(piece) is not None


def bare(codec: Codec, piece: str) -> str:
    """A piece without the mark of its place in a word; that mark alone stays."""
    inner = piece.removeprefix(codec.prefix)
    return inner[1:] if len(inner) > 1 and inner[0] in _WORD_MARKS else inner
