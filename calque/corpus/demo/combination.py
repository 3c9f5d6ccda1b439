"""Which words a sentence combines, and which combinations training never sees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache

from calque.corpus.demo.lexeme import Name, Noun
from calque.corpus.demo.meaning import (
    Clause,
    Command,
    Done,
    Joined,
    NounPhrase,
    Prepositional,
    Profession,
    Quality,
    Question,
    Relative,
    Sentence,
    VerbPhrase,
)

Combination = tuple[str, str, str]
# The fields of each kind of node that hold other nodes.
_CHILDREN = {
    Clause: ("subject", "phrase"),
    Command: ("phrase",),
    Joined: ("first", "second"),
    NounPhrase: ("owner", "of", "scope", "place", "relative"),
    Prepositional: ("phrase",),
    Quality: ("than",),
    Question: ("clause", "asked"),
    Relative: ("clause",),
    VerbPhrase: ("object", "recipient", "predicate", "infinitive", "content"),
}
# Of 100 combinations, how many only the test set and only the development set may contain.
HELD_OUT = {"test": 5, "dev": 5}


def nodes(meaning: object) -> list[object]:
    """All nodes of a meaning, the root first."""
    found = [meaning]
    for node in found:
        children = (getattr(node, name) for name in _CHILDREN.get(type(node), ()))
        found += [child for child in children if child is not None]
        if isinstance(node, VerbPhrase):
            found += node.adjuncts
    return found


def lemmas(meaning: Sentence) -> list[str]:
    """The English lemmas of the sentence with their part of speech, such as 'noun:apple'."""
    return [lemma for node in nodes(meaning) for lemma in _lemmas_of(node)]


def _lemmas_of(node: object) -> Iterator[str]:
    """The lemmas that a node adds itself."""
    match node:
        case NounPhrase() if not node.trace:
            if _lemma(node):
                yield f"noun:{_lemma(node)}" if isinstance(node.head, Noun) else f"name:{_lemma(node)}"
            yield from (f"adjective:{adjective.english}" for adjective in node.adjectives)
        case Quality():
            yield f"adjective:{node.adjective.english}"
        case Profession():
            yield f"noun:{node.noun.english}"
        case VerbPhrase() | Done():
            yield f"verb:{node.verb.name}"


def combinations(meaning: Sentence) -> tuple[Combination, ...]:
    """What is combined, as (kind, first lemma, second lemma), sorted: who does what (subject), what is done to what
    (object), to whom (recipient), and what is how (adjective)."""
    found: set[Combination] = set()
    for node in nodes(meaning):
        if isinstance(node, Clause):
            found.update(_of_clause(node))
        elif isinstance(node, VerbPhrase):
            found.update(_of_verb(node))
        elif isinstance(node, NounPhrase):
            found.update(("adjective", adjective.english, _lemma(node)) for adjective in node.adjectives)
    return tuple(sorted(found))


def _lemma(phrase: NounPhrase | None) -> str:
    """The lemma of a noun or name; nothing for a pronoun."""
    head = None if phrase is None else phrase.head
    return head.english if isinstance(head, Noun) or (isinstance(head, Name) and head.proper) else ""


def _of_clause(node: Clause) -> Iterator[Combination]:
    subject = _lemma(node.subject)
    phrase: VerbPhrase | None = node.phrase
    while phrase is not None and subject:
        match phrase.predicate:
            case Quality(adjective=adjective):
                yield "adjective", adjective.english, subject
            case Done(verb=verb):
                yield "object", verb.name, subject
                yield from (
                    ("subject", _lemma(by.phrase), verb.name) for by in phrase.adjuncts if isinstance(by, Prepositional)
                )
            case _ if phrase.verb.name != "be":
                yield "subject", subject, phrase.verb.name
        phrase = phrase.infinitive


def _of_verb(phrase: VerbPhrase) -> Iterator[Combination]:
    if phrase.verb.name == "be":
        return
    for kind, noun in (("object", _lemma(phrase.object)), ("recipient", _lemma(phrase.recipient))):
        if noun:
            yield kind, phrase.verb.name, noun


@cache
def split_of(combination: Combination) -> str:
    """Where a combination may occur: 'test', 'dev', or 'train' for everywhere. It depends on nothing but the words."""
    digest = hashlib.sha256(":".join(combination).encode()).digest()
    share = int.from_bytes(digest[:4], "big") % 100
    if share < HELD_OUT["test"]:
        return "test"
    return "dev" if share < HELD_OUT["test"] + HELD_OUT["dev"] else "train"


def split(held: tuple[Combination, ...]) -> str:
    """Where a sentence with these combinations belongs; an empty string where it would mix both held-out sets."""
    kinds = {split_of(combination) for combination in held} - {"train"}
    if not kinds:
        return "train"
    return kinds.pop() if len(kinds) == 1 else ""
