"""How far a run is, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from calque.training.validate import Measured


@dataclass
class Course:
    """How far the run is; saved in every checkpoint. `seconds` is wall-clock time, validation included; `loss` and
    `tokens` are summed since the last line of metrics; `validated` is the step of the latest validation and `value`
    its score, higher is better; `micro_tokens` is what the memory allows, where it ran out."""

    step: int = 0
    epoch: int = 0
    stage: int = 0
    position: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    tokens: int = 0
    since: float = 0.0
    validations: int = 0
    validated: int = -1
    value: float = 0.0
    without_better: int = 0
    metrics_bytes: int = 0
    scored_tokens: int = 0
    micro_tokens: int | None = None
    kept: list[list[float]] = field(default_factory=list)


class Paused(Exception):  # noqa: N818 - the field's word is no error
    """A run was left where it was asked to be, saved and validated, and can be gone on with.

    Args:
        seconds: spent in the run so far.
        best: the best score of all validations, by the recipe's `best`.
        measured: what the last validation found.
        validating: seconds that it took.
        parameters: of the network.
    """

    def __init__(self, seconds: float, best: float, measured: Measured, validating: float, parameters: int) -> None:
        super().__init__(f"left after {seconds:.0f} s")
        self.seconds, self.best, self.measured = seconds, best, measured
        self.validating, self.parameters = validating, parameters


@dataclass(frozen=True)
class Outcome:
    """What a finished run says: steps, epochs, seconds, scored tokens, and the development scores of its weights."""

    steps: int
    epochs: float
    seconds: float
    scored_tokens: int
    measured: Measured
    chosen: str
