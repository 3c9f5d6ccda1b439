"""The family of decoders alone, over every architecture that is taken, beside transformers' own forward pass."""

from __future__ import annotations

import json
import shutil
from functools import cache

import pytest
import torch
import transformers
from checkpoints import numbers
from decoders import SHAPES, decoder
from safetensors.torch import load_file, save_file
from transformers.modeling_layers import GradientCheckpointingLayer

from calque.errors import ModelError
from calque.model import causal
from calque.model import family as families
from calque.model.batch import IGNORED, Ids
from calque.model.family import NATIVE, WITHOUT_DROPOUT, Build
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.search import Search
from calque.recipes.vocabulary import Vocabulary
from calque.training.memory import estimate
from calque.training.objective import Translation
from calque.training.probes import structure

PAIRS = numbers(60)
KINDS = sorted(NATIVE["causal"])
GREEDY = Search(beam=1, longest_ratio=0.5)


def build(folder, vocabulary=None, **settings):
    pretrained = find(str(folder))
    sources, targets = zip(*PAIRS, strict=True)
    recipe = Vocabulary(**({"max_length": 64} | (vocabulary or {})))
    vocabularies = choose("causal", recipe, pretrained, pretrained, sources, targets, ("en", "fr"))
    return Build(Architecture(model="x", **settings), pretrained, pretrained, vocabularies)


def codecs(made_of):
    return made_of.vocabularies.source.codec, made_of.vocabularies.target.codec


def made(made_of):
    family = families.of("causal", *codecs(made_of))
    return family, family.assemble(made_of)


def rows(made_of, count=5):
    source, target = codecs(made_of)
    return [Ids(source.encode(a), target.encode(b)) for a, b in PAIRS[:count]]


@pytest.fixture(scope="module")
def of(tmp_path_factory):
    """A tiny decoder of an architecture, assembled once: what it is made of, its family, the network."""

    @cache
    def assembled(kind):
        made_of = build(decoder(tmp_path_factory.mktemp(kind), kind))
        family, assembly = made(made_of)
        return made_of, family, assembly.module.eval()

    return assembled


def test_every_architecture_is_tested():
    assert set(KINDS) == SHAPES.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_states_and_loss_are_those_of_transformers(of, kind):
    """The concatenated text through transformers' own forward pass, labels IGNORED on the prompt."""
    made_of, family, module = of(kind)
    batch = family.batch(rows(made_of))
    with torch.no_grad():
        states_ND, labels_N = family.states(module, batch)
        logits_NV = torch.nn.functional.linear(states_ND, *family.head(module))
        ours = torch.nn.functional.cross_entropy(logits_NV, labels_N, reduction="sum")
        total, begin = 0.0, 0
        for row in rows(made_of):
            ids = torch.tensor([row.source + row.target])
            labels = ids.clone()
            labels[:, : len(row.source) + 1] = IGNORED
            out = module(input_ids=ids, labels=labels)
            scored = len(row.target) - 1
            total += float(out.loss) * scored
            theirs = out.logits[0, len(row.source) : -1]
            assert torch.allclose(logits_NV[begin : begin + scored], theirs, atol=1e-4, rtol=1e-4)
            begin += scored
    assert begin == len(labels_N) == sum(len(row.target) - 1 for row in rows(made_of))
    assert float(ours) == pytest.approx(total, rel=1e-4)
    assert int(labels_N[len(rows(made_of)[0].target) - 2]) == family.target.eos  # though it pads as well


