"""What can be seen in a sentence without understanding it: numbers, names, negation, capitals.

All of it is a heuristic. Numbers are digits, not number words. A name is a capitalised word that does not begin a
sentence: weekdays and nationalities count in English, and languages that capitalise every noun, or have no capitals,
have none. Negation is a word from a short list.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

from calque.evaluation.metrics import language
from calque.evaluation.words import is_word, words

_NUMBER = re.compile(
    r"\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3})+(?!\d)(?:[.,]\d+)?"  # thousands are parted
    r"|\d+(?:[.,]\d+)?"
)
_NOUNS_ARE_CAPITALISED = frozenset({"de", "lb", "nds"})
_BEGINS = frozenset(".!?…:;\"'«»“”„‘’()[]-–—•*¿¡")  # what a capital may follow for its place
_NEGATION = {
    "de": r"nicht|kein(?:e|en|er|em|es)?|nie|niemals|nichts|niemand(?:en|em)?|weder|ohne|nirgends",
    "en": r"not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|(?:\w+n['’]t)",
    "es": r"no|nunca|jamás|nada|nadie|ning[uú]n[ao]?s?|tampoco|ni|sin",
    "fr": r"ne|pas|jamais|rien|aucune?|ni|sans|nulle part|n['’](?=\w)",
    "it": r"non|mai|niente|nulla|nessun[oa]?|neanche|nemmeno|né|senza",
    "pt": r"não|nunca|jamais|nada|ninguém|nenhum(?:a|as|ns)?|nem|sem",
}
_NEGATION_SIGNS = {"zh": r"不|没|沒|无|無|未|莫|勿"}  # no spaces part words


def numbers(text: str) -> Counter[str]:
    """The numbers of a text, without what parts their thousands and decimals, in ASCII digits.

    >>> numbers("1,000 or 1 000 at 2.5")
    Counter({'1000': 2, '25': 1})
    """
    return Counter(_digits(found) for found in _NUMBER.findall(text))


def _digits(number: str) -> str:
    return "".join(str(unicodedata.digit(sign)) for sign in number if sign.isdigit())


def has_names(code: str, texts: Iterable[str]) -> bool:
    """Whether capitals tell names in a language, as far as these texts of it show."""
    return language(code) not in _NOUNS_ARE_CAPITALISED and any(text != text.lower() for text in texts)


def names(text: str) -> set[str]:
    """Words of two letters or more with a capital first, which neither begin the text nor follow a mark; none where
    all is capitals.

    >>> sorted(names("Yesterday Mr Bond met M in l'Europe and NATO. He left."))
    ['Bond', 'Europe', 'Mr', 'NATO']
    """
    found: set[str] = set()
    if text == text.upper():
        return found
    begins = True
    for piece in words(text):
        bare = piece.rstrip("'’")
        if not begins and is_word(piece) and len(bare) > 1 and bare[0].isupper():
            found.add(bare)
        begins = piece in _BEGINS
    return found


@cache
def negation(code: str) -> re.Pattern[str] | None:
    """What matches a negation in a language, or None where no list is known."""
    found = language(code)
    if signs := _NEGATION_SIGNS.get(found):
        return re.compile(signs)
    listed = _NEGATION.get(found)
    return re.compile(rf"\b(?:{listed})(?:\b|(?<=['’]))", re.IGNORECASE) if listed else None


def miscased(said: str, wanted: str) -> int:
    """How many words of the reference were said with other capitals only.

    >>> miscased("the Paris metro", "The Paris Metro")
    2
    """
    spoken, written = words(said), words(wanted)
    exact = Counter(spoken) & Counter(written)
    folded = Counter(word.casefold() for word in spoken) & Counter(word.casefold() for word in written)
    return folded.total() - exact.total()
