from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest
import tiny_run
import torch
from checkpoints import checkpoint, corpus, numbers
from tiny_run import Killer, Listening, weights

from calque.errors import DataError, Interrupted, RecipeError
from calque.recipes.finetune import Finetune
from calque.recipes.optimisation import Optimisation
from calque.training.card import command
from calque.training.finetune import begin, finetune
from calque.training.loop import accelerator_of
from calque.training.objective import Scored, Translation
from calque.training.optimizer import optimizer_of
from calque.training.progress import Message, Step, Validation
from calque.training.rows import fitting, read
from calque.training.schedule import freeze
from calque.training.update import gradient


@pytest.fixture
def settings(tmp_path):
    return tiny_run.settings(tmp_path)


def test_gradients_do_not_depend_on_how_the_batch_was_cut(settings):
    recipe = Finetune.of(settings | {"dropout": 0.0})
    start, _ = begin(recipe, text := read(recipe.train, "en", "fr"))
    rows = fitting(list(text), start.source, start.target)[0][:16]
    objective = Translation(start.family, label_smoothing=0.1)
    scored, accelerator = Scored(start.module.train(), objective), accelerator_of(recipe)
    gradients = []
    for size in (16, 4, 1):
        batches = [objective.batch(rows[i : i + size]) for i in range(0, 16, size)]
        gradient(accelerator, scored, batches)
        gradients.append({n: p.grad.clone() for n, p in scored.named_parameters() if p.grad is not None})
        scored.zero_grad()
    assert gradients[0]
    for other in gradients[1:]:
        for name, one in gradients[0].items():
            if one.norm() > 1e-7:  # a key's bias has none but rounding: softmax does not see it
                assert (one - other[name]).norm() / one.norm() < 1e-6, name


def test_a_run_ends_in_a_folder_and_tells_on_the_way(settings, tmp_path):
    listening = Listening()
    report = finetune(Finetune.of(settings), listener=listening)
    out = tmp_path / "model"
    assert sorted(p.name for p in out.iterdir()) == [
        "README.md", "calque.json", "config.json", "generation_config.json", "metrics.jsonl", "model.safetensors",
        "recipe.toml", "report.json", "source", "target",
    ]  # fmt: skip
    assert not (tmp_path / "model.run").exists()
    assert [e.step for e in listening.events if isinstance(e, Validation)] == [8, 16, 24]
    assert any(isinstance(e, Step) and e.total == 24 for e in listening.events)
    assert any(isinstance(e, Message) and "train: 80 pairs" in e.text for e in listening.events)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "chrF2" in line and "chosen" not in line] == [8, 16, 24]
    assert json.loads((out / "report.json").read_text())["steps"] == report.details["steps"] == 24
    with pytest.raises(RecipeError, match="exists already"):
        finetune(Finetune.of(settings))


def test_one_seed_one_result(settings, tmp_path):
    for name in ("a", "b"):
        finetune(Finetune.of(settings | {"out": str(tmp_path / name)}))
    first, second = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "adafactor"])
def test_ctrl_c_saves_and_resume_goes_on_bit_exactly(settings, tmp_path, optimizer):
    settings |= {"optimizer": optimizer, "steps": 10, "validate_every": 5, "log_every": 1, "save_every": 100}
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    with pytest.raises(Interrupted, match="SIGINT after step 6; saved, go on with the same command and --resume"):
        finetune(Finetune.of(settings), listener=Killer(6, signal.SIGINT))
    with pytest.raises(RecipeError, match="--resume goes on with that run, --restart begins anew"):
        finetune(Finetune.of(settings))
    with pytest.raises(RecipeError, match=r"learning_rate was 0\.002, is 0\.1"):
        finetune(Finetune.of(settings | {"learning_rate": 0.1}), resume=True)
    finetune(Finetune.of(settings), resume=True)
    whole, resumed = weights(tmp_path / "whole"), weights(tmp_path / "model")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    steps = [json.loads(line)["step"] for line in (tmp_path / "model" / "metrics.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 10]


@pytest.mark.slow
def test_kill_9_at_a_random_moment_loses_nothing(settings, tmp_path):
    settings |= {"micro_batch_tokens": 100}
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    script = tmp_path / "run.py"
    script.write_text(
        "import json, sys\n"
        "from calque.recipes.finetune import Finetune\n"
        "from calque.training.finetune import finetune\n"
        "finetune(Finetune.of(json.loads(sys.argv[1])), resume=sys.argv[2] == 'yes')\n"
    )
    run = tmp_path / "model.run"
    process = subprocess.Popen([sys.executable, str(script), json.dumps(settings), "no"])
    while not (run / "checkpoints").exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(random.random() * 0.3)
    process.kill()
    process.wait()
    if not (tmp_path / "model").exists():  # it may have been faster than the signal
        subprocess.run([sys.executable, str(script), json.dumps(settings), "yes"], check=True)
    whole, resumed = weights(tmp_path / "whole"), weights(tmp_path / "model")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_resume_of_nothing_and_changed_text_are_refused(settings, tmp_path):
    with pytest.raises(RecipeError, match="nothing to resume"):
        finetune(Finetune.of(settings), resume=True)
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings | {"log_every": 1}), listener=Killer(2, signal.SIGTERM))
    with (tmp_path / "data" / "dev.en").open("a") as file:
        file.write("ten.\n")
    with (tmp_path / "data" / "dev.fr").open("a") as file:
        file.write("dix.\n")
    with pytest.raises(DataError, match="changed since the run began"):
        finetune(Finetune.of(settings | {"log_every": 1}), resume=True)


