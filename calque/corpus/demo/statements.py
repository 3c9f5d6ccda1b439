"""Constructions that state something with a full verb."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import adverbs, lexicon, names, phrases, places, predication
from calque.corpus.demo.dice import Dice
from calque.corpus.demo.lexeme import Verb
from calque.corpus.demo.meaning import (
    Clause,
    Command,
    Determiner,
    Done,
    NounPhrase,
    Prepositional,
    Time,
    VerbPhrase,
)
from calque.corpus.demo.verbs import Frame, verb

CAN, MUST = Verb("can", "pouvoir", flags=frozenset({"modal"})), Verb("must", "devoir", flags=frozenset({"modal"}))
WANT, REFUSE, FORGET = (
    verb("want +to", "vouloir", "state"),
    verb("refuse +to", "refuser +de", "simple"),
    verb("forget +to", "oublier +de", "simple"),
)
_GOVERNING = (
    *(WANT, WANT, REFUSE, FORGET),
    verb("like +to", "aimer", "state"),
    verb("hope +to", "espérer", "state"),
    verb("prefer +to", "préférer", "state"),
    verb("try +to", "essayer +de"),
    verb("begin +to", "commencer +à"),
    verb("decide +to", "décider +de", "simple"),
    verb("learn +to", "apprendre +à"),
    verb("continue +to", "continuer +à", "simple"),
)
GO, RETURN = verb("go", "aller", "être"), verb("return", "retourner", "être simple")
COME = verb("come", "venir", "state être")
LIVE = verb("live", "habiter", "state")
PUT = verb("put", "mettre", "simple")
PREFER = verb("prefer", "préférer", "state")
BE_DONE = verb("be", "être")
_ABOUT_PEOPLE = tuple(
    frame
    for frame in lexicon.HUMAN
    if not frame.verb.preposition[1] and not {"person", "adult", "kin"}.isdisjoint(frame.objects)
)
_INDIRECT = tuple(
    frame
    for frame in lexicon.TRANSITIVE
    if frame.verb.preposition[1] == "à" and not {"person", "kin", "teacher"}.isdisjoint(frame.objects)
)
_UNWANTED = frozenset(
    ("fall", "die", "lose", "miss", "break", "forget", "cough", "jump", "cry", "steal", "hear", "remember")
)
# What one can want or try to do.
_ACTS = tuple(
    frame
    for frame in lexicon.FRAMES
    if lexicon.personal(frame) and "state" not in frame.verb.flags and frame.verb.name not in _UNWANTED
)
_DONE_BY = lexicon.frames("write paint find wash repair close open sell prepare steal build cut")
_ORDERS = tuple(
    frame
    for frame in lexicon.frames(
        "close open wash clean listen_to look_at read turn_on turn_off take wait_for finish cut prepare buy help"
    )
    if lexicon.personal(frame)
)
_MEASURES = (
    ("glass bottle", "drink", "water milk juice wine beer"),
    ("cup", "drink", "tea coffee chocolate"),
    ("slice", "eat", "bread cake cheese"),
    ("piece", "eat", "cake cheese bread meat chocolate"),
    ("kilo", "buy", "cherry strawberry apple tomato potato carrot sugar rice orange"),
    ("basket", "buy", "cherry strawberry apple mushroom egg pear"),
    ("box", "buy", "cookie egg"),
)
_HOMES = (
    (adverbs.IN, "house village city castle"),
    (adverbs.ON, "island"),
    (adverbs.NEAR, "lake river station church sea forest"),
    (adverbs.FAR, "city school sea village"),
)
_SPOTS = (
    (adverbs.ON, "table chair bed shelf"),
    (adverbs.IN, "bag box cupboard basket"),
    (adverbs.UNDER, "bed table"),
)


def intransitive(dice: Dice) -> Clause | None:
    """The dog is sleeping in the garden."""
    return predication.clause(dice, dice.pick(lexicon.INTRANSITIVE))


def transitive(dice: Dice) -> Clause | None:
    """The girl ate three apples."""
    return predication.clause(dice, dice.pick(lexicon.TRANSITIVE))


def ditransitive(dice: Dice) -> Clause | None:
    """Paul gave the book to his sister; Paul gave her the book."""
    return predication.clause(dice, dice.pick(lexicon.DITRANSITIVE))


def direct_pronoun(dice: Dice) -> Clause | None:
    """We saw her yesterday: nous l'avons vue hier."""
    return _with_pronoun(dice, dice.pick(_ABOUT_PEOPLE))


def indirect_pronoun(dice: Dice) -> Clause | None:
    """The teacher is talking to them: le professeur leur parle."""
    return _with_pronoun(dice, dice.pick(_INDIRECT))


def _with_pronoun(dice: Dice, frame: Frame) -> Clause | None:
    """A clause whose object is a pronoun, sometimes negated."""
    subject = phrases.doer(dice, frame)
    if "animal" in getattr(subject.head, "tags", ()):
        return None
    node = predication.clause(dice, frame, subject)
    if node is None:
        return None
    node = replace(node, phrase=replace(node.phrase, object=phrases.other_pronoun(dice, subject)))
    return replace(node, negation="not") if node.frequency is None and dice.chance(0.25) else node


def two_pronouns(dice: Dice) -> Clause | None:
    """She gives them to him: elle les lui donne."""
    frame = dice.pick(lexicon.DITRANSITIVE)
    subject = phrases.doer(dice, frame)
    time = dice.pick((Time.PRESENT, Time.FUTURE, Time.NEAR, Time.PAST, Time.PROGRESSIVE))
    if predication.blurred(frame.verb, subject, time):
        return None
    recipient = phrases.other_pronoun(dice, subject)
    phrase = VerbPhrase(frame.verb, NounPhrase(names.THEY), recipient, shifts=frame.shifts)
    return predication.with_time(dice, Clause(subject, time, phrase))


