"""Constructions that say what or how something is."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import adjectives, adverbs, lexicon, names, nouns, phrases, predication, statements
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.lexeme import Adjective, Noun, Preposition, Verb
from calque.corpus.demo.meaning import (
    Clause,
    Determiner,
    Fixed,
    NounPhrase,
    Prepositional,
    Profession,
    Quality,
    Time,
    VerbPhrase,
)
from calque.corpus.demo.verbs import verb

BE = Verb("be", "être", flags=frozenset({"state", "copula"}))
SEEM, BECOME = verb("seem", "sembler", "state"), verb("become", "devenir", "être simple")
BE_OLD = Verb("be", "avoir", flags=frozenset({"state", "copula"}))
BE_BORN = verb("be ^born", "naître", "être")
THERE_IS = Verb("be", "avoir", flags=frozenset({"state", "place"}))
WEATHER = (
    *(verb("rain", "pleuvoir"), verb("snow", "neiger")),
    *(verb("be ^cold", "faire ^froid", "state"), verb("be ^hot", "faire ^chaud", "state")),
    *(verb("be ^sunny", "faire ^soleil", "state"), verb("be ^dark", "faire ^nuit", "state")),
)
_BEING = Weighted(((Time.PRESENT, 60), (Time.PAST, 25), (Time.FUTURE, 15)))
_LASTING = Weighted(((Time.PRESENT, 60), (Time.PAST, 25)))
_ADJECTIVES = tuple(adjective for adjective in adjectives.ALL if adjective.predicative)
_MANNER = Weighted((("", 60), ("not", 16), ("often", 10), ("never", 5), ("no longer", 7)))
_DEGREE = Weighted((("more", 6), ("as", 3), ("less", 1)))
_KINDS = (
    *(("thing",), ("thing",), ("clothes",), ("food", "meal"), ("drink", "ingredient"), ("animal",), ("place",), ("vehicle",)),
    *(("notion", "aspect"), ("event",), ("nature", "infant", "matter")),
)
_COMPARED = frozenset(
    ["small", "vessel", "dish", "device", "instrument", "art", "furniture", "part", "reading", "fruit", "vegetable", "drink", "meal", "pet", "livestock", "wild", "clothes", "vehicle", "at", "in", "on", "near", "notion", "event", "food", "nature"]
)
# What something may be today and not tomorrow.
_PASSING = frozenset({"happy", "sad", "tired", "ill", "late", "angry", "alone", "busy", "worried", "nervous", "jealous"}) | {
    *("dirty", "clean", "empty", "open", "closed", "calm", "quiet", "cold", "hot", "fresh", "ready", "proud"),
}
JOBS = tuple(noun for noun in lexicon.among(("job",)) if noun.feminine)


def described(dice: Dice) -> NounPhrase:
    """Something or someone of whom something is said: often a thing."""
    if dice.chance(0.4):
        return phrases.subject(dice, ("person",))
    return _thing(dice, dice.weigh(lexicon.nouns_of(*dice.pick(_KINDS))))


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


def _said(dice: Dice, subject: NounPhrase, adjective: Adjective) -> Clause | None:
    """The adjective said of the subject, unless it stands there already."""
    if adjective.french in {other.french for other in subject.adjectives}:
        return None
    gradable = adjective.comparison and dice.chance(0.35)
    degree = dice.pick(("very", "very", "too", "so")) if gradable else ""
    being = SEEM if "person" in tags(subject) and adjective.comparison and dice.chance(0.12) else BE
    time = dice.weigh(_BEING if adjective.english in _PASSING else _LASTING)
    node = Clause(subject, time, VerbPhrase(being, predicate=Quality(adjective, degree)))
    return node if degree == "so" else _qualified(dice, node, adjective)


def _qualified(dice: Dice, node: Clause, adjective: Adjective) -> Clause:
    """The clause as it is, negated, or with how often it is so."""
    roll = dice.weigh(_MANNER)
    if roll in {"", "not"}:
        return replace(node, negation=roll) if roll and not statements.uncountable(node) else node
    if node.time is not Time.PRESENT or adjective.english not in _PASSING or statements.uncountable(node):
        return node
    return replace(node, frequency=dice.pick(adverbs.FREQUENCIES)) if roll == "often" else replace(node, negation=roll)


def tags(phrase: NounPhrase) -> frozenset[str]:
    """What kind of thing it is; names and pronouns are persons."""
    return phrase.head.tags if isinstance(phrase.head, Noun) else frozenset({"person", "adult"})


def comparison(dice: Dice) -> Clause | None:
    """Paul is taller than his brother; the train is less expensive than the plane."""
    subject = described(dice)
    options = _options(subject)
    adjective = dice.weigh(options) if options.options else None
    if adjective is None or not adjective.comparison or adjective in subject.adjectives:
        return None
    other = _rival(dice, subject, adjective)
    degree = dice.weigh(_DEGREE)
    if degree == "less" and adjective.comparison == "er":
        degree = "more"
    node = Clause(subject, dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST)), VerbPhrase(BE, predicate=Quality(adjective, degree, other)))
    return replace(node, negation="not") if dice.chance(0.2) else node


def _rival(dice: Dice, subject: NounPhrase, adjective: Adjective) -> NounPhrase:
    if isinstance(subject.head, Noun) and "person" not in subject.head.tags:
        rivals = [noun for noun in lexicon.described(adjective) if _same_kind(noun, subject.head)]
        rival = phrases.noun_phrase(dice, dice.pick(rivals), "definite", adjectives=0)
        return replace(rival, number=subject.number) if rival.head.tags.isdisjoint({"mass", "pair"}) else rival
    return phrases.other_pronoun(dice, subject) if dice.chance(0.3) else phrases.person(dice, ("person",), subject)


def _same_kind(noun: Noun, other: Noun) -> bool:
    """Whether one would compare them."""
    return not (noun.tags & _COMPARED).isdisjoint(other.tags) or noun is other


def superlative(dice: Dice) -> Clause | None:
    """Marie is the most famous singer in the country; it was the best film of the year."""
    group = dice.pick((("class", "boy girl pupil student"), ("city", "house hotel restaurant bakery church"))
        + (("country", "job city mountain river castle king"), ("world", "city mountain singer actor painter museum"))
        + (("village", "house dog horse man woman garden"), ("museum", "painting statue vase")))
    noun = dice.weigh(lexicon.nouns_of(*group[1].split()))
    adjective = dice.weigh(lexicon.attributes(noun, False))
    if not adjective.comparison and adjective.english != "good":
        return None
    scope = NounPhrase(lexicon.noun(group[0]), determiner=Determiner.THE)
    best = NounPhrase(noun, determiner=Determiner.THE, adjectives=(adjective,), scope=scope)
    if "person" not in noun.tags:
        return Clause(NounPhrase(names.THIS), dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST)), VerbPhrase(BE, best))
    fitting = [name for name in names.PEOPLE if name.gender is noun.gender]
    return Clause(NounPhrase(dice.pick(fitting)), dice.pick((Time.PRESENT, Time.PAST)), VerbPhrase(BE, best))


def profession(dice: Dice) -> Clause:
    """My sister is a lawyer: ma sœur est avocate; he became an actor."""
    subject = phrases.subject(dice, ("kin", "man", "woman", "friend", "neighbor", "person"))
    if "job" in tags(subject) or "child" in tags(subject):
        subject = NounPhrase(dice.pick(names.PEOPLE))
    what = Profession(dice.pick(JOBS))
    if dice.chance(0.25):
        return Clause(subject, dice.pick((Time.PAST, Time.FUTURE)), VerbPhrase(BECOME, predicate=what))
    node = Clause(subject, dice.weigh(_BEING), VerbPhrase(BE, predicate=what))
    return replace(node, negation=dice.pick(("not", "no longer"))) if node.time is Time.PRESENT and dice.chance(0.2) else node


def presentation(dice: Dice) -> Clause | None:
    """This is my brother's house: c'est la maison de mon frère; these are my books."""
    kinds = dice.pick((("thing", "clothes"), ("place",), ("person",), ("animal", "vehicle"), ("notion", "event", "reading")))
    noun = dice.weigh(lexicon.nouns_of(*kinds))
    style = dice.pick(("definite", "any"))
    what = phrases.noun_phrase(dice, noun, style)
    if what.determiner in {Determiner.THIS, Determiner.MANY, Determiner.SEVERAL, Determiner.FEW, Determiner.ALL, Determiner.NUMBER}:
        return None
    if what.number is phrases.MANY:
        subject = NounPhrase(names.THESE)
    else:
        subject = NounPhrase(names.THIS)
    time = Time.PRESENT if what.number is phrases.MANY or dice.chance(0.7) else Time.PAST
    node = Clause(subject, time, VerbPhrase(BE, what))
    return replace(node, negation="not") if dice.chance(0.25) and what.determiner is not Determiner.SOME else node


def existence(dice: Dice) -> Clause | None:
    """There is a cat under the table: il y a un chat sous la table."""
    group, where = dice.pick(
        (
            ("pet person", Prepositional(*_site(dice, ((adverbs.AT, "at"), (adverbs.IN, "in"), (adverbs.ON, "beach bridge"))))),
            ("animal person tree", _outside(dice)),
            ("small vessel dish reading fruit", _inside(dice)),
            ("food ingredient drink dish", _inside(dice, "kitchen cellar")),
        )
    )
    noun = dice.weigh(lexicon.nouns_of(*group.split()))
    if noun.tags & {"kin", "infant"} or noun.english in {"queen", "king"}:
        return None
    what = phrases.noun_phrase(dice, noun, "indefinite", adjectives=0.2)
    many = what.number is phrases.MANY
    subject = NounPhrase(names.THERE_MANY if many else names.THERE)
    node = Clause(subject, dice.weigh(_BEING), VerbPhrase(THERE_IS, what, adjuncts=(where,)))
    refusable = what.determiner is not Determiner.NUMBER and not (many and what.determiner is Determiner.BARE)
    return replace(node, negation=dice.pick(("not", "not", "no longer"))) if refusable and dice.chance(0.3) else node


def _site(dice: Dice, sites: tuple[tuple[Preposition, str], ...]) -> tuple[Preposition, NounPhrase]:
    preposition, tags = dice.pick(sites)
    return preposition, phrases.site(dice, tuple(tags.split()))


def _outside(dice: Dice) -> Prepositional:
    tags = dice.pick((("garden", "forest", "field", "street", "park"), ("house", "church")))
    return Prepositional(adverbs.IN if "park" in tags else adverbs.BEHIND, phrases.site(dice, tags))


def _inside(dice: Dice, tags: str = "") -> Prepositional:
    if tags or dice.chance(0.4):
        return Prepositional(adverbs.IN, phrases.site(dice, tuple((tags or "bag box drawer cupboard suitcase").split())))
    return Prepositional(adverbs.ON, phrases.site(dice, ("table", "chair", "shelf", "bed", "desk")))


def location(dice: Dice) -> Clause | None:
    """The keys are on the table; my father is at the office."""
    if dice.chance(0.5):
        subject, where = phrases.subject(dice, ("person", "pet")), phrases.place(dice)
    else:
        noun = dice.weigh(lexicon.nouns_of("small", "vessel", "dish", "reading", "clothes"))
        subject, where = phrases.noun_phrase(dice, noun, "definite"), _inside(dice)
    node = Clause(subject, dice.weigh(_BEING), VerbPhrase(BE, adjuncts=(where,)))
    if node.time is Time.PRESENT and dice.chance(0.25):
        return replace(node, negation=dice.pick(("not", "not", "no longer")))
    return node


def part(dice: Dice) -> Clause | None:
    """The roof of the church is red: le toit de l'église est rouge; the price of the ticket is too high."""
    first, second, qualities = dice.pick(
        (
            ("door window wall roof", "house church school castle farm hotel factory station hospital", "red white green old big blue"),
            ("color", "dress car coat umbrella shirt bicycle boat jacket guitar", "beautiful strange magnificent"),
            ("price", "dress car coat ticket house bicycle boat jacket guitar meal computer", "high low"),
            ("name", "hotel village island castle restaurant school song flower", "strange beautiful long short"),
            ("end story title", "film novel poem book story song", "sad interesting strange beautiful long"),
        )
    )
    thing, whole = dice.weigh(lexicon.nouns_of(*first.split())), dice.weigh(lexicon.nouns_of(*second.split()))
    number = dice.weigh(phrases.MOSTLY_ONE)
    of = NounPhrase(whole, number, dice.pick((Determiner.THE, Determiner.THE, Determiner.THIS)))
    subject = NounPhrase(thing, number, Determiner.THE, of=of)
    adjective = lexicon.adjective(dice.pick(qualities.split()))
    if thing is whole:
        return None
    time = dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST))
    node = Clause(subject, time, VerbPhrase(BE, predicate=Quality(adjective, dice.pick(("", "very")) if adjective.comparison else "")))
    return replace(node, negation="not") if dice.chance(0.2) else node


