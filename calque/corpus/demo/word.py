"""Words of a sentence, what they express, and the tokens of a finished text.

Tokenization: words and marks of punctuation are tokens. English keeps a contracted negation whole (*doesn't*) and
splits the possessive off (*Marie* *'s*). French splits after an apostrophe (*l'* *eau*) and before a hyphen (*mange*
*-t-elle*, *est* *-ce*). `tokens` computes it from text alone, and alignments count its tokens from 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

Mark = tuple[object, str]

_ENGLISH = re.compile(r"o'clock|\w+n't|'s|'|\w+|[^\w\s]")
_FRENCH = re.compile(r"aujourd'hui|\w+'|-t-\w+|-\w+|\w+|[^\w\s]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """One token and the parts of the meaning that it expresses: words of both languages that share a mark are aligned.

    `prevocalic` is the form before a vowel (l', bel, mon). An `article` contracts with à and de; a pronoun does not.
    """

    text: str
    marks: frozenset[Mark] = frozenset()
    prevocalic: str = ""
    article: bool = False


def tokens(text: str, language: str) -> list[str]:
    """The tokens of an English ('en') or French ('fr') sentence."""
    return (_FRENCH if language == "fr" else _ENGLISH).findall(text)


def spell(text: str, language: str, *marks: Mark) -> list[Word]:
    """The words of a fixed expression, each of them expressing all of `marks`."""
    shared = frozenset(marks)
    return [Word(token, shared) for token in _tokens_of_phrase(text, language)]


@cache
def _tokens_of_phrase(text: str, language: str) -> tuple[str, ...]:
    return tuple(tokens(text, language))


def sentence(words: Sequence[Word], language: str) -> str:
    """The words as a text with a capital letter at its beginning, spaced as the language wants it."""
    text = ""
    for word in words:
        text += word.text if _glued(text, word.text, language) else f" {word.text}"
    return text[:1].upper() + text[1:]


def align(source: Sequence[Word], target: Sequence[Word]) -> tuple[tuple[int, int], ...]:
    """Pairs of positions whose words express something in common, in order."""
    return tuple(
        (i, j)
        for i, one in enumerate(source)
        if one.marks
        for j, other in enumerate(target)
        if not one.marks.isdisjoint(other.marks)
    )


def joined(word: Word, other: Word, text: str) -> Word:
    """One word `text` that expresses what two words did."""
    return replace(word, text=text, marks=word.marks | other.marks, prevocalic="", article=False)


def _glued(before: str, token: str, language: str) -> bool:
    if not before or token in {",", "."}:
        return True
    if language == "fr":
        return before.endswith("'") or token.startswith("-")
    return token in {"?", "!", "'s", "'"}
