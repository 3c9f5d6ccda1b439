"""English noun phrases from their meanings."""

from __future__ import annotations

from calque.corpus.demo import inflection
from calque.corpus.demo.lexeme import Adjective, Name, Noun, Number, Pronoun
from calque.corpus.demo.meaning import Determiner, NounPhrase, Prepositional
from calque.corpus.demo.word import Mark, Word, spell

_SILENT = frozenset({Determiner.BARE, Determiner.GENERIC, Determiner.NONE, Determiner.TRACE, Determiner.OWNER})


def plain(text: str, *marks: Mark) -> list[Word]:
    """The words of a fixed English expression."""
    return spell(text, "en", *marks)


def noun_phrase(phrase: NounPhrase, negated: bool = False, subject: bool = False) -> list[Word]:
    """Someone or something; `negated` as the object of a negated verb (not *any* bread)."""
    head = phrase.head
    if phrase.trace:
        return []
    if isinstance(head, Pronoun):
        return plain(head.english[0 if subject else 1], (phrase, "noun"))
    if isinstance(head, Name):
        return plain(head.english, (phrase, "noun"))
    core = [*_adjectives(phrase), *_noun(phrase, head)]
    return [*_determiner(phrase, negated, core[0].text), *core, *_complements(phrase)]


def place(node: Prepositional) -> list[Word]:
    """A place, a companion, a direction."""
    return [*plain(node.preposition.english, (node, "preposition")), *noun_phrase(node.phrase)]


def _noun(phrase: NounPhrase, noun: Noun) -> list[Word]:
    text = inflection.plural(noun.english) if phrase.number is Number.PLURAL else noun.english
    return plain(text, (phrase, "noun"))


def _determiner(phrase: NounPhrase, negated: bool, following: str) -> list[Word]:
    kind, mark = phrase.determiner, (phrase, "determiner")
    if phrase.owner is not None:
        apostrophe = "'" if phrase.owner.number is Number.PLURAL else "'s"
        return [*noun_phrase(phrase.owner), *plain(apostrophe, (phrase, "owner"))]
    if kind in _SILENT:
        return []
    if kind is Determiner.A:
        return plain(inflection.article(following), mark)
    if kind is Determiner.NUMBER:
        return plain(phrase.count.english, mark) if phrase.count else []
    if kind is Determiner.THIS:
        return plain("these" if phrase.number is Number.PLURAL else "this", mark)
    return plain("any" if negated and kind is Determiner.SOME else kind.value, mark)


def _adjectives(phrase: NounPhrase) -> list[Word]:
    """Before the noun, those that precede the French noun first: the little red house."""
    ordered = sorted(phrase.adjectives, key=lambda adjective: not adjective.before)
    return [word for adjective in ordered for word in _adjective(phrase, adjective)]


def _adjective(phrase: NounPhrase, adjective: Adjective) -> list[Word]:
    mark, most = (phrase, adjective.french), (phrase, "most")
    if phrase.scope is None:
        return plain(adjective.english, mark)
    if adjective.comparison == "er" or adjective.english == "good":
        return plain(inflection.superlative(adjective.english), mark, most)
    return [*plain("most", most), *plain(adjective.english, mark)]


def _complements(phrase: NounPhrase) -> list[Word]:
    words: list[Word] = []
    for text, role, other in (("of", "of", phrase.of), ("in", "scope", phrase.scope)):
        if other is not None:
            words += [*plain(text, (phrase, role)), *noun_phrase(other)]
    return words + (place(phrase.place) if phrase.place else [])
