"""Constructions of more than one clause: relative clauses, conjunctions, reported speech."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import adverbs, descriptions, lexicon, names, phrases, predication, statements
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.lexeme import Noun
from calque.corpus.demo.meaning import (
    Clause,
    Determiner,
    Joined,
    NounPhrase,
    Quality,
    Relative,
    Time,
    VerbPhrase,
)
from calque.corpus.demo.verbs import Frame, verb

THINK, BELIEVE, KNOW, HOPE, SAY = (
    verb("think", "penser", "state"),
    verb("believe", "croire", "state"),
    verb("know", "savoir", "state"),
    verb("hope", "espérer", "state"),
    verb("say", "dire", "simple"),
)
_DIRECT = tuple(
    frame for frame in lexicon.TRANSITIVE if not any(frame.verb.preposition) and frame.style in {"any", "definite", "indefinite"}
)
_PERSONAL = tuple(frame for frame in _DIRECT if lexicon.personal(frame.subjects))
_PEOPLE_DO = tuple(frame for frame in (*lexicon.TRANSITIVE, *lexicon.INTRANSITIVE) if "person" in frame.subjects)
_LOOSE = frozenset({Determiner.A, Determiner.SOME, Determiner.SEVERAL, Determiner.FEW, Determiner.EVERY, Determiner.ALL, Determiner.NUMBER})
_MOSTLY_PAST = Weighted(((Time.PAST, 6), (Time.PRESENT, 2), (Time.FUTURE, 1)))
_FEELINGS = (
    ("happy proud", "find win buy meet see visit finish repair build get_married choose catch"),
    ("sad angry worried", "lose break miss forget"),
    ("tired", "work run walk swim dance travel carry plant build clean lift cross"),
    ("late", "miss wait_for look_for lose forget"),
    ("hungry", "work run swim walk travel"),
)

_DONE_THERE = (
    *(("city", "live work"), ("village", "live rest"), ("house", "live sleep"), ("apartment", "live work"), ("farm", "live work")),
    *(("restaurant", "eat work wait"), ("hotel", "sleep eat work rest"), ("park", "play rest wait run"), ("island", "live rest")),
    *(("office", "work wait"), ("school", "work eat sing"), ("library", "work wait"), ("beach", "play swim rest")),
)
_CHANCES = "win wait call sell find work come_back finish stay hurry open see repair meet help leave arrive".split()
_CONSEQUENCES = (
    *("buy", "visit", "travel", "stay", "leave", "sell", "invite", "rest", "work", "dance", "help", "write to", "read", "learn"),
    *("build", "repair", "sing", "laugh", "play", "come back", "call", "go out", "thank", "find", "rent", "take", "give", "show"),
    *("wait for", "listen to", "wash", "clean", "prepare", "go home", "go for a walk", "swim", "smile", "talk to", "translate"),
)


def relative_subject(dice: Dice) -> Clause | None:
    """The woman who is wearing a hat is my aunt; I know the man who sold the car."""
    noun = dice.weigh(lexicon.nouns_of("job", "boy", "girl", "pupil", "man", "woman", "friend", "neighbor", "tourist", "lady"))
    number = dice.weigh(phrases.MOSTLY_ONE)
    frame = dice.pick(_PEOPLE_DO)
    bare = NounPhrase(noun, number, Determiner.THE)
    inner = predication.clause(dice, frame, phrases.trace(bare), adverb=False)
    if inner is None:
        return None
    if inner.time is Time.PRESENT and not inner.phrase.verb.flags & {"state", "simple"}:
        inner = replace(inner, time=Time.PROGRESSIVE)
    who = replace(bare, relative=Relative(inner))
    if dice.chance(0.5):
        knowing = dice.pick(lexicon.frames("know", "see", "meet", "help", "thank", "admire", "follow", "look for"))
        subject = phrases.subject(dice, ("person",))
        times = (Time.PRESENT, Time.PAST) if "state" in knowing.verb.flags else (Time.PAST, Time.PAST, Time.FUTURE, Time.NEAR)
        return Clause(subject, dice.pick(times), VerbPhrase(knowing.verb, who))
    return _said_of(dice, who)


def _said_of(dice: Dice, subject: NounPhrase) -> Clause | None:
    """A short main clause about a noun that has a relative clause."""
    plain = replace(subject, relative=None)
    node = descriptions.quality_of(dice, plain)
    if node is None:
        return None
    assert isinstance(node.phrase.predicate, Quality)
    assert subject.relative is not None
    past = subject.relative.clause.time in {Time.PAST, Time.PAST_PROGRESSIVE} and dice.chance(0.3)
    return replace(node, subject=subject, time=Time.PAST if past else Time.PRESENT)


def relative_object(dice: Dice) -> Clause | None:
    """The letter that Marie wrote is long: la lettre que Marie a écrite est longue."""
    frame = dice.pick(_PERSONAL)
    subject = phrases.subject(dice, frame.subjects)
    if subject.determiner in _LOOSE:
        return None
    noun = dice.weigh(lexicon.nouns_of(*frame.objects))
    if noun.tags & {"kin", "unique"}:
        return None
    number = phrases.ONE if noun.tags & {"mass", "single"} else phrases.MANY if "pair" in noun.tags or dice.chance(0.35) else phrases.ONE
    bare = NounPhrase(noun, number, Determiner.THE)
    time = dice.weigh(_MOSTLY_PAST)
    if predication.blurred(frame.verb, subject, time):
        return None
    inner = Clause(subject, time, VerbPhrase(frame.verb, phrases.trace(bare)))
    return _about(dice, replace(bare, relative=Relative(inner)), noun)


def _about(dice: Dice, what: NounPhrase, noun: Noun) -> Clause | None:
    """A main clause of which `what` is the subject or the object."""
    if dice.chance(0.55):
        return _said_of(dice, what)
    fitting = [f for f in _DIRECT if "person" in f.subjects and noun in lexicon.among(f.objects)]
    assert what.relative is not None
    used = what.relative.clause.phrase.verb
    fitting = [frame for frame in fitting if frame.verb.french != used.french and frame.style != "indefinite"]
    if not fitting:
        return None
    frame = dice.pick(fitting)
    subject = phrases.subject(dice, ("person",))
    time = predication.time_for(dice, frame.verb)
    if time is Time.PRESENT and not frame.verb.flags & {"state", "simple"}:
        time = Time.PROGRESSIVE
    if predication.blurred(frame.verb, subject, time) or time in {Time.PERFECT, Time.RECENT}:
        return None
    return Clause(subject, time, VerbPhrase(frame.verb, what))


def relative_place(dice: Dice) -> Clause | None:
    """The city where she lives is beautiful: la ville où elle habite est belle."""
    place, verbs = dice.pick(_DONE_THERE)
    noun = lexicon.noun(place)
    subject = phrases.subject(dice, ("person",))
    if subject.determiner in _LOOSE:
        return None
    done = dice.pick(verbs.split())
    inner_verb = statements.LIVE if done == "live" else lexicon.frames(done)[0].verb
    time = dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST))
    there = Relative(Clause(subject, time, VerbPhrase(inner_verb)), where=True)
    return _said_of(dice, NounPhrase(noun, phrases.ONE, Determiner.THE, relative=there))


def echo(dice: Dice) -> Joined | None:
    """The box is heavy, but she is carrying it: la boîte est lourde, mais elle la porte."""
    frame = dice.pick(_PERSONAL)
    noun = dice.weigh(lexicon.nouns_of(*frame.objects))
    thing = phrases.noun_phrase(dice, noun, "definite", adjectives=0)
    said = descriptions.quality_of(dice, thing)
    subject = phrases.subject(dice, frame.subjects)
    if said is None or said.time is Time.FUTURE or (subject.personal and "person" in noun.tags) or said.frequency or frame.style == "indefinite":
        return None
    assert isinstance(said.phrase.predicate, Quality)
    time = predication.time_for(dice, frame.verb)
    if predication.blurred(frame.verb, subject, time) or subject.determiner in _LOOSE:
        return None
    inner = VerbPhrase(frame.verb, phrases.anaphor(thing))
    second = _wanting(dice, Clause(subject, time, inner))
    if time is Time.PERFECT and second.time is Time.PERFECT:
        second = replace(second, frequency=adverbs.ALREADY)
    return Joined(said, dice.pick((adverbs.BUT, adverbs.BUT, adverbs.AND)), second, comma=True)


def _wanting(dice: Dice, node: Clause) -> Clause:
    """The clause, or that its subject wants to, can or must do it; negated now and then."""
    if dice.chance(0.25) and "state" not in node.phrase.verb.flags and "simple" not in node.phrase.verb.flags:
        governing = dice.pick((statements.CAN, statements.MUST, statements.WANT))
        node = Clause(node.subject, Time.PRESENT, VerbPhrase(governing, infinitive=node.phrase))
    return replace(node, negation="not") if dice.chance(0.25) and node.time not in {Time.RECENT, Time.PERFECT} else node


def again(dice: Dice) -> Joined | None:
    """The house is old, but it is beautiful: la maison est vieille, mais elle est belle."""
    subject = descriptions.described(dice)
    if subject.determiner in _LOOSE:
        return None
    first = descriptions.quality_of(dice, subject)
    second = descriptions.quality_of(dice, subject)
    if first is None or second is None:
        return None
    one, other = first.phrase.predicate, second.phrase.predicate
    assert isinstance(one, Quality)
    assert isinstance(other, Quality)
    if one.adjective.french == other.adjective.french:
        return None
    second = replace(second, subject=phrases.anaphor(subject), time=first.time)
    return Joined(first, dice.pick((adverbs.BUT, adverbs.AND)), second, comma=True)


def _feeling(dice: Dice) -> tuple[NounPhrase, str, Frame] | None:
    """Someone, what they feel, and what it may come from."""
    subject = phrases.subject(dice, ("person",))
    feelings, causes = dice.pick(_FEELINGS)
    frame = dice.pick(lexicon.frames(*(name.replace("_", " ") for name in causes.split())))
    if not lexicon.personal(frame.subjects) or subject.determiner in _LOOSE:
        return None
    return subject, dice.pick(feelings.split()), frame


def because(dice: Dice) -> Joined | None:
    """Marie is sad because she lost her key; she lost her key, so she is sad."""
    drawn = _feeling(dice)
    if drawn is None:
        return None
    subject, feeling, frame = drawn
    cause = Clause(phrases.anaphor(subject), Time.PAST, predication.verb_phrase(dice, frame, subject))
    if feeling == "hungry":
        state = VerbPhrase(next(f.verb for f in lexicon.INTRANSITIVE if f.verb.name == "be hungry"))
    else:
        state = VerbPhrase(descriptions.BE, predicate=Quality(lexicon.adjective(feeling)))
    effect = Clause(subject, Time.PRESENT, state)
    if predication.blurred(frame.verb, subject, Time.PAST):
        return None
    if dice.chance(0.3):
        cause, effect = replace(cause, subject=subject), replace(effect, subject=phrases.anaphor(subject))
        return Joined(cause, adverbs.SO, effect, comma=True)
    return Joined(effect, adverbs.BECAUSE, cause)


def when(dice: Dice) -> Joined | None:
    """When the train arrived, the children were sleeping; the phone rang while she was reading."""
    happening = dice.pick(lexicon.frames("arrive", "come in", "come back", "go out", "fall", "leave", "ring", "stop", "call", "see"))
    sudden = predication.clause(dice, happening, adverb=False)
    going_on = predication.clause(dice, dice.pick(_PEOPLE_DO), adverb=False)
    if sudden is None or going_on is None or going_on.phrase.verb.flags & {"state", "simple"}:
        return None
    if sudden.phrase.verb.french == going_on.phrase.verb.french:
        return None
    if {sudden.subject.determiner, going_on.subject.determiner} & _LOOSE - {Determiner.A, Determiner.NUMBER}:
        return None
    sudden = replace(sudden, time=Time.PAST, frequency=None)
    going_on = replace(going_on, time=Time.PAST_PROGRESSIVE, frequency=None)
    roll = dice.pick(("when first", "when", "while"))
    if roll == "when first":
        return Joined(sudden, adverbs.WHEN, going_on, comma=True, fronted=True)
    return Joined(sudden, adverbs.WHILE, going_on) if roll == "while" else Joined(going_on, adverbs.WHEN, sudden)


def condition(dice: Dice) -> Joined | None:
    """If she had a horse, she would be happy: si elle avait un cheval, elle serait heureuse."""
    frame = dice.pick(lexicon.frames("have", "own"))
    subject = phrases.subject(dice, ("person",))
    if subject.determiner in _LOOSE:
        return None
    first = Clause(subject, Time.PAST, predication.verb_phrase(dice, frame, subject))
    second = _consequence(dice, phrases.anaphor(subject), Time.CONDITIONAL)
    if second is None or first.phrase.verb == second.phrase.verb:
        return None
    return Joined(first, adverbs.IF, second, comma=True, fronted=True)


def _consequence(dice: Dice, subject: NounPhrase, time: Time) -> Clause | None:
    if dice.chance(0.3):
        adjective = lexicon.adjective(dice.pick(("happy", "rich", "proud", "sad", "famous", "calm")))
        return Clause(subject, time, VerbPhrase(descriptions.BE, predicate=Quality(adjective)))
    frame = dice.pick(lexicon.frames(*_CONSEQUENCES))
    if not lexicon.personal(frame.subjects):
        return None
    return Clause(subject, time, predication.verb_phrase(dice, frame, subject))


def prospect(dice: Dice) -> Joined | None:
    """If it rains tomorrow, we will stay at the hotel; if you wait, you will see the king."""
    if dice.chance(0.5):
        rain = dice.pick(descriptions.WEATHER[:2])
        first = Clause(NounPhrase(names.IT), Time.PRESENT, VerbPhrase(rain))
        second = _consequence(dice, phrases.subject(dice, ("person",)), Time.FUTURE)
    else:
        frame = dice.pick(lexicon.frames(*(name.replace("_", " ") for name in _CHANCES)))
        if not lexicon.personal(frame.subjects):
            return None
        subject = phrases.subject(dice, ("person",))
        first = Clause(subject, Time.PRESENT, predication.verb_phrase(dice, frame, subject))
        second = _consequence(dice, phrases.anaphor(subject), Time.FUTURE)
    if second is None or {first.subject.determiner, second.subject.determiner} & _LOOSE:
        return None
    return Joined(first, adverbs.IF, second, comma=True, fronted=True)


def reported(dice: Dice) -> Clause | None:
    """I think that she is ill: je pense qu'elle est malade; he said that he would come back."""
    said = dice.chance(0.3)
    speaking = SAY if said else dice.pick((THINK, BELIEVE, KNOW, HOPE, SAY))
    speaker = phrases.subject(dice, ("person",))
    if speaker.determiner in _LOOSE:
        return None
    content = _content(dice, past=said, hope=speaking is HOPE)
    if content is None or content.subject.head is speaker.head:
        return None
    return Clause(speaker, Time.PAST if said else Time.PRESENT, VerbPhrase(speaking, content=content))


def _content(dice: Dice, past: bool, hope: bool) -> Clause | None:
    """What is said or thought; in the past the tenses follow (was, would)."""
    if dice.chance(0.4) and not hope:
        node = descriptions.quality(dice)
        return None if node is None else replace(node, time=Time.PAST if past else Time.PRESENT)
    node = predication.clause(dice, dice.pick(_PEOPLE_DO), adverb=False)
    if node is None:
        return None
    if hope:
        return replace(node, time=Time.FUTURE, frequency=None)
    if past:
        return replace(node, time=Time.CONDITIONAL, frequency=None)
    return None if node.time in {Time.PERFECT, Time.RECENT} else node
