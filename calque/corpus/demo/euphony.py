"""What happens where two French words meet: elision, forms before a vowel, contraction."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from calque.corpus.demo.word import Word, joined

# Words before which nothing is elided although they begin with a mute letter or a vowel.
ASPIRATED = ("héros", "hibou", "hérisson", "haricot", "hache", "yaourt", "onze", "huit", "oui")
_CONTRACTED = {("à", "le"): "au", ("à", "les"): "aux", ("de", "le"): "du", ("de", "les"): "des"}


@cache
def vocalic(word: str) -> bool:
    """Whether a word begins with a vowel sound, so that the word before it is elided."""
    lower = word.lower()
    if lower.startswith(ASPIRATED):
        return False
    if lower == "y":
        return True
    first = unicodedata.normalize("NFD", lower[:1])[:1]
    return lower[:1] == "œ" or first in set("aeiouh")


def settle(words: Sequence[Word]) -> list[Word]:
    """The words in the forms they have beside one another: l'eau, vieil ami, s'il, du, aux."""
    settled: list[Word] = []
    for word in reversed(words):
        following = settled[-1] if settled else None
        settled.append(_before(word, following))
        if following is not None and following.article and (word.text, following.text) in _CONTRACTED:
            settled[-2:] = [joined(word, following, _CONTRACTED[word.text, following.text])]
    return settled[::-1]


def _before(word: Word, following: Word | None) -> Word:
    """The word as it is before `following`."""
    if following is None or not word.prevocalic:
        return word
    if word.text == "si" and following.text not in {"il", "ils"}:
        return word
    return replace(word, text=word.prevocalic) if vocalic(following.text) else word
