"""The weights of the best validations, kept to be averaged at the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_model
from torch import Tensor, nn

from calque.model import disk
from calque.model.folder import stage
from calque.training import manifest
from calque.training.progress import Listener, Message

if TYPE_CHECKING:
    from calque.training.validate import Measured


class Snapshots:
    """At most `most` snapshots in `folder`, each (value, step) with higher values better; `kept` is sorted by step. One
    is a folder with the weights and a manifest: what is lost or cannot be written is told, and done without."""

    def __init__(self, folder: Path, most: int, listener: Listener) -> None:
        self.folder, self.most, self.listener = folder, most, listener
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
        if (value, step) not in keep or self._written(module, step):
            self.kept = sorted(keep, key=lambda item: item[1])
        return is_best

    def clean(self, needed: Sequence[int] = ()) -> None:
        """Remove snapshots that are neither kept nor `needed`."""
        steps = {step for _, step in self.kept} | set(needed)
        for folder in self.folder.glob("step-*"):
            if int(folder.name.partition("-")[2]) not in steps:
                shutil.rmtree(folder, ignore_errors=True)

    def restore(self, kept: Sequence[Sequence[float]], needed: Sequence[int] = ()) -> None:
        """Go on from what a checkpoint says was kept, as far as it is there; `needed` are the steps that any checkpoint
        refers to."""
        self.kept = [(float(value), int(step)) for value, step in kept]
        self._drop_damaged()
        self.clean(needed)

    def choose(self, module: nn.Module, measure: Callable[[nn.Module], Measured], metric: str) -> tuple[Measured, str]:
        """Load the best snapshot, or the average of all kept where that scores better; its scores and its name. Where
        none is left, the network stays as it is."""
        self._drop_damaged()
        if not self.kept:
            return measure(module), "the last step"
        _, step = max(self.kept)
        load_model(module, str(self._file(step)))
        best = measure(module)
        if len(self.kept) == 1:
            return best, f"step {step}"
        _put(self._average(), module)
        averaged = measure(module)
        if averaged.better_by(metric) > best.better_by(metric):
            return averaged, f"average of steps {', '.join(str(step) for _, step in self.kept)}"
        load_model(module, str(self._file(step)))
        return best, f"step {step}"

    def _written(self, module: nn.Module, step: int) -> bool:
        file = self._file(step)
        needed = sum(tensor.numel() * tensor.element_size() for tensor in [*module.parameters(), *module.buffers()])
        shutil.rmtree(file.parent, ignore_errors=True)
        try:
            disk.refuse_full(self.folder, needed)
            with stage(file.parent) as aside:
                save_model(module, str(aside / file.name))
                manifest.write(aside)
        except (OSError, SafetensorError) as error:
            self._tell(
                f"{self.folder}: the weights of step {step:,} could not be written ({disk.reason(error)}; they need "
                f"{disk.told(needed)}, {disk.told(disk.room(self.folder))} are free): training goes on, and the "
                "average will do without them"
            )
            return False
        return True

    def _drop_damaged(self) -> None:
        for value, step in list(self.kept):
            wrong = manifest.damage(self._file(step).parent)
            if wrong:
                self.kept.remove((value, step))
                self._tell(
                    f"{self._file(step).parent}: damaged weights ({wrong}), left out: the best weights and their "
                    "average are now chosen without them"
                )

    def _average(self) -> dict[str, Tensor]:
        files = [self._file(step) for _, step in self.kept]
        total = {name: tensor.double() for name, tensor in load_file(str(files[0])).items()}
        for file in files[1:]:
            for name, tensor in load_file(str(file)).items():
                total[name] += tensor
        return {name: (tensor / len(files)).to(torch.float32) for name, tensor in total.items()}

    def _file(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}" / "weights.safetensors"

    def _tell(self, text: str) -> None:
        self.listener.event(Message(text))


def _put(tensors: dict[str, Tensor], module: nn.Module) -> None:
    """Load tensors that were saved once for all their names, as tied weights are."""
    missing, unexpected = module.load_state_dict(tensors, strict=False)
    own = module.state_dict(keep_vars=True)
    tied = {id(own[name]) for name in tensors if name in own}
    if unexpected or any(id(own[name]) not in tied for name in missing):
        raise RuntimeError(f"snapshots do not fit the network (missing {missing}, unexpected {unexpected})")
