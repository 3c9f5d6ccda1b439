"""French noun phrases from their meanings: determiners, adjectives on both sides, complements."""

from __future__ import annotations

from collections.abc import Callable

from calque.corpus.demo import agreement
from calque.corpus.demo.lexeme import Gender, Noun, Number, Preposition, Pronoun
from calque.corpus.demo.meaning import Determiner, NounPhrase, Prepositional
from calque.corpus.demo.word import Mark, Word, spell

_ELIDED = {"je": "j'", "me": "m'", "se": "s'", "le": "l'", "la": "l'", "ce": "c'", "de": "d'", "ne": "n'"} | {
    "que": "qu'",
    "si": "s'",
}
_POSSESSIVES = {
    Determiner.MY: ("mon", "ma", "mes"),
    Determiner.HIS: ("son", "sa", "ses"),
    Determiner.HER: ("son", "sa", "ses"),
    Determiner.OUR: ("notre", "notre", "nos"),
    Determiner.YOUR: ("votre", "votre", "vos"),
    Determiner.THEIR: ("leur", "leur", "leurs"),
}
_QUANTITIES = {
    Determiner.MANY: "beaucoup de",
    Determiner.SEVERAL: "plusieurs",
    Determiner.FEW: "quelques",
    Determiner.EVERY: "chaque",
    Determiner.HOW_MANY: "combien de",
}
_PARTITIVE = frozenset({Determiner.SOME, Determiner.BARE})
_DEFINITE = frozenset({Determiner.THE, Determiner.GENERIC, Determiner.OWNER})
_INDEFINITE = _PARTITIVE | {Determiner.A}


def plain(text: str, *marks: Mark) -> list[Word]:
    """The words of a fixed French expression; those that elide before a vowel know how."""
    return [Word(word.text, word.marks, _ELIDED.get(word.text, "")) for word in spell(text, "fr", *marks)]


def noun_phrase(phrase: NounPhrase, negated: bool = False) -> list[Word]:
    """Someone or something; `negated` as the object of a negated verb (pas *de* pain)."""
    head = phrase.head
    if phrase.trace:
        return []
    if isinstance(head, Pronoun):
        return plain(head.french[3], (phrase, "noun"))
    if not isinstance(head, Noun):
        return plain(head.french, (phrase, "noun"))
    return [*_determiner(phrase, negated), *_core(phrase, head), *_complements(phrase)]


def prepositional(preposition: str, phrase: NounPhrase, *marks: Mark, negated: bool = False) -> list[Word]:
    """A preposition and what follows it; de swallows a partitive article (besoin *de pain*)."""
    words = noun_phrase(phrase, negated)
    if preposition.endswith("de") and phrase.determiner in _PARTITIVE and not phrase.personal:
        words = [word for word in words if (phrase, "determiner") not in word.marks]
    return [*plain(preposition, *marks), *words]


def place(node: Prepositional) -> list[Word]:
    """A place, a companion, a direction."""
    preposition: Preposition = node.preposition
    return prepositional(preposition.french, node.phrase, (node, "preposition"))


def definite(gender: Gender, number: Number, *marks: Mark) -> Word:
    """le, la, l', les."""
    if number is Number.PLURAL:
        return Word("les", frozenset(marks), article=True)
    return Word("la" if gender is Gender.FEMININE else "le", frozenset(marks), "l'", article=True)


def _determiner(phrase: NounPhrase, negated: bool) -> list[Word]:
    kind, gender, number, mark = phrase.determiner, phrase.gender, phrase.number, (phrase, "determiner")
    if negated and kind in _INDEFINITE:
        return plain("de", mark)
    if kind in _DEFINITE:
        return [definite(gender, number, mark)]
    if kind in _PARTITIVE:
        return _partitive(phrase, mark)
    if kind in _QUANTITIES:
        return plain(_QUANTITIES[kind], mark)
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(phrase, mark)
    return _possessive(_POSSESSIVES[kind], gender, number, mark) if kind in _POSSESSIVES else []


