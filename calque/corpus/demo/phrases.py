"""Draws noun phrases: subjects, objects, people, places."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from calque.corpus.demo import adverbs, lexicon, names
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.lexeme import Adjective, Gender, Name, Noun, Number, Preposition, Pronoun
from calque.corpus.demo.meaning import Determiner, NounPhrase, Prepositional

ONE, MANY = Number.SINGULAR, Number.PLURAL
D = Determiner
Form = tuple[Determiner, Number]
MOSTLY_ONE = Weighted(((ONE, 3), (MANY, 1)))
OWN = (D.MY, D.YOUR, D.HIS, D.HER, D.OUR, D.THEIR)
COLORS = frozenset({"white", "black", "red", "green", "blue", "yellow", "brown", "gray"})
_MINE: tuple[tuple[Form, float], ...] = (((D.MY, ONE), 22), ((D.MY, MANY), 6))  # whose it is, is drawn afterwards

# How likely each determiner is, by the style of `Frame`. MY stands for any possessive.
_STYLES: dict[str, tuple[tuple[Form, float], ...]] = {
    "any": (
        *(((D.THE, ONE), 30), ((D.THE, MANY), 11), ((D.A, ONE), 18), ((D.SOME, MANY), 5), ((D.BARE, MANY), 5)),
        *_MINE,
        *(((D.THIS, ONE), 6), ((D.THIS, MANY), 4), ((D.NUMBER, MANY), 6), ((D.MANY, MANY), 2)),
        *(((D.SEVERAL, MANY), 3), ((D.FEW, MANY), 2), ((D.ALL, MANY), 3)),
    ),
    "subject": (
        *(((D.THE, ONE), 50), ((D.THE, MANY), 22), ((D.A, ONE), 9), ((D.SOME, MANY), 3), ((D.THIS, ONE), 5)),
        *(((D.THIS, MANY), 4), ((D.NUMBER, MANY), 6), ((D.SEVERAL, MANY), 2), ((D.ALL, MANY), 3), ((D.EVERY, ONE), 1)),
    ),
    "definite": (((D.THE, ONE), 50), ((D.THE, MANY), 18), ((D.THIS, ONE), 8), ((D.THIS, MANY), 5), *_MINE),
    "plural": (((D.THE, MANY), 60), ((D.THIS, MANY), 20), ((D.MY, MANY), 20)),
    "the": (((D.THE, ONE), 1),),
    "generic": (((D.GENERIC, MANY), 1),),
    "indefinite": (((D.A, ONE), 50), ((D.NUMBER, MANY), 15), ((D.SOME, MANY), 15), ((D.BARE, MANY), 15)),
    "counted": (((D.A, ONE), 40), ((D.NUMBER, MANY), 50), ((D.MANY, MANY), 10)),
    "worn": (((D.A, ONE), 60), ((D.THE, ONE), 10), ((D.MY, ONE), 40), ((D.BARE, MANY), 30), ((D.MY, MANY), 30)),
    "bare": (((D.NONE, ONE), 1),),
}
_MASS: dict[str, tuple[tuple[Form, float], ...]] = {
    "any": (((D.THE, ONE), 30), ((D.BARE, ONE), 30), ((D.SOME, ONE), 18), ((D.MY, ONE), 12), ((D.THIS, ONE), 6)),
    "subject": (((D.THE, ONE), 60), ((D.MY, ONE), 20), ((D.THIS, ONE), 20)),
    "definite": (((D.THE, ONE), 60), ((D.MY, ONE), 20), ((D.THIS, ONE), 20)),
    "generic": (((D.GENERIC, ONE), 1),),
    "indefinite": (((D.BARE, ONE), 50), ((D.SOME, ONE), 50)),
}


# What may be someone's; of anything else "the" is said instead.
_OWNABLE = frozenset(
    ["kin", "close", "infant", "thing", "clothes", "vehicle", "food", "ingredient", "drink", "meal", "pet", "livestock", "notion", "money", "music", "work", "house", "garden", "bedroom", "kitchen", "office", "apartment", "farm", "village", "city", "school", "cellar", "field", "castle", "street", "tree", "doctor", "lawyer", "teacher", "dentist", "hairdresser", "gardener", "cook", "exam", "party", "trip", "song", "game", "measure", "aspect"]
)
_CLOSE = frozenset({"any", "subject", "definite"})


def _form(dice: Dice, noun: Noun, style: str) -> Form:
    """Determiner and number that fit the noun."""
    if "kin" in noun.tags and style not in {"counted", "generic"}:
        return D.MY, MANY if "single" not in noun.tags and dice.chance(0.2) else ONE
    if "close" in noun.tags and style in _CLOSE and dice.chance(0.6):
        return D.MY, MANY if dice.chance(0.3) else ONE
    return dice.weigh(_forms(noun, style, only_one="place" in noun.tags and dice.chance(0.7)))


@cache
def _forms(noun: Noun, style: str, only_one: bool) -> Weighted[Form]:
    """What `_form` chooses from."""
    if "unique" in noun.tags:
        return Weighted([((D.THE, ONE), 1)])
    if "mass" in noun.tags or ("single" in noun.tags and style != "any"):
        return Weighted(_MASS.get(style) or _STYLES[style])
    numbers = {MANY} if "pair" in noun.tags else {ONE} if only_one or "single" in noun.tags or style == "worn" else {ONE, MANY}
    return Weighted(option for option in _STYLES[style] if option[0][1] in numbers) if style != "generic" else Weighted(_STYLES[style])


def human(noun: Noun) -> bool:
    """Whether the noun is he or she rather than it."""
    return not noun.tags.isdisjoint({"person", "infant"})


def possessive(subject: NounPhrase) -> Determiner | None:
    """The possessive of a subject (their for the boys); None for what owns nothing."""
    head = subject.head
    if isinstance(head, Pronoun):
        by_index = {0: D.MY, 3: D.OUR, 4: D.YOUR, 5: D.THEIR}
        return by_index.get(head.index, D.HER if head.gender is Gender.FEMININE else D.HIS)
    if isinstance(head, Noun) and not human(head):
        return None
    if subject.number is MANY:
        return D.THEIR
    return D.HER if head.gender is Gender.FEMININE else D.HIS


def noun_phrase(
    dice: Dice, noun: Noun, style: str = "any", subject: NounPhrase | None = None, adjectives: float = 0.3
) -> NounPhrase:
    """A noun with determiner and adjectives; a possessive often refers to `subject`."""
    determiner, number = _form(dice, noun, style)
    if determiner is D.MY and noun.tags.isdisjoint(_OWNABLE):
        determiner = D.THE
    if determiner is D.MY:
        own = possessive(subject) if subject is not None else None
        determiner = own if own is not None and dice.chance(0.7) else dice.pick(OWN)
    count = dice.pick(adverbs.NUMBERS) if determiner is D.NUMBER else None
    likely = adjectives / 3 if "kin" in noun.tags else adjectives
    chosen = _adjectives(dice, noun, determiner) if style != "generic" and dice.chance(likely) else ()
    phrase = NounPhrase(noun, number, determiner, chosen, count)
    return _owned(dice, phrase) if determiner is D.THE and style != "the" and dice.chance(0.12) else phrase


def _adjectives(dice: Dice, noun: Noun, determiner: Determiner) -> tuple[Adjective, ...]:
    options = lexicon.attributes(noun, determiner is D.THE)
    if not options.options or determiner is D.NONE:
        return ()
    first = dice.weigh(options)
    colors = [other for other in options.options if other.english in COLORS and other is not first]
    if first.before and not first.definite and colors and dice.chance(0.2):
        return (first, dice.pick(colors))
    return (first,)


def _owned(dice: Dice, phrase: NounPhrase) -> NounPhrase:
    """Marie's book instead of the book, for things that people own."""
    assert isinstance(phrase.head, Noun)
    if not phrase.head.tags & {"thing", "clothes", "vehicle", "house", "garden", "pet", "livestock", "bedroom"}:
        return phrase
    if any(adjective.definite for adjective in phrase.adjectives):
        return phrase
    return replace(phrase, determiner=D.OWNER, owner=owner(dice))


