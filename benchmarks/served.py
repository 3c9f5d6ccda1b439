"""`calque serve` in a process of its own, and what it takes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

_MB = 1e6


class Served:
    """A running server.

    Args:
        process: what was started.
        address: where it listens.
        log: its log, a JSON object a line.
    """

    def __init__(self, process: subprocess.Popen[str], address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self.log = log
        self._seen = psutil.Process(process.pid)

    def cpu(self) -> float:
        """Seconds of CPU time so far, of all its threads."""
        times = self._seen.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> float:
        """Megabytes (10^6 bytes) resident now."""
        return float(self._seen.memory_info().rss) / _MB

    def measure(self, name: str) -> float:
        """A value of /metrics."""
        with urllib.request.urlopen(self.address + "/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def logged(self, since: int = 0) -> list[dict[str, object]]:
        """The log from a line on."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()[since:]]


@contextmanager
def serving(folders: Sequence[Path], aside: Path, *flags: str) -> Iterator[Served]:
    """A server of these folders, whose files lie in `aside`; it ends with the block."""
    log = aside / f"log-{time.monotonic_ns()}.jsonl"
    command = [sys.executable, "-m", "calque", "serve", *map(str, folders), "--port", "0", "--json"]
    command += ["--database", str(aside / "serve.sqlite"), *flags]
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=dict(os.environ))
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line or "address" not in (told := json.loads(line)):
            raise SystemExit(f"the server did not start: {log.read_text(encoding='utf-8') or line}")
        served = Served(process, told["address"], log)
        _wait(served)
        yield served
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        process.stdout.close()


def _wait(served: Served) -> None:
    while True:
        try:
            urllib.request.urlopen(served.address + "/ready", timeout=60).close()
        except OSError:
            if served.process.poll() is not None:
                raise SystemExit(f"the server ended: {served.log.read_text(encoding='utf-8')}") from None
            time.sleep(0.05)
        else:
            return
