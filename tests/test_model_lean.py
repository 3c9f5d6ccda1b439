from __future__ import annotations

import pytest
import torch
import transformers
from checkpoints import checkpoint, numbers

from calque.model import attention, lean
from calque.model import family as families
from calque.model.attention import Shape, attend
from calque.model.batch import Ids
from calque.model.family import Build
from calque.model.noise import Noise
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.vocabulary import Vocabulary
from calque.training.objective import Translation

PAIRS = numbers(40)
CPU = torch.device("cpu")


def assembled(kind, tmp_path, way="auto", dropout=0.0, recompute=False):
    torch.manual_seed(5)
    encoder = None if kind is None else find(str(checkpoint(tmp_path / kind, kind)))
    sources, targets = zip(*PAIRS, strict=True)
    vocabularies = choose("pair", Vocabulary(max_length=64), encoder, None, sources, targets)
    recipe = Architecture(
        model="x", decoder="new", encoder_layers=2, decoder_layers=2, width=32, feed_forward=48, dropout=dropout
    )
    source, target = vocabularies.source.codec, vocabularies.target.codec
    family = families.of("pair", source, target, way, recompute)
    module = family.assemble(Build(recipe, encoder, None, vocabularies)).module
    torch.manual_seed(6)
    for parameter in module.parameters():  # so that attention is not even
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    rows = [Ids(source.encode(a), target.encode(b)) for a, b in PAIRS[:7]]
    return family, module, family.batch(rows)


def gradients(family, module, batch):
    module.zero_grad()
    states, _ = family.states(module, batch)
    loss = Translation(family, 0.1).summed_loss(module, batch)
    loss.backward()
    return states.detach(), {name: p.grad for name, p in module.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("way", ["matmul", "sdpa"])
@pytest.mark.parametrize("kind", [None, "bert", "roberta"])
def test_states_and_gradients_are_those_of_transformers(kind, way, tmp_path):
    family, module, batch = assembled(kind, tmp_path, way)
    assert lean.covers(module)
    stock, _, _ = assembled(kind, tmp_path, "stock")
    ours, theirs = gradients(family, module, batch), gradients(stock, module, batch)
    assert not bool(batch.mask_BS.all())
    assert torch.allclose(ours[0], theirs[0], atol=2e-5)
    assert ours[1].keys() == theirs[1].keys()
    for name, gradient in theirs[1].items():
        if not name.endswith("key.bias"):  # whose gradient is 0 but for rounding
            assert float((ours[1][name] - gradient).norm() / gradient.norm()) < 1e-4, name


def test_other_layouts_are_left_to_transformers(tmp_path):
    _, module, _ = assembled("electra", tmp_path)  # its embeddings are narrower than its layers
    assert not lean.covers(module)


def test_bf16_is_close_to_fp32_although_positions_are_rounded_up(tmp_path):
    family, module, batch = assembled("bert", tmp_path)
    exact = family.states(module.eval(), batch)[0].detach()
    with torch.autocast("cpu", torch.bfloat16):
        rounded = family.states(module, batch)[0].detach()
    assert rounded.dtype == torch.bfloat16
    assert float((rounded.float() - exact).norm() / exact.norm()) < 0.03


def test_recomputing_layers_changes_no_gradient_even_with_dropout(tmp_path):
    kept, module, batch = assembled(None, tmp_path, dropout=0.2)
    again, _, _ = assembled(None, tmp_path, dropout=0.2, recompute=True)
    module.train()
    found = []
    for family in (kept, again):
        module.zero_grad()
        torch.manual_seed(1)
        Translation(family).summed_loss(module, batch).backward()
        found.append({name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None})
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_an_adapter_in_a_layers_place_is_called(tmp_path):
    family, module, batch = assembled(None, tmp_path)

    class Doubled(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            return 2 * self.inner(x)

    layer = module.encoder.encoder.layer[0].intermediate
    before, _ = family.states(module.eval(), batch)
    layer.dense = Doubled(layer.dense)
    after, _ = family.states(module, batch)
    stock, _ = families_of_stock(family).states(module, batch)
    assert not torch.allclose(before, after, atol=1e-3)
    assert torch.allclose(after, stock, atol=2e-5)


def families_of_stock(family):
    return type(family)(family.source, family.target, family.max_length, lean.Way("stock"))


def test_written_out_gradients_are_autograds():
    torch.manual_seed(2)
    shape = Shape(rows=3, queries=5, keys=4, heads=2)
    q, k, v = (torch.randn(n, 6, dtype=torch.float32, requires_grad=True) for n in (16, 13, 13))
    bias = torch.zeros(3, 1, 1, 4).index_fill_(3, torch.tensor([3]), -1e4)
    weight = torch.randn(16, 6)
    found = []
    for kind in attention.KINDS:
        out = attend(kind, q, k, v, bias, shape)
        found.append([out, *torch.autograd.grad((out * weight).sum(), (q, k, v))])
    for ours, theirs in zip(*found, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)
    assert torch.equal(found[0][0][15], torch.zeros(6))


@pytest.mark.parametrize(("dtype", "scale"), [(torch.bfloat16, 1.109375), (torch.float32, 1 / 0.9)])
def test_dropout_keeps_the_expectation_and_follows_torchs_seed(dtype, scale):
    torch.manual_seed(4)
    ones = torch.ones(1001, 1000, dtype=dtype)
    dropped = Noise(0.1, dtype, CPU)(ones)
    assert dropped.unique().tolist() == [0.0, pytest.approx(scale)]
    assert float(dropped.float().mean()) == pytest.approx(1, abs=0.002)
    assert float(dropped[:, 0].float().mean()) == pytest.approx(1, abs=0.05)
    torch.manual_seed(4)
    assert torch.equal(dropped, Noise(0.1, dtype, CPU)(ones))
    assert not torch.equal(dropped, Noise(0.1, dtype, CPU)(ones))


def test_no_dropout_draws_nothing():
    torch.manual_seed(4)
    before = torch.get_rng_state()
    x = torch.ones(3)
    assert Noise(0.0, torch.float32, CPU)(x) is x
    assert torch.equal(before, torch.get_rng_state())


def test_transformers_loads_what_was_computed_here(tmp_path):
    family, module, batch = assembled("roberta", tmp_path)
    family.save(module, tmp_path / "saved")
    alone = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "saved").eval()
    states, labels = family.states(module.eval(), batch)
    weight, bias = family.head(module)
    with torch.no_grad():
        theirs = alone(
            input_ids=batch.inputs_BS, attention_mask=batch.mask_BS, decoder_input_ids=batch.prefix_BT
        ).logits[batch.labels_BT != -100]
    assert torch.allclose(torch.nn.functional.linear(states, weight, bias), theirs, atol=1e-4)
    assert len(labels) == len(theirs)
