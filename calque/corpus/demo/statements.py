"""Constructions that state something with a full verb."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import adverbs, lexicon, names, phrases, predication
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.lexeme import Verb
from calque.corpus.demo.meaning import (
    Clause,
    Command,
    Determiner,
    Done,
    Fixed,
    NounPhrase,
    Prepositional,
    Time,
    VerbPhrase,
)
from calque.corpus.demo.verbs import Frame, verb

WANT, LIKE_TO, HOPE, KNOW_HOW = (
    verb("want +to", "vouloir", "state"),
    verb("like +to", "aimer", "state"),
    verb("hope +to", "espérer", "state"),
    verb("prefer +to", "préférer", "state"),
)
TRY, BEGIN, DECIDE, FORGET, REFUSE, LEARN, CONTINUE = (
    verb("try +to", "essayer +de"),
    verb("begin +to", "commencer +à"),
    verb("decide +to", "décider +de", "simple"),
    verb("forget +to", "oublier +de", "simple"),
    verb("refuse +to", "refuser +de", "simple"),
    verb("learn +to", "apprendre +à"),
    verb("continue +to", "continuer +à", "simple"),
)
CAN, MUST = Verb("can", "pouvoir", flags=frozenset({"modal"})), Verb("must", "devoir", flags=frozenset({"modal"}))
GOVERNING = (WANT, WANT, LIKE_TO, HOPE, KNOW_HOW, TRY, BEGIN, DECIDE, FORGET, REFUSE, LEARN, CONTINUE)
GO, RETURN = verb("go", "aller", "être"), verb("return", "retourner", "être simple")
COME = verb("come", "venir", "state être")
LIVE = verb("live", "habiter", "state")
PUT = verb("put", "mettre", "simple")
PREFER = verb("prefer", "préférer", "state")
BE_DONE = verb("be", "être", "")
_DIRECT = tuple(frame for frame in lexicon.TRANSITIVE if not frame.verb.preposition[1])
_ABOUT_PEOPLE = tuple(
    frame for frame in _DIRECT if "person" in frame.subjects and {"person", "adult", "kin"} & set(frame.objects)
)
_INDIRECT = tuple(frame for frame in lexicon.TRANSITIVE if frame.verb.preposition[1] == "à" and "kin" in frame.objects) + tuple(
    frame for frame in lexicon.TRANSITIVE if frame.verb.name in {"talk to", "answer", "obey", "smile at"}
)
_GOAL = Weighted((("land", 3), ("city", 2), ("site", 5)))
_PEOPLE_DO = tuple(frame for frame in (*lexicon.TRANSITIVE, *lexicon.INTRANSITIVE) if "person" in frame.subjects)
_UNWANTED = frozenset(["fall", "die", "lose", "miss", "break", "forget", "cough", "jump", "cry", "steal", "hear", "remember"])
# What one can want or try to do.
_ACTS = tuple(
    frame
    for frame in lexicon.FRAMES
    if lexicon.personal(frame.subjects) and "state" not in frame.verb.flags and frame.verb.name not in _UNWANTED
)
_ONLY = tuple(frame for frame in _DIRECT if not frame.verb.particle[1] and frame.style != "bare")
_NO_EVENT = frozenset({"die", "begin", "end", "shine", "ring", "bark", "grow", "burn"})


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
    """We saw her yesterday."""
    frame = dice.pick(_ABOUT_PEOPLE)
    return _with_object(dice, frame)


def indirect_pronoun(dice: Dice) -> Clause | None:
    """The teacher is talking to them."""
    return _with_object(dice, dice.pick(_INDIRECT))


def _with_object(dice: Dice, frame: Frame) -> Clause | None:
    """A clause whose object is a pronoun, sometimes negated."""
    subject = phrases.subject(dice, frame.subjects)
    if "animal" in getattr(subject.head, "tags", ()):
        return None
    node = predication.clause(dice, frame, subject)
    if node is None:
        return None
    node = replace(node, phrase=replace(node.phrase, object=phrases.other_pronoun(dice, subject)))
    return negated(node, "not") if dice.chance(0.25) and node.frequency is None else node


def two_pronouns(dice: Dice) -> Clause | None:
    """She gives them to him: elle les lui donne."""
    frame = dice.pick(lexicon.DITRANSITIVE)
    subject = phrases.subject(dice, frame.subjects)
    time = dice.pick((Time.PRESENT, Time.FUTURE, Time.NEAR, Time.PAST, Time.PROGRESSIVE))
    recipient = phrases.other_pronoun(dice, subject)
    if predication.blurred(frame.verb, subject, time):
        return None
    phrase = VerbPhrase(frame.verb, NounPhrase(names.THEY), recipient, shifts=frame.shifts)
    return predication.with_time(dice, Clause(subject, time, phrase))


def negated(node: Clause, negation: str) -> Clause:
    """The clause with this negation."""
    return replace(node, negation=negation)


def negation(dice: Dice) -> Clause | None:
    """The boy isn't eating meat: le garçon ne mange pas de viande."""
    node = predication.clause(dice, dice.pick((*lexicon.TRANSITIVE, *lexicon.INTRANSITIVE)))
    if node is None or node.frequency is not None or uncountable(node) or node.time is Time.RECENT:
        return None
    return negated(node, "not")


