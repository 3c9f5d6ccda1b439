"""A throw-away copy of the network that learns a handful of pairs by heart, to be looked at by the probes.

A healthy young network also ignores its source and says the same thing for every input; one that has learned a few
pairs by heart does not, unless something is broken.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from calque.model.batch import Batch, Ids
from calque.model.family import Family
from calque.training.objective import Translation

PAIRS = 8
SECONDS = 20.0  # of computing, for each attempt; after this the copy is judged as it is
STEPS = 300
RATES = (4e-4, 1.5e-3)  # tried in turn: the first suits pretrained weights, the second small new networks
WARMUP = 10  # steps


@dataclass(frozen=True, slots=True)
class Learned:
    """The copy after training, its pairs, and its losses in nats per sentence with the right and with wrong sources."""

    module: nn.Module
    rows: tuple[Ids, ...]
    right: float
    wrong: float

    @property
    def by_chance(self) -> float:
        """Nats per sentence of a decoder that knows all targets by heart but never sees the source."""
        return math.log(len(self.rows))

    @property
    def knows_targets(self) -> bool:
        """Whether the targets at least are known by heart."""
        return self.right < 1.3 * self.by_chance

    @property
    def sees_source(self) -> bool:
        """Whether it tells the pairs apart, which nothing but the source allows."""
        return self.right < 0.5 * self.by_chance


def chosen(rows: Sequence[Ids], pairs: int = PAIRS) -> tuple[Ids, ...]:
    """Short pairs whose sources and targets all differ, of several lengths where there are any."""
    found: dict[tuple[int, ...], Ids] = {}
    targets = set()
    for row in sorted(rows[:5000], key=lambda row: len(row.source) + len(row.target or ())):
        source, target = tuple(row.source), tuple(row.target or ())
        if len(target) >= 5 and source not in found and target not in targets:
            found[source] = row
            targets.add(target)
        if len(found) == 4 * pairs:
            break
    return tuple(list(found.values())[:: max(1, len(found) // pairs)][:pairs])


def overfit(module: nn.Module, family: Family, rows: Sequence[Ids]) -> Learned:
    """Train a copy of `module` on `rows` without dropout until it tells them apart, or time is up. What fails at one
    learning rate is tried at another before it is judged: too high a rate makes a sound network blind."""
    for rate in RATES:
        learned = _attempt(module, family, rows, rate)
        if learned.sees_source:
            break
    return learned


def _attempt(module: nn.Module, family: Family, rows: Sequence[Ids], rate: float) -> Learned:
    module = copy.deepcopy(module).eval()
    objective = Translation(family)
    device = next(module.parameters()).device
    batch = family.batch(rows).to(device)
    wrong = family.batch([Ids(rows[i - 1].source, row.target) for i, row in enumerate(rows)]).to(device)
    optimizer = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], lr=rate, betas=(0.9, 0.98))
    began = time.thread_time()
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / WARMUP)
        total = objective.summed_loss(module, batch)
        (total / max(1, batch.scored_tokens)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        enough = float(total.detach()) / len(rows) < 0.1 * math.log(len(rows))
        if enough or time.thread_time() - began > SECONDS:
            break
    return Learned(module, tuple(rows), _loss(module, objective, batch), _loss(module, objective, wrong))


@torch.no_grad()
def _loss(module: nn.Module, objective: Translation, batch: Batch) -> float:
    return float(objective.summed_loss(module, batch)) / batch.rows
