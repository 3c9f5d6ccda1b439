from __future__ import annotations

import signal
from collections import Counter

import numpy as np
import pytest
import tiny_run
from checkpoints import corpus, numbers
from pydantic import ValidationError
from tiny_run import Killer, Listening, same

from calque.errors import DataError, Interrupted
from calque.recipes.finetune import Finetune
from calque.recipes.mixture import Stage
from calque.training.batches import Batching
from calque.training.finetune import finetune
from calque.training.mixture import Corpora
from calque.training.progress import Step


@pytest.fixture
def settings(tmp_path):
    """Two corpora, of 60 and of 20 pairs."""
    made = tiny_run.settings(tmp_path)
    pairs = numbers(100)
    places = [corpus(tmp_path / "data", name, part) for name, part in (("big", pairs[:60]), ("small", pairs[60:80]))]
    return made | {"train": places}


def drawn(quotas, epoch=0, rows=80):
    """How often each row is in an epoch."""
    lengths = np.full(rows, 5, np.uint32), np.full(rows, 6, np.uint32)
    steps = Batching(lengths, 110, 110, seed=1).epoch(epoch, quotas)
    return Counter(row for step in steps for row in step)


def test_a_stage_is_read():
    assert Stage.of("3:1") == Stage(0.0, (3.0, 1.0))
    assert Stage.of("0.8=0:1:0.5") == Stage(0.8, (0.0, 1.0, 0.5))


@pytest.mark.parametrize(
    "text", ["", "3,1", "a:b", "1=1:1", "-0.1=1:1", "0:0", "-1:1", "nan:1", "x=1:1", "1e308:1e308"]
)
def test_what_is_no_stage_is_refused(text):
    with pytest.raises(ValueError, match=r"mixture '.*'"):
        Stage.of(text)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mixture": ["1:1:1"]}, "has 3 weights for 2 train corpora"),
        ({"mixture": ["0.5=1:1"]}, "the first stage begins at 0"),
        ({"mixture": ["1:1", "0.5=1:2", "0.5=2:1"]}, "must begin one after the other"),
        ({"mixture": ["1:1"], "temperature": 5}, "give one"),
    ],
)
def test_mixtures_that_contradict_are_refused(settings, given, told):
    with pytest.raises(ValidationError, match=told):
        Finetune.model_validate(settings | given)


def test_a_mixture_of_one_corpus_is_refused(tmp_path):
    with pytest.raises(ValidationError, match="there is one train"):
        Finetune.model_validate(tiny_run.settings(tmp_path) | {"temperature": 5})


def test_weights_are_how_often_pairs_are_drawn():
    counts = drawn(Corpora((60, 80), ((0.0, (0.25, 0.75)),)).quotas(0))
    assert sum(counts[row] for row in range(60)) == 20
    assert {counts[row] for row in range(60)} == {0, 1}
    assert {counts[row] for row in range(60, 80)} == {3}


def test_other_rows_are_drawn_in_another_epoch():
    quotas = Corpora((60, 80), ((0.0, (0.25, 0.75)),)).quotas(0)
    assert drawn(quotas, 0) == drawn(quotas, 0) != drawn(quotas, 1)


def test_without_a_mixture_every_row_is_drawn_once():
    assert Corpora((60, 80)).quotas(0) is None
    assert set(drawn(None).values()) == {1}


def test_stages_begin_at_their_fractions():
    corpora = Corpora((60, 80), ((0.0, (0.5, 0.5)), (0.8, (0.0, 1.0))))
    assert [corpora.stage(fraction) for fraction in (0, 0.79, 0.8, 1)] == [0, 0, 1, 1]
    assert corpora.quotas(1) == [(0, 60, 0), (60, 80, 80)]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"temperature": 1}, "in these shares: 75.0%, 25.0%"),
        ({"temperature": 2}, "in these shares: 63.4%, 36.6%"),  # the roots of 60 and 20 are 7.746 and 4.472
        ({"mixture": ["1:3"]}, "in these shares: 25.0%, 75.0%"),
        (
            {"mixture": ["1:1", "0.8=0:1"]},
            "in these shares: from 0% of the run 50.0%, 50.0%; from 80% of the run 0.0%, 100.0%",
        ),
    ],
)
def test_the_shares_are_told(settings, given, told):
    listening = Listening()
    finetune(Finetune.of(settings | given | {"steps": 1, "validate_every": None}), listener=listening)
    assert told in listening.told


def test_an_interrupted_run_of_several_stages_ends_in_the_same_bits(settings, tmp_path):
    settings |= {"mixture": ["1:1", "0.3=3:1", "0.7=0:1"], "subword_dropout": 0.2}
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Killer(10, signal.SIGTERM))
    finetune(Finetune.of(settings), resume=True)
    assert same(tmp_path / "whole", tmp_path / "model")
    plain = settings | {"mixture": [], "out": str(tmp_path / "plain")}
    finetune(Finetune.of(plain))
    assert not same(tmp_path / "whole", tmp_path / "plain")


@pytest.mark.parametrize("mixture", [["0:1"], ["1:1", "0.5=0:1"]])
def test_a_stage_with_nothing_to_draw_is_refused(settings, tmp_path, mixture):
    settings["train"][1] = corpus(tmp_path / "data", "blank", [("", "un"), ("", "deux")])
    with pytest.raises(DataError, match=r"are drawn from \S*blank alone, and no usable pair is in there"):
        finetune(Finetune.of(settings | {"mixture": mixture}))
    assert not (tmp_path / "model.run").exists()


def test_the_best_loss_is_told_as_it_is(settings):
    listening = Listening()
    finetune(Finetune.of(settings | {"best": "loss", "log_every": 1}), listener=listening)
    assert 0 < [event.best for event in listening.events if isinstance(event, Step)][-1] < 10
