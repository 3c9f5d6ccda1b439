"""Time as a benchmark needs it: what the device spent, and whether the machine was quiet."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds of CPU time (over all threads) where a CPU computes, so that neighbours cost nothing; wall-clock seconds
    after everything queued is done where another device does."""

    device: torch.device

    @property
    def kind(self) -> str:
        """What a second is here."""
        return "CPU time" if self.device.type == "cpu" else "wall clock"

    def now(self) -> float:
        """Seconds since some moment."""
        if self.device.type == "cpu":
            return time.process_time()
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter()


class Share:
    """The share of the wall-clock time since now that this process spent computing, of what `threads` could: 1 where it
    had its processors to itself."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._began = (time.process_time(), time.perf_counter())

    def share(self) -> float:
        """Between 0 and 1, but for work outside torch's threads."""
        spent, passed = time.process_time() - self._began[0], time.perf_counter() - self._began[1]
        return spent / max(1e-9, passed * self.threads)


class Steal:
    """The share of the machine's CPU time since now that a hypervisor gave to others, from Linux's /proc/stat."""

    def __init__(self, file: Path = Path("/proc/stat")) -> None:
        self.file = file
        self._before = self._ticks()

    def share(self) -> float | None:
        """Between 0 and 1; None where the system does not tell."""
        now = self._ticks()
        if not now or not self._before:
            return None
        spent = [after - before for after, before in zip(now, self._before, strict=True)]
        return spent[7] / max(1, sum(spent))

    def _ticks(self) -> list[int]:
        """user, nice, system, idle, iowait, irq, softirq, steal (proc(5))."""
        try:
            first = self.file.read_text(encoding="utf-8").partition("\n")[0].split()
        except OSError:
            return []
        return [int(field) for field in first[1:9]] if len(first) >= 9 else []
