"""A seeded toy task that a sound implementation must solve: number words, translated and reversed."""

from __future__ import annotations

import pytest
from checkpoints import corpus, numbers

from calque.decoding.translator import Translator
from calque.recipes.finetune import Finetune
from calque.recipes.search import Search
from calque.training.finetune import finetune


@pytest.mark.slow
def test_reversed_numbers_are_learned_exactly(tmp_path):
    pairs = numbers(3200)
    recipe = Finetune.of(
        {
            "model": "tiny",
            "train": [corpus(tmp_path / "data", "train", pairs[:3000])],
            "dev": [corpus(tmp_path / "data", "dev", pairs[3000:3100])],
            "source": "en",
            "target": "fr",
            "out": tmp_path / "model",
            "encoder_layers": 2,
            "decoder_layers": 2,
            "width": 64,
            "feed_forward": 256,
            "dropout": 0.0,
            "batch_tokens": 1024,
            "epochs": 25,
            "validations": 2,
            "device": "cpu",
            "precision": "fp32",
        }
    )
    finetune(recipe)
    said = Translator(tmp_path / "model").translate([source for source, _ in pairs[3100:]], Search(beam=4))
    exact = sum(translation.text == target for translation, (_, target) in zip(said, pairs[3100:], strict=True))
    assert exact >= 95
