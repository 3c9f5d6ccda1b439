"""Settings that would do nothing: refused where they were chosen, accepted where they are only spelled out."""

from __future__ import annotations

import pytest

from calque.errors import RecipeError
from calque.model.folder import write_recipe
from calque.recipes.check import Check
from calque.recipes.demo import Demo
from calque.recipes.evaluate import Evaluate
from calque.recipes.finetune import Finetune
from calque.recipes.idle import chosen
from calque.recipes.preset import presets
from calque.recipes.sources import resolve

NEEDED = {"source": "en", "target": "fr", "train": ("t",), "dev": ("d",), "model": "some/bert", "out": "o"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"momentum": 0.5}, "momentum belongs to sgd, and the optimizer is adamw; leave it out"),
        ({"momentum": 0.5, "optimizer": "adafactor"}, "momentum belongs to sgd, and the optimizer is adafactor"),
        ({"beta1": 0.8, "optimizer": "sgd"}, "beta1 belongs to Adam, and the optimizer is sgd"),
        ({"beta2": 0.999, "optimizer": "adafactor"}, "beta2 belongs to Adam, and the optimizer is adafactor"),
        (
            {"weight_decay": 0.1, "optimizer": "adam"},
            "weight_decay does nothing with adam, the classical one",
        ),
        ({"rdrop": 1.0, "dropout": 0.0}, "rdrop compares two passes with dropout, and there is no dropout"),
        ({"validations": 20, "validate_every": 100}, "validations does nothing beside validate_every; leave it out"),
        ({"validations": 1, "average": 3}, "average is about several validations, and the run has one; leave it out"),
        ({"patience": 9}, "patience 9 can never stop a run of 10 validations early: lower it, or validate more often"),
        ({"patience": 3, "validate_every": 50, "steps": 180}, "patience 3 can never stop a run of 4 validations early"),
        ({"n_best": 2}, "n_best does nothing in training, where only best translations are scored: leave it out"),
        ({"beam": 8}, "beam is for the test text, and there is none (validation searches greedily); leave it out"),
        ({"longest_ratio": 2.0}, "longest_ratio is for the test text"),
        ({"momentum": 0.5, "beam": 8}, "the optimizer is adamw; leave it out; beam is for the test text"),
    ],
)
def test_training_refuses_what_would_do_nothing(settings, message):
    with pytest.raises(RecipeError) as caught:
        resolve(Finetune, NEEDED | settings)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"momentum": 0.5, "optimizer": "sgd"},
        {"momentum": 0.9, "beta1": 0.9, "beta2": 0.98, "optimizer": "adafactor"},
        {"beta1": 0.8, "optimizer": "adam"},
        {"weight_decay": 0.0, "optimizer": "adam"},
        {"weight_decay": 0.1, "optimizer": "sgd"},
        {"rdrop": 1.0, "dropout": 0.0, "attention_dropout": 0.1},
        {"validations": 10, "validate_every": 100},
        {"validations": 1},
        {"validations": 1, "average": 1},
        {"patience": 8},
        {"patience": 30, "validate_every": 50},
        {"beam": 8, "longest_ratio": 2.0, "test": ("x",)},
        {"adapter": "lora", "model": "tiny", "decoder": "some/bert"},
    ],
)
def test_training_takes_what_does_something_or_is_a_default(settings):
    assert resolve(Finetune, NEEDED | settings)


@pytest.mark.parametrize("model", ["some/bert", *presets()])
def test_a_resolved_recipe_is_loadable_with_everything_spelled_out(model, tmp_path):
    recipe = resolve(Finetune, NEEDED | {"model": model, "validate_every": 100})
    write_recipe(recipe, tmp_path / "recipe.toml")
    again = resolve(Finetune, {}, tmp_path / "recipe.toml")
    assert again == recipe
    assert again.model_fields_set >= {"momentum", "width", "average", "validations"}


def test_chosen_is_what_neither_default_nor_preset_nor_usage_says():
    names = ("validations", "decoder_layers", "learning_rate", "unfreeze", "threads")
    assert chosen(Finetune(**NEEDED | {"model": "minilm"}), *names) == []
    own = Finetune(**NEEDED | {"model": "minilm", "validations": 10, "decoder_layers": 4, "learning_rate": 1e-4})
    assert chosen(own, *names) == ["decoder_layers", "learning_rate"]
    assert chosen(own, *names, usual={"decoder_layers": 4}) == ["learning_rate"]


def test_evaluation_scores_only_the_best():
    with pytest.raises(RecipeError, match="n_best does nothing here, where only best translations are scored"):
        resolve(Evaluate, {"folder": "f", "test": ("t",), "n_best": 2})


def test_a_check_without_a_model_has_nothing_to_say_of_one():
    settings = {"source": "en", "target": "fr", "train": ("t",)}
    with pytest.raises(RecipeError, match="max_length, timed_steps: about a model, and there is none: give"):
        resolve(Check, settings | {"max_length": 64, "timed_steps": 9})
    assert resolve(Check, settings | {"max_length": 128, "device": "cpu", "threads": 1})
    assert resolve(Check, settings | {"max_length": 64, "timed_steps": 9, "model": "minilm"})


def test_the_demo_has_one_limit_and_none_for_its_corpus(tmp_path):
    with pytest.raises(RecipeError, match="minutes and steps contradict each other: give one"):
        resolve(Demo, {"out": "o", "minutes": 1.0, "steps": 3})
    with pytest.raises(RecipeError, match="about training, and with corpus_only there is none"):
        resolve(Demo, {"out": "o", "steps": 3, "corpus_only": True})
    (tmp_path / "r.toml").write_text("minutes = 1\n")
    assert resolve(Demo, {"out": "o", "steps": 3}, tmp_path / "r.toml").minutes is None
