"""Which pieces two vocabularies have in common, whatever marks they use."""

from __future__ import annotations

from collections.abc import Iterator

from tokenizers import pre_tokenizers

from calque.text.codec import BYTE_PIECE, Codec

MARK = "▁"
Meaning = tuple[bool, bytes]  # whether the piece begins a word, and what it spells


def shared(new: Codec, old: Codec) -> list[tuple[int, int]]:
    """Pairs (new id, old id) of pieces that mean the same in both: the same characters at the same place of a word.

    "▁x", "Ġx" and WordPiece's "x" begin a word; a plain "x" elsewhere and "##x" go on with one. What WordPiece always
    cuts off, such as punctuation, matches in both places. Special tokens match by their role. An old vocabulary that
    changes text before it looks (lower case, no accents) shares only what it leaves alone. Sorted by new id, each at
    most once.
    """
    roles = ((getattr(new.special, role), getattr(old.special, role)) for role in ("pad", "bos", "eos", "unk"))
    matched = {mine: theirs for mine, theirs in roles if mine is not None and theirs is not None}
    known: dict[Meaning, int] = {}
    for number, meaning in _meanings(old):
        known.setdefault(meaning, number)
    for number, meaning in _meanings(new):
        if meaning in known and _left_alone(old, meaning[1]):
            matched.setdefault(number, known[meaning])
    return sorted(matched.items())


def _left_alone(codec: Codec, spelled: bytes) -> bool:
    """Whether the codec sees these characters as they are; halves of a character are seen as they are by all."""
    surface = spelled.decode("utf-8", errors="replace")
    return "\ufffd" in surface or codec.normalised(surface).replace(MARK, " ").strip() == surface.strip()


def _meanings(codec: Codec) -> Iterator[tuple[int, Meaning]]:
    """(id, meaning) of all pieces but special ones; a piece that can stand in both places of a word comes twice."""
    byte_of = {letter: byte for byte, letter in _byte_letters().items()}
    for number, piece in enumerate(codec.pieces()):
        if not piece or number in codec.hidden:
            continue
        if codec.byte_level:
            if all(letter in byte_of for letter in piece):
                spelled = bytes(byte_of[letter] for letter in piece)
                yield number, (spelled.startswith(b" "), spelled.removeprefix(b" "))
        elif byte := BYTE_PIECE.fullmatch(piece):
            if (value := int(byte[1], 16)) >= 128:  # below, the character has a piece of its own
                yield number, (False, bytes([value]))
        elif codec.prefix:
            begins = not piece.startswith(codec.prefix)
            yield number, (begins, piece.removeprefix(codec.prefix).encode())
            if begins and len(piece) == 1 and codec.words(f"a{piece}a") == ["a", piece, "a"]:
                yield number, (False, piece.encode())
        else:
            yield number, (piece.startswith(MARK), piece.removeprefix(MARK).encode())


def _byte_letters() -> dict[int, str]:
    """The letter that byte-level vocabularies write for each byte (Radford et al. 2019).

    Printable Latin-1 characters stand for themselves, the other bytes are written from U+0100 on, in order.
    """
    own = [byte for byte in range(256) if chr(byte) in pre_tokenizers.ByteLevel.alphabet()]
    others = [byte for byte in range(256) if byte not in own]
    return {byte: chr(byte) for byte in own} | {byte: chr(256 + rank) for rank, byte in enumerate(others)}
