"""The moving average of the weights, against the plain formula in float64."""

from __future__ import annotations

import json
import signal

import pytest
import tiny_run
import torch
from checkpoints import checkpoint
from safetensors.torch import load_file
from tiny_run import Killer, Listening, same, weights

from calque.errors import Interrupted
from calque.recipes.finetune import Finetune
from calque.training import loop as loops
from calque.training.average import Average
from calque.training.finetune import finetune
from calque.training.memory import Memory


@pytest.fixture
def settings(tmp_path):
    return tiny_run.settings(tmp_path) | {"ema": 0.9, "steps": 12, "validate_every": 6, "average": 1, "log_every": 1}


class Tied(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.frozen = (torch.nn.Linear(2, 2) for _ in range(3))
        self.second.weight = self.first.weight
        self.frozen.requires_grad_(False)


def test_the_average_is_what_the_formula_says():
    module = torch.nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(1.0)
    average = Average(module, 0.25)
    for step, weight in enumerate([2.0, 4.0, 0.0], 1):
        module.weight.data.fill_(weight)
        average.update(step)
    # decays 2/11, 3/12 and 0.25 (4/13 is more): 20/11, 38/11, 19/22
    assert float(average.tensors["weight"]) == pytest.approx(19 / 22, rel=1e-6)


def test_only_what_is_trained_is_averaged_and_tied_weights_once():
    module = Tied()
    average = Average(module, 0.9)
    assert list(average.tensors) == ["first.weight", "first.bias", "second.bias"]
    raw = module.first.weight.clone()
    average.tensors["first.weight"].fill_(5.0)
    with average.applied():
        assert module.second.weight is module.first.weight
        assert module.second.weight.tolist() == [[5.0, 5.0], [5.0, 5.0]]
    assert torch.equal(module.first.weight, raw)
    average.settle()
    assert module.second.weight.tolist() == [[5.0, 5.0], [5.0, 5.0]]


def test_the_networks_own_weights_come_back_when_the_block_is_left_by_an_error():
    module = torch.nn.Linear(2, 2)
    raw, average = module.weight.clone(), Average(module, 0.9)
    average.tensors["weight"].zero_()
    with pytest.raises(KeyboardInterrupt), average.applied():
        raise KeyboardInterrupt
    assert torch.equal(module.weight, raw)


def test_half_precision_weights_are_averaged_in_float32():
    module = torch.nn.Linear(1, 1, bias=False, dtype=torch.bfloat16)
    module.weight.data.fill_(1.0)
    average = Average(module, 0.999)
    module.weight.data.fill_(1.0078125)
    average.update(10**6)
    assert average.tensors["weight"].item() == pytest.approx(1 + 0.0078125 / 1000, abs=2e-7)
    with average.applied():
        assert module.weight.dtype == torch.bfloat16


def test_without_a_decay_nothing_is_kept_or_done():
    module = torch.nn.Linear(2, 2)
    average = Average(module, 0.0)
    average.update(1)
    assert (average.tensors, average.noted, average.named("step 4")) == ({}, {}, "step 4")


def seen_weights(monkeypatch):
    """The weights after each optimizer step of the runs to come, in float64."""
    seen, real = [], loops.apply

    def watched(scored, optimizer, *rest):
        if not seen:
            seen.append({n: p.detach().double() for n, p in scored.module.named_parameters()})
        real(scored, optimizer, *rest)
        seen.append({n: p.detach().double() for n, p in scored.module.named_parameters()})

    monkeypatch.setattr(loops, "apply", watched)
    return seen


def by_formula(seen, decay):
    """The average after each step, computed the plain way."""
    averages = [seen[0]]
    for step, now in enumerate(seen[1:], 1):
        d = min(decay, (1 + step) / (10 + step))
        averages.append({name: d * averages[-1][name] + (1 - d) * now[name] for name in now})
    return averages


def test_a_run_ends_with_the_averaged_weights_and_trains_the_raw_ones(settings, tmp_path, monkeypatch):
    finetune(Finetune.of(settings | {"out": str(tmp_path / "off"), "ema": 0.0}))
    seen = seen_weights(monkeypatch)
    listening = Listening()
    report = finetune(Finetune.of(settings), listener=listening)
    assert len(seen) == 13
    lines = [json.loads(line) for line in (tmp_path / "model" / "metrics.jsonl").read_text().splitlines()]
    off = [json.loads(line) for line in (tmp_path / "off" / "metrics.jsonl").read_text().splitlines()]
    assert [line["loss"] for line in lines if "loss" in line] == [line["loss"] for line in off if "loss" in line]
    validated = {line["step"]: line for line in lines if "dev_loss" in line and "chosen" not in line}
    assert [(step, line["ema"]) for step, line in validated.items()] == [(6, 0.9), (12, 0.9)]
    chosen = report.details["weights"]
    assert chosen in ("step 6 (moving average, decay 0.9)", "step 12 (moving average, decay 0.9)")
    step = int(chosen.split()[1])
    assert report.details["dev"]["loss"] == pytest.approx(validated[step]["dev_loss"], rel=1e-6)
    saved, expected = weights(tmp_path / "model"), by_formula(seen, 0.9)[step]
    found = [name for name in expected if name in saved]
    assert len(found) == len(saved) > 20
    for name in found:
        assert torch.allclose(saved[name].double(), expected[name], atol=1e-6), name
    assert "moving average" in listening.told


@pytest.mark.parametrize("more", [{}, {"adapter": "lora"}, {"freeze": "embeddings", "unfreeze": 0.5}])
def test_an_interrupted_run_ends_like_an_uninterrupted_one(settings, tmp_path, more):
    if more:
        for name in ("width", "heads", "feed_forward", "source_pieces"):
            settings.pop(name)
        bert = checkpoint(tmp_path / "bert", "bert")
        settings |= {"model": str(bert), "decoder": "new", "max_length": 64, "learning_rate": 1e-3, **more}
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Killer(8, signal.SIGTERM))
    newest = sorted((tmp_path / "model.run" / "checkpoints").iterdir())[-1]
    assert sorted(path.name for path in newest.iterdir()) == [
        "average.safetensors", "complete.json", "optimizer.safetensors", "state.json", "weights.safetensors",
    ]  # fmt: skip
    if more:
        averaged = load_file(newest / "average.safetensors")
        assert not any("word_embeddings" in name and name.startswith("encoder.") for name in averaged)
    finetune(Finetune.of(settings), resume=True)
    assert same(tmp_path / "model", tmp_path / "whole")


def test_an_average_of_another_network_is_refused():
    with pytest.raises(KeyError):
        Average(torch.nn.Linear(2, 2), 0.9).load({"weight": torch.zeros(2, 2)})


def test_the_memory_estimate_counts_the_average():
    told = str(Memory(1 << 20, 1 << 20, 2 << 20, 1 << 20, 5 << 20, average=1 << 20))
    assert told == (
        "memory: about 6 MB (weights 1 MB, gradients 1 MB, optimizer 2 MB, activations 1 MB, moving average 1 MB); "
        "5 MB are free"
    )
