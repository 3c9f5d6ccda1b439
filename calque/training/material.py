"""What a run learns from: rows of several corpora, and how an epoch shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from calque.model.batch import Ids
from calque.recipes.finetune import Finetune
from calque.text.codec import Codec
from calque.text.resegment import Splitter, seeds
from calque.training.mixture import Corpora
from calque.training.rows import Text
from calque.training.store import Store


@dataclass(frozen=True, slots=True)
class Respelling:
    """Pieces split anew in each epoch, with the probability `share`."""

    source: Splitter
    target: Splitter
    share: float
    seed: int

    def __call__(self, rows: Sequence[Ids], numbers: Sequence[int], epoch: int) -> list[Ids]:
        """These rows, whose numbers decide with the epoch how they are split."""
        chance = seeds(self.seed, epoch, numbers)
        sources = self.source.split([row.source for row in rows], chance, self.share)
        targets = self.target.split([row.target or [] for row in rows], chance + 1, self.share)
        return [Ids(*row) for row in zip(sources, targets, strict=True)]


Shown = Callable[[Sequence[Ids], Sequence[int], int], list[Ids]]  # of rows, their numbers and an epoch


@dataclass(frozen=True, slots=True)
class Material:
    """The training rows, the corpora that they come from, and how an epoch shows them, where not as they are."""

    rows: Store
    corpora: Corpora
    shown: Shown | None = None

    @classmethod
    def of(cls, recipe: Finetune, text: Text, rows: Store, codecs: tuple[Codec, Codec]) -> Material:
        """The rows of a text, shown as the recipe says."""
        share = recipe.subword_dropout
        respelling = Respelling(Splitter(codecs[0]), Splitter(codecs[1]), share, recipe.seed) if share else None
        return cls(rows, Corpora.of(recipe, text, rows), respelling)

    def examples(self, numbers: Sequence[int], epoch: int) -> list[Ids]:
        """The rows of these numbers, as this epoch shows them."""
        rows = [self.rows[number] for number in numbers]
        return rows if self.shown is None else self.shown(rows, numbers, epoch)
