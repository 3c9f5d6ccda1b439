"""Constructions that say what or how something is."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import adjectives, adverbs, lexicon, names, nouns, phrases, places, predication
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.lexeme import Adjective, Noun, Verb
from calque.corpus.demo.meaning import Clause, Determiner, NounPhrase, Profession, Quality, Time, VerbPhrase
from calque.corpus.demo.verbs import verb

BE = Verb("be", "être", flags=frozenset({"state", "copula"}))
SEEM, BECOME = verb("seem", "sembler", "state"), verb("become", "devenir", "être simple")
BE_OLD = Verb("be", "avoir", flags=frozenset({"state", "copula"}))
BE_BORN = verb("be ^born", "naître", "être")
THERE_IS = Verb("be", "avoir", flags=frozenset({"state", "place"}))
FALLING = (verb("rain", "pleuvoir"), verb("snow", "neiger"))
_WEATHER = (
    *(verb("be ^cold", "faire ^froid", "state"), verb("be ^hot", "faire ^chaud", "state")),
    *(verb("be ^sunny", "faire ^soleil", "state"), verb("be ^dark", "faire ^nuit", "state")),
)
_LASTING = Weighted(((Time.PRESENT, 60), (Time.PAST, 25)))
_BEING = Weighted(((Time.PRESENT, 60), (Time.PAST, 25), (Time.FUTURE, 15)))
_NOW_OR_THEN = (Time.PRESENT, Time.PRESENT, Time.PAST)
_MANNER = Weighted((("", 60), ("not", 16), ("often", 10), ("never", 5), ("no longer", 7)))
_DEGREE = Weighted((("more", 6), ("as", 3), ("less", 1)))
_ADJECTIVES = tuple(adjective for adjective in adjectives.ALL if adjective.predicative)
_JOBS = tuple(noun for noun in lexicon.among("job") if noun.feminine)
_KINDS = (
    *("thing", "thing", "clothes", "food meal", "drink ingredient", "animal", "place", "vehicle", "notion aspect"),
    *("event", "nature infant matter"),
)
# Things with one of these in common are compared.
_COMPARED = frozenset(
    (
        *(
            "small",
            "vessel",
            "dish",
            "device",
            "instrument",
            "art",
            "furniture",
            "part",
            "reading",
            "fruit",
            "vegetable",
        ),
        *("drink", "meal", "pet", "livestock", "wild", "clothes", "vehicle", "at", "in", "on", "near", "notion"),
        *("event", "food", "nature"),
    )
)
# What something may be today and not tomorrow.
_PASSING = frozenset(
    (
        *("happy", "sad", "tired", "ill", "late", "angry", "alone", "busy", "worried", "jealous", "dirty", "clean"),
        *("empty", "open", "closed", "quiet", "cold", "hot", "fresh", "proud"),
    )
)
_BEST = (
    ("class", "boy girl pupil student"),
    ("city", "house hotel restaurant bakery church"),
    ("country", "job city mountain river castle king"),
    ("world", "city mountain singer actor painter museum"),
    ("village", "house dog horse man woman garden"),
    ("museum", "painting statue vase"),
)
_PARTS = (
    (
        "door window wall roof",
        "house church school castle farm hotel station hospital",
        "red white green old big blue",
    ),
    ("color", "dress car coat umbrella shirt bicycle boat jacket guitar", "beautiful strange"),
    ("price", "dress car coat ticket house bicycle boat jacket guitar meal computer", "high low"),
    ("name", "hotel village island castle restaurant school song flower", "strange beautiful long short"),
    ("end story", "film novel poem book story song", "sad interesting strange beautiful"),
)
_STORED = ((adverbs.IN, "bag box cupboard suitcase"), (adverbs.ON, "table chair shelf bed"))
_FOUND = (
    ("pet person", ((adverbs.AT, "at"), (adverbs.IN, "in"), (adverbs.ON, "beach bridge"))),
    ("animal person tree", ((adverbs.IN, "garden forest street park"), (adverbs.BEHIND, "house church"))),
    ("small vessel dish reading fruit", _STORED),
    ("food ingredient drink dish", ((adverbs.IN, "kitchen"),)),
)


def described(dice: Dice) -> NounPhrase:
    """Something or someone of whom something is said: often a thing."""
    if dice.chance(0.4):
        return phrases.somebody(dice)
    return _thing(dice, dice.weigh(lexicon.nouns_of(dice.pick(_KINDS))))


def _thing(dice: Dice, noun: Noun) -> NounPhrase:
    return phrases.noun_phrase(dice, noun, "definite" if dice.chance(0.7) else "subject", adjectives=0.1)


def quality(dice: Dice) -> Clause | None:
    """The soup is very hot; Marie seems tired."""
    if dice.chance(0.5):
        return quality_of(dice, described(dice))
    adjective = dice.pick(_ADJECTIVES)
    return _said(dice, _thing(dice, dice.pick(lexicon.described(adjective))), adjective)


def quality_of(dice: Dice, subject: NounPhrase) -> Clause | None:
    """Something said of a subject; None where no adjective fits."""
    options = _options(subject)
    return _said(dice, subject, dice.weigh(options)) if options.options else None


def _options(phrase: NounPhrase) -> Weighted[Adjective]:
    """The adjectives that may be said of it."""
    return lexicon.predicates(phrase.head if isinstance(phrase.head, Noun) else lexicon.noun("man"))


def _said(dice: Dice, subject: NounPhrase, adjective: Adjective) -> Clause:
    """The adjective said of the subject."""
    gradable = adjective.comparison and dice.chance(0.35)
    degree = dice.pick(("very", "very", "too", "so")) if gradable else ""
    seeming = "person" in _tags(subject) and adjective.comparison and dice.chance(0.12)
    time = dice.weigh(_BEING if adjective.english in _PASSING else _LASTING)
    phrase = VerbPhrase(SEEM if seeming else BE, predicate=Quality(adjective, degree))
    node = Clause(subject, time, phrase)
    return node if degree == "so" else _qualified(dice, node, adjective)


def _qualified(dice: Dice, node: Clause, adjective: Adjective) -> Clause:
    """The clause as it is, negated, or with how often it is so."""
    roll = dice.weigh(_MANNER)
    passing = node.time is Time.PRESENT and adjective.english in _PASSING
    if not roll or not predication.refusable(node) or (roll != "not" and not passing):
        return node
    return replace(node, frequency=dice.pick(adverbs.FREQUENCIES)) if roll == "often" else replace(node, negation=roll)


def _tags(phrase: NounPhrase) -> frozenset[str]:
    """What kind of thing it is; names and pronouns are persons."""
    return phrase.head.tags if isinstance(phrase.head, Noun) else frozenset({"person", "adult"})


def comparison(dice: Dice) -> Clause | None:
    """Paul is taller than his brother; the train is less expensive than the plane."""
    subject = described(dice)
    options = _options(subject)
    adjective = dice.weigh(options) if options.options else None
    if adjective is None or not adjective.comparison:
        return None
    degree = dice.weigh(_DEGREE)
    degree = "more" if degree == "less" and adjective.comparison == "er" else degree
    compared = Quality(adjective, degree, _rival(dice, subject, adjective))
    node = Clause(subject, dice.pick(_NOW_OR_THEN), VerbPhrase(BE, predicate=compared))
    return replace(node, negation="not") if dice.chance(0.2) else node


def _rival(dice: Dice, subject: NounPhrase, adjective: Adjective) -> NounPhrase:
    """With whom or what it is compared."""
    if "person" in _tags(subject):
        return phrases.other_pronoun(dice, subject) if dice.chance(0.3) else phrases.person(dice, "person", subject)
    kinds = _tags(subject) & _COMPARED
    rivals = [noun for noun in lexicon.described(adjective) if noun is subject.head or noun.tags & kinds]
    noun = dice.pick(rivals)
    rival = phrases.noun_phrase(dice, noun, "definite", adjectives=0)
    return replace(rival, number=subject.number) if noun.tags.isdisjoint({"mass", "pair", "unique"}) else rival


def superlative(dice: Dice) -> Clause | None:
    """Marie is the most famous singer in the country; this was the best hotel in the city."""
    group, members = dice.pick(_BEST)
    noun = dice.weigh(lexicon.nouns_of(members))
    adjective = dice.weigh(lexicon.attributes(noun, False))
    if not adjective.comparison and adjective.english != "good":
        return None
    scope = NounPhrase(lexicon.noun(group), determiner=Determiner.THE)
    best = NounPhrase(noun, determiner=Determiner.THE, adjectives=(adjective,), scope=scope)
    someone = [name for name in names.PEOPLE if name.gender is noun.gender]
    subject = NounPhrase(dice.pick(someone) if "person" in noun.tags else names.THIS)
    return Clause(subject, dice.pick(_NOW_OR_THEN), VerbPhrase(BE, best))


def profession(dice: Dice) -> Clause:
    """My sister is a lawyer: ma sœur est avocate; he became an actor."""
    subject = phrases.somebody(dice)
    if _tags(subject) & {"job", "child"}:
        subject = NounPhrase(dice.pick(names.PEOPLE))
    what = Profession(dice.pick(_JOBS))
    if dice.chance(0.25):
        return Clause(subject, dice.pick((Time.PAST, Time.FUTURE)), VerbPhrase(BECOME, predicate=what))
    node = Clause(subject, dice.weigh(_BEING), VerbPhrase(BE, predicate=what))
    denied = node.time is Time.PRESENT and predication.refusable(node) and dice.chance(0.2)
    return replace(node, negation=dice.pick(("not", "no longer"))) if denied else node


def presentation(dice: Dice) -> Clause | None:
    """This is my brother's house: c'est la maison de mon frère; these are my books."""
    kinds = dice.pick(("thing clothes", "place", "person", "animal vehicle", "notion event reading"))
    what = phrases.noun_phrase(dice, dice.weigh(lexicon.nouns_of(kinds)), dice.pick(("definite", "any")))
    counted = phrases.LOOSE - {Determiner.A, Determiner.SOME}
    if what.determiner is Determiner.THIS or what.determiner in counted:
        return None
    many = what.number is phrases.MANY
    time = Time.PRESENT if many or dice.chance(0.7) else Time.PAST
    node = Clause(NounPhrase(names.THESE if many else names.THIS), time, VerbPhrase(BE, what))
    return replace(node, negation="not") if dice.chance(0.25) and what.determiner is not Determiner.SOME else node


def existence(dice: Dice) -> Clause | None:
    """There is a cat under the table: il y a un chat sous la table."""
    kinds, sites = dice.pick(_FOUND)
    noun = dice.weigh(lexicon.nouns_of(kinds))
    if noun.tags & {"kin", "king", "queen"}:
        return None
    what = phrases.noun_phrase(dice, noun, "indefinite", adjectives=0.2)
    many = what.number is phrases.MANY
    there = VerbPhrase(THERE_IS, what, adjuncts=(places.one_of(dice, sites),))
    node = Clause(NounPhrase(names.THERE_MANY if many else names.THERE), dice.weigh(_BEING), there)
    denied = what.determiner is not Determiner.NUMBER and not (many and what.determiner is Determiner.BARE)
    return replace(node, negation=dice.pick(("not", "not", "no longer"))) if denied and dice.chance(0.3) else node


def location(dice: Dice) -> Clause:
    """The keys are on the table; my father is at the office."""
    if dice.chance(0.5):
        subject, where = phrases.subject(dice, ("person", "pet")), places.place(dice)
    else:
        noun = dice.weigh(lexicon.nouns_of("small vessel dish reading clothes"))
        subject, where = phrases.noun_phrase(dice, noun, "definite"), places.one_of(dice, _STORED)
    node = Clause(subject, dice.weigh(_BEING), VerbPhrase(BE, adjuncts=(where,)))
    denied = node.time is Time.PRESENT and predication.refusable(node) and dice.chance(0.25)
    return replace(node, negation=dice.pick(("not", "not", "no longer"))) if denied else node


def part(dice: Dice) -> Clause | None:
    """The roof of the church is red: le toit de l'église est rouge; the price of the ticket is high."""
    part_of, wholes, qualities = dice.pick(_PARTS)
    thing, whole = dice.weigh(lexicon.nouns_of(part_of)), dice.weigh(lexicon.nouns_of(wholes))
    number = dice.weigh(phrases.MOSTLY_ONE)
    of = NounPhrase(whole, number, dice.pick((Determiner.THE, Determiner.THE, Determiner.THIS)))
    subject = NounPhrase(thing, number, Determiner.THE, of=of)
    adjective = lexicon.adjective(dice.pick(qualities.split()))
    degree = dice.pick(("", "very")) if adjective.comparison else ""
    node = Clause(subject, dice.pick(_NOW_OR_THEN), VerbPhrase(BE, predicate=Quality(adjective, degree)))
    return replace(node, negation="not") if dice.chance(0.2) else node