def uncountable(node: Clause) -> bool:
    """Whether negating the clause would say something odd about its subject or of how many objects there are."""
    thing = node.phrase.object
    loose = {Determiner.NUMBER, Determiner.MANY, Determiner.SEVERAL, Determiner.FEW, Determiner.SOME, Determiner.A}
    who = node.subject.determiner in loose | {Determiner.ALL, Determiner.EVERY}
    return who or (thing is not None and thing.determiner in loose - {Determiner.SOME, Determiner.A} | {Determiner.ALL})


def never(dice: Dice) -> Clause | None:
    """My uncle never drinks wine."""
    return _refusal(dice, "never", (Time.PRESENT, Time.PRESENT, Time.FUTURE))


def no_longer(dice: Dice) -> Clause | None:
    """Marie no longer works at the bank."""
    return _refusal(dice, "no longer", (Time.PRESENT, Time.PRESENT, Time.FUTURE))


def not_yet(dice: Dice) -> Clause | None:
    """The train hasn't arrived yet."""
    return _refusal(dice, "not yet", (Time.PERFECT,))


def _refusal(dice: Dice, kind: str, times: tuple[Time, ...]) -> Clause | None:
    frame = dice.pick((*lexicon.TRANSITIVE, *lexicon.INTRANSITIVE))
    if "state" in frame.verb.flags and (kind != "no longer" or frame.style == "counted" or frame.verb.name == "look like"):
        return None
    subject = phrases.subject(dice, frame.subjects)
    time = dice.pick(times)
    node = Clause(subject, time, predication.verb_phrase(dice, frame, subject, adjectives=0.15), kind)
    if uncountable(node) or predication.blurred(frame.verb, subject, time) or frame.verb.name in _NO_EVENT:
        return None
    return node


_SOMETHING = frozenset({"eat", "drink", "buy", "sell", "read", "write", "find", "forget", "understand", "choose", "hide"}) | {
    *("see", "hear", "break", "lose", "learn", "steal", "repair", "cut", "build", "draw"),
}
_ANYBODY = frozenset({"see", "hear", "help", "meet", "invite", "know", "follow", "thank", "greet", "admire"})


def nothing(dice: Dice) -> Clause | None:
    """The judge didn't hear anything: le juge n'a rien entendu."""
    return _nobody(dice, "nothing", _SOMETHING)


def nobody(dice: Dice) -> Clause | None:
    """They didn't see anybody: ils n'ont vu personne."""
    return _nobody(dice, "nobody", _ANYBODY)


def _nobody(dice: Dice, kind: str, verbs: frozenset[str]) -> Clause | None:
    frame = dice.pick([frame for frame in lexicon.frames(*sorted(verbs)) if frame in lexicon.TRANSITIVE])
    subject = phrases.subject(dice, frame.subjects)
    time = dice.pick((Time.PRESENT, Time.PAST, Time.PAST, Time.FUTURE))
    node = Clause(subject, time, VerbPhrase(frame.verb), kind)
    if uncountable(node):
        return None
    return predication.with_time(dice, node) if time is not Time.PRESENT and dice.chance(0.25) else node


def everybody(dice: Dice) -> Clause | None:
    """Nobody is working today; everybody admires the queen; somebody opened the door."""
    frame = dice.pick(_PEOPLE_DO)
    who = dice.pick((names.NOBODY, names.EVERYBODY, names.SOMEBODY))
    node = predication.clause(dice, frame, NounPhrase(who), adverb=False)
    if node is None or (who is names.NOBODY and (uncountable(node) or node.frequency or node.time is Time.RECENT)):
        return None
    return replace(node, negation="ne") if who is names.NOBODY else node