def governed(dice: Dice) -> Clause | None:
    """The children want to sleep; she can't open it."""
    governing = dice.pick((CAN, MUST)) if dice.chance(0.4) else dice.pick(_GOVERNING)
    frame = dice.pick(_ACTS)
    subject = phrases.doer(dice, frame)
    inner = predication.verb_phrase(dice, frame, subject)
    if frame in _ABOUT_PEOPLE and dice.chance(0.5):
        inner = replace(inner, object=phrases.other_pronoun(dice, subject))
    time = Time.PRESENT if "modal" in governing.flags else predication.time_for(dice, governing)
    rare = time in {Time.RECENT, Time.PERFECT, Time.NEAR, Time.PAST_PROGRESSIVE}
    if rare or governing.english == inner.verb.english:
        return None
    node = Clause(subject, time, VerbPhrase(governing, infinitive=inner))
    denied = governing not in {REFUSE, FORGET} and predication.refusable(Clause(subject, time, inner))
    return replace(node, negation="not") if denied and dice.chance(0.3) else node


def motion(dice: Dice) -> Clause | None:
    """My sister went to the market yesterday; he comes from Canada."""
    subject = phrases.somebody(dice)
    if dice.chance(0.2):
        return Clause(subject, Time.PRESENT, VerbPhrase(COME, adjuncts=(places.origin(dice),)))
    going = dice.pick((GO, GO, GO, RETURN))
    time = predication.time_for(dice, going)
    if time in {Time.NEAR, Time.RECENT, Time.PERFECT}:
        return None
    node = Clause(subject, time, VerbPhrase(going, adjuncts=(places.goal(dice),)))
    return predication.with_time(dice, node) if dice.chance(0.5) else node


def residence(dice: Dice) -> Clause:
    """The painter lives on an island; they lived in Rome."""
    where = places.region(dice) if dice.chance(0.5) else places.one_of(dice, _HOMES)
    time = dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST, Time.FUTURE))
    node = Clause(phrases.somebody(dice), time, VerbPhrase(LIVE, adjuncts=(where,)))
    return replace(node, negation="not") if dice.chance(0.15) and predication.refusable(node) else node


def placement(dice: Dice) -> Clause | None:
    """The waitress put the glasses on the table."""
    subject = phrases.somebody(dice)
    time = dice.pick((Time.PRESENT, Time.PAST, Time.FUTURE, Time.NEAR))
    if predication.blurred(PUT, subject, time):
        return None
    noun = dice.weigh(lexicon.nouns_of("small vessel dish reading"))
    thing = phrases.noun_phrase(dice, noun, "definite", subject)
    return Clause(subject, time, VerbPhrase(PUT, thing, adjuncts=(places.one_of(dice, _SPOTS),)))


def preference(dice: Dice) -> Clause:
    """I prefer tea to coffee: je préfère le thé au café."""
    nouns = lexicon.nouns_of(dice.pick(("drink", "food", "pet", "sport")))
    liked, other = (phrases.noun_phrase(dice, dice.weigh(nouns), "generic") for _ in range(2))
    phrase = VerbPhrase(PREFER, liked, adjuncts=(Prepositional(adverbs.TO, other),))
    return Clause(phrases.somebody(dice), Time.PRESENT, phrase)


def passive(dice: Dice) -> Clause:
    """The letter was written by Marie: la lettre a été écrite par Marie."""
    frame = dice.pick(_DONE_BY)
    thing = phrases.noun_phrase(dice, dice.weigh(lexicon.nouns_of(*frame.objects)), "definite")
    agent = Prepositional(adverbs.BY, phrases.subject(dice, frame.subjects, pronouns=0))
    time = dice.pick((Time.PAST, Time.PAST, Time.FUTURE))
    return Clause(thing, time, VerbPhrase(BE_DONE, predicate=Done(frame.verb), adjuncts=(agent,)))


def command(dice: Dice) -> Command | None:
    """Please close the door: fermez la porte, s'il vous plaît; let's drink the coffee."""
    together = dice.chance(0.25)
    phrase = predication.verb_phrase(dice, dice.pick(_ORDERS), NounPhrase(names.WE if together else names.YOU))
    definite = {Determiner.THE, Determiner.THIS, Determiner.MY}
    if phrase.object is None or phrase.object.determiner not in definite:
        return None
    return Command(phrase, together, negative=dice.chance(0.2), please=not together and dice.chance(0.4))


def measured(dice: Dice) -> Clause | None:
    """She drank a glass of water; he bought two kilos of cherries."""
    vessels, name, contents = dice.pick(_MEASURES)
    frame = dice.pick([frame for frame in lexicon.frames(name) if lexicon.personal(frame) and frame.objects])
    stuff = dice.weigh(lexicon.nouns_of(contents))
    number = phrases.ONE if "mass" in stuff.tags or name == "eat" else phrases.MANY
    measure = phrases.noun_phrase(dice, dice.weigh(lexicon.nouns_of(vessels)), "indefinite", adjectives=0)
    if measure.determiner not in {Determiner.A, Determiner.NUMBER}:
        return None
    time = predication.time_for(dice, frame.verb)
    phrase = VerbPhrase(frame.verb, replace(measure, of=NounPhrase(stuff, number)))
    node = Clause(phrases.doer(dice, frame), time, phrase)
    if time is Time.PERFECT:
        return replace(node, frequency=adverbs.ALREADY)
    return predication.with_adverbs(dice, node)
