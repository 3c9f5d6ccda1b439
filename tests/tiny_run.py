"""A training run of a second: its settings, listeners, and what is compared at its end."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from checkpoints import corpus, numbers
from safetensors.torch import load_file

from calque.training.progress import Message, Step


def settings(folder: Path) -> dict[str, Any]:
    """A network of two tiny layers and 80 pairs of number words."""
    pairs = numbers(100)
    return {
        "model": "tiny",
        "train": [corpus(folder / "data", "train", pairs[:80])],
        "dev": [corpus(folder / "data", "dev", pairs[80:])],
        "source": "en",
        "target": "fr",
        "out": str(folder / "model"),
        "encoder_layers": 1,
        "decoder_layers": 1,
        "width": 16,
        "heads": 2,
        "feed_forward": 32,
        "source_pieces": 300,
        "target_pieces": 300,
        "batch_tokens": 300,
        "steps": 24,
        "validate_every": 8,
        "save_every": 4,
        "validation_pairs": 4,
        "average": 2,
        "probes": False,
        "device": "cpu",
        "precision": "fp32",
        "attention": "matmul",  # timing would choose, and two processes might choose differently
    }


class Listening:
    """Keeps all events."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def event(self, event: Any) -> None:
        self.events.append(event)

    @property
    def told(self) -> str:
        """All messages, a line each."""
        return "\n".join(event.text for event in self.events if isinstance(event, Message))


class Killer(Listening):
    """Sends a signal to its own process after some step."""

    def __init__(self, step: int, number: int) -> None:
        super().__init__()
        self.step, self.number = step, number

    def event(self, event: Any) -> None:
        super().event(event)
        if isinstance(event, Step) and event.step >= self.step:
            os.kill(os.getpid(), self.number)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors of a model folder."""
    return load_file(str(folder / "model.safetensors"))


def same(first: Path, second: Path) -> bool:
    """Whether two runs ended in the same weights, bit for bit, and told the same losses and scores on the way."""
    one, other = weights(first), weights(second)
    return (
        one.keys() == other.keys()
        and all(torch.equal(one[name], other[name]) for name in one)
        and _measured(first) == _measured(second)
    )


def _measured(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "tokens_per_second")} for line in lines]
