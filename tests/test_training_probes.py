"""Each classical bug, planted, is named; healthy runs raise nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from checkpoints import checkpoint, corpus, numbers
from torch import nn

from calque.errors import ProbeError
from calque.model.batch import IGNORED, Batch, Ids
from calque.model.pair import PairFamily
from calque.recipes.finetune import Finetune
from calque.training import probes
from calque.training.finetune import begin, finetune
from calque.training.overfit import chosen, overfit
from calque.training.probes import probe
from calque.training.progress import Silence
from calque.training.rows import fitting, read
from calque.training.schedule import freeze

SMALL = {"encoder_layers": 1, "decoder_layers": 1, "width": 64, "heads": 4, "feed_forward": 128}


def begun(folder: Path, pairs=None, **settings):
    """A network as at the start of a run, and its rows."""
    places = {"train": [corpus(folder, "train", pairs or numbers(100))], "dev": ["x"], "out": "x"}
    recipe = Finetune.of({"model": "tiny", "source": "en", "target": "fr", **places, **settings})
    torch.manual_seed(recipe.seed)
    start, _ = begin(recipe, text := read(recipe.train, "en", "fr"))
    freeze(recipe, start.module, start.pretrained)
    return start, fitting(list(text), start.source, start.target)[0]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return begun(tmp_path_factory.mktemp("small"), **SMALL)


def first_source_only(batch):
    """The batch as if every row had the first one's source."""
    same = {name: getattr(batch, name)[:1].expand_as(getattr(batch, name)) for name in ("inputs_BS", "mask_BS")}
    return replace(batch, **same)


class Blind(PairFamily):
    """The decoder gets the same encoder states for every row."""

    def _hidden(self, module, batch):
        nothing = torch.full_like(batch.inputs_BS[:, :3], self.source.eos)
        return super()._hidden(module, replace(batch, inputs_BS=nothing, mask_BS=torch.ones_like(nothing)))


class Constant(PairFamily):
    """Generation reads the first source only."""

    def generate(self, module, batch, search):
        return super().generate(module, first_source_only(batch), search)


class EndNotLearned(PairFamily):
    """The batch is right, but the end token never reaches the loss."""

    def states(self, module, batch):
        return super().states(
            module, replace(batch, labels_BT=batch.labels_BT.where(batch.labels_BT != self.target.eos, IGNORED))
        )


class NoEnd(PairFamily):
    def batch(self, rows):
        return super().batch([replace(row, target=row.target and row.target[:-1]) for row in rows])


class ScoredPads(PairFamily):
    def batch(self, rows):
        batch = super().batch(rows)
        labels = batch.labels_BT
        return (
            batch
            if labels is None
            else replace(batch, labels_BT=labels.masked_fill(labels == IGNORED, self.target.pad))
        )


class ShiftedTwice(PairFamily):
    def batch(self, rows):
        batch = super().batch(rows)
        if batch.labels_BT is None:
            return batch
        labels = torch.full_like(batch.labels_BT, IGNORED)
        labels[:, :-1] = batch.labels_BT[:, 1:]
        return replace(batch, labels_BT=labels)


class ShiftedInTheModel(PairFamily):
    """The batch is right, but the model shifts once more, as models with a loss of their own do."""

    def states(self, module, batch):
        scored = batch.labels_BT
        shifted = torch.full_like(scored, IGNORED)
        shifted[:, :-1] = scored[:, 1:]
        return super().states(module, replace(batch, labels_BT=shifted))


class Untied(PairFamily):
    """Saving loses the output layer."""

    def load(self, folder, dropout=None):
        module = super().load(folder, dropout)
        head = module.decoder.lm_head.decoder
        head.weight = nn.Parameter(torch.randn_like(head.weight))
        return module


class Unmasked(PairFamily):
    """Source padding is attended to."""

    def batch(self, rows):
        batch = super().batch(rows)
        return replace(batch, mask_BS=torch.ones_like(batch.mask_BS))


@pytest.mark.parametrize(
    ("bug", "name"),
    [
        (Blind, "blind-decoder"),
        (NoEnd, "missing-eos"),
        (ScoredPads, "scored-padding"),
        (ShiftedTwice, "double-shift"),
        (ShiftedInTheModel, "double-shift"),
        (Constant, "constant-output"),
        (EndNotLearned, "endless-output"),
        (Untied, "reload"),
        (Unmasked, "padding-leak"),
    ],
)
def test_a_planted_bug_is_named(small, bug, name):
    start, rows = small
    sick = bug(start.family.source, start.family.target, start.family.max_length)
    with pytest.raises(ProbeError) as caught:
        probe(start.module, sick, rows, Silence())
    assert caught.value.probe in name.split("|"), caught.value


