"""What the lexicon is made of: one English lemma and its one French translation in each record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Gender(Enum):
    """Grammatical gender of French."""

    MASCULINE = "m"
    FEMININE = "f"


class Number(Enum):
    """Grammatical number of both languages."""

    SINGULAR = "singular"
    PLURAL = "plural"


@dataclass(frozen=True, slots=True)
class Noun:
    """A common noun.

    `tags` say what kind of thing it is (its English lemma is among them, with _ for a space); verbs and adjectives
    choose by them.
    `feminine` is the French noun for a woman of that profession.
    """

    english: str
    french: str
    gender: Gender
    tags: frozenset[str]
    feminine: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A proper name, or, where it is not `proper`, a pronoun that behaves like one (everybody); always singular."""

    english: str
    french: str
    gender: Gender
    proper: bool = True


@dataclass(frozen=True, slots=True)
class Pronoun:
    """A personal pronoun as subject and object in English, as subject, object, indirect object and after a
    preposition in French; `index` (0 to 5) is the French person that the verb agrees with, `english_index` the English
    one. Gender and number are what participles and adjectives agree with."""

    english: tuple[str, str]
    french: tuple[str, str, str, str]
    index: int
    english_index: int
    gender: Gender
    number: Number


@dataclass(frozen=True, slots=True)
class Adjective:
    """A quality. `before`: it stands before the French noun. `comparison`: 'er' (taller), 'more', or '' for none.

    `tags` are the kinds of nouns it is said of, `beside` those that it stands beside. `attributive` and `predicative`
    say where it may stand, and `definite` that beside its noun it wants *the*.
    """

    english: str
    french: str
    before: bool
    comparison: str
    tags: frozenset[str]
    beside: frozenset[str]
    attributive: bool = True
    predicative: bool = True
    definite: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb in both languages.

    `particle` follows the verb (get *up*; avoir *besoin*), `preposition` precedes the object (look *for*; répondre
    *à*). `flags`: 'state' (no progressive; its past is the imperfect), 'imperfect' (its past is the imperfect),
    'simple' (no progressive), 'modal', 'copula', 'tonic' (à lui, not lui), 'reflexive', 'être' (its auxiliary),
    'place' (y avoir).
    """

    english: str
    french: str
    particle: tuple[str, str] = ("", "")
    preposition: tuple[str, str] = ("", "")
    flags: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The English lemma with its particle and preposition, such as 'look for'."""
        return " ".join(part for part in (self.english, self.particle[0], self.preposition[0]) if part)


@dataclass(frozen=True, slots=True)
class Adverb:
    """A word or fixed phrase that stays as it is in both languages."""

    english: str
    french: str


@dataclass(frozen=True, slots=True)
class Preposition:
    """A preposition in both languages; several words where need be (next to, à côté de)."""

    english: str
    french: str
