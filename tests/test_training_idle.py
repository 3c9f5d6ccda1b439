"""Settings that would do nothing with the models that were found."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkpoints import checkpoint, corpus, numbers

from calque.errors import ModelError, RecipeError
from calque.model.folder import Folder
from calque.model.pretrained import Pretrained
from calque.recipes.finetune import Finetune
from calque.recipes.sources import resolve
from calque.training.finetune import begin, finetune
from calque.training.idle import refuse_idle, refuse_settled
from calque.training.rows import read

NEEDED = {"source": "en", "target": "fr", "train": ("t",), "dev": ("d",), "model": "bert", "out": "o"}
BERT = Pretrained("bert", Path("bert"), {"model_type": "bert"})


def refused(encoder, decoder, **settings):
    """What the refusal says, or None."""
    try:
        refuse_idle(resolve(Finetune, NEEDED | settings), encoder, decoder)
    except RecipeError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("encoder", "decoder", "settings", "message"),
    [
        (
            BERT,
            None,
            {"width": 256},
            "--width: for networks from scratch (--model tiny), and bert has",
        ),
        (
            BERT,
            BERT,
            {"width": 512, "heads": 8, "feed_forward": 99},
            "--width, --heads, --feed-forward: for networks from scratch",
        ),
        (BERT, None, {"width": 256, "random_weights": True}, "--width: for networks from scratch"),
        (None, None, {"pretrained_learning_rate": 1e-4}, "about pretrained weights, and this network has none: leave"),
        (None, None, {"freeze": "embeddings"}, "--freeze is about pretrained weights, and this network has none"),
        (None, None, {"layer_decay": 0.8}, "--layer-decay is about pretrained weights, and this network has none"),
        (
            BERT,
            None,
            {"random_weights": True, "layer_decay": 0.8},
            "--layer-decay is about pretrained weights, and --r",
        ),
        (BERT, None, {"freeze": "encoder", "layer_decay": 0.8}, "--layer-decay is about pretrained weights, and all"),
        (None, None, {"unfreeze": 0.5}, "--unfreeze is about pretrained weights, and this network has none"),
        (
            None,
            None,
            {"random_weights": True},
            "--random-weights forgets pretrained weights, and this network",
        ),
        (
            BERT,
            BERT,
            {"random_weights": True, "unfreeze": 0.5},
            "--unfreeze is about pretrained weights, and --ran",
        ),
        (
            BERT,
            None,
            {"random_weights": True, "freeze": "encoder"},
            "--freeze is about pretrained weights, and --ran",
        ),
        (
            None,
            BERT,
            {"freeze": "encoder"},
            "--freeze is about pretrained weights, and the encoder is new",
        ),
        (
            BERT,
            None,
            {"freeze": "encoder", "unfreeze": 0.5},
            "--unfreeze is about pretrained weights, and all",
        ),
        (
            *(BERT, None, {"freeze": "encoder", "pretrained_learning_rate": 1e-4}),
            "--pretrained-learning-rate is about pretrained weights, and all of them are in the encoder",
        ),
        (
            BERT,
            None,
            {"cross_attention": "self"},
            "--cross-attention self copies a pretrained decoder's",
        ),
        (
            BERT,
            BERT,
            {"cross_attention": "self", "random_weights": True},
            "copies weights that --random-weights",
        ),
    ],
)
def test_what_would_do_nothing_is_refused(encoder, decoder, settings, message):
    assert message in (refused(encoder, decoder, **settings) or "nothing was refused")


@pytest.mark.parametrize(
    ("encoder", "decoder", "settings"),
    [
        (BERT, None, {"width": 128, "heads": 4, "feed_forward": 512}),
        (None, None, {"width": 256, "heads": 8, "feed_forward": 99}),
        (None, None, {"model": "tiny"}),
        (BERT, None, {"model": "minilm"}),
        (BERT, None, {"model": "minilm", "random_weights": True}),
        (BERT, None, {"model": "minilm", "freeze": "encoder"}),
        (None, BERT, {"freeze": "embeddings", "unfreeze": 0.5, "pretrained_learning_rate": 1e-4}),
        (BERT, BERT, {"freeze": "encoder", "unfreeze": 0.5, "pretrained_learning_rate": 1e-4}),
        (BERT, BERT, {"cross_attention": "self"}),
        (BERT, None, {"layer_decay": 0.8}),
        (None, BERT, {"layer_decay": 0.8}),
        (None, None, {"layer_decay": 1.0}),
    ],
)
def test_what_does_something_or_is_a_default_or_a_presets_is_taken(encoder, decoder, settings):
    assert refused(encoder, decoder, **settings) is None


def translator(tmp_path, recipe="") -> Folder:
    tmp_path.joinpath("recipe.toml").write_text(recipe)
    return Folder(tmp_path, "pair", "en", "fr", 64, {})


def test_a_finished_translator_keeps_its_network(tmp_path):
    before = translator(tmp_path, "decoder = 'new'\ndecoder_layers = 3\nlearning_rate = 1e-3\n")
    refuse_settled(resolve(Finetune, NEEDED | {"dropout": 0.3, "max_length": 64, "learning_rate": 1e-4}), before)
    refuse_settled(
        resolve(Finetune, NEEDED | {"decoder": "new", "decoder_layers": 3, "pretrained_learning_rate": 1e-4}), before
    )
    with pytest.raises(RecipeError, match="network and vocabularies stay: leave out --decoder-layers, --max-length"):
        refuse_settled(resolve(Finetune, NEEDED | {"decoder_layers": 2, "max_length": 100}), before)
    with pytest.raises(RecipeError, match="--learning-rate does nothing beside --pretrained-learning-rate; give one"):
        refuse_settled(resolve(Finetune, NEEDED | {"learning_rate": 1e-5, "pretrained_learning_rate": 1e-4}), before)


def test_a_translator_with_a_damaged_recipe_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match=r"recipe\.toml: damaged"):
        refuse_settled(resolve(Finetune, NEEDED), translator(tmp_path, "decoder = \n"))


@pytest.fixture
def settings(tmp_path):
    pairs = numbers(60)
    return {
        **{"source": "en", "target": "fr", "out": str(tmp_path / "out"), "max_length": 64, "decoder": "new"},
        "train": (corpus(tmp_path / "data", "train", pairs[:50]),),
        "dev": (corpus(tmp_path / "data", "dev", pairs[50:]),),
        "model": str(checkpoint(tmp_path / "bert", "bert")),
    }


def test_a_run_that_is_refused_leaves_nothing(settings, tmp_path):
    with pytest.raises(RecipeError, match="--width: for networks from scratch"):
        finetune(resolve(Finetune, settings | {"width": 256}))
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(("side", "how"), [("source", "trimmed"), ("target", "kept")])
def test_pieces_are_about_new_vocabularies(settings, side, how):
    recipe = resolve(Finetune, settings | {f"{side}_pieces": 400, "target_vocabulary": "keep"})
    with pytest.raises(RecipeError, match=rf"{side}_pieces = 400 is about a new vocabulary, and that of .* is {how}"):
        begin(recipe, read(recipe.train, "en", "fr"))
