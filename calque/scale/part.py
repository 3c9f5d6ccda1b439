"""OUT.part: the output under way. It survives the process, and says how far it is."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from calque.decoding.lines import TOLD_WARNINGS, Done
from calque.errors import DataError, RecipeError
from calque.model import disk
from calque.model.folder import refuse_existing, write_text
from calque.scale.window import Rows, Window
from calque.training import lock

FORMAT = 1


@dataclass(frozen=True, slots=True)
class State:
    """How far an output is: texts done, bytes written, digest of the texts (see `Window`), texts with a warning and the
    first of these warnings, seconds of work so far."""

    texts: int = 0
    bytes: int = 0
    digest: str = ""
    warned: int = 0
    warnings: tuple[tuple[int, str], ...] = ()
    seconds: float = 0.0


class Part:
    """A directory with what is written so far, `rows`, and `state.json`, which is written after it: what is behind the
    place that it names was cut off by a crash and is dropped.

    Args:
        out: the file to be.
        settings: what decides the output; an output under way goes on with the same only.
    """

    def __init__(self, out: Path, settings: Mapping[str, Any]) -> None:
        self.out = out
        self.path = out.with_name(out.name + ".part")
        self.state = State()
        self._settings = json.loads(json.dumps(settings, default=str))
        self._rows = self.path / "rows"

    @contextmanager
    def alone(self, resume: bool, restart: bool) -> Iterator[None]:
        """Keep other processes out while the block lasts, and know how far the output is.

        Raises:
            RecipeError: OUT exists; OUT.part exists and neither `resume` nor `restart` is said, or was made with other
                settings; there is nothing to resume; or another process is at work there.
        """
        refuse_existing(self.out)
        if resume and not self.path.is_dir():
            raise RecipeError(f"{self.path}: no output under way, so there is nothing to resume; leave out --resume")
        disk.make(self.path)
        try:
            with lock.locked(self.path):
                self._begin(resume, restart)
                yield
        finally:
            if self.path.is_dir() and not (self.path / "state.json").exists():
                shutil.rmtree(self.path)

    def _begin(self, resume: bool, restart: bool) -> None:
        file = self.path / "state.json"
        if file.exists():
            if not (resume or restart):
                raise RecipeError(f"{self.path} exists: --resume goes on with that output, --restart begins anew")
            if resume:
                self.state = self._read(file)
            else:
                file.unlink()
        with disk.naming(self.out), self._rows.open("ab") as rows:
            if rows.tell() < self.state.bytes:
                raise RecipeError(f"{self._rows} is shorter than {file} says: --restart begins anew")
            rows.truncate(self.state.bytes)

    def _read(self, file: Path) -> State:
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            settings, state = said["settings"], said["state"]
            state["warnings"] = tuple((int(number), str(text)) for number, text in state["warnings"])
            known = State(**state)
            right = said["format"] == FORMAT
        except (ValueError, KeyError, TypeError):
            right = False
        if not right:
            raise RecipeError(f"{file} is damaged, or of another calque: --restart begins anew") from None
        other = sorted(k for k in {*settings, *self._settings} if settings.get(k) != self._settings.get(k))
        if other:
            told = ", ".join(f"{name} was {settings.get(name)}, is {self._settings.get(name)}" for name in other)
            raise RecipeError(
                f"{self.path}: --resume goes on with the same settings only ({told}); --restart begins anew"
            )
        return known

    def passes(self, window: Window, path: Path) -> bool:
        """Whether the window is in the output already.

        Raises:
            DataError: the text that was translated has changed since.
        """
        if window.last > self.state.texts:
            return False
        if window.last == self.state.texts and window.digest != self.state.digest:
            raise DataError(f"its first {window.last:,} lines have changed since: --restart begins anew", path)
        return True

    def add(self, window: Window, rows: Rows, seconds: float) -> None:
        """Write a window's rows, and then that they are there."""
        data = gzip.compress(rows.data, mtime=0) if self.out.suffix == ".gz" else rows.data
        with disk.naming(self.out):
            with self._rows.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            told = (*self.state.warnings, *rows.warnings)[:TOLD_WARNINGS]
            self.state = State(
                texts=window.last,
                bytes=self.state.bytes + len(data),
                digest=window.digest,
                warned=self.state.warned + rows.warned,
                warnings=told,
                seconds=self.state.seconds + seconds,
            )
            said = {"format": FORMAT, "settings": self._settings, "state": asdict(self.state)}
            write_text(self.path / "state.json", json.dumps(said, ensure_ascii=False))

    def advice(self) -> str:
        """What to tell whoever stops the work."""
        if not self.state.texts:
            return "interrupted; nothing was translated yet"
        return f"{self.state.texts:,} texts are translated in {self.path}: go on with the same command and --resume"

    def finish(self, seconds: float) -> Done:
        """Give the output its name."""
        refuse_existing(self.out)
        if not self.state.texts and self.out.suffix == ".gz":
            self._rows.write_bytes(gzip.compress(b"", mtime=0))
        disk.flush(self._rows)
        self._rows.rename(self.out)
        disk.flush(self.out.parent)
        shutil.rmtree(self.path)
        self.state = replace(self.state, seconds=self.state.seconds + seconds)
        state = self.state
        return Done(state.texts, state.seconds, state.warned, state.warnings, self.out, ())