@pytest.mark.parametrize("kind", KINDS)
def test_padding_leaks_nothing_and_the_source_matters(of, kind):
    made_of, family, module = of(kind)
    verdicts = structure(module, family, rows(made_of))
    assert set(verdicts) == {"scored-padding", "double-shift", "missing-eos", "padding-leak", "accumulation"}
    swapped = [Ids(rows(made_of)[i - 1].source, row.target) for i, row in enumerate(rows(made_of))]
    with torch.no_grad():
        one, other = (family.states(module, family.batch(some))[0] for some in (rows(made_of), swapped))
    assert float((one - other).norm() / one.norm()) > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_generation_alone_together_and_without_cache_is_the_same(of, kind):
    made_of, family, module = of(kind)
    sources = sorted((Ids(row.source) for row in rows(made_of)), key=lambda row: len(row.source))
    assert len(sources[0].source) < len(sources[-1].source)
    together = family.generate(module, family.batch(sources), GREEDY)
    for place in (0, -1):
        alone = family.generate(module, family.batch([sources[place]]), GREEDY)
        found = together[place]
        ids = found[0].ids[: len(alone[0][0].ids)]  # a longer row beside it lets it say more
        assert ids == alone[0][0].ids
        assert len(ids) >= 1
    module.generation_config.use_cache = False
    try:
        assert family.generate(module, family.batch(sources), GREEDY) == together
    finally:
        module.generation_config.use_cache = True


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_a_beam_are_log_probabilities(of, kind):
    made_of, family, module = of(kind)
    sources = [Ids(row.source) for row in rows(made_of, 2)]
    found = family.generate(module, family.batch(sources), Search(beam=3, n_best=2, longest_ratio=0.5))
    for source, hypotheses in zip(sources, found, strict=True):
        for hypothesis in hypotheses:
            said = [*hypothesis.ids, *([family.target.eos] if hypothesis.ended else [])]
            ids = torch.tensor([source.source + family.target.frame[0] + said])
            with torch.no_grad():
                log_probabilities = module(input_ids=ids).logits[0, -len(said) - 1 : -1].log_softmax(-1)
            score = float(log_probabilities.gather(1, ids[0, -len(said) :, None]).mean())
            assert hypothesis.score == pytest.approx(score, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_it_computes_the_same(of, kind, tmp_path):
    made_of, family, module = of(kind)
    family.save(module, tmp_path)
    again = family.load(tmp_path)
    batch = family.batch(rows(made_of))
    with torch.no_grad():
        ours, theirs = (
            torch.nn.functional.linear(family.states(m, batch)[0], *family.head(m)) for m in (module, again)
        )
    assert torch.equal(ours, theirs)
    sources = family.batch([Ids(row.source) for row in rows(made_of)])
    assert family.generate(again, sources, GREEDY) == family.generate(module, sources, GREEDY)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_are_computed_again_where_asked(of, kind):
    _, _, module = of(kind)
    layers = [layer for layer in module.modules() if isinstance(layer, GradientCheckpointingLayer)]
    assert len(layers) == 2


def test_hidden_states_have_dropout_but_for_those_that_are_listed():
    for kind in KINDS:
        config = transformers.AutoConfig.for_model(kind)
        assert causal._set_dropout(config, 0.25, 0.125) == (kind not in WITHOUT_DROPOUT), kind
        said = {name: value for name, value in config.to_dict().items() if value in (0.25, 0.125)}
        assert 0.125 in said.values(), kind


@pytest.mark.parametrize(
    ("kind", "settings", "noisy"),
    [
        ("gpt2", {"dropout": 0.5}, True),
        ("gpt2", {"dropout": 0.0}, False),
        ("gpt2", {"dropout": 0.0, "attention_dropout": 0.5}, True),
        ("opt", {"dropout": 0.5}, True),
        ("llama", {"dropout": 0.5}, False),
        ("llama", {"attention_dropout": 0.5}, True),
    ],
)
def test_dropout_is_that_of_the_recipe(tmp_path, kind, settings, noisy):
    made_of = build(decoder(tmp_path / kind, kind), **settings)
    family, assembly = made(made_of)
    assert any("no dropout of hidden states" in note for note in assembly.notes) == (
        kind == "llama" and bool(settings.get("dropout"))
    )
    batch = family.batch(rows(made_of, 2))

    def differs(module):
        one, other = (family.states(module.train(), batch)[0] for _ in range(2))
        return not torch.equal(one, other)

    assert differs(assembly.module) == noisy
    family.save(assembly.module, tmp_path / "saved")
    assert differs(family.load(tmp_path / "saved", (0.0, 0.0))) is False
    again = (settings.get("dropout"), settings.get("attention_dropout", 0.0))
    assert differs(family.load(tmp_path / "saved", again)) == noisy


@pytest.mark.parametrize("kind", ["gpt2", "llama", "gemma2", "bloom"])
def test_ways_of_computing_agree(of, kind, tmp_path):
    """Plain products, the fused kernel, and layers computed again have one gradient."""
    made_of, family, module = of(kind)
    family.save(module, tmp_path)
    batch = family.batch(rows(made_of))
    gradients, kept = {}, {}
    for attention, recompute in (("stock", False), ("matmul", False), ("sdpa", False), ("matmul", True)):
        way = families.of("causal", *codecs(made_of), attention, recompute)
        again = way.load(tmp_path, (0.0, 0.0)).train()
        used = again.config._attn_implementation
        assert used == ("eager" if attention == "matmul" or kind in ("bloom", "gemma2") else "sdpa")
        kept[attention, recompute] = estimate(again, Translation(way), rows(made_of), "sgd").activations
        Translation(way).summed_loss(again, batch).backward()
        gradients[attention, recompute] = torch.cat([p.grad.flatten() for p in again.parameters()])
    for found in gradients.values():
        assert torch.allclose(found, gradients["stock", False], rtol=1e-3, atol=1e-3)
    assert kept["matmul", True] < 0.6 * kept["matmul", False]


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_bf16_is_near_fp32(of, kind):
    made_of, family, module = of(kind)
    batch = family.batch(rows(made_of))
    exact = float(Translation(family).summed_loss(module, batch).detach())
    with torch.autocast("cpu", torch.bfloat16):
        loss = Translation(family).summed_loss(module, batch)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(exact, rel=0.02)
    module.zero_grad()


@pytest.mark.parametrize("kind", ["gpt2", "llama", "gptj"])
def test_a_trimmed_vocabulary_computes_the_same_logits(of, kind, tmp_path):
    """Tied, untied, and with a bias: what is left are the rows of the pieces that are left."""
    made_of, family, module = of(kind)
    few = tuple(PAIRS[:3])
    recipe = Vocabulary(max_length=64, target_vocabulary="trim")
    folder = made_of.encoder.folder
    chosen = choose("causal", recipe, find(str(folder)), made_of.encoder, *zip(*few, strict=True), ("en", "fr"))
    trimmed_of = Build(Architecture(model="x"), made_of.encoder, made_of.encoder, chosen)
    trimmed_family, assembly = made(trimmed_of)
    trimmed = assembly.module.eval()
    size = chosen.target.codec.size
    assert size < made_of.vocabularies.target.codec.size
    assert trimmed.config.vocab_size == len(trimmed.get_input_embeddings().weight) == size
    kept = torch.tensor([old for _, old in chosen.target.rows])
    with torch.no_grad():
        batch, trimmed_batch = family.batch(rows(made_of, 3)), trimmed_family.batch(rows(trimmed_of, 3))
        logits = torch.nn.functional.linear(family.states(module, batch)[0], *family.head(module))
        states, labels = trimmed_family.states(trimmed, trimmed_batch)
        trimmed_logits = torch.nn.functional.linear(states, *trimmed_family.head(trimmed))
    assert torch.allclose(trimmed_logits, logits[:, kept], atol=1e-5)
    assert torch.equal(kept[labels], batch.labels_BT[batch.labels_BT != IGNORED])
    trimmed_family.save(trimmed, tmp_path)
    again = trimmed_family.load(tmp_path)
    tied = again.get_output_embeddings().weight is again.get_input_embeddings().weight
    assert tied == (module.get_output_embeddings().weight is module.get_input_embeddings().weight)
    assert torch.equal(trimmed_family.states(again, trimmed_batch)[0], states)


def test_gemma2_says_the_same_without_the_cap_on_its_logits(tmp_path):
    """Large weights, so that the cap bends the logits; the most likely token stays, and config.json says what is so."""
    folder = decoder(tmp_path / "gemma2", "gemma2", deviation=2.0)
    made_of = build(folder)
    family, assembly = made(made_of)
    module = assembly.module.eval()
    assert any("no longer capped (at 30)" in note for note in assembly.notes)
    original = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    assert original.config.final_logit_softcapping == 30
    batch = family.batch([rows(made_of, 1)[0]])
    with torch.no_grad():
        states, _ = family.states(module, batch)
        ours = torch.nn.functional.linear(states, *family.head(module))
        ids = torch.cat([batch.inputs_BS, batch.prefix_BT], 1)
        theirs = original(input_ids=ids).logits[0, -len(states) :]
    assert float(ours.abs().max()) > 30 > float(theirs.abs().max())
    assert torch.allclose(30 * torch.tanh(ours / 30), theirs, atol=1e-3)
    assert torch.equal(ours.argmax(1), theirs.argmax(1))
    family.save(module, tmp_path / "saved")
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["final_logit_softcapping"] is None


def test_the_end_token_learns_though_it_pads(of, tmp_path):
    """Its embedding has a gradient in a loaded network too, where transformers would make it a padding one."""
    made_of, family, module = of("llama")
    assert family.target.pad == family.target.eos == family.source.bos
    family.save(module, tmp_path)
    again = family.load(tmp_path)
    assert again.config.pad_token_id == family.target.pad
    Translation(family).summed_loss(again, family.batch(rows(made_of))).backward()
    assert float(again.get_input_embeddings().weight.grad[family.source.bos].abs().sum()) > 0


def test_random_weights_forget_the_checkpoint(of):
    made_of, _, module = of("gpt2")
    made_of = Build(Architecture(model="x", random_weights=True), made_of.encoder, None, made_of.vocabularies)
    _, assembly = made(made_of)
    assert assembly.pretrained == frozenset()
    assert "random weights" in assembly.notes[0]
    name = "transformer.h.0.mlp.c_fc.weight"
    assert not torch.equal(assembly.module.state_dict()[name], module.state_dict()[name])


def test_all_weights_count_as_pretrained(of):
    made_of, _, _ = of("gpt2")
    _, assembly = made(made_of)
    assert assembly.pretrained == {name for name, _ in assembly.module.named_parameters()}


def test_too_few_positions_are_refused_with_what_there_is_room_for(tmp_path):
    folder = decoder(tmp_path, "gpt2", n_positions=101)
    with pytest.raises(ModelError, match=r"knows 101 positions, which source and target share: .* give at most 51"):
        made(build(folder, {"max_length": 52}))
    assert made(build(folder, {"max_length": 51}))


def test_a_tokenizer_with_more_pieces_than_the_network_is_refused(tmp_path):
    with pytest.raises(ModelError, match="has 331 embeddings, and its tokenizer 333 pieces"):
        made(build(decoder(tmp_path, "gpt2", surplus=-2)))


def test_damaged_weights_are_refused(of, tmp_path):
    made_of, family, module = of("llama")
    family.save(module, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    tensors.pop("model.norm.weight")
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"disagree about 1 parameters \(model.norm.weight\)"):
        family.load(tmp_path)
    shutil.copy(made_of.encoder.folder / "tokenizer.json", tmp_path)
    shutil.copy(made_of.encoder.folder / "tokenizer_config.json", tmp_path)
    with pytest.raises(ModelError, match=r"its weights lack 1 parameters of LlamaForCausalLM"):
        made(build(tmp_path))


def test_a_batch_of_which_nothing_counts_has_no_states(of):
    """As a process computes that has nothing left in a step."""
    made_of, family, module = of("gpt2")
    states, labels = family.states(module, family.batch(rows(made_of)).unscored())
    assert (states.shape, labels.shape) == ((0, 32), (0,))