def age(dice: Dice) -> Clause:
    """My daughter is twelve years old: ma fille a douze ans."""
    subject = phrases.subject(dice, ("child", "person", "kin"))
    ages = adverbs.AGES
    if isinstance(subject.head, Noun):
        ages = ages[:14] if "child" in subject.head.tags else ages[15:]
    years = NounPhrase(nouns.YEARS_OLD, phrases.MANY, Determiner.NUMBER, count=dice.pick(ages))
    node = Clause(subject, dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST, Time.FUTURE)), VerbPhrase(BE_OLD, years))
    return replace(node, negation="not") if dice.chance(0.1) else node


def birth(dice: Dice) -> Clause:
    """Marie was born in Paris: Marie est née à Paris."""
    subject = phrases.subject(dice, ("person",))
    if dice.chance(0.5):
        where = phrases.land(dice.weigh(lexicon.nouns_of("nation")), adverbs.IN_LAND)
    else:
        where = Prepositional(adverbs.IN_CITY, NounPhrase(dice.pick(names.CITIES)))
    return Clause(subject, Time.PAST, VerbPhrase(BE_BORN, adjuncts=(where,)))


def weather(dice: Dice) -> Clause:
    """It is raining in Paris: il pleut à Paris; it was cold yesterday."""
    what = dice.pick(WEATHER)
    state = "state" in what.flags
    time = dice.pick((Time.PRESENT, Time.PAST, Time.FUTURE)) if state else dice.pick((Time.PROGRESSIVE, Time.PAST, Time.FUTURE, Time.NEAR))
    node = Clause(NounPhrase(names.IT), time, VerbPhrase(what, adjuncts=_where(dice)))
    node = replace(node, negation="not") if dice.chance(0.2) else node
    return predication.with_time(dice, node) if dice.chance(0.5) and time is not Time.PRESENT else node


def _where(dice: Dice) -> tuple[Prepositional | Fixed, ...]:
    if dice.chance(0.3):
        return ()
    if dice.chance(0.5):
        return (Prepositional(adverbs.IN_CITY, NounPhrase(dice.pick(names.CITIES))),)
    return (phrases.land(dice.weigh(lexicon.nouns_of("nation")), adverbs.IN_LAND),)


def clock(dice: Dice) -> Clause:
    """It is five o'clock: il est cinq heures."""
    if dice.chance(0.15):
        hour = NounPhrase(dice.pick((names.NOON, names.MIDNIGHT)))
    else:
        hour = NounPhrase(nouns.O_CLOCK, phrases.MANY, Determiner.NUMBER, count=dice.pick(adverbs.AGES[:10]))
    return Clause(NounPhrase(names.IT), dice.pick((Time.PRESENT, Time.PAST)), VerbPhrase(BE, hour))
