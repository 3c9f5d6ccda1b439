"""The run directory OUT.run: all that a run writes until OUT appears by one rename."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel

from calque.errors import RecipeError
from calque.model.folder import refuse_existing, stage, write_recipe, write_text

_MAY_DIFFER = frozenset(
    {"out", "threads", "log_every", "keep", "tensorboard", "probes", "device", "precision", "attention", "recompute"}
)


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

    def goes_on(self, recipe: BaseModel, resume: bool, restart: bool) -> bool:
        """Whether there is a run to go on with; writes nothing.

        Raises:
            RecipeError: OUT exists; or OUT.run exists and neither `resume` nor `restart` is said; or the settings to
                resume with are not those of the run.
        """
        refuse_existing(self.out)
        if resume and restart:
            raise RecipeError("--resume and --restart contradict each other: give one")
        if not self.path.exists():
            if resume:
                raise RecipeError(f"{self.path}: no such run, so there is nothing to resume; leave out --resume")
            return False
        if restart:
            return False
        if not resume:
            raise RecipeError(f"{self.path} exists: --resume goes on with that run, --restart begins anew")
        if not self.start.is_dir():
            return False
        self._refuse_other(recipe)
        for leftover in [*self.path.glob("checkpoints/.*.part-*"), *self.out.parent.glob(f".{self.out.name}.part-*")]:
            shutil.rmtree(leftover)
        return True

    @contextmanager
    def begun(self, recipe: BaseModel) -> Iterator[Path]:
        """The folder of the model as it starts, to be filled; an older run goes away only now, and what cannot be
        written whole is taken away again."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        try:
            write_recipe(recipe, self.path / "recipe.toml")
            with stage(self.start) as folder:
                yield folder
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Take the run away."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _refuse_other(self, recipe: BaseModel) -> None:
        before = self.settings
        now = recipe.model_dump(mode="json", exclude_none=True)
        names = sorted(before.keys() | now.keys())
        other = [n for n in names if n not in _MAY_DIFFER and before.get(n) != now.get(n)]
        if other:
            told = "; ".join(f"{name} was {before.get(name)}, is {now.get(name)}" for name in other)
            raise RecipeError(
                f"{self.path}: --resume goes on with the same settings only ({told}); --restart begins anew"
            )

    @property
    def settings(self) -> dict[str, Any]:
        """What the run began with, choices by timing made."""
        return tomlkit.parse((self.path / "recipe.toml").read_text(encoding="utf-8")).unwrap()

    def note(self, facts: dict[str, Any]) -> None:
        """Remember facts about the run beside those already there."""
        write_text(self.path / "run.json", json.dumps(self.facts | facts, ensure_ascii=False, indent=1) + "\n")

    @property
    def facts(self) -> dict[str, Any]:
        """What was noted."""
        file = self.path / "run.json"
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}

    def finish(self, fill: Any) -> None:  # noqa: ANN401
        """Let `fill(folder)` make the final folder, move the metrics in, rename it to OUT, and clear up."""
        with stage(self.out) as folder:
            fill(folder)
            shutil.copy(self.path / "metrics.jsonl", folder / "metrics.jsonl")
            if (self.path / "tensorboard").is_dir():
                shutil.copytree(self.path / "tensorboard", folder / "tensorboard")
        shutil.rmtree(self.path)
