"""What a sentence says, in neither language: the trees that the grammar draws and that both languages spell out.

Nodes are compared by identity: words of both languages that come from the same part of the same node are aligned.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from calque.corpus.demo.lexeme import Adjective, Adverb, Gender, Name, Noun, Number, Preposition, Pronoun, Verb


class Time(Enum):
    """English tense and aspect; French follows from it and from the verb."""

    PRESENT = "eats: mange"
    PROGRESSIVE = "is eating: mange"
    PAST = "ate: a mangé"
    PAST_PROGRESSIVE = "was eating: mangeait"
    FUTURE = "will eat: mangera"
    CONDITIONAL = "would eat: mangerait"
    PERFECT = "has eaten: a mangé"
    NEAR = "is going to eat: va manger"
    RECENT = "has just eaten: vient de manger"


class Determiner(Enum):
    """What stands before a noun; the value is the English word, singular and plural where they differ."""

    THE = "the"
    A = "a"
    SOME = "some"
    BARE = ""  # bread, books: du pain, des livres
    GENERIC = "generic"  # cats: les chats
    NONE = "none"  # nothing in either language
    THIS = "this these"
    MY = "my"
    YOUR = "your"
    HIS = "his"
    HER = "her"
    OUR = "our"
    THEIR = "their"
    MANY = "many"
    SEVERAL = "several"
    FEW = "a few"
    ALL = "all the"
    EVERY = "every"
    WHICH = "which"
    HOW_MANY = "how many"
    NUMBER = "number"  # two, three
    OWNER = "owner"  # Marie's
    TRACE = "trace"  # the noun phrase stands elsewhere in the sentence: only agreement sees it


@dataclass(frozen=True, eq=False, slots=True)
class NounPhrase:
    """Someone or something. `of` is joined with of and de; `scope` is the group of a superlative (in the class)."""

    head: Noun | Name | Pronoun
    number: Number = Number.SINGULAR
    determiner: Determiner = Determiner.NONE
    adjectives: tuple[Adjective, ...] = ()
    count: Adverb | None = None
    owner: NounPhrase | None = None
    of: NounPhrase | None = None
    scope: NounPhrase | None = None
    place: Prepositional | None = None
    relative: Relative | None = None

    @property
    def gender(self) -> Gender:
        """The French gender."""
        return self.head.gender

    @property
    def personal(self) -> bool:
        """Whether it is a pronoun, which French puts before its verb."""
        return isinstance(self.head, Pronoun)

    @property
    def trace(self) -> bool:
        """Whether its words stand elsewhere."""
        return self.determiner is Determiner.TRACE


@dataclass(frozen=True, eq=False, slots=True)
class Prepositional:
    """A place, a companion, a direction."""

    preposition: Preposition
    phrase: NounPhrase


@dataclass(frozen=True, eq=False, slots=True)
class Fixed:
    """An adverb or a fixed expression of time."""

    adverb: Adverb


@dataclass(frozen=True, eq=False, slots=True)
class Quality:
    """An adjective after a verb.

    `degree`: '', 'very', 'too', 'so', 'more', 'less' or 'as'; the last three have `than`.
    """

    adjective: Adjective
    degree: str = ""
    than: NounPhrase | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Profession:
    """A profession after a verb: a lawyer, avocate."""

    noun: Noun


@dataclass(frozen=True, eq=False, slots=True)
class Done:
    """A participle after a verb: was *written* by Marie."""

    verb: Verb


@dataclass(frozen=True, eq=False, slots=True)
class VerbPhrase:
    """A verb with all that follows it."""

    verb: Verb
    object: NounPhrase | None = None
    recipient: NounPhrase | None = None
    predicate: Quality | Profession | Done | None = None
    infinitive: VerbPhrase | None = None
    content: Clause | None = None
    adjuncts: tuple[Prepositional | Fixed, ...] = ()
    shifts: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Clause:
    """Someone does something.

    `negation`: '', 'not', 'never', 'no longer', 'not yet', 'nothing', 'nobody' (the object), 'only' (the object), 'ne'
    (nobody is the subject). `frequency` is an adverb at the verb (often, already). `front` stands before all.
    """

    subject: NounPhrase
    time: Time
    phrase: VerbPhrase
    negation: str = ""
    frequency: Adverb | None = None
    front: Fixed | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Relative:
    """A clause about a noun: its subject or its object is the noun's trace, or the clause says *where*."""

    clause: Clause
    where: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """`word` is the question word ('' for yes or no), `asked` the noun phrase that stands before the verb instead.

    `postposed`: a noun that is the subject follows its verb (où est la clé).
    """

    clause: Clause
    word: Adverb | None = None
    asked: NounPhrase | None = None
    postposed: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Command:
    """An order to *you*, or to *us* with `together`."""

    phrase: VerbPhrase
    together: bool = False
    negative: bool = False
    please: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Joined:
    """Two clauses and the conjunction between them, or before both with `fronted`."""

    first: Clause
    conjunction: Adverb
    second: Clause
    comma: bool = False
    fronted: bool = False


Sentence = Clause | Question | Command | Joined
