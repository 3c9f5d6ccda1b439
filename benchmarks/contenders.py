"""The ways of training that are compared, by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from benchmarks.flops import Shape
from benchmarks.ours import Ours
from benchmarks.rivals import Stock, Tutorial
from benchmarks.setting import Setting
from benchmarks.tally import Tally
from calque.model.parts import quiet
from calque.training.rows import Text


class Contender(Protocol):
    """A network in training, and its training text."""

    shape: Shape

    @property
    def how(self) -> str:
        """Precision and attention, for people."""

    @property
    def precision(self) -> str:
        """fp32 or bf16."""

    def train(self, seconds: float) -> Tally:
        """Train for about so many seconds; what was done."""

    def heaviest(self) -> None:
        """Take the steps that need the most memory."""


TABLE: dict[str, Callable[[Setting, Text], Contender]] = {
    "calque": lambda setting, text: Ours(setting, text, same_vocabulary=False),
    "calque_same_vocabulary": lambda setting, text: Ours(setting, text, same_vocabulary=True),
    "seq2seq_trainer": Stock,
    "tutorial": Tutorial,
}


@contextmanager
def hushed() -> Iterator[None]:
    """Keep the libraries' advice out of the way of the numbers."""
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