def only(dice: Dice) -> Clause | None:
    """The old man only drinks water: il ne boit que de l'eau."""
    frame = dice.pick(_ONLY)
    subject = phrases.subject(dice, frame.subjects)
    time = dice.pick((Time.PRESENT, Time.PAST, Time.FUTURE))
    phrase = predication.verb_phrase(dice, frame, subject)
    many = {Determiner.MANY, Determiner.SEVERAL, Determiner.ALL}
    if predication.blurred(frame.verb, subject, time) or (phrase.object and phrase.object.determiner in many):
        return None
    return Clause(subject, time, phrase, "only")


def governed(dice: Dice) -> Clause | None:
    """The children want to sleep; she can't open it."""
    governing = dice.pick((CAN, MUST)) if dice.chance(0.4) else dice.pick(GOVERNING)
    frame = dice.pick(_ACTS)
    subject = phrases.subject(dice, frame.subjects)
    inner = predication.verb_phrase(dice, frame, subject)
    if inner.object and frame in _ABOUT_PEOPLE and dice.chance(0.5):
        inner = replace(inner, object=phrases.other_pronoun(dice, subject))
    time = Time.PRESENT if "modal" in governing.flags else predication.time_for(dice, governing)
    if time in {Time.RECENT, Time.PERFECT, Time.NEAR, Time.PAST_PROGRESSIVE} or governing.name[:5] == inner.verb.name[:5]:
        return None
    node = Clause(subject, time, VerbPhrase(governing, infinitive=inner))
    refusable = governing is not REFUSE and governing is not FORGET and not uncountable(Clause(subject, time, inner))
    return negated(node, "not") if refusable and dice.chance(0.3) else node


def motion(dice: Dice) -> Clause | None:
    """My sister went to the market yesterday; he comes from Canada."""
    subject = phrases.subject(dice, ("person",))
    if dice.chance(0.2):
        return Clause(subject, Time.PRESENT, VerbPhrase(COME, adjuncts=(_origin(dice),)))
    going = dice.pick((GO, GO, GO, RETURN))
    time = predication.time_for(dice, going)
    if time in {Time.NEAR, Time.RECENT, Time.PERFECT}:
        return None
    node = Clause(subject, time, VerbPhrase(going, adjuncts=(_destination(dice),)))
    return predication.with_time(dice, node) if dice.chance(0.5) else node


def _destination(dice: Dice) -> Prepositional:
    roll = dice.weigh(_GOAL)
    if roll == "land":
        return phrases.land(dice.weigh(lexicon.nouns_of("nation")), adverbs.TO_LAND)
    if roll == "city":
        return Prepositional(adverbs.TO, NounPhrase(dice.pick(names.CITIES)))
    return Prepositional(adverbs.TO, phrases.site(dice, ("at", "beach")))


def _origin(dice: Dice) -> Prepositional:
    if dice.chance(0.4):
        return Prepositional(adverbs.FROM, NounPhrase(dice.pick(names.CITIES)))
    noun = dice.weigh(lexicon.nouns_of("nation"))
    return phrases.land(noun, adverbs.FROM)


def residence(dice: Dice) -> Clause:
    """The painter lives on an island; they lived in Rome."""
    subject = phrases.subject(dice, ("person",))
    roll = dice.weigh(_GOAL)
    if roll == "land":
        where = phrases.land(dice.weigh(lexicon.nouns_of("nation")), adverbs.IN_LAND)
    elif roll == "city":
        where = Prepositional(adverbs.IN_CITY, NounPhrase(dice.pick(names.CITIES)))
    else:
        options = ((adverbs.IN, "house village apartment city castle"), (adverbs.ON, "island hill"))
        options += ((adverbs.NEAR, "lake river station church sea forest"), (adverbs.FAR, "city school sea village"))
        preposition, tags = dice.pick(options)
        where = Prepositional(preposition, phrases.site(dice, tuple(tags.split())))
    node = Clause(subject, dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST, Time.FUTURE)), VerbPhrase(LIVE, adjuncts=(where,)))
    return negated(node, "not") if dice.chance(0.15) and not uncountable(node) else node


