"""How long training would take, from timed steps of the real network on real batches."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from calque.recipes.finetune import Finetune
from calque.training.batches import Batching
from calque.training.device import settled
from calque.training.dropout import with_dropout
from calque.training.finetune import Start, begin
from calque.training.loop import prepared
from calque.training.objective import Translation
from calque.training.progress import Silence
from calque.training.rows import Text, encode
from calque.training.store import Store
from calque.training.update import update


@dataclass(frozen=True, slots=True)
class Forecast:
    """Steps and minutes of one pass over the training text, measured on `timed_steps` steps; the network's size."""

    sentences_per_second: float
    steps_per_epoch: int
    minutes_per_epoch: float
    parameters: int
    dropped_too_long: int
    timed_steps: int
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return asdict(self)


def forecast(recipe: Finetune, train: Text, steps: int) -> Forecast:
    """Assemble the network that `recipe` describes, take `steps` optimizer steps (after one that warms up), and
    throw it away. A step's time is taken per padded token, so that long and short batches count alike.

    Raises:
        ModelError: the network cannot be assembled.
    """
    recipe = with_dropout(settled(recipe, Silence()), train.count, Silence())
    torch.manual_seed(recipe.seed)
    start, notes = begin(recipe, train)
    with tempfile.TemporaryDirectory() as scratch:
        rows = encode(train, start.source, start.target, Path(scratch) / "store")
        return _timed(recipe, start, notes, rows, train.count - len(rows), steps)


def _timed(
    recipe: Finetune, start: Start, notes: tuple[str, ...], rows: Store, dropped_too_long: int, steps: int
) -> Forecast:
    batching = Batching.of(rows, recipe.batch_tokens, recipe.micro_batch_tokens, recipe.seed)
    epoch = batching.epoch(0)
    objective = Translation(start.family, recipe.label_smoothing, recipe.rdrop)
    accelerator, scored, optimizer = prepared(recipe, start.module.train(), start.pretrained, objective)
    per_token = []
    for step in random.Random(recipe.seed).choices(epoch, k=steps + 1):
        began = time.perf_counter()
        batches = [objective.batch([rows[i] for i in part]).to(accelerator.device) for part in batching.micro(step)]
        update(accelerator, scored, optimizer, batches, recipe.clip)
        per_token.append((time.perf_counter() - began) / sum(int(side[step].sum()) for side in rows.lengths))
    seconds = statistics.median(per_token[1:]) * sum(int(side.sum()) for side in rows.lengths)
    return Forecast(
        sentences_per_second=round(len(rows) / seconds, 1),
        steps_per_epoch=len(epoch),
        minutes_per_epoch=round(seconds / 60, 2),
        parameters=sum(p.numel() for p in start.module.parameters()),
        dropped_too_long=dropped_too_long,
        timed_steps=steps,
        notes=notes,
    )