def age(dice: Dice) -> Clause:
    """My daughter is twelve years old: ma fille a douze ans."""
    subject = phrases.subject(dice, ("child", "person", "kin"))
    ages = adverbs.AGES
    if isinstance(subject.head, Noun):
        ages = ages[:14] if "child" in subject.head.tags else ages[15:]
    years = NounPhrase(nouns.YEARS_OLD, phrases.MANY, Determiner.NUMBER, count=dice.pick(ages))
    node = Clause(subject, dice.pick((*_NOW_OR_THEN, Time.FUTURE)), VerbPhrase(BE_OLD, years))
    return replace(node, negation="not") if dice.chance(0.1) else node


def birth(dice: Dice) -> Clause:
    """Marie was born in Paris: Marie est née à Paris."""
    return Clause(phrases.somebody(dice), Time.PAST, VerbPhrase(BE_BORN, adjuncts=(places.region(dice),)))


def weather(dice: Dice) -> Clause:
    """It is raining in Paris: il pleut à Paris; it was cold yesterday."""
    if dice.chance(0.35):
        what, time = dice.pick(FALLING), dice.pick((Time.PROGRESSIVE, Time.PAST, Time.FUTURE, Time.NEAR))
    else:
        what, time = dice.pick(_WEATHER), dice.pick((Time.PRESENT, Time.PAST, Time.FUTURE))
    where = (places.region(dice),) if dice.chance(0.7) else ()
    node = Clause(NounPhrase(names.IT), time, VerbPhrase(what, adjuncts=where))
    node = replace(node, negation="not") if dice.chance(0.2) else node
    return predication.with_time(dice, node) if dice.chance(0.5) and time is not Time.PRESENT else node


def clock(dice: Dice) -> Clause:
    """It is five o'clock: il est cinq heures."""
    if dice.chance(0.15):
        hour = NounPhrase(dice.pick((names.NOON, names.MIDNIGHT)))
    else:
        hour = NounPhrase(nouns.O_CLOCK, phrases.MANY, Determiner.NUMBER, count=dice.pick(adverbs.AGES[:10]))
    return Clause(NounPhrase(names.IT), dice.pick((Time.PRESENT, Time.PAST)), VerbPhrase(BE, hour))
