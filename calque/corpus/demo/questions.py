"""Constructions that ask."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import adverbs, descriptions, lexicon, names, phrases, predication, statements
from calque.corpus.demo.dice import Dice
from calque.corpus.demo.lexeme import Noun, Number
from calque.corpus.demo.meaning import Clause, Determiner, NounPhrase, Question, Time, VerbPhrase
from calque.corpus.demo.verbs import Frame, verb

_FARE = verb("be", "aller", "state")
_COUNTED = tuple(
    frame
    for frame in lexicon.HUMAN
    if lexicon.direct(frame) and not frame.verb.particle[0] and frame.style in {"any", "indefinite", "counted"}
)
_ASKED = tuple(
    frame
    for frame in lexicon.frames("eat drink buy read write find choose see hear prepare draw repair watch learn")
    if lexicon.direct(frame) and lexicon.personal(frame) and frame in lexicon.TRANSITIVE
)
_MET = lexicon.frames("see help meet invite thank know admire greet follow call")
_CIRCUMSTANCES = (
    (adverbs.WHERE, "work sleep play eat swim wait travel stay find buy lose hide meet"),
    (adverbs.WHEN, "leave arrive come_back go_home get_up begin end finish sell buy visit get_married"),
    (adverbs.AT_WHAT_TIME, "leave arrive come_back go_home get_up wake_up go_to_bed begin end eat"),
    (adverbs.WHY, "cry laugh run leave sell wait learn hide open close need hate buy"),
)
# Tenses in which one does not ask.
_UNASKED = frozenset((Time.RECENT, Time.PERFECT))


def _asker(dice: Dice, frame: Frame | None = None) -> NounPhrase:
    """A subject one asks about: you, she, Marie, the doctor; not I."""
    who = phrases.subject(dice, frame.subjects if frame else ("person",), pronouns=0.6)
    return NounPhrase(names.YOU) if who.head is names.I else who


def _askable(node: Clause) -> bool:
    """Whether one would ask it: not about somebody new."""
    return (
        node.subject.determiner not in phrases.LOOSE - {Determiner.NUMBER}
        and node.subject.head is not names.I
        and node.time not in _UNASKED
        and not node.front
    )


def polar(dice: Dice) -> Question | None:
    """Did the boy find his key? Est-ce que le garçon a trouvé sa clé ?"""
    frame = dice.pick(lexicon.ACTIONS)
    node = predication.clause(dice, frame, _asker(dice, frame))
    return Question(node) if node is not None and _askable(node) else None


def polar_quality(dice: Dice) -> Question | None:
    """Is the soup hot? Est-ce que la soupe est chaude ?"""
    node = descriptions.quality(dice)
    if node is None or node.negation or node.time is Time.FUTURE or not _askable(node):
        return None
    return Question(node)


def ability(dice: Dice) -> Question | None:
    """Can you help me? Est-ce que vous pouvez m'aider ?"""
    node = statements.governed(dice)
    return Question(node) if node is not None and not node.negation and _askable(node) else None


def where_is(dice: Dice) -> Question:
    """Where is the key? Où est la clé ? How is your father? Comment va votre père ?"""
    if dice.chance(0.3):
        who = _asker(dice)
        who = NounPhrase(dice.pick(names.PEOPLE)) if who.determiner in phrases.LOOSE else who
        return Question(Clause(who, Time.PRESENT, VerbPhrase(_FARE)), adverbs.HOW, postposed=True)
    noun = dice.weigh(lexicon.nouns_of("small vessel dish reading at kin pet clothes vehicle child"))
    thing = phrases.noun_phrase(dice, noun, "definite", adjectives=0.25)
    if dice.chance(0.15):
        thing = NounPhrase(dice.pick((names.YOU, names.HE, names.SHE, names.THEY)))
    time = dice.pick((Time.PRESENT, Time.PRESENT, Time.PAST))
    return Question(Clause(thing, time, VerbPhrase(descriptions.BE)), adverbs.WHERE, postposed=True)


def adverbial(dice: Dice) -> Question | None:
    """Where does she live? Où habite-t-elle ? Why is the baby crying? Pourquoi est-ce que le bébé pleure ?"""
    word, verbs = dice.pick(_CIRCUMSTANCES)
    frame = dice.pick(lexicon.frames(verbs))
    if frame in lexicon.DITRANSITIVE:
        return None
    subject = _asker(dice, frame)
    node = Clause(subject, predication.time_for(dice, frame.verb), predication.verb_phrase(dice, frame, subject))
    if not _askable(node):
        return None
    if word is adverbs.WHY and predication.refusable(node) and dice.chance(0.25):
        node = replace(node, negation="not")
    return Question(node, word)


def who_does(dice: Dice) -> Question | None:
    """Who broke the vase? Qui a cassé le vase ?"""
    node = predication.clause(dice, dice.pick(lexicon.HUMAN), NounPhrase(names.WHO))
    return None if node is None or node.front else Question(node)


def whom(dice: Dice) -> Question | None:
    """Who did she meet? Qui a-t-elle rencontré ?"""
    return _fronted(dice, dice.pick(_MET), NounPhrase(names.WHO))


def what(dice: Dice) -> Question | None:
    """What are you reading? Que lisez-vous ? What did Marie buy? Qu'est-ce que Marie a acheté ?"""
    frame = dice.pick(_ASKED)
    node = Clause(_asker(dice, frame), predication.time_for(dice, frame.verb), VerbPhrase(frame.verb))
    if not _askable(node):
        return None
    return Question(predication.with_time(dice, node, 0) if dice.chance(0.15) else node, adverbs.WHAT)


def _fronted(dice: Dice, frame: Frame, asked: NounPhrase) -> Question | None:
    """A question about the object of a verb, which stands before it."""
    phrase = VerbPhrase(frame.verb, phrases.trace(asked))
    node = Clause(_asker(dice, frame), predication.time_for(dice, frame.verb), phrase)
    return Question(node, asked=asked) if _askable(node) else None


def which(dice: Dice) -> Question | None:
    """Which songs did they sing? Quelles chansons ont-ils chantées ?"""
    return _selected(dice, Determiner.WHICH, dice.pick((phrases.ONE, phrases.MANY)))


def how_many(dice: Dice) -> Question | None:
    """How many books did you read? Combien de livres avez-vous lus ?"""
    return _selected(dice, Determiner.HOW_MANY, phrases.MANY)


def _selected(dice: Dice, determiner: Determiner, number: Number) -> Question | None:
    frame = dice.pick(_COUNTED)
    noun = dice.weigh(lexicon.nouns_of(*frame.objects))
    if not _countable(noun) or ("pair" in noun.tags and number is phrases.ONE):
        return None
    return _fronted(dice, frame, NounPhrase(noun, number, determiner))


def _countable(noun: Noun) -> bool:
    return noun.tags.isdisjoint({"mass", "single", "unique", "kin"})
