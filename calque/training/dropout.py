"""The dropout that suits the amount of text, where the recipe says none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calque.recipes.finetune import Finetune
from calque.recipes.idle import begins_from_scratch
from calque.training.progress import Listener, Message

USUAL = 0.1
SHORT = 30  # minutes up to which a run is too short for more dropout than the usual
_BY_PAIRS = (  # up to so many pairs: dropout from scratch, and with pretrained weights
    (5_000, 0.4, 0.3),
    (30_000, 0.3, 0.2),
    (200_000, 0.2, USUAL),
)


def with_dropout(recipe: Finetune, pairs: int, listener: Listener, before: Mapping[str, Any] | None = None) -> Finetune:
    """The recipe with a number for its dropout: its own, or that of `before`, the settings of a run that is gone on
    with, or else what suits `pairs` usable pairs of training text; the choice is told."""
    if recipe.dropout is not None:
        return recipe
    if before and "dropout" in before:
        chosen, why = float(before["dropout"]), "as the run began"
    else:
        chosen, why = suiting(recipe, pairs)
    listener.event(Message(f"dropout {chosen:g}: {why}"))
    return recipe.model_copy(update={"dropout": chosen})


def suiting(recipe: Finetune, pairs: int) -> tuple[float, str]:
    """The dropout for so many pairs, and why.

    The less text and the more of the network is new, the more dropout. An adapter has few weights to overfit with. A
    short run sees its text too seldom to overfit, and learns slower with much dropout.
    """
    if recipe.adapter != "none":
        return USUAL, "what is trained is an adapter"
    scratch = recipe.random_weights or begins_from_scratch(recipe)
    found = next((row[1:] for row in _BY_PAIRS if pairs <= row[0]), (USUAL, USUAL))[0 if scratch else 1]
    why = f"{pairs:,} pairs, {'from scratch' if scratch else 'pretrained'}"
    if found > USUAL and recipe.minutes is not None and recipe.minutes <= SHORT:
        return USUAL, f"{why}; a run of up to {SHORT} minutes is too short for {found:g}"
    return found, why
