"""The journal of a run: metrics.jsonl, a line for every `log_every` steps and for every validation."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from calque.model import disk
from calque.training.progress import Listener, Message


class Journal:
    """Lines appended to `file`; `bytes` is its length up to the last line that was written whole. A line that cannot be
    written is left out and told once: no run ends for want of one."""

    def __init__(self, file: Path, listener: Listener) -> None:
        self.file, self.listener = file, listener
        self.bytes = file.stat().st_size if file.exists() else 0
        self._told = False

    def write(self, line: dict[str, Any]) -> None:
        """Append one line."""
        try:
            with self.file.open("ab") as file:
                file.write(json.dumps(line).encode() + b"\n")
                file.flush()
                self.bytes = file.tell()
        except OSError as error:
            self.cut(self.bytes)
            if not self._told:
                self._told = True
                told = f"{self.file}: a line could not be written ({disk.reason(error)}): training goes on without it"
                self.listener.event(Message(told))

    def flush(self) -> None:
        """Wait until all lines are on the disk, as far as it takes them."""
        with suppress(OSError):
            disk.flush(self.file)

    def cut(self, size: int) -> None:
        """Take away what lies behind `size` bytes, and half a line before that."""
        with suppress(OSError):
            kept = self.file.read_bytes()[:size]
            self.bytes = kept.rfind(b"\n") + 1
            os.truncate(self.file, self.bytes)
