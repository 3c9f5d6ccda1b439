"""Depths of parameters, and the learning rates that follow from them."""

from __future__ import annotations

import pytest
import tiny_run
import torch
from checkpoints import checkpoint

from calque.recipes.finetune import Finetune
from calque.recipes.optimisation import Optimisation
from calque.training.depth import depths
from calque.training.finetune import begin, finetune
from calque.training.optimizer import optimizer_of, set_rate
from calque.training.rows import read


def test_what_lies_above_the_layers_is_as_deep_as_the_top():
    names = [
        "decoder.bert.embeddings.position_embeddings.weight",
        "decoder.bert.encoder.layer.0.output.weight",
        "decoder.bert.encoder.layer.1.output.weight",
        "decoder.cls.predictions.transform.dense.weight",
    ]
    assert depths(names) == dict(zip(names, [2, 1, 0, 0], strict=True))
    shared = ["encoder.embeddings.LayerNorm.bias", "encoder.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"]
    assert depths(shared) == {shared[0]: 1, shared[1]: 0}


def test_each_half_is_counted_from_its_own_top():
    encoder = [f"encoder.encoder.layer.{i}.output.dense.weight" for i in range(4)]
    decoder = [f"decoder.bert.encoder.layer.{i}.output.dense.weight" for i in range(2)]
    embeddings = ["encoder.embeddings.LayerNorm.bias", "decoder.bert.embeddings.LayerNorm.bias"]
    assert list(depths([*encoder, *decoder, *embeddings]).values()) == [3, 2, 1, 0, 1, 0, 4, 2]


class Half(torch.nn.Module):
    """Embeddings, two layers and a new output layer, each of one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = torch.nn.Embedding(3, 2)
        self.layer = torch.nn.ModuleList(torch.nn.Linear(2, 2, bias=False) for _ in range(2))
        self.head = torch.nn.Linear(2, 3, bias=False)


def optimized(**settings):
    """An optimizer of a network of which all but the head is pretrained, and the peak of each of its parameters."""
    module = torch.nn.ModuleDict({"encoder": Half()})
    named = dict(module.named_parameters())
    optimizer = optimizer_of(Optimisation(**settings), module, {name for name in named if "head" not in name})
    return optimizer, peaks(optimizer, module)


def peaks(optimizer, module):
    """The peak learning rate of each parameter that is trained."""
    found = {id(p): group["peak"] for group in optimizer.param_groups for p in group["params"]}
    return {name: found[id(parameter)] for name, parameter in module.named_parameters() if id(parameter) in found}


def test_each_layer_learns_slower_than_the_one_above():
    optimizer, found = optimized(learning_rate=0.5, pretrained_learning_rate=0.125, layer_decay=0.5)
    assert found == {
        "encoder.embeddings.weight": 0.03125,
        "encoder.layer.0.weight": 0.0625,
        "encoder.layer.1.weight": 0.125,
        "encoder.head.weight": 0.5,
    }
    assert set_rate(optimizer, 0.5) == 0.25
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.0625, 0.03125, 0.015625]


def test_without_a_rate_of_their_own_the_top_layers_learn_like_new_weights():
    _, found = optimized(learning_rate=0.5, layer_decay=0.5)
    assert list(found.values()) == [0.125, 0.25, 0.5, 0.5]


def test_without_a_decay_there_is_one_group_for_all_pretrained_matrices():
    optimizer, _ = optimized(learning_rate=0.5, pretrained_learning_rate=0.125)
    assert [(len(group["params"]), group["peak"]) for group in optimizer.param_groups] == [(1, 0.5), (3, 0.125)]


@pytest.fixture
def settings(tmp_path):
    usual = tiny_run.settings(tmp_path)
    for name in ("width", "heads", "feed_forward", "source_pieces", "encoder_layers"):
        usual.pop(name)
    bert = checkpoint(tmp_path / "bert", "bert")
    rates = {"learning_rate": 1e-3, "pretrained_learning_rate": 1e-4, "layer_decay": 0.5}
    return usual | {"model": str(bert), "decoder": "new", "max_length": 64, "steps": 4, "validate_every": 4} | rates


def test_the_layers_of_a_pretrained_encoder_have_falling_rates(settings):
    recipe = Finetune.of(settings)
    start, _ = begin(recipe, read(recipe.train, "en", "fr"))
    found = peaks(optimizer_of(recipe, start.module, start.pretrained), start.module)
    layers = [found[f"encoder.encoder.layer.{i}.output.dense.weight"] for i in range(3)]
    assert layers == pytest.approx([2.5e-5, 5e-5, 1e-4])
    assert found["encoder.embeddings.position_embeddings.weight"] == pytest.approx(1.25e-5)
    assert {rate for name, rate in found.items() if name.startswith("decoder.")} == {1e-3}


def test_a_run_takes_it_together_with_unfreezing(settings):
    assert finetune(Finetune.of(settings | {"unfreeze": 0.5, "average": 1})).details["steps"] == 4
