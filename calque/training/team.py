"""The processes that train one model together; one process alone is a team too.

They are started by a launcher (`torchrun`, `accelerate launch`), which tells each its rank. Every process knows the
same list of steps; each computes its share of a step's rows, and gradients are summed over all. The first process, the
leader, writes files and talks to the user.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import distributed

from calque.errors import CalqueError

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Team:
    """This process' `rank` among `size` processes."""

    rank: int = 0
    size: int = 1

    @classmethod
    def here(cls) -> Team:
        """What the launcher said; without one, a process alone."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    def meet(self, device: str) -> None:
        """Let the processes find one another; `device` is 'cpu' or 'cuda'."""
        if not self.alone:
            from accelerate import PartialState

            PartialState(cpu=device == "cpu")

    def part(self) -> None:
        """End what `meet` began: a process that ends with its connections open may abort."""
        if not self.alone and distributed.is_initialized():
            distributed.destroy_process_group()

    @property
    def alone(self) -> bool:
        """Whether there is no other process."""
        return self.size == 1

    @property
    def leads(self) -> bool:
        """Whether this process writes and talks."""
        return self.rank == 0

    def share(self, items: Sequence[U]) -> list[U]:
        """This process' part of what is to be done by all: every size-th item, so that similar lengths are shared."""
        return list(items[self.rank :: self.size])

    def sum(self, values: Sequence[float]) -> list[float]:
        """The sums of these numbers over all processes (float64)."""
        if self.alone:
            return list(values)
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        total = torch.tensor(values, dtype=torch.float64, device=device)
        distributed.all_reduce(total)
        return list(total.tolist())

    def gather(self, item: T) -> list[T]:
        """What each process has, by rank."""
        if self.alone:
            return [item]
        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, item)
        return found

    def led(self, work: Callable[[], T]) -> T:
        """What `work` answers to the leader, who alone does it, while the others wait.

        Raises:
            CalqueError: what the leader raised, in every process.
        """
        if self.alone:
            return work()
        told: list[Any] = [None, None]
        if self.leads:
            try:
                told[0] = work()
            except CalqueError as raised:
                told[1] = raised
        distributed.broadcast_object_list(told)
        if told[1] is not None:
            raise told[1]
        return told[0]  # type: ignore[no-any-return]


ALONE = Team()
