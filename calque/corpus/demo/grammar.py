"""The grammar: every construction with its weight, and a sentence of it with what it combines."""

from __future__ import annotations

from collections.abc import Callable

from calque.corpus.demo import compounds, descriptions, negations, questions, statements
from calque.corpus.demo.combination import lemmas
from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.meaning import Sentence

Construction = Callable[[Dice], Sentence | None]

WEIGHTS: tuple[tuple[Construction, float], ...] = (
    (statements.intransitive, 9),
    (statements.transitive, 16),
    (statements.ditransitive, 5),
    (statements.direct_pronoun, 5),
    (statements.indirect_pronoun, 3),
    (statements.two_pronouns, 1),
    (negations.negation, 6),
    (negations.never, 2),
    (negations.no_longer, 2),
    (negations.not_yet, 2),
    (negations.nothing, 1),
    (negations.nobody, 1),
    (negations.everybody, 2),
    (negations.only, 2),
    (statements.governed, 5),
    (statements.motion, 4),
    (statements.residence, 2),
    (statements.placement, 2),
    (statements.preference, 1),
    (statements.passive, 2),
    (statements.command, 2),
    (statements.measured, 2),
    (descriptions.quality, 7),
    (descriptions.comparison, 3),
    (descriptions.superlative, 1.5),
    (descriptions.profession, 2),
    (descriptions.presentation, 3),
    (descriptions.existence, 3),
    (descriptions.location, 2),
    (descriptions.part, 1.5),
    (descriptions.age, 1),
    (descriptions.birth, 1),
    (descriptions.weather, 1),
    (descriptions.clock, 0.3),
    (questions.polar, 4),
    (questions.polar_quality, 1.5),
    (questions.ability, 1.5),
    (questions.where_is, 2),
    (questions.adverbial, 4),
    (questions.who_does, 2),
    (questions.whom, 1),
    (questions.what, 2),
    (questions.which, 2),
    (questions.how_many, 2),
    (compounds.relative_subject, 3),
    (compounds.relative_object, 4),
    (compounds.relative_place, 1),
    (compounds.echo, 4),
    (compounds.again, 2),
    (compounds.because, 2),
    (compounds.when, 2),
    (compounds.condition, 2),
    (compounds.prospect, 2),
    (compounds.reported, 3),
)
_CONSTRUCTIONS = Weighted(WEIGHTS)
NAMES = tuple(construction.__name__.replace("_", "-") for construction, _ in WEIGHTS)

_EXCLUSIVE = (
    "white black red green blue yellow brown gray",
    "French English Italian Spanish German American",
    *("big small little tall", "hot cold", "clean dirty", "open closed", "heavy light", "old new young", "long short"),
    *("high low", "good bad excellent delicious", "beautiful pretty", "first last", "busy tired", "funny serious sad"),
    "happy angry worried",
)
_KINDS = {f"adjective:{word}": number for number, words in enumerate(_EXCLUSIVE) for word in words.split()}


def draw(dice: Dice) -> tuple[str, Sentence]:
    """A construction's name and a sentence of it."""
    while True:
        construction = dice.weigh(_CONSTRUCTIONS)
        meaning = construction(dice)
        if meaning is not None and not _repetitive(meaning):
            return construction.__name__.replace("_", "-"), meaning


def _repetitive(meaning: Sentence) -> bool:
    """Whether a noun, name or adjective occurs twice, or two adjectives that exclude one another."""
    found = [lemma for lemma in lemmas(meaning) if not lemma.startswith("verb:")]
    kinds = [_KINDS[lemma] for lemma in found if lemma in _KINDS]
    return len(set(found)) < len(found) or len(set(kinds)) < len(kinds)
