"""Trackers: programs beside calque that draw a run's curves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from calque.errors import RecipeError

Tracker = Callable[[int, dict[str, float]], None]


def tensorboard(run: Path) -> Tracker:
    """Writes the numbers of a step as TensorBoard events into `run`; RecipeError where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise RecipeError("--tensorboard needs the extra 'track': pip install 'calque[track]'") from None
    writer = SummaryWriter(str(run / "tensorboard"))

    def track(step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            if isinstance(value, (int, float)):
                writer.add_scalar(name, value, step)
        writer.flush()

    return track
