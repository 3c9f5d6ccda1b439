"""One-language text becomes a language model, whole and repeatable."""

from __future__ import annotations

import gzip
import json
import math
import signal
import subprocess
import sys

import pytest
import tiny_pretraining
import torch
import transformers
from language_models import counting, language_model, written
from tiny_pretraining import CLASSES, continued, recipe
from tiny_run import Killer, Listening, same, weights

import calque
from calque.corpus.monolingual import Monolingual
from calque.errors import DataError, Interrupted, ModelError, RecipeError
from calque.text.codec import Codec
from calque.training.pretrain import pretrain
from calque.training.progress import Validation

OBJECTIVES = ("mlm", "clm", "denoise")


@pytest.fixture
def settings(tmp_path):
    return tiny_pretraining.settings(tmp_path)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_objective_is_learned_and_its_folder_needs_transformers_alone(settings, tmp_path, objective):
    listening = Listening()
    rate = {"learning_rate": 1e-2, "steps": 40, "validate_every": 20, "probes": True, "language": ["fr"]}
    report = pretrain(recipe(settings, objective, **rate), listener=listening)
    losses = [event.loss for event in listening.events if isinstance(event, Validation)]
    assert losses[1] < losses[0] < math.log(300)
    out = tmp_path / "model"
    assert sorted(file.name for file in out.iterdir()) == sorted(
        ["README.md", "config.json", "metrics.jsonl", "model.safetensors", "recipe.toml", "report.json"]
        + ["tokenizer.json", "tokenizer_config.json"] + ["generation_config.json"] * (objective != "mlm")
    )  # fmt: skip
    assert not (tmp_path / "model.run").exists()
    module, info = CLASSES[objective].from_pretrained(out, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    line = counting(3)[2]
    assert tokenizer(line).input_ids == Codec.load(out).encode(line)
    assert (tokenizer.mask_token == "<mask>") == (objective != "clm")
    assert module.config.vocab_size == len(tokenizer)
    dev = report.details["dev"]
    assert dev["perplexity"] == pytest.approx(math.exp(dev["loss"]))
    assert json.loads((out / "report.json").read_text())["dev"] == dev
    card = (out / "README.md").read_text()
    command = next(line for line in card.splitlines() if line.startswith("calque pretrain "))
    assert "--text text.fr --language fr" in command
    assert f"--objective {objective}" in command
    assert f"{dev['bits_per_character']:.3f} bits per character" in card
    assert "language: ['fr']" in card


def test_bits_per_character_are_those_of_transformers_own_loss(settings, tmp_path):
    held_out = counting(230)[200:]
    dev = written(tmp_path / "dev.fr", held_out)
    report = pretrain(recipe(settings, "clm", dev=[dev]))
    module = CLASSES["clm"].from_pretrained(tmp_path / "model").double().eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    nats = tokens = 0.0
    for line in held_out:
        ids = torch.tensor([tokenizer(line).input_ids])
        scored = ids.shape[1] - 1
        nats += float(module(input_ids=ids, labels=ids).loss.detach()) * scored
        tokens += scored
    characters = sum(len(line) + 1 for line in held_out)
    assert report.details["dev"]["loss"] == pytest.approx(nats / tokens, rel=1e-5)
    assert report.details["dev"]["bits_per_character"] == pytest.approx(nats / math.log(2) / characters, rel=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_run_that_was_stopped_goes_on_bit_exactly(settings, tmp_path, objective):
    pretrain(recipe(settings, objective, out=str(tmp_path / "whole")))
    with pytest.raises(Interrupted, match="SIGINT after step 6; saved"):
        pretrain(recipe(settings, objective), listener=Killer(6, signal.SIGINT))
    with pytest.raises(RecipeError, match="--resume goes on with that run, --restart begins anew"):
        pretrain(recipe(settings, objective))
    with pytest.raises(RecipeError, match=r"seed was 1, is 2"):
        pretrain(recipe(settings, objective, seed=2), resume=True)
    pretrain(recipe(settings, objective), resume=True)
    assert same(tmp_path / "whole", tmp_path / "model")


def test_gradients_do_not_depend_on_how_the_batch_was_cut(settings, tmp_path):
    for name, cut in (("whole", {}), ("cut", {"micro_batch_tokens": 100})):
        pretrain(recipe(settings, "mlm", out=str(tmp_path / name), dropout=0.0, optimizer="sgd", **cut))
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-5


def test_resume_refuses_text_that_changed(settings):
    with pytest.raises(Interrupted):
        pretrain(recipe(settings, "clm"), listener=Killer(2, signal.SIGTERM))
    written_to = settings["text"][0]
    with open(written_to, "a") as file:  # noqa: PTH123 - the settings hold text
        file.write("dix.\n")
    with pytest.raises(DataError, match="the text files changed since the run began"):
        pretrain(recipe(settings, "clm"), resume=True)


def test_held_out_lines_are_not_trained_on(settings, tmp_path):
    lines = counting(100)
    settings["text"] = [written(tmp_path / "twice.fr", [*lines, "", *lines[:97]])]
    listening = Listening()
    report = pretrain(recipe(settings, "clm", steps=1), listener=listening)
    assert report.details["held_out"] == "9 of the text's 197 lines, evenly spaced, which are not trained on"
    assert report.details["lines"] == 179  # each of these is there twice
    assert "text: 179 lines, 179 rows" in listening.told
    assert "1 blank lines left out, 18 held-out lines left out" in listening.told


def test_dev_text_that_is_trained_on_is_refused(settings, tmp_path):
    dev = written(tmp_path / "dev.fr", ["autre chose", *counting(200)[50:60]])
    message = r"dev\.fr:2: 10 of 11 different held-out lines are in the training text too \(this one at .*text\.fr:51\)"
    with pytest.raises(DataError, match=message):
        pretrain(recipe(settings, "clm", dev=[dev]))
    assert not (tmp_path / "model.run").exists()
    few = written(tmp_path / "few.fr", [*counting(240)[200:], counting(200)[7]])
    listening = Listening()
    pretrain(recipe(settings, "clm", dev=[few], steps=1), listener=listening)
    assert "text: 199 lines, 199 rows" in listening.told


def test_packed_files_are_read(settings, tmp_path):
    packed = tmp_path / "text.gz"
    packed.write_bytes(gzip.compress("\n".join(counting(60)).encode()))
    assert Monolingual.read([str(packed)], [""]).count == 60
    assert pretrain(recipe(settings, "mlm", text=[str(packed)], steps=1)).details["lines"] == 57


def test_long_lines_are_cut_and_counted(settings, tmp_path):
    settings["text"] = [written(tmp_path / "long.fr", [" ".join(counting(30)), *counting(60)])]
    listening = Listening()
    pretrain(recipe(settings, "clm", steps=1), listener=listening)
    assert "1 lines spread over several rows of 48 tokens" in listening.told


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"text": ["txt.fr"]}, DataError, r"no file txt\.fr; in that folder: text\.fr"),
        ({"text": ["blank"]}, DataError, "blank: there is no text in it"),
        ({"text": ["short"]}, DataError, "3 lines are too few to hold some of them out: give held-out text with --dev"),
        ({"text": ["latin"]}, DataError, "latin:2: byte 0xE9 is not UTF-8"),
        ({"dev": ["text.fr"]}, DataError, "are in the training text too"),
        ({"model": "gpt2"}, ModelError, "which cannot be trained by mlm: --objective clm fits it"),
        ({"model": "bert", "max_length": 80}, ModelError, "knows 70 positions: --max-length 80 is too long"),
        ({"model": "bert", "freeze": "embeddings", "unfreeze": 0.5}, None, ""),
        ({"model": "distilbert", "layer_decay": 0.5}, None, ""),
        ({"model": "absent/folder/x"}, ModelError, "no such folder"),
    ],
)
def test_bad_input_is_told(settings, tmp_path, monkeypatch, more, error, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blank").write_text("\n \n")
    (tmp_path / "short").write_text("un\ndeux\ntrois\n")
    (tmp_path / "latin").write_bytes("un\nété\n".encode("latin-1"))
    if "model" in more:
        for kind in ("bert", "gpt2", "distilbert"):
            language_model(tmp_path / kind, kind, kind == "gpt2")
        given = continued(settings, more.pop("model"), "mlm", **more)
    else:
        given = recipe(settings, "mlm", **more)
    if error is None:
        pretrain(given)
        return
    with pytest.raises(error, match=message):
        pretrain(given)
    assert not (tmp_path / "model.run").exists()


@pytest.mark.slow
def test_two_processes_learn_what_one_does(settings, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import json, sys\n"
        "from calque.recipes.pretrain import Pretrain\n"
        "from calque.training.pretrain import pretrain\n"
        "pretrain(Pretrain.of(json.loads(sys.argv[1])))\n"
    )
    losses = []
    for processes in (1, 2):
        out = tmp_path / f"out-{processes}"
        given = settings | {"objective": "mlm", "encoder_layers": 1, "dropout": 0.0, "out": str(out), "steps": 4}
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        subprocess.run([*launch, str(script), json.dumps(given)], check=True)
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        losses.append([line.get("loss", line.get("dev_loss")) for line in lines])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_library_has_the_name():
    assert calque.pretrain is pretrain