def test_early_stopping_and_time_limits_end_a_run(settings, tmp_path):
    report = finetune(Finetune.of(settings | {"learning_rate": 1e-9, "patience": 1, "steps": 1000}))
    assert report.details["steps"] < 1000
    settings.pop("steps")
    timed = finetune(Finetune.of(settings | {"out": str(tmp_path / "timed"), "minutes": 0.05, "validate_every": 1000}))
    assert timed.details["training_seconds"] >= 3


def test_pretrained_parts_can_be_frozen(settings, tmp_path):
    bert = checkpoint(tmp_path / "bert", "bert")
    for name in ("width", "heads", "feed_forward", "source_pieces"):
        settings.pop(name)
    recipe = Finetune.of(settings | {"model": str(bert), "max_length": 64, "freeze": "encoder", "decoder": "new"})
    start, _ = begin(recipe, read(recipe.train, "en", "fr"))
    freeze(recipe, start.module, start.pretrained)
    trained = {name for name, p in start.module.named_parameters() if p.requires_grad}
    assert trained
    assert not any(name.startswith("encoder.") for name in trained)


def test_groups_have_the_rates_of_their_origin():
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    recipe = Optimisation(learning_rate=1e-3, pretrained_learning_rate=1e-4, weight_decay=0.1)
    optimizer = optimizer_of(recipe, module, {"0.weight", "0.bias"})
    assert [(len(g["params"]), g["lr"], g["weight_decay"]) for g in optimizer.param_groups] == [
        (1, 1e-3, 0.0), (1, 1e-3, 0.1), (1, 1e-4, 0.0), (1, 1e-4, 0.1),
    ]  # fmt: skip


def test_pairs_that_are_too_long_are_dropped_and_counted(settings, tmp_path):
    long = (" ".join(["one"] * 100), "un")
    settings["train"] = [corpus(tmp_path / "data", "long", [*numbers(30), long])]
    listening = Listening()
    finetune(Finetune.of(settings | {"max_length": 32, "steps": 1}), listener=listening)
    told = [e.text for e in listening.events if isinstance(e, Message)]
    assert "train: 30 pairs (dropped: 1 longer than max_length)" in told


def test_a_translator_can_be_trained_on(settings, tmp_path):
    finetune(Finetune.of(settings | {"steps": 4}))
    on = settings | {"model": str(tmp_path / "model"), "out": str(tmp_path / "on"), "steps": 4, "unfreeze": 0.5}
    finetune(Finetune.of(on))
    with pytest.raises(RecipeError, match="translates en to fr, not fr to en"):
        finetune(Finetune.of(on | {"out": str(tmp_path / "back"), "source": "fr", "target": "en"}))


def test_the_card_repeats_what_differs_from_the_preset():
    recipe = Finetune(model="minilm", decoder="same", train=("t",), dev=("d",), source="en", target="fr", out="o")
    told = command(recipe.model_dump(mode="json", exclude_none=True))
    assert told == ("calque finetune --model minilm --decoder same --source en --target fr --train t --dev d --out o")


def test_tensorboard_events_stay_with_the_folder(settings, tmp_path):
    pytest.importorskip("tensorboard")
    finetune(Finetune.of(settings | {"steps": 2, "tensorboard": True}))
    assert list((tmp_path / "model" / "tensorboard").iterdir())


@pytest.mark.parametrize("idle", [{"freeze": "encoder"}, {"unfreeze": 0.5}, {"cross_attention": "self"}])
def test_settings_that_would_do_nothing_are_refused(settings, tmp_path, idle):
    with pytest.raises(RecipeError, match="leave"):
        finetune(Finetune.of(settings | idle))
    assert not (tmp_path / "model.run").exists()


def test_a_resumed_continuation_keeps_its_own_dropout(settings, tmp_path):
    finetune(Finetune.of(settings | {"steps": 2, "dropout": 0.1}))
    on = settings | {"model": str(tmp_path / "model"), "steps": 6, "dropout": 0.3, "log_every": 1, "save_every": 100}
    finetune(Finetune.of(on | {"out": str(tmp_path / "whole")}))
    with pytest.raises(Interrupted):
        finetune(Finetune.of(on | {"out": str(tmp_path / "on")}), listener=Killer(3, signal.SIGINT))
    finetune(Finetune.of(on | {"out": str(tmp_path / "on")}), resume=True)
    whole, resumed = weights(tmp_path / "whole"), weights(tmp_path / "on")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
