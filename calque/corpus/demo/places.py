"""Draws places: where something is, where someone goes and comes from."""

from __future__ import annotations

from calque.corpus.demo import adverbs, lexicon, names, phrases
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.lexeme import Gender, Noun, Preposition
from calque.corpus.demo.meaning import Determiner, NounPhrase, Prepositional

_PLACES: Weighted[tuple[Preposition, str]] = Weighted(
    (
        ((adverbs.AT, "at"), 5),
        ((adverbs.IN, "in"), 5),
        ((adverbs.ON, "on"), 2),
        ((adverbs.NEAR, "near school church station hospital bridge window garden"), 2),
        ((adverbs.BEHIND, "house school church station tree hotel"), 2),
        ((adverbs.BEFORE, "house school church museum theater hotel bakery"), 2),
        ((adverbs.FAR, "village city sea station school river mountain"), 1),
        ((adverbs.BESIDE, "library bakery lake museum church park"), 2),
        ((adverbs.UNDER, "tree bridge"), 1),
    )
)
_DETERMINERS = Weighted(((Determiner.THE, 8), (Determiner.A, 0.5), (Determiner.THIS, 1)))


def site(dice: Dice, preposition: Preposition, tags: str) -> Prepositional:
    """A preposition and a place or a thing that has one of the tags."""
    noun = dice.weigh(lexicon.nouns_of(tags))
    determiner = Determiner.THE if "unique" in noun.tags else dice.weigh(_DETERMINERS)
    adjectives = phrases.adjectives_for(dice, noun, Determiner.A) if dice.chance(0.08) else ()
    return Prepositional(preposition, NounPhrase(noun, phrases.ONE, determiner, adjectives))


def one_of(dice: Dice, options: tuple[tuple[Preposition, str], ...]) -> Prepositional:
    """A site for one of (preposition, tags)."""
    return site(dice, *dice.pick(options))


def place(dice: Dice) -> Prepositional:
    """Somewhere: in the garden, at school, next to the bank, in Paris, in Canada."""
    return region(dice) if dice.chance(0.2) else site(dice, *dice.weigh(_PLACES))


def region(dice: Dice) -> Prepositional:
    """In a city or a country."""
    return _city(dice, adverbs.IN_CITY) if dice.chance(0.5) else _land(dice, adverbs.IN_LAND)


def goal(dice: Dice) -> Prepositional:
    """To a city, a country, a place."""
    if dice.chance(0.5):
        return site(dice, adverbs.TO, "at beach")
    return _city(dice, adverbs.TO) if dice.chance(0.4) else _land(dice, adverbs.TO_LAND)


def origin(dice: Dice) -> Prepositional:
    """From a city or a country."""
    return _city(dice, adverbs.FROM) if dice.chance(0.4) else _land(dice, adverbs.FROM)


def _city(dice: Dice, preposition: Preposition) -> Prepositional:
    return Prepositional(preposition, NounPhrase(dice.pick(names.CITIES)))


def _land(dice: Dice, preposition: Preposition) -> Prepositional:
    return land(dice.weigh(lexicon.nouns_of("nation")), preposition)


def land(noun: Noun, preposition: Preposition) -> Prepositional:
    """In, to or from a country: en Italie, d'Italie, but au Canada, du Canada."""
    if noun.gender is Gender.FEMININE:
        return Prepositional(preposition, NounPhrase(noun))
    masculine = preposition if preposition.french == "de" else Preposition(preposition.english, "à")
    return Prepositional(masculine, NounPhrase(noun, phrases.ONE, Determiner.GENERIC))
