"""A network whose parameters, gradients and optimizer state are shares: of one process here, of several where runs are
stopped and gone on with; what two processes compute is in test_training_team."""

from __future__ import annotations

import signal

import pytest
import tiny_run
import torch
from checkpoints import checkpoint
from halves import half
from test_training_loop import settings  # noqa: F401 - a fixture
from test_training_team import launched, losses
from torch import distributed
from torch.distributed.tensor import DTensor

from calque.errors import Interrupted, RecipeError
from calque.recipes.finetune import Finetune
from calque.training import adaptation
from calque.training.finetune import begin, finetune
from calque.training.memory import Memory
from calque.training.objective import Scored, Translation
from calque.training.optimizer import optimizer_of
from calque.training.progress import Silence
from calque.training.rows import fitting, read
from calque.training.sharding import Sharded, layers_of, refuse_unshardable, sharded
from calque.training.team import ALONE, Team

CPU = torch.device("cpu")
PRETRAINED = {"decoder": "same", "max_length": 60}
OWN = ("width", "heads", "feed_forward", "encoder_layers", "decoder_layers", "source_pieces", "target_pieces")


@pytest.fixture
def group():
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def scored_of(recipe):
    torch.manual_seed(1)
    text = read(recipe.train, "en", "fr")
    start = adaptation.adapted(recipe, begin(recipe, text)[0], Silence())
    scored = Scored(start.module.train(), Translation(start.family, recipe.label_smoothing, recipe.rdrop))
    return scored, fitting(list(text), start.source, start.target)[0][:16]


def sharded_of(recipe):
    whole, rows = scored_of(recipe)
    shares = sharded(recipe, whole, CPU)
    optimizer = optimizer_of(recipe, shares.module, frozenset())
    return whole, shares, Sharded(whole.module, shares.module, optimizer, CPU, ALONE), rows


def computed(recipe, scored, batch):
    """The loss, and the gradient by parameter."""
    torch.manual_seed(2)
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bf16"):
        loss = scored(batch)
    loss.backward()
    gradients = {name: p.grad for name, p in scored.named_parameters() if p.grad is not None}
    return float(loss.detach()), {n: g.full_tensor() if isinstance(g, DTensor) else g for n, g in gradients.items()}


WAYS = [
    {},
    {"encoder_layers": 2, "decoder_layers": 2, "recompute": True, "dropout": 0.1, "rdrop": 1.0},
    {"attention": "stock"},
    {"attention": "stock", "precision": "bf16"},
    {"precision": "bf16", "recompute": True},
    {"adapter": "lora", "model": "bert"},
    {"adapter": "dora", "model": "bert", "precision": "bf16"},
    {"model": "deberta-v2", "decoder": "gpt2"},
    {"model": "modernbert", "decoder": "xglm"},
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(map(str, way.values())) or "plain")
def test_loss_and_gradient_are_those_of_the_whole_network(settings, tmp_path, group, way):  # noqa: F811
    if "model" in way:
        make = half if "decoder" in way else checkpoint
        found = {name: str(make(tmp_path / way[name], way[name])) for name in ("model", "decoder") if name in way}
        way = PRETRAINED | way | found
        settings = {name: value for name, value in settings.items() if name not in OWN}
    recipe = Finetune.of(settings | {"attention": "matmul", "dropout": 0.0} | way)
    whole, shares, _, rows = sharded_of(recipe)
    assert all(isinstance(p, DTensor) for p in shares.parameters())
    assert not any(isinstance(p, DTensor) for p in whole.parameters())
    batch = whole.objective.batch(rows)
    (loss, gradient), (loss_of_shares, gradient_of_shares) = (computed(recipe, s, batch) for s in (whole, shares))
    assert loss_of_shares == pytest.approx(loss, rel=1e-6)
    assert gradient_of_shares.keys() == gradient.keys()
    for name, expected in gradient.items():
        rounding = 0.02 if recipe.precision == "bf16" else 1e-5
        assert (gradient_of_shares[name] - expected).norm() <= rounding * expected.norm() + 1e-5, name


def test_layers_are_units_and_tied_weights_are_one_parameter(settings, group):  # noqa: F811
    whole, shares, _, _ = sharded_of(Finetune.of(settings))
    assert [type(layer).__name__ for layer in layers_of(shares.module)] == ["FSDPBertLayer", "FSDPBertGenerationLayer"]
    assert shares.module.get_output_embeddings().weight is shares.module.decoder.get_input_embeddings().weight
    assert [n for n, _ in shares.named_parameters()] == [n for n, _ in whole.named_parameters()]


