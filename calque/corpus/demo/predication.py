"""Draws what verbs say of their subjects: tense, objects, adverbs."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import adverbs, lexicon, names, phrases, places
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.lexeme import Number, Pronoun, Verb
from calque.corpus.demo.meaning import Clause, Fixed, NounPhrase, Prepositional, Time, VerbPhrase
from calque.corpus.demo.verbs import Frame

_EVENTS = (
    *((Time.PRESENT, 16), (Time.PROGRESSIVE, 23), (Time.PAST, 28), (Time.PAST_PROGRESSIVE, 7)),
    *((Time.FUTURE, 13), (Time.NEAR, 5), (Time.PERFECT, 4), (Time.RECENT, 3)),
)
_EVENT = Weighted(_EVENTS)
_SIMPLE = Weighted((time, weight) for time, weight in _EVENTS if "PROGRESSIVE" not in time.name)
_STATE = Weighted(((Time.PRESENT, 60), (Time.PAST, 25), (Time.FUTURE, 15)))
# Their past is spelled like their base, so that without he, she, it nobody sees which is meant.
_SAME_PAST = frozenset(("read", "cut", "put"))
# What is not done often.
_ONCE = frozenset(("arrive", "come in", "fall", "die", "begin", "end", "get married", "build"))
_MANNERS = {
    "walk": "slowly quickly silently here outside",
    "run": "quickly outside",
    "work": "slowly quickly calmly silently here outside",
    "eat": "slowly quickly silently here outside",
    "wait": "patiently calmly silently here outside",
    "dance": "slowly silently here outside",
    "sleep": "calmly here outside",
    "swim": "slowly quickly calmly here",
    "play": "silently calmly here outside",
    "sing": "here outside",
    "cry": "silently",
    "think": "calmly silently",
    "stay": "here outside",
    "rest": "here outside",
    "fly": "slowly silently",
}
_WITH = frozenset(
    ("work", "dance", "travel", "walk", "eat", "sing", "swim", "go for a walk", "go out", "leave", "come back", "stay")
)
_SOMEWHERE = frozenset(
    (
        *("sleep", "work", "sing", "dance", "walk", "run", "play", "wait", "eat", "rest", "cry", "stay", "arrive"),
        *("stop", "read", "find", "lose", "meet", "write", "study", "hide"),
    )
)


def time_for(dice: Dice, verb: Verb) -> Time:
    """A tense that the verb has in English."""
    return dice.weigh(_STATE if "state" in verb.flags else _SIMPLE if "simple" in verb.flags else _EVENT)


def blurred(verb: Verb, subject: NounPhrase, time: Time) -> bool:
    """Whether English does not show which tense is meant (they read)."""
    if verb.english not in _SAME_PAST or time not in {Time.PRESENT, Time.PAST}:
        return False
    head = subject.head
    return head.english_index != 2 if isinstance(head, Pronoun) else subject.number is Number.PLURAL


def ongoing(verb: Verb, time: Time) -> Time:
    """The progressive instead of the present for what happens, not for what lasts."""
    return Time.PROGRESSIVE if time is Time.PRESENT and not verb.flags & {"state", "simple"} else time


def refusable(node: Clause) -> bool:
    """Whether the clause can be negated without oddity: not of somebody new, nor of how many there are."""
    thing = node.phrase.object
    new = {phrases.D.A, phrases.D.SOME}
    return node.subject.determiner not in phrases.LOOSE and (
        thing is None or thing.determiner not in phrases.LOOSE - new
    )


def verb_phrase(dice: Dice, frame: Frame, subject: NounPhrase, adjectives: float = 0.3) -> VerbPhrase:
    """The verb of a frame with an object that it may have, and a recipient where it wants one."""
    if not frame.objects:
        return VerbPhrase(frame.verb)
    noun = dice.weigh(lexicon.nouns_of(*frame.objects))
    thing = phrases.noun_phrase(dice, noun, frame.style, subject, adjectives)
    recipient = _recipient(dice, subject) if frame in lexicon.DITRANSITIVE else None
    # Nobody says: she lends her her guitar.
    return VerbPhrase(frame.verb, thing, recipient, shifts=frame.shifts and thing.determiner is not phrases.D.HER)


def _recipient(dice: Dice, subject: NounPhrase) -> NounPhrase:
    """To whom something is given."""
    if dice.chance(0.4):
        return phrases.other_pronoun(dice, subject)
    return phrases.person(dice, "kin friend neighbor job child tourist", subject)


def clause(dice: Dice, frame: Frame, subject: NounPhrase | None = None, adverb: bool = True) -> Clause | None:
    """A clause in any tense, perhaps with adverbs; None where the draw makes no good sentence."""
    who = subject or phrases.doer(dice, frame)
    time = time_for(dice, frame.verb)
    if blurred(frame.verb, who, time):
        return None
    node = Clause(who, time, verb_phrase(dice, frame, who))
    if time is Time.PERFECT:
        return replace(node, frequency=adverbs.ALREADY)
    return with_adverbs(dice, node) if adverb else node


def with_adverbs(dice: Dice, node: Clause) -> Clause:
    """The clause with a manner, a companion or a place, and with a time or a frequency, or as it is."""
    phrase = node.phrase
    node = replace(node, phrase=replace(phrase, adjuncts=(*phrase.adjuncts, *_circumstance(dice, node))))
    if "state" in phrase.verb.flags:
        return node
    if node.time is Time.PRESENT and phrase.verb.name not in _ONCE and dice.chance(0.4):
        return replace(node, frequency=dice.pick(adverbs.FREQUENCIES))
    return with_time(dice, node) if dice.chance(0.3) else node


def with_time(dice: Dice, node: Clause, first: float = 0.3) -> Clause:
    """The clause with an expression of time that goes with its tense, at its beginning (with probability `first`) or
    its end."""
    options = adverbs.TIMES.get(node.time)
    if options is None:
        return node
    when = Fixed(dice.pick(options))
    if dice.chance(first):
        return replace(node, front=when)
    return replace(node, phrase=replace(node.phrase, adjuncts=(*node.phrase.adjuncts, when)))


def _circumstance(dice: Dice, node: Clause) -> tuple[Prepositional | Fixed, ...]:
    """How, with whom or where it is done, now and then."""
    name, alone = node.phrase.verb.name, node.phrase.object is None
    if alone and name in _MANNERS and dice.chance(0.3):
        wanted = _MANNERS[name].split()
        return (Fixed(dice.pick([manner for manner in adverbs.MANNERS if manner.english in wanted])),)
    if alone and name in _WITH and dice.chance(0.3):
        return _companion(dice, node)
    return (places.place(dice),) if name in _SOMEWHERE and dice.chance(0.35) else ()


def _companion(dice: Dice, node: Clause) -> tuple[Prepositional, ...]:
    head = node.subject.head
    if head is names.WHO or "animal" in getattr(head, "tags", ()):
        return ()
    if dice.chance(0.5):
        return (Prepositional(adverbs.WITH, phrases.other_pronoun(dice, node.subject)),)
    return (Prepositional(adverbs.WITH, phrases.person(dice, "kin friend neighbor", node.subject)),)
