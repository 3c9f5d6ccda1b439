"""Draws noun phrases: subjects, objects, people, and the pronouns that take their place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from calque.corpus.demo import adverbs, lexicon, names
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.lexeme import Adjective, Gender, Name, Noun, Number, Pronoun
from calque.corpus.demo.meaning import Determiner, NounPhrase
from calque.corpus.demo.verbs import Frame

ONE, MANY = Number.SINGULAR, Number.PLURAL
D = Determiner
Form = tuple[Determiner, Number]
MOSTLY_ONE = Weighted(((ONE, 3), (MANY, 1)))
OWN = (D.MY, D.YOUR, D.HIS, D.HER, D.OUR, D.THEIR)
COLORS = frozenset(("white", "black", "red", "green", "blue", "yellow", "brown", "gray"))
# Of whom or what one says neither that they don't nor where they are: somebody or something new, or too many.
LOOSE = frozenset((D.A, D.SOME, D.MANY, D.SEVERAL, D.FEW, D.EVERY, D.ALL, D.NUMBER))

Odds = dict[Determiner, tuple[float, float]]
# How likely each determiner is in the singular and in the plural, by the style of `Frame`; MY is any possessive.
_STYLES: dict[str, Odds] = {
    "any": {
        **{D.THE: (30, 11), D.A: (18, 0), D.SOME: (0, 5), D.BARE: (0, 5), D.MY: (22, 6), D.THIS: (6, 4)},
        **{D.NUMBER: (0, 6), D.MANY: (0, 2), D.SEVERAL: (0, 3), D.FEW: (0, 2), D.ALL: (0, 3)},
    },
    "subject": {
        **{D.THE: (50, 22), D.A: (9, 0), D.SOME: (0, 3), D.THIS: (5, 4), D.NUMBER: (0, 6)},
        **{D.SEVERAL: (0, 2), D.ALL: (0, 3), D.EVERY: (1, 0)},
    },
    "definite": {D.THE: (50, 18), D.THIS: (8, 5), D.MY: (22, 6)},
    "plural": {D.THE: (0, 60), D.THIS: (0, 20), D.MY: (0, 20)},
    "the": {D.THE: (1, 0)},
    "generic": {D.GENERIC: (0, 1)},
    "indefinite": {D.A: (50, 0), D.NUMBER: (0, 15), D.SOME: (0, 15), D.BARE: (0, 15)},
    "counted": {D.A: (40, 0), D.NUMBER: (0, 50), D.MANY: (0, 10)},
    "worn": {D.A: (60, 0), D.THE: (10, 0), D.BARE: (0, 30), D.MY: (40, 30)},
    "bare": {D.NONE: (1, 0)},
}
# The same for what cannot be counted.
_MASS: dict[str, Odds] = {
    "any": {D.THE: (30, 0), D.BARE: (30, 0), D.SOME: (18, 0), D.MY: (12, 0), D.THIS: (6, 0)},
    "subject": {D.THE: (60, 0), D.MY: (20, 0), D.THIS: (20, 0)},
    "definite": {D.THE: (60, 0), D.MY: (20, 0), D.THIS: (20, 0)},
    "generic": {D.GENERIC: (1, 0)},
    "indefinite": {D.BARE: (50, 0), D.SOME: (50, 0)},
}
# What may be someone's; of anything else "the" is said instead.
_OWNABLE = frozenset(
    (
        *("kin", "close", "infant", "thing", "clothes", "vehicle", "food", "ingredient", "drink", "meal", "pet"),
        *("livestock", "notion", "money", "music", "work", "house", "garden", "bedroom", "kitchen", "office"),
        *("farm", "village", "city", "school", "castle", "street", "tree", "doctor"),
        *("lawyer", "teacher", "gardener", "exam", "party", "trip", "song"),
        *("measure", "aspect"),
    )
)
# What has an owner's name before it: Marie's book.
_NAMED = frozenset(("thing", "clothes", "vehicle", "house", "garden", "pet", "livestock", "bedroom"))


def _form(dice: Dice, noun: Noun, style: str) -> Form:
    """Determiner and number that fit the noun."""
    if "kin" in noun.tags and style not in {"counted", "generic"}:
        return D.MY, MANY if "single" not in noun.tags and dice.chance(0.2) else ONE
    if "close" in noun.tags and style in {"any", "subject", "definite"} and dice.chance(0.6):
        return D.MY, MANY if dice.chance(0.3) else ONE
    determiner, number = dice.weigh(_forms(noun, style, "place" in noun.tags and dice.chance(0.5)))
    return D.THE if determiner is D.MY and noun.tags.isdisjoint(_OWNABLE) else determiner, number


@cache
def _forms(noun: Noun, style: str, only_one: bool) -> Weighted[Form]:
    """What `_form` chooses from."""
    if "unique" in noun.tags:
        return Weighted([((D.THE, ONE), 1)])
    uncounted = "mass" in noun.tags or ("single" in noun.tags and style != "any")
    weights = _MASS[style] if uncounted and style in _MASS else _STYLES[style]
    one = {(determiner, ONE): pair[0] for determiner, pair in weights.items() if pair[0]}
    many = {(determiner, MANY): pair[1] for determiner, pair in weights.items() if pair[1]}
    if "pair" in noun.tags or not one:
        return Weighted(many.items())
    return Weighted((one if only_one or "single" in noun.tags or style == "worn" else one | many).items())


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
    if determiner is D.MY:
        own = possessive(subject) if subject is not None else None
        determiner = own if own is not None and dice.chance(0.7) else dice.pick(OWN)
    count = dice.pick(adverbs.NUMBERS) if determiner is D.NUMBER else None
    likely = adjectives / 3 if "kin" in noun.tags else adjectives
    chosen = adjectives_for(dice, noun, determiner) if style != "generic" and dice.chance(likely) else ()
    phrase = NounPhrase(noun, number, determiner, chosen, count)
    owned = determiner is D.THE and style != "the" and not noun.tags.isdisjoint(_NAMED) and dice.chance(0.12)
    if owned and not any(adjective.definite for adjective in chosen):
        return replace(phrase, determiner=D.OWNER, owner=_owner(dice))
    return phrase


def adjectives_for(dice: Dice, noun: Noun, determiner: Determiner) -> tuple[Adjective, ...]:
    """One adjective, or two where the second is a color; none where none fits."""
    options = lexicon.attributes(noun, determiner is D.THE)
    if not options.options or determiner is D.NONE:
        return ()
    first = dice.weigh(options)
    colors = [other for other in options.options if other.english in COLORS and other is not first]
    if first.before and not first.definite and colors and dice.chance(0.2):
        return (first, dice.pick(colors))
    return (first,)


def _owner(dice: Dice) -> NounPhrase:
    """Someone whose something is: Marie, my brother, the teacher."""
    if dice.chance(0.5):
        return NounPhrase(dice.pick(names.PEOPLE))
    noun = dice.weigh(lexicon.nouns_of("kin job neighbor king queen friend"))
    return NounPhrase(noun, ONE, dice.pick(OWN) if noun.tags & {"kin", "close"} else D.THE)


def subject(dice: Dice, tags: Iterable[str], pronouns: float = 0.35) -> NounPhrase:
    """Who does it: a pronoun or a name where people can do it, or a noun."""
    tags = tuple(tags)
    if "person" in tags or "adult" in tags:
        if dice.chance(pronouns):
            return NounPhrase(dice.pick(names.SPEAKERS))
        if dice.chance(0.25):
            return NounPhrase(dice.pick(names.PEOPLE))
    return noun_phrase(dice, dice.weigh(lexicon.nouns_of(*tags)), "subject", adjectives=0.25)


def somebody(dice: Dice) -> NounPhrase:
    """A person as a subject."""
    return subject(dice, ("person",))


def doer(dice: Dice, frame: Frame) -> NounPhrase:
    """A subject that the frame allows."""
    return subject(dice, frame.subjects)


def person(dice: Dice, tags: str, by: NounPhrase) -> NounPhrase:
    """Someone to whom or with whom `by` does it: a name or a noun with a definite determiner."""
    if dice.chance(0.3):
        return NounPhrase(dice.pick(names.PEOPLE))
    return noun_phrase(dice, dice.weigh(lexicon.nouns_of(tags)), "definite", by, adjectives=0.15)


def other_pronoun(dice: Dice, subject: NounPhrase) -> NounPhrase:
    """A personal pronoun for someone else than the subject."""
    same = {0: {0, 3}, 3: {0, 3}, 4: {4}}
    taken = same.get(subject.head.index, set()) if isinstance(subject.head, Pronoun) else set()
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
