"""The run directory OUT.run: all that a run writes until OUT appears by one rename."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel

from calque.errors import MachineError, ModelError, RecipeError
from calque.model import disk
from calque.model.folder import refuse_existing, stage, write_recipe, write_text
from calque.training import lock, manifest
from calque.training.progress import Listener, Message

_MAY_DIFFER = frozenset(
    {
        *("out", "threads", "log_every", "keep", "keep_best", "tensorboard", "probes"),
        *("device", "precision", "attention", "recompute", "sharding"),
    }
)
_CHOSEN = frozenset(
    {"dropout", "pretrained_learning_rate"}
)  # where they are not given, a resumed run keeps what was chosen at its beginning
_AFTERWARDS = frozenset({"test", "beam", "length_penalty", "longest_ratio"})  # the scoring of the finished translator


@dataclass(frozen=True, slots=True)
class Run:
    """The directory of a run that will end in `out`."""

    out: Path

    @property
    def path(self) -> Path:
        """Where everything lies while it runs."""
        return self.out.with_name(self.out.name + ".run")

    @property
    def start(self) -> Path:
        """The model folder as it was before the first step."""
        return self.path / "start"

    @property
    def store(self) -> Path:
        """Where the tokenised text lies, so that a resumed run need not tokenise again."""
        return self.path / "store"

    @contextmanager
    def alone(self, resume: bool, listener: Listener) -> Iterator[None]:
        """Keep other processes out of the run for as long as the block lasts. OUT.run goes away with the lock where
        nothing else is left in it.

        Raises:
            RecipeError: OUT exists; or another process is at work in OUT.run; or there is nothing to resume.
        """
        refuse_existing(self.out)
        if resume and not self.path.exists():
            raise RecipeError(f"{self.path}: no such run, so there is nothing to resume; leave out --resume")
        disk.make(self.path)
        with lock.locked(self.path) as held:
            refuse_existing(self.out)  # a process that held the lock until now may have finished
            if not held:
                listener.event(Message(f"{self.path}: this file system knows no locks: start no second process there"))
            try:
                yield
            finally:
                if not self._entries():
                    shutil.rmtree(self.path, ignore_errors=True)

    def goes_on(self, recipe: BaseModel, resume: bool, restart: bool) -> bool:
        """Whether there is a run to go on with; leftovers of its killed processes are removed then.

        Raises:
            RecipeError: OUT.run exists and neither `resume` nor `restart` is said; or the settings to resume with are
                not those of the run.
            ModelError: the network it began with is damaged.
        """
        if restart or not self._entries():
            return False
        if not resume:
            raise RecipeError(f"{self.path} exists: --resume goes on with that run, --restart begins anew")
        if not self.start.is_dir():
            return False
        wrong = manifest.damage(self.start)
        if wrong:
            raise self._damaged(self.start, wrong)
        self._refuse_other(recipe)
        for leftover in [*self.path.glob("*/.*.part-*"), *self.out.parent.glob(f".{self.out.name}.part-*")]:
            shutil.rmtree(leftover, ignore_errors=True)
        return True

    @contextmanager
    def begun(self, recipe: BaseModel) -> Iterator[Path]:
        """The folder of the model as it starts, to be filled; an older run goes away only now, and what cannot be
        written whole is taken away again."""
        self.discard()
        disk.make(self.path)
        try:
            write_recipe(recipe, self.path / "recipe.toml")
            with stage(self.start) as folder:
                yield folder
                manifest.write(folder)
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Take the run away, all but its lock. `start` goes first and at once: without it there is no run."""
        if self.start.exists():
            self.start.rename(self.path / f".start.part-{os.getpid()}")
        for entry in self._entries():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)

    def advice(self) -> str:
        """What to do after Ctrl-C or SIGTERM at a moment when nothing could be saved."""
        if self.out.exists():
            return f"stopped while clearing up; {self.out} is complete, and {self.path} can be removed"
        if self.start.is_dir():
            return "stopped at once; go on with the same command and --resume"
        return "stopped before training began: give the same command again"

    def _entries(self) -> list[Path]:
        """What lies in OUT.run beside the lock."""
        return [entry for entry in self.path.iterdir() if entry.name != lock.NAME] if self.path.is_dir() else []

    def _refuse_other(self, recipe: BaseModel) -> None:
        other = self._differing(recipe) - _MAY_DIFFER - _AFTERWARDS
        if getattr(recipe, "minutes", None) is not None and self.settings.get("minutes") is not None:
            other -= {"minutes"}  # a run that time ends may be given more or less of it
        if other:
            raise RecipeError(
                f"{self.path}: --resume goes on with the same settings only ({self._told(recipe, other)}); --restart "
                "begins anew"
            )

    def news(self, recipe: BaseModel) -> str:
        """What a resumed run will be scored with unlike what it began with; nothing where that is the same."""
        other = self._differing(recipe) & _AFTERWARDS
        return f"the finished translator is scored with other settings: {self._told(recipe, other)}" if other else ""

    def _differing(self, recipe: BaseModel) -> set[str]:
        before, now = self.settings, recipe.model_dump(mode="json", exclude_none=True)
        names = (before.keys() - (_CHOSEN - now.keys())) | now.keys()
        return {name for name in names if before.get(name) != now.get(name)}

    def _told(self, recipe: BaseModel, names: set[str]) -> str:
        before, now = self.settings, recipe.model_dump(mode="json", exclude_none=True)
        return "; ".join(f"{name} was {before.get(name)}, is {now.get(name)}" for name in sorted(names))

    @property
    def settings(self) -> dict[str, Any]:
        """What the run began with, choices by timing made; ModelError where it is damaged."""
        file = self.path / "recipe.toml"
        try:
            return tomlkit.parse(file.read_text(encoding="utf-8")).unwrap()
        except (OSError, ValueError) as error:
            raise self._damaged(file, error) from None

    def note(self, facts: dict[str, Any]) -> None:
        """Remember facts about the run beside those already there."""
        write_text(self.path / "run.json", json.dumps(self.facts | facts, ensure_ascii=False, indent=1) + "\n")

    @property
    def facts(self) -> dict[str, Any]:
        """What was noted; ModelError where it is damaged."""
        file = self.path / "run.json"
        try:
            return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}
        except (OSError, ValueError, TypeError) as error:
            raise self._damaged(file, error) from None

    def _damaged(self, path: Path, why: object) -> ModelError:
        return ModelError(f"{path}: damaged ({why}): put it back from a copy, or begin anew with --restart")

    def finish(self, fill: Any) -> None:  # noqa: ANN401
        """Let `fill(folder)` make the final folder, move the metrics in, rename it to OUT, and clear up.

        Raises:
            MachineError: it cannot be written; all that was learned is still in OUT.run.
        """
        advice = f"all that was learned is in {self.path}: go on with the same command and --resume"
        try:
            with stage(self.out) as folder:
                fill(folder)
                if (self.path / "metrics.jsonl").is_file():
                    shutil.copy(self.path / "metrics.jsonl", folder / "metrics.jsonl")
                if (self.path / "tensorboard").is_dir():
                    shutil.copytree(self.path / "tensorboard", folder / "tensorboard")
        except MachineError as error:
            raise MachineError(f"{error}; {advice}") from None
        except OSError as error:
            if error.errno not in disk.TROUBLES and not isinstance(error, shutil.Error):
                raise
            raise MachineError(
                f"{self.out}: cannot be written ({disk.reason(error)}): free some space; {advice}"
            ) from None
        self.discard()
