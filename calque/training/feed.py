"""What a process computes in each step: which rows of which epoch, in which micro-batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from calque.model.batch import Batch, Ids
from calque.recipes.training import Training
from calque.training.batches import Batching, Epoch
from calque.training.material import Material
from calque.training.objective import Objective
from calque.training.team import Team


class Feed:
    """The steps of `material`, cut and shared among `team`, as batches on `device`."""

    def __init__(
        self, recipe: Training, material: Material, objective: Objective, team: Team, device: torch.device
    ) -> None:
        self.material, self.objective, self.team, self.device = material, objective, team, device
        self.batching = Batching.of(material.rows, recipe.batch_tokens, recipe.micro_batch_tokens, recipe.seed)
        self._always_meeting = recipe.sharding == "full"  # weights are gathered in every forward pass

    def epoch(self, number: int, stage: int) -> Epoch:
        """The steps of one epoch, of all processes together."""
        return self.batching.epoch(number, self.material.corpora.quotas(stage))

    def stage(self, fraction: float) -> int:
        """The number of the mixture's stage at this fraction of the run."""
        return self.material.corpora.stage(fraction)

    def parts(self, step: Sequence[int]) -> list[list[int]]:
        """This process' micro-batches of a step."""
        return self.batching.micro(self.team.share(step))

    def batches(self, parts: Sequence[Sequence[int]], step: Sequence[int], epoch: int) -> list[Batch]:
        """Micro-batches as tensors; where this process has less to do than it has to meet the others, some more in
        which nothing is scored."""
        batches = [self.objective.batch(self.material.examples(rows, epoch)) for rows in parts]
        while len(batches) < self._meetings(step):
            batches.append(self.objective.batch(self.material.examples(step[:1], epoch)).unscored())
        return [batch.to(self.device) for batch in batches]

    def largest(self) -> list[Ids]:
        """The examples of the micro-batch that takes most memory."""
        return self.material.examples(self.batching.largest(), 0)

    def cut_at(self, micro_tokens: int) -> None:
        """Compute at most so many tokens at once from now on."""
        self.batching = replace(self.batching, micro_tokens=micro_tokens)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _meetings(self, step: Sequence[int]) -> int:
        """How often the processes must meet in a step: once, or in every forward pass."""
        mates = [replace(self.team, rank=rank) for rank in range(self.team.size if self._always_meeting else 0)]
        return max([1, *(len(self.batching.micro(mate.share(step))) for mate in mates)])