def owner(dice: Dice) -> NounPhrase:
    """Someone whose something is: Marie, my brother, the teacher."""
    if dice.chance(0.5):
        return NounPhrase(dice.pick(names.PEOPLE))
    noun = dice.weigh(lexicon.nouns_of("kin", "job", "neighbor", "king", "queen", "friend"))
    determiner = dice.pick(OWN) if noun.tags & {"kin", "neighbor", "friend"} else D.THE
    return NounPhrase(noun, ONE, determiner)


def subject(dice: Dice, tags: tuple[str, ...], pronouns: float = 0.35) -> NounPhrase:
    """Who does it: a pronoun or a name where people can do it, or a noun."""
    if lexicon.personal(tags):
        if dice.chance(pronouns):
            return NounPhrase(dice.pick(names.SPEAKERS))
        if dice.chance(0.25):
            return NounPhrase(dice.pick(names.PEOPLE))
    return noun_phrase(dice, dice.weigh(lexicon.nouns_of(*tags)), "subject", adjectives=0.25)


def person(dice: Dice, tags: tuple[str, ...], by: NounPhrase, names_too: bool = True) -> NounPhrase:
    """Someone to whom or with whom `by` does it: a name or a noun with a definite determiner."""
    if names_too and dice.chance(0.3):
        return NounPhrase(dice.pick(names.PEOPLE))
    return noun_phrase(dice, dice.weigh(lexicon.nouns_of(*tags)), "definite", by, adjectives=0.15)


