"""A seeded toy task that a sound implementation must solve: number words, translated and reversed."""

from __future__ import annotations

import natives
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["marian", "bart", "mbart", "m2m_100", "nllb", "t5", "byt5"])
def test_native_encoder_decoders_learn_it_too(tmp_path, kind):
    pairs = numbers(2200)
    sources, targets = (list(side) for side in zip(*pairs[:400], strict=True))
    checkpoint = natives.build(kind, tmp_path / kind, sources, targets, width=64, spread=0.05)
    recipe = Finetune.of(
        {
            "model": str(checkpoint),
            "train": [corpus(tmp_path / "data", "train", pairs[:2000])],
            "dev": [corpus(tmp_path / "data", "dev", pairs[2000:2100])],
            "source": "en",
            "target": "fr",
            "out": tmp_path / "model",
            "max_length": 64 if kind != "byt5" else 128,
            "dropout": 0.0,
            "batch_tokens": 1024,
            "learning_rate": 2e-3,
            "epochs": 25 if kind != "byt5" else 40,  # of bytes a step holds a third as many pairs
            "validations": 2,
            "validation_pairs": 50,
            "average": 1,
            "device": "cpu",
            "precision": "fp32",
        }
    )
    finetune(recipe)
    said = Translator(tmp_path / "model").translate([source for source, _ in pairs[2100:]], Search(beam=1))
    exact = sum(translation.text == target for translation, (_, target) in zip(said, pairs[2100:], strict=True))
    assert exact >= 90
