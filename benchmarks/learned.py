"""What a training of a given number of sentences led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from calque.model.batch import Ids
from calque.model.family import Family
from calque.text.codec import Codec
from calque.training.validate import Measured, Validator

Point = dict[str, float]  # of a curve: seconds of training so far, optimizer steps, BLEU and chrF2 on development text
_POSITIONS = 4096  # of a batch


@dataclass(frozen=True, slots=True)
class Learned:
    """A trained network's scores on the test text, and its way there.

    nats_per_character: negative log-likelihood of the references over their number of characters, so that vocabularies
        of different granularity compare.
    seconds: of training on the device's clock, validation left out.
    """

    contender: str
    seed: int
    learning_rate: float
    sentences: int
    steps: int
    seconds: float
    nats_per_character: float
    scores: dict[str, float]
    curve: list[Point]

    def row(self) -> dict[str, Any]:
        """As JSON types, the curve left out."""
        return {
            "contender": self.contender, "seed": self.seed, "learning_rate": self.learning_rate,
            "sentences": self.sentences, "steps": self.steps, "seconds": round(self.seconds, 1),
            "nats_per_character": round(self.nats_per_character, 4),
            **{name: round(value, 2) for name, value in self.scores.items()},
        }  # fmt: skip

    def reached(self, seconds: float) -> float | None:
        """BLEU of the latest validation within so many seconds of training; None before the first."""
        values = [point["BLEU"] for point in self.curve if point["seconds"] <= seconds]
        return values[-1] if values else None


@dataclass(frozen=True)
class Examiner:
    """Rows and their texts, with which calque's validation measures any pair: its own, or transformers' with a head of
    BERT's kind. Translation is greedy."""

    validator: Validator
    tokens: int
    characters: int

    @classmethod
    def of(
        cls, family: Family, codec: Codec, language: str, rows: Sequence[Ids], texts: Sequence[tuple[str, str]]
    ) -> Examiner:
        """An examiner who has all of the texts translated."""
        validator = Validator(family, codec, language, rows, texts, len(rows), _POSITIONS)
        tokens = sum(len(row.target or ()) - 1 for row in rows)
        return cls(validator, tokens, sum(len(target) for _, target in texts))

    def measure(self, module: nn.Module) -> Measured:
        """Loss in nats per token, BLEU and chrF2."""
        return self.validator.measure(module)

    def nats_per_character(self, measured: Measured) -> float:
        """The loss over the references' characters."""
        return measured.loss * self.tokens / self.characters
