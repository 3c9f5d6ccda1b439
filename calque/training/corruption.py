"""Rows of a language model as examples: what the network reads, and what it is to tell.

Each is drawn by the seed of the run, the epoch and the row's number, so that a row looks different in each epoch and
the same whenever a run is repeated, gone on with, or cut into other batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from calque.errors import ModelError
from calque.model.batch import Ids
from calque.recipes.pretrain import Pretrain
from calque.text.codec import Codec
from calque.text.infilling import Infilling
from calque.text.masking import Masking
from calque.text.resegment import seeds
from calque.training.blocks import Frame

Spoil = Callable[[Sequence[int], np.random.Generator], tuple[list[int], list[int]]]


@dataclass(frozen=True, slots=True)
class Corruption:
    """Examples of an objective: for 'mlm' a row with masks, and labels for each of its places; for 'denoise' the
    spoiled and the whole row; for 'clm' (`spoil` is None) a row without its last token, and without its first."""

    spoil: Spoil | None
    seed: int

    @classmethod
    def of(cls, recipe: Pretrain, codec: Codec, frames: Sequence[Frame]) -> Corruption:
        """What the recipe asks for; ModelError where the codec has no mask."""
        if recipe.objective == "clm":
            return cls(None, recipe.seed)
        if recipe.objective == "mlm":
            return cls(Masking.of(codec, recipe.masked, recipe.whole_word), recipe.seed)
        if codec.mask is None:
            raise ModelError(f"{recipe.model}: its tokenizer has no mask token, so spans cannot be masked")
        sizes = len(frames[0].before), len(frames[0].after)
        infilling = Infilling(codec.mask, codec.special.eos, *sizes, recipe.masked, recipe.span_length, recipe.permute)
        return cls(infilling, recipe.seed)

    def __call__(self, rows: Sequence[Ids], numbers: Sequence[int], epoch: int) -> list[Ids]:
        """These rows, whose numbers decide with the epoch how they are spoiled."""
        if self.spoil is None:
            return [Ids(row.source[:-1], row.source[1:]) for row in rows]
        chances = (np.random.Generator(np.random.PCG64(int(seed))) for seed in seeds(self.seed, epoch, numbers))
        return [Ids(*self.spoil(row.source, chance)) for row, chance in zip(rows, chances, strict=True)]
