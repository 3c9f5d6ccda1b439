"""A child process that trains and meets the accidents it was told to: run by tests/test_training_kills.py.

The accidents are put into the operations that a checkpoint is written with, so the product needs no hooks for them.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from calque.recipes.finetune import Finetune
from calque.training import checkpoint
from calque.training.checkpoint import Checkpoints
from calque.training.finetune import finetune
from calque.training.progress import Event, Message, Step

OPERATIONS: list[tuple[Any, str]] = [
    (checkpoint, "save_model"), (checkpoint, "save_file"), (Path, "write_text"), (os, "fsync"), (Path, "rename"),
    (shutil, "rmtree"),
]  # fmt: skip


class Accidents:
    """Counts the operations within each save, and lets happen what the plan says: each of `plan` names the `save` of
    this process, the `operation`, its number among those of that name in the save (`nth`), and the `kind` (kill
    before, kill after, cut, full)."""

    def __init__(self, plan: list[dict[str, Any]], disk: Path, is_small: bool, seed: int) -> None:
        self.plan, self.filler, self.is_small = plan, disk / "filler", is_small
        self.chance = random.Random(seed)
        self.saves, self.inside, self.done = 0, False, Counter[str]()

    def install(self) -> None:
        """Put the accidents into the operations."""
        save = Checkpoints.save

        def counted(checkpoints: Checkpoints, *given: Any, **named: Any) -> None:
            self.saves, self.inside, self.done, self.folder = self.saves + 1, True, Counter(), checkpoints.folder
            try:
                save(checkpoints, *given, **named)
            finally:
                self.inside = False
                self.filler.unlink(missing_ok=True)

        Checkpoints.save = counted  # type: ignore[method-assign]
        for place, name in OPERATIONS:
            setattr(place, name, self._spoiled(name, getattr(place, name)))

    def _spoiled(self, name: str, usual: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            if not self.inside:
                return usual(*given, **named)
            self.done[name] += 1
            now = {"save": self.saves, "operation": name, "nth": self.done[name]}
            kind = next((one["kind"] for one in self.plan if now.items() <= one.items()), None)
            if kind is None:
                return usual(*given, **named)
            print("accident", kind, name, self.done[name], flush=True)
            if kind == "kill before":
                os.kill(os.getpid(), signal.SIGKILL)
            if kind == "full":
                return self._full(name, lambda: usual(*given, **named))
            found = usual(*given, **named)
            if kind == "cut":
                self._cut()
            os.kill(os.getpid(), signal.SIGKILL)
            return found

        return called

    def _cut(self) -> None:
        """What a power cut leaves of a file that was never flushed."""
        file = self.chance.choice(sorted(checkpoint.found(self.folder)[-1].iterdir()))
        os.truncate(file, self.chance.randrange(file.stat().st_size))

    def _full(self, name: str, usual: Callable[[], Any]) -> Any:
        """Let a write meet a disk that is really full, where there is a small one; else do it and fail."""
        if self.is_small and name in ("save_model", "save_file", "write_text"):
            left = self.chance.choice([0, 4096]) if name == "save_model" else 0
            with self.filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(self.filler.parent).free - left)
            usual()
            raise AssertionError(f"{name} should have met a full disk")
        usual()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Telling:
    """Prints a line for each step and message."""

    def event(self, event: Event) -> None:
        if isinstance(event, Step):
            print("step", event.step, flush=True)
        elif isinstance(event, Message):
            print("message", event.text, flush=True)


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    Accidents(told["plan"], Path(told["disk"]), told["is_small"], told["seed"]).install()
    finetune(Finetune.of(told["settings"]), resume=told["resume"], listener=Telling())
