"""The demo's settings, and what it refuses before it writes a corpus."""

from __future__ import annotations

import pytest

from calque.errors import ModelError
from calque.recipes.demo import Demo
from calque.training.demo import demo, settings


def test_a_model_that_is_not_there_is_missed_before_the_corpus_is_written(tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        demo(Demo(out=tmp_path / "d", model=str(tmp_path / "no-model"), pairs=200))
    assert not list(tmp_path.iterdir())


def test_without_pretrained_weights_nothing_is_said_of_them(tmp_path):
    warm = settings(Demo(out=tmp_path / "d"), tmp_path)
    scratch = settings(Demo(out=tmp_path / "d", model="tiny", steps=3), tmp_path)
    assert (warm.unfreeze, warm.pretrained_learning_rate, warm.minutes) == (0.3, 3e-4, 5.6)
    assert (scratch.unfreeze, scratch.pretrained_learning_rate, scratch.steps) == (0.0, None, 3)
    assert scratch.decoder_layers == warm.decoder_layers == 2
