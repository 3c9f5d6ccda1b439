"""Settings that would do nothing beside others, and are refused because whoever gives them believes that they work.

A value counts as chosen where it is neither the default nor the preset's: a resolved recipe spells every setting out,
and must be loadable again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from calque.recipes.preset import FROM_SCRATCH, with_preset

if TYPE_CHECKING:
    from calque.recipes.finetune import Finetune
    from calque.recipes.recipe import Recipe
    from calque.recipes.training import Training


def chosen(recipe: Recipe, *names: str, usual: Mapping[str, Any] | None = None) -> list[str]:
    """Those of the settings called `names` that have neither their default, nor the value that the preset of the
    recipe's model or `usual` has for them."""
    preset = with_preset({"model": getattr(recipe, "model", None)})
    found = []
    for name in names:
        value = getattr(recipe, name)
        known = (type(recipe).model_fields[name].default, preset.get(name), (usual or {}).get(name))
        if value is not None and value not in known:
            found.append(name)
    return found


def idle(recipe: Finetune) -> list[str]:
    """What is wrong, in sentences, with settings of which the recipe alone tells that they would do nothing."""
    return [*_adapter(recipe), *idle_in_training(recipe), *_search(recipe)]


def idle_in_training(recipe: Training) -> list[str]:
    """The same of the settings that every training run has."""
    return [*_update(recipe), *_course(recipe)]


def begins_from_scratch(recipe: Finetune) -> bool:
    """Whether the recipe names no checkpoint for either half of the network."""
    return recipe.model in FROM_SCRATCH and recipe.decoder in ("new", "same")


def _adapter(recipe: Finetune) -> Iterator[str]:
    if recipe.adapter == "none":
        return
    because = f"adapter {recipe.adapter}: there is nothing pretrained to adapt"
    if recipe.random_weights:
        yield f"{because}, for random_weights forgets what was: leave out one of both"
    elif begins_from_scratch(recipe):
        yield (f"{because}, for model {recipe.model} begins from scratch: give a pretrained one, or leave out adapter")


def _update(recipe: Training) -> Iterator[str]:
    optimizer = recipe.optimizer
    if optimizer != "sgd":
        yield from _useless(recipe, "momentum", because=f"belongs to sgd, and the optimizer is {optimizer}")
    if optimizer in ("sgd", "adafactor"):
        yield from _useless(recipe, "beta1", "beta2", because=f"belongs to Adam, and the optimizer is {optimizer}")
    if optimizer == "adam" and recipe.weight_decay:
        yield from _useless(recipe, "weight_decay", because="does nothing with adam, the classical one: use adamw")
    if recipe.rdrop and recipe.dropout == 0 and not recipe.attention_dropout:
        yield "rdrop compares two passes with dropout, and there is no dropout: give one, or leave it out"


def _course(recipe: Training) -> Iterator[str]:
    if recipe.validate_every is not None:
        yield from _useless(recipe, "validations", because="does nothing beside validate_every")
    elif recipe.validations == 1 and recipe.average > 1:
        yield from _useless(recipe, "average", because="is about several validations, and the run has one")
    planned = _validations(recipe)
    if planned is not None and recipe.patience > max(0, planned - 2):
        yield (
            f"patience {recipe.patience} can never stop a run of {planned} validations early: lower it, or validate "
            "more often"
        )


def _validations(recipe: Training) -> int | None:
    """Validations planned; None where only the data or the speed tell."""
    if recipe.validate_every is None:
        return recipe.validations
    return None if recipe.steps is None else -(-recipe.steps // recipe.validate_every)


def _search(recipe: Finetune) -> Iterator[str]:
    if recipe.n_best > 1:
        yield "n_best does nothing in training, where only best translations are scored: leave it out"
    if not recipe.test:
        because = "is for the test text, and there is none (validation searches greedily)"
        yield from _useless(recipe, "beam", "length_penalty", "longest_ratio", because=because)


def _useless(recipe: Recipe, *names: str, because: str) -> Iterator[str]:
    for name in chosen(recipe, *names):
        yield f"{name} {because}; leave it out"