def test_what_is_gathered_can_be_spread_again(settings, group):  # noqa: F811
    recipe = Finetune.of(settings | {"dropout": 0.0})
    whole, shares, held, rows = sharded_of(recipe)
    computed(recipe, shares, whole.objective.batch(rows))
    held.optimizer.step()
    with held.whole() as module, held.gathered():
        weights, state = {n: t.clone() for n, t in module.state_dict().items()}, held.state_dict()
    assert not held.state_dict()
    before = scored_of(recipe)[0].module.state_dict()
    assert sum(not torch.equal(weights[name], tensor) for name, tensor in before.items()) > 40
    other, _, again, _ = sharded_of(recipe)
    other.module.load_state_dict(weights)
    again.spread()
    again.load_state_dict(state)
    with again.whole() as module, again.gathered():
        assert all(torch.equal(tensor, weights[name]) for name, tensor in module.state_dict().items())
        found = again.state_dict()
    assert found["param_groups"] == state["param_groups"]
    assert all(
        torch.equal(found["state"][i][name], value)
        for i, slot in state["state"].items()
        for name, value in slot.items()
    )


def test_memory_is_shared_but_for_what_is_gathered():
    whole = torch.nn.ModuleDict({"layers": torch.nn.ModuleList(torch.nn.Linear(9, 10) for _ in range(6))})
    whole["embeddings"] = torch.nn.Embedding(5, 10)
    held = Sharded(whole, whole, torch.optim.SGD(whole.parameters()), CPU, Team(0, 5))
    told = held.memory(Memory(2600, 2600, 5200, 77, 9000))
    # 200 bytes of embeddings and two layers of 400 are gathered at once
    assert told == Memory(2600 // 5 + 1000, 2600 // 5 + 1000, 5200 // 5, 77, 8000)


def test_what_cannot_be_sharded_is_refused(settings, monkeypatch):  # noqa: F811
    with pytest.raises(RecipeError, match="this process is alone, with nothing to shard with"):
        finetune(Finetune.of(settings | {"sharding": "full"}))
    with pytest.raises(RecipeError, match="--ema"):
        refuse_unshardable(Finetune.of(settings | {"sharding": "full", "ema": 0.9}), Team(0, 2))
    with pytest.raises(RecipeError, match="adafactor"):
        refuse_unshardable(Finetune.of(settings | {"sharding": "full", "optimizer": "adafactor"}), Team(0, 2))
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(RecipeError, match="give --sharding full instead"):
        finetune(Finetune.of(settings))


RUN = {"dropout": 0.0, "steps": 20, "log_every": 1, "micro_batch_tokens": 120, "validate_every": 10}


def ends_like(broken, whole):
    expected, found = losses(whole), losses(broken)
    assert len(found[0]) == 20
    return found[0] == pytest.approx(expected[0], rel=1e-5) and found[1] == pytest.approx(expected[1], rel=1e-4)


@pytest.mark.slow
def test_a_sharded_run_goes_on_in_one_process(settings, tmp_path):  # noqa: F811
    whole, broken = (settings | RUN | {"out": str(tmp_path / name)} for name in ("whole", "broken"))
    finetune(Finetune.of(whole))
    process = launched(2, tmp_path, broken | {"sharding": "full"}, stop=7)
    _, told = process.communicate(timeout=100)
    assert "stopped by SIGTERM after step 8; saved" in told
    finetune(Finetune.of(broken), resume=True)
    assert ends_like(tmp_path / "broken", tmp_path / "whole")


@pytest.mark.slow
def test_a_run_of_one_process_goes_on_sharded(settings, tmp_path):  # noqa: F811
    whole, broken = (settings | RUN | {"out": str(tmp_path / name)} for name in ("whole", "broken"))
    finetune(Finetune.of(whole))
    with pytest.raises(Interrupted):
        finetune(Finetune.of(broken), listener=tiny_run.Killer(7, signal.SIGTERM))
    process = launched(2, tmp_path, broken | {"sharding": "full"}, "resume")
    _, told = process.communicate(timeout=100)
    assert process.returncode == 0, told
    assert ends_like(tmp_path / "broken", tmp_path / "whole")
