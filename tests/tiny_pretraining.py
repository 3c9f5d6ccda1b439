"""A pretraining run of a second: its settings, and those of what begins with its model."""

from __future__ import annotations

import tiny_run
import transformers
from language_models import counting, written

from calque.recipes.pretrain import Pretrain

LAYERS = {"mlm": ("encoder_layers",), "clm": ("decoder_layers",), "denoise": ("encoder_layers", "decoder_layers")}
CLASSES = {
    "mlm": transformers.AutoModelForMaskedLM,
    "clm": transformers.AutoModelForCausalLM,
    "denoise": transformers.AutoModelForSeq2SeqLM,
}


def settings(folder):
    """A run of a second over 200 lines that count."""
    return {
        "text": [written(folder / "text.fr", counting(200))],
        "out": str(folder / "model"),
        "width": 16,
        "heads": 2,
        "feed_forward": 32,
        "pieces": 300,
        "max_length": 48,
        "batch_tokens": 600,
        "steps": 12,
        "validate_every": 4,
        "save_every": 4,
        "log_every": 1,
        "average": 1,
        "probes": False,
        "device": "cpu",
        "precision": "fp32",
        "attention": "matmul",
    }


def recipe(settings, objective, **more):
    return Pretrain.of(settings | {"objective": objective} | dict.fromkeys(LAYERS[objective], 1) | more)


def continued(settings, folder, objective, **more):
    """Settings of a checkpoint that learns on."""
    for name in ("width", "heads", "feed_forward", "pieces"):
        settings.pop(name, None)
    return Pretrain.of(settings | {"objective": objective, "model": str(folder)} | more)


def checkpoint_settings(folder, model, **more):
    """Settings of a translator that is a checkpoint as it is."""
    given = tiny_run.settings(folder) | {"model": str(folder / model), "out": str(folder / "translator")} | more
    for name in (
        "source_pieces",
        "target_pieces",
        "width",
        "heads",
        "feed_forward",
        "encoder_layers",
        "decoder_layers",
    ):
        given.pop(name)
    return given