def placement(dice: Dice) -> Clause | None:
    """The waitress put the glasses on the table."""
    subject = phrases.subject(dice, ("person",))
    time = dice.pick((Time.PRESENT, Time.PAST, Time.FUTURE, Time.NEAR))
    if predication.blurred(PUT, subject, time):
        return None
    thing = phrases.noun_phrase(dice, dice.weigh(lexicon.nouns_of("small", "vessel", "dish", "reading")), "definite", subject)
    preposition, tags = dice.pick(
        ((adverbs.ON, "table chair bed shelf desk"), (adverbs.IN, "bag box drawer cupboard basket"), (adverbs.UNDER, "bed table"))
    )
    return Clause(subject, time, VerbPhrase(PUT, thing, adjuncts=(Prepositional(preposition, phrases.site(dice, tuple(tags.split()))),)))


def preference(dice: Dice) -> Clause:
    """I prefer tea to coffee: je préfère le thé au café."""
    subject = phrases.subject(dice, ("person",))
    group = dice.pick((("drink",), ("food",), ("pet",), ("sport",)))
    first, second = dice.weigh(lexicon.nouns_of(*group)), dice.weigh(lexicon.nouns_of(*group))
    liked, other = (phrases.noun_phrase(dice, noun, "generic") for noun in (first, second))
    return Clause(subject, Time.PRESENT, VerbPhrase(PREFER, liked, adjuncts=(Prepositional(adverbs.TO, other),)))


def passive(dice: Dice) -> Clause | None:
    """The letter was written by Marie: la lettre a été écrite par Marie."""
    made = ("write", "paint", "find", "wash", "repair", "close", "open", "sell", "prepare", "translate", "steal", "build", "cut")
    frame = dice.pick(lexicon.frames(*made))
    thing = phrases.noun_phrase(dice, dice.weigh(lexicon.nouns_of(*frame.objects)), "definite")
    agent = phrases.subject(dice, frame.subjects, pronouns=0)
    adjuncts: tuple[Prepositional | Fixed, ...] = (Prepositional(adverbs.BY, agent),)
    time = dice.pick((Time.PAST, Time.PAST, Time.FUTURE))
    return Clause(thing, time, VerbPhrase(BE_DONE, predicate=Done(frame.verb), adjuncts=adjuncts))


def command(dice: Dice) -> Command | None:
    """Please close the door; let's drink coffee."""
    orders = ("close", "open", "wash", "clean", "listen to", "look at", "read", "turn on", "turn off", "take", "wait for", "finish")
    frame = dice.pick(lexicon.frames(*orders, "cut", "prepare", "buy", "help", "fill", "learn"))
    you = NounPhrase(names.WE if dice.chance(0.25) else names.YOU)
    if "thief" in frame.subjects or not lexicon.personal(frame.subjects):
        return None
    phrase = predication.verb_phrase(dice, frame, you)
    if phrase.object is not None and phrase.object.determiner not in {Determiner.THE, Determiner.THIS, Determiner.MY}:
        return None
    together = you.head is names.WE
    return Command(phrase, together, negative=dice.chance(0.2), please=not together and dice.chance(0.4))


def measured(dice: Dice) -> Clause | None:
    """She drank a glass of water; he bought two kilos of cherries."""
    kind, verbs, contents = dice.pick(
        (
            ("glass bottle", "drink", "water milk juice wine beer lemonade"),
            ("cup", "drink", "tea coffee chocolate"),
            ("slice", "eat", "bread ham cake cheese"),
            ("piece", "eat", "cake cheese bread meat chocolate"),
            ("kilo", "buy", "cherry strawberry apple tomato potato carrot sugar flour rice orange"),
            ("basket", "buy", "cherry strawberry apple mushroom egg pear"),
            ("jar", "buy", "honey jam"),
            ("box", "buy", "cookie egg"),
        )
    )
    frame = dice.pick([frame for frame in lexicon.frames(verbs) if "person" in frame.subjects or "adult" in frame.subjects])
    stuff = dice.weigh(lexicon.nouns_of(*contents.split()))
    number = phrases.ONE if "mass" in stuff.tags or verbs == "eat" else phrases.MANY
    measure = phrases.noun_phrase(dice, dice.weigh(lexicon.nouns_of(*kind.split())), "indefinite", adjectives=0)
    if measure.determiner not in {Determiner.A, Determiner.NUMBER}:
        return None
    subject = phrases.subject(dice, frame.subjects)
    phrase = VerbPhrase(frame.verb, replace(measure, of=NounPhrase(stuff, number)))
    time = predication.time_for(dice, frame.verb)
    if time is Time.PERFECT:
        return Clause(subject, time, phrase, frequency=adverbs.ALREADY)
    return predication.with_adverbs(dice, Clause(subject, time, phrase))
