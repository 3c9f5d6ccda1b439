"""What all contenders have in common: text, pretrained weights, sizes, optimizer, machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from calque.training.rows import Text, read

BETAS = (0.9, 0.98)
WEIGHT_DECAY = 0.01
CLIP = 1.0
DROPOUT = 0.1  # of hidden states; that of attention weights is 0 for all


@dataclass(frozen=True, slots=True)
class Setting:
    """Encoder and decoder both begin with the weights of `model`; the decoder keeps `decoder_layers` of its layers.

    batch: sentences of a step of the stock trainer. batch_tokens: tokens of a step of ours, None for calque's default.
    smoothing: of labels. precision: of ours; the rivals compute in fp32. Peaks of learning rates are alike.
    """

    train: str
    source: str
    target: str
    model: str
    decoder_layers: int
    learning_rate: float
    batch: int
    batch_tokens: int | None
    max_length: int
    smoothing: float
    precision: str
    device: str
    threads: int
    seed: int

    def text(self) -> Text:
        """The training text."""
        return read((self.train,), self.source, self.target)

    def settings(self, same_vocabulary: bool) -> dict[str, Any]:
        """Settings of `calque finetune`: its own vocabularies, or those that the pretrained tokenizer has."""
        keep = {"source_vocabulary": "keep", "target_vocabulary": "keep"} if same_vocabulary else {}
        batch = {} if self.batch_tokens is None else {"batch_tokens": self.batch_tokens}
        return {
            "model": self.model, "decoder": "same", "decoder_layers": self.decoder_layers, "train": (self.train,),
            "source": self.source, "target": self.target, "max_length": self.max_length, "dropout": DROPOUT,
            "attention_dropout": 0.0, "label_smoothing": self.smoothing, "learning_rate": self.learning_rate,
            "pretrained_learning_rate": self.learning_rate, "beta1": BETAS[0], "beta2": BETAS[1],
            "weight_decay": WEIGHT_DECAY, "clip": CLIP, "device": self.device, "precision": self.precision,
            "threads": self.threads, "seed": self.seed, **keep, **batch,
        }  # fmt: skip