def other_pronoun(dice: Dice, subject: NounPhrase) -> NounPhrase:
    """A personal pronoun for someone else than the subject."""
    head = subject.head
    first, second = {0, 3}, {4}
    taken = next((group for group in (first, second) if isinstance(head, Pronoun) and head.index in group), set())
    return NounPhrase(dice.pick([pronoun for pronoun in names.SPEAKERS if pronoun.index not in taken]))


def anaphor(phrase: NounPhrase) -> NounPhrase:
    """The pronoun that stands for what was said before: she for Marie, it for the box, they for the girls."""
    head = phrase.head
    if isinstance(head, Pronoun):
        return NounPhrase(head)
    people = isinstance(head, Name) or human(head)
    return NounPhrase((names.PERSONAL if people else names.ANAPHORS)[head.gender, phrase.number])


def trace(phrase: NounPhrase) -> NounPhrase:
    """The same thing where its words do not stand."""
    return NounPhrase(phrase.head, phrase.number, D.TRACE)


_PLACES: tuple[tuple[Preposition, tuple[str, ...]], ...] = (
    (adverbs.AT, ("at",)),
    (adverbs.IN, ("in",)),
    (adverbs.ON, ("on",)),
    (adverbs.NEAR, ("near", "school", "church", "station", "hospital", "bridge", "window", "garden")),
    (adverbs.BEHIND, ("house", "school", "church", "station", "tree", "factory", "hotel")),
    (adverbs.BEFORE, ("house", "school", "church", "museum", "theater", "bank", "hotel", "bakery")),
    (adverbs.FAR, ("village", "city", "sea", "station", "school", "river", "mountain")),
    (adverbs.BESIDE, ("pharmacy", "library", "bank", "bakery", "lake", "museum", "church", "park")),
    (adverbs.UNDER, ("tree", "bridge")),
)
PLACES = Weighted(zip(_PLACES, (5, 5, 2, 2, 2, 2, 1, 2, 1), strict=True))
_SITE = Weighted(((D.THE, 8), (D.A, 0.5), (D.THIS, 1)))


def place(dice: Dice) -> Prepositional:
    """Somewhere: in the garden, at school, next to the bank, in Paris, in Canada."""
    if dice.chance(0.12):
        return Prepositional(adverbs.IN_CITY, NounPhrase(dice.pick(names.CITIES)))
    if dice.chance(0.1):
        return land(dice.weigh(lexicon.nouns_of("nation")), adverbs.IN_LAND)
    preposition, tags = dice.weigh(PLACES)
    return Prepositional(preposition, site(dice, tags))


def site(dice: Dice, tags: tuple[str, ...]) -> NounPhrase:
    """A place as it stands after a preposition."""
    noun = dice.weigh(lexicon.nouns_of(*tags))
    determiner = dice.weigh(_SITE) if "unique" not in noun.tags else D.THE
    chosen = _adjectives(dice, noun, D.A) if dice.chance(0.08) else ()
    return NounPhrase(noun, ONE, determiner, chosen)


def land(noun: Noun, preposition: Preposition) -> Prepositional:
    """In, to or from a country: en Italie, d'Italie, but au Canada, du Canada."""
    if noun.gender is Gender.FEMININE:
        return Prepositional(preposition, NounPhrase(noun))
    masculine = preposition if preposition.french == "de" else Preposition(preposition.english, "à")
    return Prepositional(masculine, NounPhrase(noun, ONE, D.GENERIC))