def test_a_healthy_network_passes_and_stays_as_it_was(small):
    start, rows = small
    before = {name: p.clone() for name, p in start.module.named_parameters()}
    state = torch.get_rng_state()
    verdicts = probe(start.module, start.family, rows, Silence())
    assert list(verdicts) == [
        "scored-padding", "double-shift", "missing-eos", "padding-leak", "accumulation", "blind-decoder",
        "constant-output", "unlike-output", "endless-output", "cache", "reload",
    ]  # fmt: skip
    assert all(torch.equal(before[name], p) for name, p in start.module.named_parameters())
    assert torch.equal(state, torch.get_rng_state())


def test_a_mean_loss_is_named_by_accumulation(small, monkeypatch):
    start, rows = small
    few = chosen(rows)[:5]  # halves of three and two rows

    def mean(self, module, batch):
        weight, bias = self.family.head(module)
        states, labels = self.family.states(module, batch)
        return nn.functional.cross_entropy(nn.functional.linear(states, weight, bias), labels)

    monkeypatch.setattr(probes.Translation, "summed_loss", mean)
    with pytest.raises(ProbeError, match="accumulation"):
        probes.accumulation(start.module, start.family, few)


def test_a_cache_that_forgets_is_named(small, monkeypatch):
    start, rows = small
    learned = overfit(start.module, start.family, chosen(rows))
    right = [row.target[1:-1] for row in learned.rows]
    said = iter([right, [ids[::-1] for ids in right]])
    monkeypatch.setattr(probes, "_said", lambda *_: next(said))
    with pytest.raises(ProbeError, match="key-value cache"):
        probes.cache(learned, start.family)


def test_too_few_pairs_are_no_error(small):
    start, _ = small
    assert probe(start.module, start.family, [Ids([1, 2], [1, 2])], Silence()) == {
        "all": "not run: fewer than two different pairs of five tokens or more"
    }


def test_batches_without_labels_are_no_training_batches():
    with pytest.raises(ProbeError, match="no labels"):
        probes.missing_eos(Batch(torch.zeros(1, 1), torch.zeros(1, 1)), [])


HEALTHY = {
    "tiny preset": {"encoder_layers": 4, "decoder_layers": 4, "width": 128, "feed_forward": 512},
    "tiny, own target pieces": {**SMALL, "target_vocabulary": "bpe"},
    "tiny, one wide layer": {**SMALL, "width": 128},
    "minilm preset": {"model": "minilm", "decoder": "new", "decoder_layers": 3},
    "minilm, warm decoder": {"model": "minilm", "decoder": "same", "decoder_layers": 3},
    "minilm, cross-attention from self-attention": {
        "model": "minilm",
        "decoder": "same",
        "decoder_layers": 2,
        "cross_attention": "self",
    },
    "minilm, scaled cross-attention": {
        "model": "minilm",
        "decoder": "same",
        "decoder_layers": 2,
        "cross_attention": "scaled",
    },
    "minilm, frozen encoder": {"model": "minilm", "decoder": "new", "decoder_layers": 2, "freeze": "encoder"},
    "minilm, frozen embeddings": {"model": "minilm", "decoder": "same", "decoder_layers": 2, "freeze": "embeddings"},
    "minilm, random weights": {"model": "minilm", "decoder_layers": 2, "random_weights": True},
    "tiny bert, own head": {"model": "bert", "head": "own", "target_vocabulary": "keep", "max_length": 64},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_runs_raise_nothing(name, tmp_path, minilm):
    settings = dict(HEALTHY[name])
    if settings.get("model") == "bert":
        settings["model"] = str(checkpoint(tmp_path / "bert", "bert"))
    start, rows = begun(tmp_path / "data", numbers(1000), **settings)
    assert len(probe(start.module, start.family, rows, Silence())) >= 8


@pytest.mark.slow
def test_a_healthy_run_in_bf16_raises_nothing(tmp_path):
    pairs = numbers(1000)
    places = {"train": [corpus(tmp_path, "train", pairs)], "dev": [corpus(tmp_path, "dev", pairs[:20])]}
    recipe = Finetune.of(
        {"model": "minilm", "source": "en", "target": "fr", "out": tmp_path / "m", "steps": 2, "precision": "bf16"}
        | {"decoder": "new", "decoder_layers": 2, "validations": 1, "validation_pairs": 2, "device": "cpu", **places}
    )
    assert len(finetune(recipe).details["probes"]) >= 8