def _partitive(phrase: NounPhrase, mark: Mark) -> list[Word]:
    """du pain, de l'eau, des livres, de vieux livres."""
    if phrase.number is Number.SINGULAR:
        return [*plain("de", mark), definite(phrase.gender, phrase.number, mark)]
    return plain("de" if any(adjective.before for adjective in phrase.adjectives) else "des", mark)


def _possessive(forms: tuple[str, str, str], gender: Gender, number: Number, mark: Mark) -> list[Word]:
    if number is Number.PLURAL:
        return plain(forms[2], mark)
    if gender is Gender.MASCULINE:
        return plain(forms[0], mark)
    return [Word(forms[1], frozenset({mark}), forms[0])]


def _a(phrase: NounPhrase, mark: Mark) -> list[Word]:
    return plain("une" if phrase.gender is Gender.FEMININE else "un", mark)


def _this(phrase: NounPhrase, mark: Mark) -> list[Word]:
    if phrase.number is Number.PLURAL:
        return plain("ces", mark)
    if phrase.gender is Gender.FEMININE:
        return plain("cette", mark)
    return [Word("ce", frozenset({mark}), "cet")]


def _all(phrase: NounPhrase, mark: Mark) -> list[Word]:
    whole = "toutes" if phrase.gender is Gender.FEMININE else "tous"
    return [*plain(whole, mark), definite(phrase.gender, phrase.number, mark)]


def _which(phrase: NounPhrase, mark: Mark) -> list[Word]:
    return plain(agreement.agreed("quel", phrase.gender, phrase.number), mark)


def _number(phrase: NounPhrase, mark: Mark) -> list[Word]:
    return plain(phrase.count.french, mark) if phrase.count else []


_SPECIAL: dict[Determiner, Callable[[NounPhrase, Mark], list[Word]]] = {
    Determiner.A: _a,
    Determiner.THIS: _this,
    Determiner.ALL: _all,
    Determiner.WHICH: _which,
    Determiner.NUMBER: _number,
}


def _core(phrase: NounPhrase, noun: Noun) -> list[Word]:
    """The noun among its adjectives."""
    text = agreement.plural(noun.french) if phrase.number is Number.PLURAL else noun.french
    before = [
        word for adjective in phrase.adjectives if adjective.before for word in _adjective(phrase, adjective.french)
    ]
    after = [
        word for adjective in phrase.adjectives if not adjective.before for word in _adjective(phrase, adjective.french)
    ]
    if phrase.scope is None:
        return [*before, *plain(text, (phrase, "noun")), *after]
    most = plain("plus", (phrase, "most"))
    if before:
        return [*_most(phrase, before), *plain(text, (phrase, "noun"))]
    repeated = definite(phrase.gender, phrase.number, (phrase, "most"))
    return [*plain(text, (phrase, "noun")), repeated, *most, *after]


def _most(phrase: NounPhrase, adjective: list[Word]) -> list[Word]:
    """plus grand, but meilleur."""
    if phrase.adjectives[0].french != "bon":
        return [*plain("plus", (phrase, "most")), *adjective]
    text = agreement.agreed("meilleur", phrase.gender, phrase.number)
    return plain(text, (phrase, "most"), (phrase, "bon"))


def _adjective(phrase: NounPhrase, adjective: str) -> list[Word]:
    text = agreement.agreed(adjective, phrase.gender, phrase.number)
    prevocalic = agreement.prevocalic(adjective, phrase.gender, phrase.number)
    return [Word(text, frozenset({(phrase, adjective)}), prevocalic)]


def _complements(phrase: NounPhrase) -> list[Word]:
    words: list[Word] = []
    for role, other in (("owner", phrase.owner), ("of", phrase.of), ("scope", phrase.scope)):
        if other is not None:
            words += prepositional("de", other, (phrase, role))
    return words + (place(phrase.place) if phrase.place else [])
