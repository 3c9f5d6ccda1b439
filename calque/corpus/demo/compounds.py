"""Constructions of more than one clause: relative clauses, conjunctions, reported speech."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import adverbs, descriptions, lexicon, names, phrases, predication, statements
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.meaning import Clause, Determiner, Joined, NounPhrase, Quality, Relative, Time, VerbPhrase
from calque.corpus.demo.verbs import verb

HOPE, SAY = verb("hope", "espérer", "state"), verb("say", "dire", "simple")
_SPEAKING = (
    HOPE,
    SAY,
    verb("think", "penser", "state"),
    verb("believe", "croire", "state"),
    verb("know", "savoir", "state"),
)
_ECHOED = tuple(
    frame
    for frame in lexicon.TRANSITIVE
    if lexicon.direct(frame) and lexicon.personal(frame) and frame.style in {"any", "definite"}
)
_OBJECTS = (*_ECHOED, *(f for f in lexicon.TRANSITIVE if f.style == "indefinite" and lexicon.personal(f)))
_KNOWING = lexicon.frames("know see meet help thank admire follow look_for")
_MOSTLY_PAST = Weighted(((Time.PAST, 6), (Time.PRESENT, 2), (Time.FUTURE, 1)))
_FEELINGS = (
    ("happy proud", "find win buy meet see visit finish repair build get_married choose"),
    ("sad angry worried", "lose break miss forget"),
    ("tired", "work run walk swim dance travel carry build clean cross"),
    ("late", "miss wait_for look_for lose forget"),
    ("hungry", "work run swim walk travel"),
)
_DONE_THERE = (
    *(("city", "live work"), ("village", "live rest"), ("house", "live sleep")),
    *(("farm", "live work"), ("island", "live rest"), ("restaurant", "eat work wait"), ("office", "work wait")),
    *(("hotel", "sleep eat work rest"), ("park", "play rest wait run"), ("school", "work eat sing")),
    *(("library", "work wait"), ("beach", "play swim rest")),
)
_SUDDEN = lexicon.frames("arrive come_in come_back go_out fall leave ring stop call see")
_CHANCES = tuple(
    frame
    for frame in lexicon.frames(
        "win wait call sell find work come_back finish stay open see repair meet help leave arrive"
    )
    if lexicon.personal(frame)
)
_CONSEQUENCES = tuple(
    frame
    for frame in lexicon.frames(
        "buy visit travel stay leave sell invite rest work dance help write_to read learn build repair sing laugh play"
        " come_back call go_out thank find take give show wait_for listen_to wash clean prepare go_home"
        " go_for_a_walk swim smile talk_to"
    )
    if lexicon.personal(frame)
)
_HAVING = lexicon.frames("have own")
_HUNGRY = lexicon.frames("be_hungry")[0].verb


def relative_subject(dice: Dice) -> Clause | None:
    """The woman who is wearing a hat is kind; I know the man who sold the car."""
    noun = dice.weigh(lexicon.nouns_of("job boy girl pupil man woman friend neighbor tourist"))
    bare = NounPhrase(noun, dice.weigh(phrases.MOSTLY_ONE), Determiner.THE)
    inner = predication.clause(dice, dice.pick(lexicon.HUMAN), phrases.trace(bare), adverb=False)
    if inner is None:
        return None
    inner = replace(inner, time=predication.ongoing(inner.phrase.verb, inner.time))
    who = replace(bare, relative=Relative(inner))
    if dice.chance(0.5):
        return _said_of(dice, who)
    knowing = dice.pick(_KNOWING)
    lasting = "state" in knowing.verb.flags
    times = (Time.PRESENT, Time.PAST) if lasting else (Time.PAST, Time.PAST, Time.FUTURE, Time.NEAR)
    return Clause(phrases.somebody(dice), dice.pick(times), VerbPhrase(knowing.verb, who))


def _said_of(dice: Dice, subject: NounPhrase) -> Clause | None:
    """A short main clause about a noun that has a relative clause."""
    node = descriptions.quality_of(dice, replace(subject, relative=None))
    if node is None or subject.relative is None:
        return None
    past = subject.relative.clause.time in {Time.PAST, Time.PAST_PROGRESSIVE} and dice.chance(0.3)
    return replace(node, subject=subject, time=Time.PAST if past else Time.PRESENT)


def relative_object(dice: Dice) -> Clause | None:
    """The letter that Marie wrote is long: la lettre que Marie a écrite est longue."""
    frame = dice.pick(_OBJECTS)
    subject, time = phrases.doer(dice, frame), dice.weigh(_MOSTLY_PAST)
    noun = dice.weigh(lexicon.nouns_of(*frame.objects))
    strange = noun.tags & {"kin", "unique"} or subject.determiner in phrases.LOOSE
    if strange or predication.blurred(frame.verb, subject, time):
        return None
    many = "pair" in noun.tags or (noun.tags.isdisjoint({"mass", "single"}) and dice.chance(0.35))
    bare = NounPhrase(noun, phrases.MANY if many else phrases.ONE, Determiner.THE)
    inner = Clause(subject, time, VerbPhrase(frame.verb, phrases.trace(bare)))
    what = replace(bare, relative=Relative(inner))
    return _said_of(dice, what) if dice.chance(0.55) else _done_to(dice, what, inner)


def _done_to(dice: Dice, what: NounPhrase, inner: Clause) -> Clause | None:
    """A main clause whose object has the relative clause `inner`."""
    fitting = [
        frame
        for frame in _ECHOED
        if what.head in lexicon.among(*frame.objects) and frame.verb.french != inner.phrase.verb.french
    ]
    if not fitting:
        return None
    verb = dice.pick(fitting).verb
    subject = phrases.somebody(dice)
    time = predication.ongoing(verb, predication.time_for(dice, verb))
    if predication.blurred(verb, subject, time) or time in {Time.PERFECT, Time.RECENT}:
        return None
    return Clause(subject, time, VerbPhrase(verb, what))


def relative_place(dice: Dice) -> Clause | None:
    """The city where she lives is beautiful: la ville où elle habite est belle."""
    place, verbs = dice.pick(_DONE_THERE)
    subject = phrases.somebody(dice)
    if subject.determiner in phrases.LOOSE:
        return None
    done = dice.pick(verbs.split())
    there = statements.LIVE if done == "live" else next(f.verb for f in lexicon.INTRANSITIVE if f.verb.name == done)
    inner = Clause(subject, dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST)), VerbPhrase(there))
    return _said_of(
        dice, NounPhrase(lexicon.noun(place), determiner=Determiner.THE, relative=Relative(inner, where=True))
    )


def echo(dice: Dice) -> Joined | None:
    """The box is heavy, but she is carrying it: la boîte est lourde, mais elle la porte."""
    frame = dice.pick(_ECHOED)
    noun = dice.weigh(lexicon.nouns_of(*frame.objects))
    said = descriptions.quality_of(dice, phrases.noun_phrase(dice, noun, "definite", adjectives=0))
    subject, time = phrases.doer(dice, frame), predication.time_for(dice, frame.verb)
    if said is None or said.time is Time.FUTURE or said.frequency or predication.blurred(frame.verb, subject, time):
        return None
    if subject.determiner in phrases.LOOSE or (subject.personal and "person" in noun.tags):
        return None
    done = _wanted(dice, Clause(subject, time, VerbPhrase(frame.verb, phrases.anaphor(said.subject))))
    return Joined(said, dice.pick((adverbs.BUT, adverbs.BUT, adverbs.AND)), done, comma=True)


def _wanted(dice: Dice, node: Clause) -> Clause:
    """The clause, or that its subject wants to, can or must do it; negated now and then."""
    if node.time is Time.PERFECT:
        return replace(node, frequency=adverbs.ALREADY)
    if node.phrase.verb.flags.isdisjoint({"state", "simple"}) and dice.chance(0.25):
        governing = dice.pick((statements.CAN, statements.MUST, statements.WANT))
        node = Clause(node.subject, Time.PRESENT, VerbPhrase(governing, infinitive=node.phrase))
    return replace(node, negation="not") if node.time is not Time.RECENT and dice.chance(0.25) else node


def again(dice: Dice) -> Joined | None:
    """The house is old, but it is beautiful: la maison est vieille, mais elle est belle."""
    subject = descriptions.described(dice)
    first, second = descriptions.quality_of(dice, subject), descriptions.quality_of(dice, subject)
    if first is None or second is None or subject.determiner in phrases.LOOSE:
        return None
    second = replace(second, subject=phrases.anaphor(subject), time=first.time)
    return Joined(first, dice.pick((adverbs.BUT, adverbs.AND)), second, comma=True)


def because(dice: Dice) -> Joined | None:
    """Marie is sad because she lost her key; she lost her key, so she is sad."""
    feelings, causes = dice.pick(_FEELINGS)
    frame = dice.pick(lexicon.frames(causes))
    subject = phrases.somebody(dice)
    if not lexicon.personal(frame) or subject.determiner in phrases.LOOSE:
        return None
    cause = Clause(subject, Time.PAST, predication.verb_phrase(dice, frame, subject))
    feeling = dice.pick(feelings.split())
    felt = VerbPhrase(descriptions.BE, predicate=Quality(lexicon.adjective(feeling)))
    effect = Clause(subject, Time.PRESENT, VerbPhrase(_HUNGRY) if feeling == "hungry" else felt)
    if dice.chance(0.3):
        return Joined(cause, adverbs.SO, replace(effect, subject=phrases.anaphor(subject)), comma=True)
    return Joined(effect, adverbs.BECAUSE, replace(cause, subject=phrases.anaphor(subject)))


def when(dice: Dice) -> Joined | None:
    """When the train arrived, the children were sleeping; the phone rang while she was reading."""
    sudden = predication.clause(dice, dice.pick(_SUDDEN), adverb=False)
    going_on = predication.clause(dice, dice.pick(lexicon.HUMAN), adverb=False)
    if sudden is None or going_on is None or going_on.phrase.verb.flags & {"state", "simple"}:
        return None
    vague = phrases.LOOSE - {Determiner.A, Determiner.NUMBER}
    if {sudden.subject.determiner, going_on.subject.determiner} & vague:
        return None
    if sudden.phrase.verb.french == going_on.phrase.verb.french:
        return None
    sudden = replace(sudden, time=Time.PAST, frequency=None)
    going_on = replace(going_on, time=Time.PAST_PROGRESSIVE, frequency=None)
    roll = dice.pick(("when first", "when", "while"))
    if roll == "when first":
        return Joined(sudden, adverbs.WHEN, going_on, comma=True, fronted=True)
    return Joined(sudden, adverbs.WHILE, going_on) if roll == "while" else Joined(going_on, adverbs.WHEN, sudden)


def condition(dice: Dice) -> Joined | None:
    """If she had a horse, she would be happy: si elle avait un cheval, elle serait heureuse."""
    frame = dice.pick(_HAVING)
    subject = phrases.somebody(dice)
    if subject.determiner in phrases.LOOSE:
        return None
    first = Clause(subject, Time.PAST, predication.verb_phrase(dice, frame, subject))
    return Joined(
        first,
        adverbs.IF,
        _consequence(dice, phrases.anaphor(subject), Time.CONDITIONAL),
        comma=True,
        fronted=True,
    )


def _consequence(dice: Dice, subject: NounPhrase, time: Time) -> Clause:
    """What will or would follow."""
    if dice.chance(0.3):
        adjective = lexicon.adjective(dice.pick(("happy", "rich", "proud", "sad", "famous")))
        return Clause(subject, time, VerbPhrase(descriptions.BE, predicate=Quality(adjective)))
    return Clause(subject, time, predication.verb_phrase(dice, dice.pick(_CONSEQUENCES), subject))


def prospect(dice: Dice) -> Joined | None:
    """If it rains, we will stay at the hotel; if you wait, you will see the king."""
    subject = phrases.somebody(dice)
    if subject.determiner in phrases.LOOSE:
        return None
    if dice.chance(0.5):
        first = Clause(NounPhrase(names.IT), Time.PRESENT, VerbPhrase(dice.pick(descriptions.FALLING)))
        second = _consequence(dice, subject, Time.FUTURE)
    else:
        first = Clause(subject, Time.PRESENT, predication.verb_phrase(dice, dice.pick(_CHANCES), subject))
        second = _consequence(dice, phrases.anaphor(subject), Time.FUTURE)
    return Joined(first, adverbs.IF, second, comma=True, fronted=True)


def reported(dice: Dice) -> Clause | None:
    """I think that she is ill: je pense qu'elle est malade; he said that he would come back."""
    said = dice.chance(0.3)
    speaking = SAY if said else dice.pick(_SPEAKING)
    speaker = phrases.somebody(dice)
    if speaker.determiner in phrases.LOOSE:
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
    node = predication.clause(dice, dice.pick(lexicon.HUMAN), adverb=False)
    if node is None:
        return None
    if hope or past:
        return replace(node, time=Time.FUTURE if hope else Time.CONDITIONAL, frequency=None)
    return None if node.time in {Time.PERFECT, Time.RECENT} else node
