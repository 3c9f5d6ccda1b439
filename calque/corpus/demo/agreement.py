"""French adjectives, participles and nouns in their gender and number."""

from __future__ import annotations

from functools import cache

from calque.corpus.demo.lexeme import Gender, Number

_FEMININE = {
    "blanc": "blanche",
    "frais": "fraîche",
    "sec": "sèche",
    "long": "longue",
    "doux": "douce",
    "gentil": "gentille",
    "beau": "belle",
    "nouveau": "nouvelle",
    "vieux": "vieille",
    "bon": "bonne",
    "gros": "grosse",
    "bas": "basse",
    "inquiet": "inquiète",
}
_PREVOCALIC = {"beau": "bel", "nouveau": "nouvel", "vieux": "vieil"}
_INVARIABLE = frozenset({"marron", "en retard", "en colère"})
# What the last letters become; the first that fits counts.
_ENDINGS = (("eux", "euse"), ("oux", "ouse"), ("er", "ère"), ("if", "ive"), ("ien", "ienne"), ("el", "elle"))
_PLURAL_WORDS = {"hibou": "hiboux", "bijou": "bijoux", "grand-père": "grands-pères", "grand-mère": "grands-mères"}


def feminine(adjective: str) -> str:
    """The feminine singular of an adjective or participle."""
    if adjective in _INVARIABLE or adjective.endswith("e"):
        return adjective
    if adjective in _FEMININE:
        return _FEMININE[adjective]
    for ending, other in _ENDINGS:
        if adjective.endswith(ending):
            return adjective.removesuffix(ending) + other
    return adjective.removesuffix("û") + "u" + "e" if adjective == "dû" else adjective + "e"


@cache
def agreed(adjective: str, gender: Gender, number: Number) -> str:
    """The adjective or participle in this gender and number."""
    if adjective in _INVARIABLE:
        return adjective
    form = feminine(adjective) if gender is Gender.FEMININE else adjective
    return plural(form) if number is Number.PLURAL else form


def prevocalic(adjective: str, gender: Gender, number: Number) -> str:
    """The form before a vowel where it differs (bel, nouvel, vieil), else an empty string."""
    if gender is Gender.FEMININE or number is Number.PLURAL:
        return ""
    return _PREVOCALIC.get(adjective, "")


@cache
def plural(word: str) -> str:
    """The plural of a noun or adjective; of a compound with a space, the plural of its first noun (pommes de terre)."""
    head, space, rest = word.partition(" de ")
    if space:
        return plural(head) + space + rest
    if word in _PLURAL_WORDS:
        return _PLURAL_WORDS[word]
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("eau", "eu")) and word != "bleu":
        return word + "x"
    return word.removesuffix("al") + "aux" if word.endswith("al") else word + "s"
