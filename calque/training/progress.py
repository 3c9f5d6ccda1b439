"""What a run tells while it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

Sample = tuple[str, str, str]  # source, hypothesis, reference


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step: its number, the total where known, the fraction of the run, loss in nats per scored token,
    learning rate, scored target tokens per second, best score so far, seconds left, and the latest sample."""

    step: int
    total: int | None
    fraction: float
    loss: float
    learning_rate: float
    tokens_per_second: float
    best: float | None
    eta_seconds: float | None
    sample: Sample | None


@dataclass(frozen=True, slots=True)
class Validation:
    """Development scores: loss in nats per token, named scores such as the BLEU of translated text, whether it is the
    best so far, and a sample where there is one."""

    step: int
    loss: float
    scores: dict[str, float]
    best: bool
    sample: Sample | None


Event = Message | Step | Validation


class Listener(Protocol):
    """Whoever wants to know."""

    def event(self, event: Event) -> None:
        """Called after each step, validation and message, from the training thread."""


class Silence:
    """A listener that does nothing."""

    def event(self, event: Event) -> None:
        """Do nothing."""
