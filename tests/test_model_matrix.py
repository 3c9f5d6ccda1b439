"""Every encoder with every decoder: trained a few steps, saved, loaded, translating; in transformers alone the same.

One diagonal of the matrix runs by default, the rest is slow.
"""

from __future__ import annotations

import pytest
import torch
import transformers
from checkpoints import numbers
from halves import half
from torch import nn

from calque.model import family as families
from calque.model import lean
from calque.model.batch import IGNORED, Ids
from calque.model.family import Build
from calque.model.kinds import DECODERS, ENCODERS
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.search import Search
from calque.recipes.vocabulary import Vocabulary
from calque.training.objective import Translation

PAIRS = numbers(40)
GREEDY = Search(beam=1, longest_ratio=0.5)
MATRIX = [
    pytest.param(encoder, decoder, marks=[] if j == i % len(DECODERS) else [pytest.mark.slow])
    for i, encoder in enumerate(ENCODERS)
    for j, decoder in enumerate(DECODERS)
]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A function that gives the checkpoint of a kind, made when first asked for."""
    place, made = tmp_path_factory.mktemp("halves"), {}

    def checkpoint(kind):
        if kind not in made:
            made[kind] = find(str(half(place / kind, kind)))
        return made[kind]

    return checkpoint


def test_the_matrix_is_as_large_as_promised():
    promised = {"bert", "roberta", "xlm-roberta", "camembert", "electra", "albert", "distilbert", "deberta-v2"}
    assert promised | {"modernbert"} <= set(ENCODERS)
    assert {"bert", "roberta", "xlm-roberta", "electra", "bert-generation", "gpt2", "xglm"} <= set(DECODERS)
    assert sum(not param.marks for param in MATRIX) == len(ENCODERS)


@pytest.mark.parametrize(("encoder", "decoder"), MATRIX)
def test_every_encoder_goes_with_every_decoder(checkpoints, tmp_path, encoder, decoder):
    halves = checkpoints(encoder), checkpoints(decoder)
    chosen = choose("pair", Vocabulary(max_length=60, target_vocabulary="trim"), *halves, *zip(*PAIRS, strict=True))
    source, target = chosen.source.codec, chosen.target.codec
    family = families.of("pair", source, target)
    torch.manual_seed(1)
    module = family.assemble(Build(Architecture(model="x", dropout=0.1), *halves, chosen)).module
    batch = family.batch([Ids(source.encode(a), target.encode(b)) for a, b in PAIRS[:6]])
    assert trained(family, module, batch) > 0.05
    family.save(module, tmp_path)
    again = family.load(tmp_path)
    assert lean.covers(again) == lean.covers(module)
    sources = family.batch([Ids(source.encode(a)) for a, _ in PAIRS[:2]])
    assert family.generate(again, sources, GREEDY) == family.generate(module, sources, GREEDY)
    alone = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        ours = nn.functional.linear(family.states(module, batch)[0], *family.head(module))
        theirs = alone(input_ids=batch.inputs_BS, attention_mask=batch.mask_BS, decoder_input_ids=batch.prefix_BT)
    assert torch.allclose(ours, theirs.logits[batch.labels_BT != IGNORED], atol=2e-5)


def trained(family, module, batch, steps=5):
    """By how much the loss per token falls in a few steps."""
    optimizer, losses = torch.optim.AdamW(module.parameters(), 3e-3), []
    for _ in range(steps):
        module.eval()  # without dropout, so that losses compare
        loss = Translation(family).summed_loss(module, batch) / batch.scored_tokens
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses[0] - losses[-1]


@pytest.mark.parametrize("way", ["sdpa", "matmul"])
@pytest.mark.parametrize(("encoder", "decoder"), [("deberta-v2", "gpt2"), ("modernbert", "xglm"), ("albert", "bert")])
def test_attention_is_computed_as_is_asked_and_comes_to_the_same(checkpoints, tmp_path, encoder, decoder, way):
    """Also where transformers computes, in a network that was just assembled and in one that was loaded."""
    halves = checkpoints(encoder), checkpoints(decoder)
    chosen = choose("pair", Vocabulary(max_length=60), *halves, *zip(*PAIRS, strict=True))
    codecs = chosen.source.codec, chosen.target.codec
    recipe = Architecture(model="x")
    states = []
    for kind in (way, "stock"):
        family = families.of("pair", *codecs, kind)
        torch.manual_seed(1)
        module = family.assemble(Build(recipe, *halves, chosen)).module.eval()
        batch = family.batch([Ids(codecs[0].encode(a), codecs[1].encode(b)) for a, b in PAIRS[:4]])
        with torch.no_grad():
            states.append(family.states(module, batch)[0])
        if kind == "matmul":
            family.save(module, tmp_path)
            for network in (module, family.load(tmp_path)):
                assert {inner.config._attn_implementation for inner in attending(network)} == {"eager"}
    assert torch.allclose(*states, atol=2e-5)


@pytest.mark.parametrize(("encoder", "decoder"), [("deberta-v2", "gpt2"), ("modernbert", "xglm"), ("bert", "bert")])
def test_recomputing_layers_changes_no_gradient(checkpoints, encoder, decoder):
    halves = checkpoints(encoder), checkpoints(decoder)
    chosen = choose("pair", Vocabulary(max_length=60), *halves, *zip(*PAIRS, strict=True))
    codecs = chosen.source.codec, chosen.target.codec
    gradients, kept = [], []
    for recompute in (False, True):
        family = families.of("pair", *codecs, "matmul", recompute)
        torch.manual_seed(1)
        module = family.assemble(Build(Architecture(model="x", dropout=0.0), *halves, chosen)).module.train()
        batch = family.batch([Ids(codecs[0].encode(a), codecs[1].encode(b)) for a, b in PAIRS[:4]])
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, sizes=sizes: sizes.append(t.numel()) or t, lambda t: t):
            loss = Translation(family).summed_loss(module, batch)
        loss.backward()
        gradients.append({name: p.grad for name, p in module.named_parameters() if p.grad is not None})
        kept.append(sum(sizes))
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], rtol=1e-4, atol=1e-4), name
    assert kept[1] < 0.7 * kept[0]


def attending(module):
    """Whatever in a network asks its configuration how to attend."""
    return [inner for inner in module.modules() if type(inner).__name__.endswith("Attention") and _asks(inner)]


def _asks(module):
    return hasattr(getattr(module, "config", None), "_attn_implementation")
