"""A pretrained vocabulary, reduced to the pieces that a text needs without making anything unknown, or extended."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tokenizers import Tokenizer

from calque.errors import ModelError
from calque.text.codec import BYTE_PIECE, Codec

CHUNK = 10_000  # texts encoded at once
_SPECIAL = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}


def trim(codec: Codec, texts: Iterable[str]) -> tuple[Codec, list[int]]:
    """The codec with the pieces that occur in the texts and a safety set; and, for each new id, the old id whose
    embedding it takes over.

    The safety set is every special token, byte and single character, and what byte-pair merges need on their way to a
    kept piece. The texts are cut into the same pieces as before; other texts into more, smaller ones. What could be
    spelled before still can: a character that only had a place in longer pieces gets a piece of its own, which takes
    over the embedding of the shortest of them. Ids keep their order. Raises ModelError for a kind of vocabulary other
    than WordPiece, BPE and Unigram.
    """
    (trimmed,), kept = trim_together([codec], [texts])
    return trimmed, kept


def trim_together(codecs: Sequence[Codec], texts: Sequence[Iterable[str]]) -> tuple[list[Codec], list[int]]:
    """As `trim`, for codecs that number the same pieces in the same way, such as both sides of a translator with one
    vocabulary: they still do. `texts` are those of each codec."""
    kind = codecs[0].kind
    if kind not in {"WordPiece", "BPE", "Unigram"}:
        raise ModelError(f"a {kind} vocabulary cannot be trimmed: keep it, or train a new one")
    wholes = [Whole(codec) for codec in codecs]
    kept: set[int] = set()
    for codec, whole, some in zip(codecs, wholes, texts, strict=True):
        frame = {i for ids in codec.special.frame for i in ids}
        kept |= _occurring(codec, some) | frame | whole.single() | whole.added.keys()
    if kind == "BPE":
        for whole in wholes:
            kept = whole.with_ancestors(kept)
    whole = wholes[0]
    lacking = {} if kind == "BPE" else whole.lacking()
    pieces = sorted((number, piece) for piece, number in whole.ids.items() if number in kept)
    pieces += [(number, piece) for piece, number in lacking.items()]
    pieces += sorted((number, piece) for number, piece in whole.added.items() if piece in whole.outside)
    return [one.renumbered([piece for _, piece in pieces]) for one in wholes], [number for number, _ in pieces]


def extend(
    codecs: Sequence[Codec], characters: Sequence[str], tokens: Sequence[str] = ()
) -> tuple[list[Codec], list[int | None]]:
    """The codecs, which number the same pieces in the same way, with pieces for `characters` and special `tokens` that
    they do not have; and, for each new id, the old one, or None for what is new.

    Raises:
        ModelError: a kind of vocabulary other than BPE and Unigram.
    """
    if codecs[0].kind not in {"BPE", "Unigram"}:
        raise ModelError(f"a {codecs[0].kind} vocabulary cannot be extended: train a new one")
    wholes = [Whole(codec) for codec in codecs]
    whole = wholes[0]
    pieces: list[tuple[int | None, str]] = [(number, piece) for piece, number in whole.ids.items()]
    pieces.sort(key=lambda numbered: numbered[0] or 0)
    pieces += [(None, character) for character in characters if character not in whole.ids]
    pieces += sorted((number, piece) for number, piece in whole.added.items() if piece in whole.outside)
    fresh = [token for token in tokens if token not in whole.ids and token not in whole.outside]
    pieces += [(None, token) for token in fresh]
    extended = [one.renumbered([piece for _, piece in pieces], fresh) for one in wholes]
    return extended, [number for number, _ in pieces]


class Whole:
    """A codec's vocabulary before it is trimmed.

    `ids` has the model's pieces; `added` the tokens beside it by id, of which the model does not know those `outside`.
    """

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.described = codec.description
        self.model: dict[str, Any] = self.described["model"]
        vocabulary = self.model["vocab"]
        if codec.kind == "Unigram":
            vocabulary = {piece: number for number, (piece, _) in enumerate(vocabulary)}
        self.ids: dict[str, int] = vocabulary
        self.added: dict[int, str] = {token["id"]: token["content"] for token in self.described["added_tokens"]}
        self.outside = {piece for piece in self.added.values() if piece not in vocabulary}
        self.suffix: str = self.model.get("end_of_word_suffix") or ""

    def bare(self, piece: str) -> str:
        """The characters of a piece, without the marks of its place in a word."""
        return piece.removeprefix(self.codec.prefix).removesuffix(self.suffix)

    def single(self) -> set[int]:
        """Ids of the pieces that are one character or one byte."""
        return {i for piece, i in self.ids.items() if len(self.bare(piece)) <= 1 or BYTE_PIECE.fullmatch(piece)}

    def with_ancestors(self, kept: set[int]) -> set[int]:
        """The ids with everything that merges towards one of them, so that each can still be reached."""
        parents: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for left, right in self.merges():
            parents[self.joined(left, right)].append((left, right))
        surfaces = {number: piece for piece, number in self.ids.items()}
        waiting = [surfaces[number] for number in kept if number in surfaces]
        closed = set(waiting)
        while waiting:
            for part in itertools.chain.from_iterable(parents[waiting.pop()]):
                if part not in closed:
                    closed.add(part)
                    waiting.append(part)
        return kept | {self.ids[piece] for piece in closed}

    def merges(self) -> list[tuple[str, str]]:
        """The merges of a BPE model, first to last."""
        return [tuple(merge.split(" ", 1) if isinstance(merge, str) else merge) for merge in self.model["merges"]]

    def joined(self, left: str, right: str) -> str:
        """The piece that a merge makes."""
        return left + right.removeprefix(self.codec.prefix)

    def lacking(self) -> dict[str, int]:
        """Pieces to add, each one character, and the id of the shortest piece that has this character in this place."""
        shortest: dict[str, str] = {}
        for piece in sorted(self.ids, key=lambda piece: (len(piece), self.ids[piece])):
            if self.ids[piece] not in self.added and not BYTE_PIECE.fullmatch(piece):
                for needed in self.spelled(piece):
                    if needed not in self.ids and needed not in shortest and self.reachable(piece):
                        shortest[needed] = piece
        return {needed: self.ids[piece] for needed, piece in shortest.items()}

    def spelled(self, piece: str) -> Iterator[str]:
        """The one-character pieces that spell a piece in its place."""
        prefix = self.codec.prefix
        bare = self.bare(piece)
        if prefix and piece == bare:
            yield bare[:1]
            bare = bare[1:]
        yield from (prefix + character for character in bare)

    def reachable(self, piece: str) -> bool:
        """Whether text can lead to the piece; nothing leads to "[unused7]", whose brackets are always cut off."""
        if not self.codec.prefix:
            return True
        word = ("a" if piece.startswith(self.codec.prefix) else "") + self.bare(piece)
        return self.codec.words(word) == [word]

    def renumbered(self, pieces: Sequence[str], fresh: Sequence[str] = ()) -> Codec:
        """A codec with these pieces, numbered in this order; those of them that are `fresh` become special tokens."""
        numbers = {piece: number for number, piece in enumerate(pieces)}
        tokens = [
            token | {"id": numbers[token["content"]]}
            for token in self.described["added_tokens"] + [_SPECIAL | {"content": token} for token in fresh]
        ]
        within = [piece for piece in pieces if piece not in self.outside and piece not in fresh]
        model = self.model | self.reduced_model(within)
        described = self.described | {"added_tokens": tokens, "model": model, "post_processor": None}
        kept = {old: numbers[piece] for old, piece in enumerate(self.codec.pieces()) if piece in numbers}
        special = self.codec.special.renumbered(kept)
        return Codec(Tokenizer.from_str(json.dumps(described)), special, self.codec.max_length)

    def reduced_model(self, pieces: list[str]) -> dict[str, Any]:
        """What changes in the model's part of `tokenizer.json` with these pieces."""
        numbers = {piece: number for number, piece in enumerate(pieces)}
        if self.codec.kind == "Unigram":
            scores = dict(self.model["vocab"])
            rare = min(scores.values())  # a character's new piece must not draw text away from the old ones
            unk = self.model["unk_id"]
            return {
                "vocab": [[piece, scores.get(piece, rare)] for piece in pieces],
                "unk_id": None if unk is None else numbers[self.model["vocab"][unk][0]],
            }
        if self.codec.kind == "WordPiece":
            return {"vocab": numbers}
        merges = [(a, b) for a, b in self.merges() if {a, b, self.joined(a, b)} <= numbers.keys()]
        return {"vocab": numbers, "merges": merges}


def _occurring(codec: Codec, texts: Iterable[str]) -> set[int]:
    """The ids that the texts are encoded into."""
    found: set[int] = set()
    waiting = iter(texts)
    while chunk := list(itertools.islice(waiting, CHUNK)):
        found.update(*codec.encode_all(chunk))
    return found
