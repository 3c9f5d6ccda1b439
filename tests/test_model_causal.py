"""The family of decoders alone, over every architecture that is taken, beside transformers' own forward pass."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
import transformers
from checkpoints import numbers
from decoders import SHAPES, decoder

from calque.errors import ModelError
from calque.model import family as families
from calque.model.batch import IGNORED, Ids
from calque.model.family import NATIVE, Build
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.search import Search
from calque.recipes.vocabulary import Vocabulary
from calque.training.probes import structure

PAIRS = numbers(60)
KINDS = sorted(NATIVE["causal"])
GREEDY = Search(beam=1, longest_ratio=1)


def build(folder, vocabulary=None, **settings):
    pretrained = find(str(folder))
    sources, targets = zip(*PAIRS, strict=True)
    recipe = Vocabulary(**({"max_length": 64} | (vocabulary or {})))
    vocabularies = choose("causal", recipe, pretrained, pretrained, sources, targets, ("en", "fr"))
    return Build(Architecture(model="x", **settings), pretrained, pretrained, vocabularies)


def made(made_of, attention="auto", recompute=False):
    source, target = made_of.vocabularies.source.codec, made_of.vocabularies.target.codec
    family = families.of("causal", source, target, attention, recompute)
    return family, family.assemble(made_of)


def rows(made_of, count=5):
    source, target = made_of.vocabularies.source.codec, made_of.vocabularies.target.codec
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
    sources = [Ids(row.source) for row in rows(made_of)]
    together = family.generate(module, family.batch(sources), GREEDY)
    for source, found in zip(sources, together, strict=True):
        alone = family.generate(module, family.batch([source]), Search(beam=1, longest_ratio=1))
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
