from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from test_training_loop import Listening, settings  # noqa: F401 - a fixture

from calque.errors import MachineError, is_out_of_memory
from calque.recipes.finetune import Finetune
from calque.training import loop as loops
from calque.training import memory
from calque.training.finetune import finetune
from calque.training.memory import Memory
from calque.training.progress import Message

FULL = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9"
)


def trained(settings, out, **changes):  # noqa: F811
    listener = Listening()
    finetune(Finetune.of(settings | {"out": str(out), "dropout": 0.0, "steps": 6} | changes), listener=listener)
    return load_file(out / "model.safetensors"), [e.text for e in listener.events if isinstance(e, Message)]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("full"), RuntimeError(FULL)])
def test_running_out_of_memory_halves_micro_batches_and_changes_nothing(settings, tmp_path, monkeypatch, error):  # noqa: F811
    halved, _ = trained(settings, tmp_path / "halved", micro_batch_tokens=150)
    real = loops.gradient

    def small(accelerator, scored, batches, team):
        loss = real(accelerator, scored, batches, team)  # the gradient is there when the memory runs out
        if any(batch.rows * (batch.inputs_BS.shape[1] + batch.prefix_BT.shape[1]) > 150 for batch in batches):
            raise error
        return loss

    monkeypatch.setattr(loops, "gradient", small)
    found, told = trained(settings, tmp_path / "found")
    assert "out of memory: going on with micro-batches of 150 tokens, summed up" in told
    assert all(torch.equal(halved[name], found[name]) for name in halved)


def test_memory_too_small_for_one_pair_ends_the_run(settings, tmp_path, monkeypatch):  # noqa: F811
    def never(*_):
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(loops, "gradient", never)
    with pytest.raises(MachineError, match="the memory is too small"):
        trained(settings, tmp_path / "m")


def test_other_errors_are_not_taken_for_a_full_memory():
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))


def test_what_is_kept_for_the_backward_pass_is_counted(settings, tmp_path):  # noqa: F811
    _, told = trained(settings, tmp_path / "kept")
    _, less = trained(settings, tmp_path / "again", recompute=True)
    for text in (told, less):
        assert any(line.startswith("memory: about ") for line in text)

    class Doubling:
        def batch(self, rows):
            return torch.ones(len(rows), 1000)

        def summed_loss(self, module, batch):
            return module(batch).exp().sum()  # keeps the batch and the exponentials: 1,000 + 10 numbers a row

    module = torch.nn.Linear(1000, 10)
    found = memory.estimate(module, Doubling(), list(range(100)), "adamw")
    assert found.weights == found.gradients == 4 * 10_010
    assert found.optimizer == 2 * found.weights
    assert found.activations == 4 * 100 * 1010


def test_the_estimate_says_whether_it_fits():
    roomy, tight = (Memory(1 << 20, 1 << 20, 2 << 20, 1 << 30, available) for available in (2 << 30, 1 << 30))
    assert roomy.fits
    assert not tight.fits
    assert str(tight) == (
        "memory: about 1.0 GB (weights 1 MB, gradients 1 MB, optimizer 2 MB, activations 1.0 GB); 1.0 GB are free: "
        "expect to run out, and give a smaller --micro-batch-tokens or --recompute"
    )
