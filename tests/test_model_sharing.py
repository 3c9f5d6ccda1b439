"""One set of weights for both halves."""

from __future__ import annotations

import pytest
import torch
from checkpoints import numbers
from halves import half
from safetensors.torch import load_file

from calque.errors import RecipeError
from calque.model import family as families
from calque.model import lean
from calque.model.batch import Ids
from calque.model.family import Build
from calque.model.pretrained import find
from calque.model.sharing import is_shared
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.vocabulary import Vocabulary
from calque.training.objective import Scored, Translation
from calque.training.sharding import sharded

PAIRS = numbers(40)
WORDS = "embeddings.word_embeddings.weight"


def made(folder, kind, choice="trim", **settings):
    checkpoint = find(str(folder / kind if (folder / kind).exists() else half(folder / kind, kind)))
    recipe = Vocabulary(max_length=60, source_vocabulary=choice, target_vocabulary=choice)
    chosen = choose("pair", recipe, checkpoint, checkpoint, *zip(*PAIRS, strict=True))
    codecs = chosen.source.codec, chosen.target.codec
    family = families.of("pair", *codecs)
    torch.manual_seed(1)
    assembly = family.assemble(Build(Architecture(model="x", **settings), checkpoint, checkpoint, chosen))
    return family, assembly, codecs


def shared(module):
    """Names of the encoder's parameters that are the decoder's too."""
    theirs = {id(p) for p in module.decoder.parameters()}
    return {name for name, p in module.encoder.named_parameters() if id(p) in theirs}


@pytest.mark.parametrize(("choice", "apart"), [("trim", {WORDS}), ("keep", set())])
def test_everything_but_cross_attention_and_other_words_exists_once(tmp_path, choice, apart):
    family, assembly, _ = made(tmp_path, "roberta", choice, share_weights=True)
    module = assembly.module
    assert {name for name, _ in module.encoder.named_parameters()} - shared(module) == apart
    own = {name for name, _ in module.named_parameters() if name.startswith("decoder.")}
    assert {name for name in own if "crossattention" not in name} == {
        "decoder.lm_head.bias", *(f"decoder.bert.{name}" for name in apart)
    }  # fmt: skip
    assert module.decoder.lm_head.decoder.weight is module.decoder.bert.embeddings.word_embeddings.weight
    family.save(module, tmp_path / "out")
    again = family.load(tmp_path / "out")
    assert is_shared(again)
    assert shared(again) == shared(module)
    assert sum(p.numel() for p in again.parameters()) == sum(p.numel() for p in module.parameters())
    both = load_file(tmp_path / "out" / "model.safetensors")  # transformers alone needs the decoder's too
    name = "encoder.layer.0.attention.self.query.weight"
    assert torch.equal(both[f"encoder.{name}"], both[f"decoder.bert.{name}"])


def test_the_encoder_computes_what_the_checkpoint_computes(tmp_path):
    _, one, (codec, _) = made(tmp_path, "roberta", "keep", share_weights=True)
    _, two, _ = made(tmp_path, "roberta", "keep")
    ids = torch.tensor([codec.encode(PAIRS[0][0])])
    with torch.no_grad():
        states = [a.module.eval().encoder(input_ids=ids).last_hidden_state for a in (one, two)]
    assert torch.allclose(*states, atol=1e-5)
    names = {name for name, _ in one.module.named_parameters()}
    assert {name for name in one.pretrained & names if name.startswith("decoder.")} == set()
    assert {name for name in names - one.pretrained if "crossattention" not in name} == {"decoder.lm_head.bias"}


def test_shared_weights_are_not_sharded(tmp_path):
    family, assembly, _ = made(tmp_path, "bert", share_weights=True)
    with pytest.raises(RecipeError, match="--sharding full cannot go with shared weights"):
        sharded(None, Scored(assembly.module, Translation(family)), torch.device("cpu"))


def test_both_halves_move_the_one_set(tmp_path):
    """The gradient is the sum of what both would have, and the lean forward pass computes transformers' states."""
    family, assembly, codecs = made(tmp_path, "bert", share_weights=True)
    module = assembly.module.eval()
    assert lean.covers(module)
    batch = family.batch([Ids(codecs[0].encode(a), codecs[1].encode(b)) for a, b in PAIRS[:4]])
    stock = families.of("pair", *codecs, "stock")
    gradients = []
    for way in (family, stock):
        module.zero_grad()
        Translation(way).summed_loss(module, batch).backward()
        gradients.append(module.encoder.encoder.layer[0].intermediate.dense.weight.grad.clone())
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-4)
    other, _, _ = made(tmp_path, "bert")
    apart = made(tmp_path, "bert", share_weights=True)[1].module.eval()
    for half_of in (apart.encoder, apart.decoder.bert):  # the same numbers, in tensors of their own
        for inner in half_of.modules():
            for name, parameter in list(inner.named_parameters(recurse=False)):
                setattr(inner, name, torch.nn.Parameter(parameter.detach().clone()))
    Translation(other).summed_loss(apart, batch).backward()
    name = "encoder.layer.0.intermediate.dense.weight"
    total = apart.encoder.get_parameter(name).grad + apart.decoder.bert.get_parameter(name).grad
    assert torch.allclose(gradients[0], total, rtol=1e-4, atol=1e-4)
