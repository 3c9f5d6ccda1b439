"""The weights of the best validations, kept to be averaged at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import nn

from calque.model.folder import writing

if TYPE_CHECKING:
    from calque.training.validate import Measured, Validator


class Snapshots:
    """At most `most` snapshots in `folder`, each (value, step) with higher values better; `kept` is sorted by step."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self.most = folder, most
        self.kept: list[tuple[float, int]] = []

    @property
    def best(self) -> float | None:
        """The best value so far."""
        return max((value for value, _ in self.kept), default=None)

    def offer(self, module: nn.Module, value: float, step: int) -> bool:
        """Keep these weights if they are among the best; whether they are the best so far."""
        is_best = self.best is None or value > self.best
        ranked = sorted([*self.kept, (value, step)], key=lambda item: (-item[0], -item[1]))
        keep = ranked[: self.most]
        if (value, step) in keep:
            self.folder.mkdir(exist_ok=True)
            aside = self.folder / ".part.safetensors"
            with writing(self.folder):
                save_model(module, str(aside))
            aside.replace(self._file(step))
        self.kept = sorted(keep, key=lambda item: item[1])
        return is_best

    def clean(self, needed: Sequence[int] = ()) -> None:
        """Remove files of snapshots that are neither kept nor `needed`."""
        steps = {step for _, step in self.kept} | set(needed)
        for file in self.folder.glob("step-*.safetensors"):
            if int(file.stem.partition("-")[2]) not in steps:
                file.unlink()

    def restore(self, kept: Sequence[Sequence[float]]) -> None:
        """Go on from what a checkpoint says was kept."""
        self.kept = [(float(value), int(step)) for value, step in kept]
        self.clean()

    def choose(self, module: nn.Module, validator: Validator, metric: str) -> tuple[Measured, str]:
        """Load the best snapshot, or the average of all kept where that scores better; its scores and its name."""
        _, step = max(self.kept)
        load_model(module, str(self._file(step)))
        best = validator.measure(module)
        if len(self.kept) == 1:
            return best, f"step {step}"
        self._load_average(module)
        averaged = validator.measure(module)
        if averaged.better_by(metric) > best.better_by(metric):
            return averaged, f"average of steps {', '.join(str(step) for _, step in self.kept)}"
        load_model(module, str(self._file(step)))
        return best, f"step {step}"

    def _load_average(self, module: nn.Module) -> None:
        files = [self._file(step) for _, step in self.kept]
        total = {name: tensor.double() for name, tensor in load_file(str(files[0])).items()}
        for file in files[1:]:
            for name, tensor in load_file(str(file)).items():
                total[name] += tensor
        averaged = {name: (tensor / len(files)).to(torch.float32) for name, tensor in total.items()}
        aside = self.folder / ".average.safetensors"
        with writing(self.folder):
            save_file(averaged, str(aside))
        load_model(module, str(aside))
        aside.unlink()

    def _file(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}.safetensors"
