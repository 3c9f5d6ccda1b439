from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from calque.training import loss
from calque.training.loss import summed_cross_entropy, summed_divergence


@pytest.fixture
def case() -> tuple[torch.Tensor, ...]:
    torch.manual_seed(3)
    states = torch.randn(23, 8, requires_grad=True)
    weight = torch.randn(50, 8, requires_grad=True)
    bias = torch.randn(50, requires_grad=True)
    return states, weight, bias, torch.randint(0, 50, (23,))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("chunk", [5, 23, 1000])
def test_loss_and_gradients_equal_torchs_in_float64(case, smoothing, chunk, monkeypatch):
    monkeypatch.setattr(loss, "_GRAIN", min(chunk, 8))
    monkeypatch.setattr(loss, "LOGITS", chunk * 50)
    states, weight, bias, labels = case
    ours = summed_cross_entropy(states, weight, bias, labels, smoothing)
    (ours * 0.3).backward()
    doubles = [t.detach().double().requires_grad_() for t in (states, weight, bias)]
    logits = functional.linear(*doubles)
    theirs = functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="sum")
    (theirs * 0.3).backward()
    assert float(ours.detach()) == pytest.approx(float(theirs.detach()), rel=1e-6)
    for mine, other in zip((states, weight, bias), doubles, strict=True):
        assert torch.allclose(mine.grad.double(), other.grad, rtol=1e-5, atol=1e-6)


def test_without_gradient_the_value_is_the_same(case):
    with_gradient = float(summed_cross_entropy(*case, 0.1).detach())
    with torch.no_grad():
        assert float(summed_cross_entropy(*case, 0.1)) == pytest.approx(with_gradient, rel=1e-6)


def test_uniform_logits_cost_log_vocabulary_each():
    cost = summed_cross_entropy(torch.zeros(4, 2), torch.ones(8, 2), torch.zeros(8), torch.tensor([0, 1, 2, 3]))
    assert float(cost) == pytest.approx(4 * 2.0794415)


def test_divergence_of_equal_passes_is_zero_and_of_others_symmetric(case, monkeypatch):
    monkeypatch.setattr(loss, "LOGITS", 7 * 50)
    monkeypatch.setattr(loss, "_GRAIN", 1)
    states, weight, bias, _ = case
    other = states.detach() + 0.5
    assert float(summed_divergence(states, states, weight, bias).detach()) == pytest.approx(0.0, abs=1e-5)
    there = summed_divergence(states, other, weight, bias)
    p, q = (functional.log_softmax(functional.linear(s, weight, bias), 1) for s in (states, other))
    kl = functional.kl_div(q, p, log_target=True, reduction="sum") + functional.kl_div(
        p, q, log_target=True, reduction="sum"
    )
    assert float(there.detach()) == pytest.approx(float(kl.detach()) / 2, rel=1e-5)
    there.backward()
    assert states.grad.norm() > 0
