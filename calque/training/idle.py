"""Settings that would do nothing with the models that were found; those of which the recipe alone tells are in
calque/recipes/idle.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calque.errors import RecipeError
from calque.model.family import WITHOUT_DROPOUT, kind_of
from calque.model.folder import Folder
from calque.model.pretrained import Pretrained
from calque.recipes.architecture import Architecture
from calque.recipes.finetune import Finetune
from calque.recipes.idle import chosen
from calque.recipes.vocabulary import Vocabulary

_STILL_FREE = {"model", "dropout", "attention_dropout"}  # of a finished translator's architecture
_JOINED = (
    "encoder_layers",
    "decoder_layers",
    "cross_attention",
    "head",
    "share_weights",
    "source_pieces",
    "target_pieces",
)
_CODES = ("source_code", "target_code", "code_like")
_OF_OTHERS = {  # settings that only other families read, and what a checkpoint of this one is
    "pair": (("prompt", *_CODES), "half of a pair"),
    "seq2seq": (_JOINED, "a whole translator with a vocabulary of its own"),
    "causal": ((*_JOINED, *_CODES), "a decoder alone"),
}
_RATES = ("unfreeze", "pretrained_learning_rate", "layer_decay")  # when and how fast pretrained weights learn


def refuse_idle(recipe: Finetune, encoder: Pretrained | None, decoder: Pretrained | None) -> None:
    """Raise RecipeError for settings that would do nothing in a network of these parts; None is a new part."""
    kind = kind_of(encoder, decoder)
    found = [*_shape(recipe, encoder), *_weights(recipe, encoder, decoder), *_family(recipe, kind)]
    if kind == "causal" and encoder is not None:
        found += _causal(recipe, encoder)
    if found:
        raise RecipeError("; ".join(found))


def _shape(recipe: Finetune, encoder: Pretrained | None) -> Iterator[str]:
    """Sizes that a checkpoint settles."""
    if encoder is None:
        return
    if found := chosen(recipe, "width", "heads", "feed_forward"):
        yield (
            f"{_flags(found)}: for networks from scratch (--model tiny), and {encoder.name} has a shape of its own: "
            "leave it out"
        )


def _family(recipe: Finetune, kind: str) -> Iterator[str]:
    """What belongs to another kind of model than the checkpoints make."""
    names, what = _OF_OTHERS[kind]
    if found := chosen(recipe, *names):
        yield f"{_flags(found)}: {recipe.model} is {what}, which has nothing of the kind: leave it out"


def _causal(recipe: Finetune, checkpoint: Pretrained) -> Iterator[str]:
    if recipe.freeze == "encoder":
        yield f"--freeze encoder: {checkpoint.name} is a decoder alone: leave it out"
    if recipe.rdrop and not recipe.attention_dropout and checkpoint.kind in WITHOUT_DROPOUT:
        yield (
            f"--rdrop compares two passes with dropout, and {checkpoint.kind} has none of hidden states: give "
            "--attention-dropout, or leave it out"
        )


def _weights(recipe: Finetune, encoder: Pretrained | None, decoder: Pretrained | None) -> Iterator[str]:
    """What is said of pretrained weights where there are none, or none that are trained."""
    if recipe.random_weights and encoder is None and decoder is None:
        yield "--random-weights forgets pretrained weights, and this network has none: leave it out"
    if decoder is None and recipe.cross_attention != "new":
        yield (
            f"--cross-attention {recipe.cross_attention} copies a pretrained decoder's self-attention, and the "
            "decoder is new: leave it out, or name a --decoder"
        )
    elif recipe.random_weights and recipe.cross_attention != "new" and recipe.head == "plain":
        yield f"--cross-attention {recipe.cross_attention} copies weights that --random-weights forgets: leave out one"
    why, *names = _untrained(recipe, encoder, decoder)
    for name in chosen(recipe, *names):
        yield f"{_flags([name])} is about pretrained weights, and {why}: leave it out"


def _untrained(recipe: Finetune, encoder: Pretrained | None, decoder: Pretrained | None) -> tuple[str, ...]:
    """Why no pretrained weights are trained, and the settings that then do nothing."""
    if encoder is None and decoder is None:
        return "this network has none", "freeze", *_RATES
    if recipe.random_weights:
        return "--random-weights forgets them", "freeze", *_RATES
    if encoder is None and recipe.freeze == "encoder":
        return "the encoder is new", "freeze"
    if decoder is None and recipe.freeze == "encoder":
        return "all of them are in the encoder, which --freeze keeps as it is", *_RATES
    return ("",)


def refuse_settled(recipe: Finetune, translator: Folder) -> None:
    """Raise RecipeError for settings of which a finished translator, which is trained on, has its own already."""
    names = [name for name in (*Architecture.model_fields, *Vocabulary.model_fields) if name not in _STILL_FREE]
    found = chosen(recipe, *names, usual={**translator.recipe, "max_length": translator.max_length})
    if found:
        raise RecipeError(
            f"{translator.path} is a translator, whose network and vocabularies stay: leave out {_flags(found)}"
        )
    if recipe.pretrained_learning_rate and chosen(recipe, "learning_rate", usual=translator.recipe):
        raise RecipeError(
            f"all weights of {translator.path} are pretrained: --learning-rate does nothing beside "
            "--pretrained-learning-rate; give one"
        )


def _flags(names: Sequence[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)
