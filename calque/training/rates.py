"""The learning rate that suits a checkpoint which is a whole translator, where the recipe says none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calque.model.family import kind_of
from calque.recipes.finetune import Finetune
from calque.training.origin import Origin
from calque.training.progress import Listener, Message

WHOLE = 1e-4  # of weights that are all pretrained; the recipe's default is meant for those that are not


def with_rate(
    recipe: Finetune, origin: Origin | None, listener: Listener, before: Mapping[str, Any] | None = None
) -> Finetune:
    """The recipe with a learning rate for pretrained weights: its own, or that of `before`, the settings of a run that
    is gone on with, or else WHOLE where all weights are pretrained; the choice is told. What an adapter adds keeps the
    recipe's rate."""
    if recipe.pretrained_learning_rate is not None or "learning_rate" in recipe.model_fields_set:
        return recipe
    if before:
        chosen, why = before.get("pretrained_learning_rate"), "as the run began"
    elif origin is None or origin.encoder is None or recipe.random_weights or recipe.adapter != "none":
        return recipe
    else:
        kind = kind_of(origin.encoder, origin.decoder)
        chosen, why = (None, "") if kind == "pair" else (WHOLE, f"{origin.encoder.name} is pretrained as a whole")
    if chosen is None:
        return recipe
    listener.event(Message(f"learning rate {chosen:g}: {why}"))
    return recipe.model_copy(update={"pretrained_learning_rate": float(chosen)})
