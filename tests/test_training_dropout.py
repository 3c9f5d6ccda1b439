"""The dropout of a recipe that says none."""

from __future__ import annotations

import json
import signal
import tomllib

import pytest
import tiny_run
from checkpoints import checkpoint
from tiny_run import Killer, Listening, same

from calque.errors import Interrupted, RecipeError
from calque.recipes.finetune import Finetune
from calque.recipes.preset import with_preset
from calque.training.dropout import suiting, with_dropout
from calque.training.finetune import finetune
from calque.training.progress import Silence

NEEDED = {"source": "en", "target": "fr", "train": ("t",), "dev": ("d",), "out": "o", "model": "tiny"}
BERT = {"model": "some/bert"}
SHORT = "a run of up to 30 minutes is too short for"


@pytest.mark.parametrize(
    ("pairs", "settings", "chosen", "why"),
    [
        (800, {}, 0.4, "800 pairs, from scratch"),
        (5_000, {}, 0.4, "5,000 pairs, from scratch"),
        (5_001, {}, 0.3, "5,001 pairs, from scratch"),
        (29_000, {}, 0.3, "29,000 pairs, from scratch"),
        (30_001, {}, 0.2, "30,001 pairs, from scratch"),
        (200_000, {}, 0.2, "200,000 pairs, from scratch"),
        (200_001, {}, 0.1, "200,001 pairs, from scratch"),
        (800, BERT, 0.3, "800 pairs, pretrained"),
        (29_000, BERT, 0.2, "29,000 pairs, pretrained"),
        (30_001, BERT, 0.1, "30,001 pairs, pretrained"),
        (10_000_000, BERT, 0.1, "10,000,000 pairs, pretrained"),
        (29_000, {"decoder": "some/bert"}, 0.2, "29,000 pairs, pretrained"),
        (29_000, BERT | {"random_weights": True}, 0.3, "29,000 pairs, from scratch"),
        (800, BERT | {"adapter": "lora"}, 0.1, "what is trained is an adapter"),
        (29_000, {"minutes": 31}, 0.3, "29,000 pairs, from scratch"),
        (29_000, {"minutes": 5}, 0.1, f"29,000 pairs, from scratch; {SHORT} 0.3"),
        (29_000, {"minutes": 30}, 0.1, f"29,000 pairs, from scratch; {SHORT} 0.3"),
        (300_000, {"minutes": 5}, 0.1, "300,000 pairs, from scratch"),
    ],
)
def test_dropout_suits_the_number_of_pairs(pairs, settings, chosen, why):
    assert suiting(Finetune.of(NEEDED | settings), pairs) == (chosen, why)


def test_a_number_that_is_given_wins():
    listening = Listening()
    recipe = Finetune.of(NEEDED | {"dropout": 0.0})
    assert with_dropout(recipe, 800, listening, {"dropout": 0.4}) is recipe
    assert listening.told == ""


def test_presets_with_published_numbers_keep_their_dropout():
    assert with_preset({"model": "minilm"})["dropout"] == 0.1
    assert with_dropout(Finetune.of(NEEDED | {"model": "minilm"}), 800, Silence()).dropout == 0.1
    assert with_dropout(Finetune.of(NEEDED | {"minutes": 30}), 29_000, Silence()).dropout == 0.1


@pytest.fixture
def settings(tmp_path):
    return tiny_run.settings(tmp_path) | {"steps": 8, "validate_every": 4, "log_every": 1, "average": 1}


def test_the_choice_is_told_written_down_and_kept_by_a_resumed_run(settings, tmp_path):
    listening = Listening()
    report = finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}), listener=listening)
    assert "dropout 0.4: 80 pairs, from scratch" in listening.told
    assert report.recipe["dropout"] == 0.4
    assert tomllib.loads((tmp_path / "whole" / "recipe.toml").read_text())["dropout"] == 0.4
    assert json.loads((tmp_path / "whole" / "config.json").read_text())["encoder"]["hidden_dropout_prob"] == 0.4
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Killer(6, signal.SIGTERM))
    assert tomllib.loads((tmp_path / "model.run" / "recipe.toml").read_text())["dropout"] == 0.4
    with pytest.raises(RecipeError, match=r"dropout was 0\.4, is 0\.1"):
        finetune(Finetune.of(settings | {"dropout": 0.1}), resume=True)
    resumed = Listening()
    finetune(Finetune.of(settings), resume=True, listener=resumed)
    assert "dropout 0.4: as the run began" in resumed.told
    assert same(tmp_path / "model", tmp_path / "whole")


def test_a_run_with_a_number_of_its_own_is_resumed_with_it(settings, tmp_path):
    own = settings | {"dropout": 0.25}
    finetune(Finetune.of(own | {"out": str(tmp_path / "whole")}))
    with pytest.raises(Interrupted):
        finetune(Finetune.of(own), listener=Killer(6, signal.SIGTERM))
    finetune(Finetune.of(settings), resume=True)
    assert same(tmp_path / "model", tmp_path / "whole")


def test_a_pretrained_network_and_a_translator_that_is_trained_on_get_theirs(settings, tmp_path):
    for name in ("width", "heads", "feed_forward", "source_pieces"):
        settings.pop(name)
    bert = settings | {"model": str(checkpoint(tmp_path / "bert", "bert")), "decoder": "new", "max_length": 64}
    listening = Listening()
    finetune(Finetune.of(bert | {"steps": 1, "validate_every": 1}), listener=listening)
    assert "dropout 0.3: 80 pairs, pretrained" in listening.told
    on = {name: settings[name] for name in ("train", "dev", "source", "target", "device", "precision", "attention")}
    again = Listening()
    finetune(
        Finetune.of(on | {"model": str(tmp_path / "model"), "out": str(tmp_path / "on"), "steps": 1, "probes": False}),
        listener=again,
    )
    assert "dropout 0.3: 80 pairs, pretrained" in again.told
    assert json.loads((tmp_path / "on" / "config.json").read_text())["decoder"]["hidden_dropout_prob"] == 0.3


def test_rdrop_goes_with_a_dropout_that_is_chosen_later():
    assert Finetune.of(NEEDED | {"rdrop": 1.0}).dropout is None


def test_a_network_assembled_without_a_number_keeps_that_of_its_configuration():
    from transformers import BertConfig

    from calque.model.parts import set_dropout

    config = BertConfig(hidden_dropout_prob=0.15)
    set_dropout(config, None, 0.0)
    assert (config.hidden_dropout_prob, config.attention_probs_dropout_prob) == (0.15, 0.0)
