"""Looking words up: nouns by what they are, adjectives by the noun, frames by the verb."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from calque.corpus.demo import adjectives, nouns, verbs
from calque.corpus.demo.dice import Weighted
from calque.corpus.demo.lexeme import Adjective, Noun
from calque.corpus.demo.verbs import Frame

TRANSITIVE = verbs.parse(verbs.TRANSITIVE)
DITRANSITIVE = verbs.parse(verbs.DITRANSITIVE)
INTRANSITIVE = verbs.parse(verbs.INTRANSITIVE)
FRAMES = (*TRANSITIVE, *DITRANSITIVE, *INTRANSITIVE)
# What a verb is said of, with or without an object but without a recipient.
ACTIONS = (*TRANSITIVE, *INTRANSITIVE)


@cache
def among(*tags: str) -> tuple[Noun, ...]:
    """The nouns with at least one of the tags (several in one string too), in the order of the table.

    ValueError for a tag that no noun has.
    """
    wanted = " ".join(tags).split()
    for tag in wanted:
        if not any(tag in noun.tags for noun in nouns.ALL):
            raise ValueError(f"no noun of the demo lexicon is tagged '{tag}'")
    return tuple(noun for noun in nouns.ALL if not noun.tags.isdisjoint(wanted))


@cache
def nouns_of(*tags: str) -> Weighted[Noun]:
    """The nouns with at least one of the tags; those that few verbs take are likelier, so that none is rare."""
    return Weighted((noun, 1 / (1 + _uses(noun))) for noun in among(*tags))


@cache
def _uses(noun: Noun) -> int:
    """How many verbs may have the noun as their object."""
    return sum(not noun.tags.isdisjoint(frame.objects) for frame in FRAMES)


@cache
def noun(english: str) -> Noun:
    """The noun with this English lemma; ValueError where there is none."""
    found = [noun for noun in nouns.ALL if noun.english == english]
    if not found:
        raise ValueError(f"the demo lexicon has no noun '{english}'")
    return found[0]


@cache
def attributes(noun: Noun, definite: bool) -> Weighted[Adjective]:
    """The adjectives that may stand beside a noun; `definite` where its determiner is *the*. Before a relative only
    those that name it: un beau père is no beau-père."""
    return _spread(
        adjective
        for adjective in adjectives.ALL
        if adjective.attributive
        and not noun.tags.isdisjoint(adjective.beside)
        and (definite or not adjective.definite)
        and (noun.english in adjective.beside or not adjective.before or "kin" not in noun.tags)
    )


@cache
def predicates(noun: Noun) -> Weighted[Adjective]:
    """The adjectives that a verb may give to a noun."""
    return _spread(a for a in adjectives.ALL if a.predicative and not noun.tags.isdisjoint(a.tags))


def _spread(found: Iterable[Adjective]) -> Weighted[Adjective]:
    """Those that fit few nouns are likelier, so that none is rare."""
    return Weighted((adjective, 1 / (1 + len(described(adjective)))) for adjective in found)


@cache
def described(adjective: Adjective) -> tuple[Noun, ...]:
    """The nouns that an adjective may be said of."""
    return tuple(noun for noun in nouns.ALL if not noun.tags.isdisjoint(adjective.tags))


@cache
def adjective(english: str) -> Adjective:
    """The adjective with this English lemma; ValueError where there is none."""
    found = [adjective for adjective in adjectives.ALL if adjective.english == english]
    if not found:
        raise ValueError(f"the demo lexicon has no adjective '{english}'")
    return found[0]


@cache
def frames(names: str) -> tuple[Frame, ...]:
    """The frames, of any kind, of the verbs with these names ('read look_for'); ValueError where one has none."""
    wanted = {name.replace("_", " ") for name in names.split()}
    found = tuple(frame for frame in FRAMES if frame.verb.name in wanted)
    missing = wanted - {frame.verb.name for frame in found}
    if missing:
        raise ValueError(f"the demo lexicon has no verb {sorted(missing)}")
    return found


def personal(frame: Frame) -> bool:
    """Whether names and pronouns may be the subject."""
    return "person" in frame.subjects or "adult" in frame.subjects


def direct(frame: Frame) -> bool:
    """Whether the object has no preposition in either language."""
    return bool(frame.objects) and not any(frame.verb.preposition)


# What everybody does.
HUMAN = tuple(frame for frame in ACTIONS if "person" in frame.subjects)
