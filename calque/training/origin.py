"""What a new run begins from: pretrained parts, or a finished translator."""

from __future__ import annotations

from dataclasses import dataclass

from calque.errors import RecipeError
from calque.model.family import kind_of
from calque.model.folder import Folder
from calque.model.kinds import refuse_illegal
from calque.model.pretrained import Pretrained, find
from calque.recipes.finetune import Finetune
from calque.recipes.preset import FROM_SCRATCH
from calque.training.idle import refuse_idle, refuse_settled


@dataclass(frozen=True, slots=True)
class Origin:
    """The checkpoints of both sides, None where a side is new; or the `translator` that is trained on."""

    encoder: Pretrained | None
    decoder: Pretrained | None
    translator: Folder | None = None

    @classmethod
    def of(cls, recipe: Finetune) -> Origin:
        """What the recipe names. Only small files are looked at, so that a mistake is told at once.

        Raises:
            ModelError: there is nothing by that name, or it is damaged.
            RecipeError: a translator is of other languages, or a setting would do nothing with what was found.
        """
        encoder = None if recipe.model in FROM_SCRATCH else find(recipe.model)
        if encoder is not None and encoder.is_translator:
            return cls(None, None, _translator(recipe, encoder))
        decoder = _decoder(recipe.decoder, encoder)
        if kind_of(encoder, decoder) == "pair":
            refuse_illegal(recipe, encoder, decoder)
        refuse_idle(recipe, encoder, decoder)
        return cls(encoder, decoder)


def _decoder(name: str, encoder: Pretrained | None) -> Pretrained | None:
    if name == "same":
        return encoder
    return None if name == "new" else find(name)


def _translator(recipe: Finetune, found: Pretrained) -> Folder:
    folder = Folder.open(found.folder)
    if (folder.source, folder.target) != (recipe.source, recipe.target):
        raise RecipeError(
            f"{folder.path} translates {folder.source} to {folder.target}, not {recipe.source} to {recipe.target}"
        )
    refuse_settled(recipe, folder)
    return folder
