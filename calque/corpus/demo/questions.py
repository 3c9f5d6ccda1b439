"""Constructions that ask."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import adverbs, descriptions, lexicon, names, phrases, predication, statements
from calque.corpus.demo.dice import Dice
from calque.corpus.demo.lexeme import Noun
from calque.corpus.demo.meaning import Clause, Determiner, NounPhrase, Question, Time, VerbPhrase
from calque.corpus.demo.verbs import Frame, verb

_FARE = verb("be", "aller", "state")
_INDEFINITE = frozenset({Determiner.A, Determiner.SOME, Determiner.EVERY, Determiner.SEVERAL, Determiner.ALL})
_DIRECT = tuple(
    frame
    for frame in lexicon.TRANSITIVE
    if not any(frame.verb.preposition) and not frame.verb.particle[0] and "person" in frame.subjects
    if frame.style in {"any", "indefinite", "counted"}
)
_PEOPLE_DO = tuple(frame for frame in (*lexicon.TRANSITIVE, *lexicon.INTRANSITIVE) if "person" in frame.subjects)
_ASKED = ("eat", "drink", "buy", "read", "write", "find", "choose", "see", "hear", "prepare", "draw", "repair", "watch", "learn")
_MET = ("see", "help", "meet", "invite", "thank", "know", "admire", "kiss", "greet", "follow", "call")


def _asker(dice: Dice, tags: tuple[str, ...] = ("person",)) -> NounPhrase:
    """A subject one asks about: you, she, Marie, the doctor; not I."""
    who = phrases.subject(dice, tags, pronouns=0.6)
    return NounPhrase(names.YOU) if who.head is names.I else who


def polar(dice: Dice) -> Question | None:
    """Did the boy find his key? Est-ce que le garçon a trouvé sa clé ?"""
    frame = dice.pick((*lexicon.TRANSITIVE, *lexicon.INTRANSITIVE))
    subject = _asker(dice, frame.subjects)
    node = predication.clause(dice, frame, subject)
    if node is None or subject.determiner in _INDEFINITE or node.front or node.time in {Time.RECENT, Time.PERFECT}:
        return None
    return Question(node)


def polar_quality(dice: Dice) -> Question | None:
    """Is the soup hot? Est-ce que la soupe est chaude ?"""
    node = descriptions.quality(dice)
    if node is None or node.subject.determiner in _INDEFINITE or node.negation or node.time is Time.FUTURE:
        return None
    return Question(node)


def ability(dice: Dice) -> Question | None:
    """Can you help me? Est-ce que vous pouvez m'aider ?"""
    node = statements.governed(dice)
    if node is None or node.negation or node.subject.determiner in _INDEFINITE or node.subject.head is names.I:
        return None
    return Question(node)


def where_is(dice: Dice) -> Question:
    """Where is the key? Où est la clé ? How are your parents? Comment vont vos parents ?"""
    if dice.chance(0.3):
        who = _asker(dice, ("kin", "neighbor", "friend", "person"))
        who = NounPhrase(names.YOU) if who.personal and dice.chance(0.3) else who
        definite = who if who.determiner not in _INDEFINITE else NounPhrase(dice.pick(names.PEOPLE))
        return Question(Clause(definite, Time.PRESENT, VerbPhrase(_FARE)), adverbs.HOW, postposed=True)
    noun = dice.weigh(lexicon.nouns_of("small", "vessel", "dish", "reading", "at", "kin", "pet", "clothes", "vehicle", "child"))
    thing = phrases.noun_phrase(dice, noun, "definite", adjectives=0.25)
    if dice.chance(0.15):
        thing = phrases.other_pronoun(dice, NounPhrase(names.I))
    time = dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST))
    return Question(Clause(thing, time, VerbPhrase(descriptions.BE)), adverbs.WHERE, postposed=True)


def adverbial(dice: Dice) -> Question | None:
    """Where does she live? Où habite-t-elle ? Why is the baby crying? Pourquoi est-ce que le bébé pleure ?"""
    word, verbs = dice.pick(
        (
            (adverbs.WHERE, "work sleep play eat swim wait travel stay find buy lose hide meet"),
            (adverbs.WHEN, "leave arrive come_back go_home get_up begin end finish sell buy visit get_married"),
            (adverbs.AT_WHAT_TIME, "leave arrive come_back go_home get_up wake_up go_to_bed begin end eat"),
            (adverbs.WHY, "cry laugh run shout leave sell wait learn hide open close need hate buy"),
        )
    )
    frame = dice.pick(lexicon.frames(*(name.replace("_", " ") for name in verbs.split())))
    if frame in lexicon.DITRANSITIVE:
        return None
    subject = _asker(dice, frame.subjects)
    time = predication.time_for(dice, frame.verb)
    if subject.determiner in _INDEFINITE or time in {Time.RECENT, Time.PERFECT}:
        return None
    node = Clause(subject, time, predication.verb_phrase(dice, frame, subject))
    if word is adverbs.WHY and dice.chance(0.25) and not statements.uncountable(node):
        node = replace(node, negation="not")
    return Question(node, word)


def who_does(dice: Dice) -> Question | None:
    """Who broke the vase? Qui a cassé le vase ?"""
    frame = dice.pick(_PEOPLE_DO)
    node = predication.clause(dice, frame, NounPhrase(names.WHO))
    return None if node is None or node.front else Question(node)


def whom(dice: Dice) -> Question | None:
    """Who did she meet? Qui a-t-elle rencontré ?"""
    return _fronted(dice, dice.pick(lexicon.frames(*_MET)), NounPhrase(names.WHO))


def what(dice: Dice) -> Question | None:
    """What are you reading? Que lisez-vous ? What did Marie buy? Qu'est-ce que Marie a acheté ?"""
    return _fronted(dice, dice.pick(lexicon.frames(*_ASKED)), None)


def _fronted(dice: Dice, frame: Frame, asked: NounPhrase | None) -> Question | None:
    """A question about the object of a verb."""
    if not lexicon.personal(frame.subjects):
        return None
    subject = _asker(dice, frame.subjects)
    time = predication.time_for(dice, frame.verb)
    if subject.determiner in _INDEFINITE or time in {Time.RECENT, Time.PERFECT}:
        return None
    phrase = VerbPhrase(frame.verb, phrases.trace(asked) if asked else None)
    node = Clause(subject, time, phrase)
    return Question(predication.with_time(dice, node, 0) if dice.chance(0.15) and asked is None else node, None if asked else adverbs.WHAT, asked)


def which(dice: Dice) -> Question | None:
    """Which songs did they sing? Quelles chansons ont-ils chantées ?"""
    number = dice.pick((phrases.ONE, phrases.MANY))
    return _selected(dice, Determiner.WHICH, number)


def how_many(dice: Dice) -> Question | None:
    """How many books did you read? Combien de livres avez-vous lus ?"""
    return _selected(dice, Determiner.HOW_MANY, phrases.MANY)


def _selected(dice: Dice, determiner: Determiner, number: phrases.Number) -> Question | None:
    frame = dice.pick(_DIRECT)
    noun = dice.weigh(lexicon.nouns_of(*frame.objects))
    if not _countable(noun) or ("pair" in noun.tags and number is phrases.ONE):
        return None
    return _fronted(dice, frame, NounPhrase(noun, number, determiner))


def _countable(noun: Noun) -> bool:
    return noun.tags.isdisjoint({"mass", "single", "unique", "kin"})
