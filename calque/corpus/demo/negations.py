"""Constructions that deny something, or say it of nobody, of nothing, of only one thing."""

from __future__ import annotations

from dataclasses import replace

from calque.corpus.demo import lexicon, names, phrases, predication
from calque.corpus.demo.dice import Dice
from calque.corpus.demo.meaning import Clause, Determiner, NounPhrase, Time, VerbPhrase
from calque.corpus.demo.verbs import Frame

_LASTING = frozenset(("die", "begin", "end", "shine", "ring", "bark"))
_SOMETHING = tuple(
    frame
    for frame in lexicon.frames(
        "eat drink buy sell read write find forget understand choose hide see hear break lose learn steal repair cut"
    )
    if lexicon.direct(frame) and frame in lexicon.TRANSITIVE
)
_ANYBODY = lexicon.frames("see hear help meet invite know follow thank greet admire")
_ONLY = tuple(
    frame
    for frame in lexicon.TRANSITIVE
    if not frame.verb.preposition[1] and not frame.verb.particle[1] and frame.style != "bare"
)


def negation(dice: Dice) -> Clause | None:
    """The boy isn't eating meat: le garçon ne mange pas de viande."""
    node = predication.clause(dice, dice.pick(lexicon.ACTIONS))
    if node is None or node.frequency is not None or node.time is Time.RECENT or not predication.refusable(node):
        return None
    return replace(node, negation="not")


def never(dice: Dice) -> Clause | None:
    """My uncle never drinks wine: mon oncle ne boit jamais de vin."""
    return _refusal(dice, "never", (Time.PRESENT, Time.PRESENT, Time.FUTURE))


def no_longer(dice: Dice) -> Clause | None:
    """Marie no longer works: Marie ne travaille plus."""
    return _refusal(dice, "no longer", (Time.PRESENT, Time.PRESENT, Time.FUTURE))


def not_yet(dice: Dice) -> Clause | None:
    """The train hasn't arrived yet: le train n'est pas encore arrivé."""
    return _refusal(dice, "not yet", (Time.PERFECT,))


def _refusal(dice: Dice, kind: str, times: tuple[Time, ...]) -> Clause | None:
    frame = dice.pick(lexicon.ACTIONS)
    verb = frame.verb
    strange = kind != "no longer" or frame.style == "counted" or verb.name == "look like"
    if verb.name in _LASTING or ("state" in verb.flags and strange):
        return None
    subject = phrases.doer(dice, frame)
    time = dice.pick(times)
    node = Clause(subject, time, predication.verb_phrase(dice, frame, subject, adjectives=0.15), kind)
    return node if predication.refusable(node) and not predication.blurred(verb, subject, time) else None


def nothing(dice: Dice) -> Clause | None:
    """The judge didn't hear anything: le juge n'a rien entendu."""
    return _without(dice, "nothing", _SOMETHING)


def nobody(dice: Dice) -> Clause | None:
    """They didn't see anybody: ils n'ont vu personne."""
    return _without(dice, "nobody", _ANYBODY)


def _without(dice: Dice, kind: str, frames: tuple[Frame, ...]) -> Clause | None:
    """A clause whose object is nothing or nobody."""
    frame = dice.pick(frames)
    time = dice.pick((Time.PRESENT, Time.PAST, Time.PAST, Time.FUTURE))
    node = Clause(phrases.doer(dice, frame), time, VerbPhrase(frame.verb), kind)
    if not predication.refusable(node):
        return None
    return predication.with_time(dice, node) if time is not Time.PRESENT and dice.chance(0.25) else node


def everybody(dice: Dice) -> Clause | None:
    """Nobody is working: personne ne travaille; everybody admires the queen; somebody opened the door."""
    who = NounPhrase(dice.pick((names.NOBODY, names.EVERYBODY, names.SOMEBODY)))
    node = predication.clause(dice, dice.pick(lexicon.HUMAN), who, adverb=False)
    if node is None or who.head is not names.NOBODY:
        return node
    if node.frequency or node.time is Time.RECENT or not predication.refusable(node):
        return None
    return replace(node, negation="ne")


def only(dice: Dice) -> Clause | None:
    """The old man only drinks water: le vieil homme ne boit que de l'eau."""
    frame = dice.pick(_ONLY)
    subject = phrases.doer(dice, frame)
    time = dice.pick((Time.PRESENT, Time.PAST, Time.FUTURE))
    phrase = predication.verb_phrase(dice, frame, subject)
    many = {Determiner.MANY, Determiner.SEVERAL, Determiner.ALL}
    if predication.blurred(frame.verb, subject, time) or (phrase.object and phrase.object.determiner in many):
        return None
    return Clause(subject, time, phrase, "only")
