"""Small, pure normalisations: what counts as equal, as blank, as the same numbers."""

from __future__ import annotations

import re
import unicodedata

import xxhash

from calque.text.repair import SURROGATE

_DIGITS = re.compile(r"\d+")
_ADDRESS = re.compile(r"://|^www\.|[^\s@]@[^\s@]|^[@#]\w")


class _Spacing(dict[int, str]):
    """For str.translate: punctuation, spaces and control characters become a space, everything else stays. Filled as
    characters are met, because a table of all of Unicode would cost more than most corpora."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kept = " " if unicodedata.category(character)[0] in "PZC" else character
        self[code] = kept
        return kept


_SPACING = _Spacing()


def folded(text: str) -> str:
    """The text without what a reader may take for the same: case, punctuation, spacing, and compatibility forms (full
    width, ligatures). A text of punctuation alone stays as it is, stripped."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_SPACING)
    return " ".join(plain.split()) or text.strip()


def blank(text: str) -> bool:
    """Whether there is nothing to read: empty, or white space, zero-width and control characters only. Half a surrogate
    pair is something: what is to be done about it must not be passed over."""
    if not text or text.isspace():
        return True
    if text.isprintable() or SURROGATE.search(text):
        return False
    return all(unicodedata.category(character)[0] in "ZC" for character in text)


def letters(text: str) -> str:
    """The words of a text that are written in letters, with a space between them: web and e-mail addresses, mentions,
    numbers and signs say nothing of its language."""
    words = (word for word in text.split() if not _ADDRESS.search(word))
    return " ".join(word for word in words if any(character.isalpha() for character in word))


def digest(text: str) -> int:
    """64 bits that stand for the text (xxh64); among a hundred million texts, one chance in 3,700 that two collide."""
    return xxhash.xxh64_intdigest(text.encode("utf-8", "surrogatepass"))


def numbers(text: str) -> tuple[str, ...]:
    """The runs of digits in a text, left to right, in ASCII whatever their script: '٣,50' gives ('3', '50')."""
    runs = _DIGITS.findall(text)
    if not runs or text.isascii():
        return tuple(runs)
    return tuple("".join(str(unicodedata.decimal(digit)) for digit in run) for run in runs)


def same_numbers(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two texts' `numbers` have the same digits, however they are ordered and grouped: 1,000 and 1.000 and
    1 000 agree, so do 3.5 and 3,5, and two dates in different orders."""
    return one == other or sorted("".join(one)) == sorted("".join(other))
