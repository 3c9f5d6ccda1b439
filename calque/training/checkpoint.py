"""Checkpoints: everything a run needs to go on as if it had never stopped, written aside and renamed.

A checkpoint is a folder with `weights.safetensors`, `optimizer.safetensors` (moments and the random generators),
`average.safetensors` where the run keeps a moving average of the weights, `state.json` and the manifest that says
whether all of it is there; nothing in it is pickled.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import Tensor, nn

from calque.errors import MachineError, ModelError
from calque.model import disk
from calque.model.folder import stage
from calque.training import manifest
from calque.training.average import Average
from calque.training.progress import Listener, Message

_RANDOM = "random.cpu"
_NAME = re.compile(r"step-(\d+)(?:\.(\d+))?")  # a second checkpoint of a step, from after its validation, is step-N.2


class Stateful(Protocol):
    """An optimizer, as a checkpoint sees it."""

    def state_dict(self) -> dict[str, Any]:
        """Its state, as torch's optimizers tell it."""

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Take that state over."""


class Checkpoints:
    """The checkpoints of a run in `folder`: the last `keep`, and those of the `keep_best` best validations. None is
    ever overwritten, and none removed before a newer one is complete."""

    def __init__(
        self, folder: Path, keep: int, keep_best: int, listener: Listener, average: Average | None = None
    ) -> None:
        self.folder, self.keep, self.keep_best, self.listener = folder, keep, keep_best, listener
        self.average = average
        self._saved: tuple[int, int] | None = None

    def save(self, module: nn.Module, optimizer: Stateful, state: dict[str, Any], must: bool = False) -> None:
        """Write a checkpoint, unless this state is saved already, and remove those that need not be kept. One that
        cannot be written is told, and the older ones stay.

        Raises:
            MachineError: it cannot be written, and it `must` be.
        """
        if self._saved == _turn(state):
            return
        needed = size(module, optimizer, self.average)
        try:
            disk.refuse_full(self.folder, needed)
            write(_unused(self.folder / f"step-{state['step']:09d}"), module, optimizer, state, self.average)
        except (OSError, SafetensorError) as error:
            self._unwritten(disk.reason(error), state["step"], needed, must)
            return
        self._saved = _turn(state)
        self._thin_out()

    def restore(self, module: nn.Module, optimizer: Stateful) -> dict[str, Any] | None:
        """Put the newest undamaged checkpoint into the network, the optimizer and the random generators; its state, or
        None where there is none. Damaged ones are told and set aside, so that no later run takes them for newer.

        Raises:
            ModelError: an undamaged checkpoint does not fit this network.
        """
        checkpoints = found(self.folder)
        for checkpoint in reversed(checkpoints):
            wrong = manifest.damage(checkpoint)
            if wrong is None:
                state = load(checkpoint, module, optimizer, self.average)
                self._saved = _turn(state)
                self._tell(f"going on from the checkpoint of step {state['step']:,} ({checkpoint.name})")
                return state
            self._tell(f"{checkpoint}: damaged checkpoint ({wrong}), left out")
            with suppress(OSError):
                checkpoint.rename(_unused(checkpoint.with_name(f"{checkpoint.name}.damaged")))
        left = "no undamaged checkpoint is left" if checkpoints else "there is no checkpoint yet"
        self._tell(f"{left}: beginning at step 0 again, with the network in start/")
        return None

    def snapshots(self) -> list[int]:
        """Steps of the weight snapshots that the checkpoints refer to."""
        return [int(step) for checkpoint in found(self.folder) for _, step in _state(checkpoint).get("kept", ())]

    def _thin_out(self) -> None:
        """Remove what is not to be kept, and damaged checkpoints that a complete one has caught up with."""
        checkpoints = found(self.folder)
        kept = set(checkpoints[-self.keep :]) | set(self._best(checkpoints))
        newest = _place(checkpoints[-1])[0]
        damaged = [path for path in self.folder.glob("step-*.damaged*") if _place(path)[0] <= newest]
        for old in [*(path for path in checkpoints if path not in kept), *damaged]:
            _remove(old)

    def _best(self, checkpoints: list[Path]) -> list[Path]:
        """Those that were saved right after one of the best validations."""
        states = [(_state(checkpoint), checkpoint) for checkpoint in checkpoints] if self.keep_best else []
        valued = [(state["value"], path) for state, path in states if state and state["validated"] == state["step"]]
        return [path for _, path in sorted(valued, reverse=True)[: self.keep_best]]

    def _unwritten(self, reason: str, step: int, needed: int, must: bool) -> None:
        what = (
            f"{self.folder}: the checkpoint of step {step:,} could not be written ({reason}; it needs "
            f"{disk.told(needed)}, {disk.told(disk.room(self.folder))} are free)"
        )
        complete = found(self.folder)
        newest = f"the newest one is of step {_place(complete[-1])[0]:,}" if complete else "there is none yet"
        if must:
            raise MachineError(f"{what}: free some space and go on with the same command and --resume; {newest}")
        self._tell(f"{what}: training goes on without; {newest}")

    def _tell(self, text: str) -> None:
        self.listener.event(Message(text))


def write(
    checkpoint: Path, module: nn.Module, optimizer: Stateful, state: dict[str, Any], average: Average | None = None
) -> None:
    """Write the folder `checkpoint`, complete or not at all.

    Raises:
        OSError, SafetensorError: it cannot be written; nothing of it stays.
    """
    with stage(checkpoint) as aside:
        save_model(module, str(aside / "weights.safetensors"))
        tensors, plain = _flat(optimizer.state_dict())
        save_file(tensors | _random_state(), str(aside / "optimizer.safetensors"))
        if average is not None and average.tensors:
            save_file(average.tensors, str(aside / "average.safetensors"))
        (aside / "state.json").write_text(json.dumps(state | {"optimizer": plain}), encoding="utf-8")
        manifest.write(aside)


def size(module: nn.Module, optimizer: Stateful, average: Average | None = None) -> int:
    """Bytes that a checkpoint's tensors take."""
    tensors = [*module.parameters(), *module.buffers(), *_flat(optimizer.state_dict())[0].values()]
    tensors += [] if average is None else average.tensors.values()
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def found(folder: Path) -> list[Path]:
    """The checkpoints that were written to their end and not found damaged so far, oldest first."""
    return sorted((path for path in folder.glob("step-*") if _NAME.fullmatch(path.name)), key=_place)


def load(checkpoint: Path, module: nn.Module, optimizer: Stateful, average: Average | None = None) -> dict[str, Any]:
    """Put a checkpoint into the network, the optimizer, the average and the random generators; its state.

    Raises:
        ModelError: the checkpoint was made for another network or optimizer.
    """
    try:
        state: dict[str, Any] = json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))
        load_model(module, str(checkpoint / "weights.safetensors"))
        tensors = load_file(str(checkpoint / "optimizer.safetensors"))
        if average is not None and average.tensors:
            average.load(load_file(str(checkpoint / "average.safetensors")))
        generators = {name: tensors.pop(name) for name in list(tensors) if name.startswith("random.")}
        optimizer.load_state_dict(_nested(tensors, state.pop("optimizer")))
        _restore_random(generators)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{checkpoint}: undamaged, but it cannot be loaded ({error}): go on with the version of calque that wrote "
            "it, or begin anew with --restart"
        ) from None
    return state


def _state(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint says of itself; nothing where that cannot be read."""
    with suppress(OSError, ValueError):
        return dict(json.loads((checkpoint / "state.json").read_text(encoding="utf-8")))
    return {}


def _turn(state: dict[str, Any]) -> tuple[int, int]:
    return state["step"], state["validated"]


def _place(checkpoint: Path) -> tuple[int, int]:
    """A checkpoint's step and its number among those of that step."""
    step, _, rest = checkpoint.name.removeprefix("step-").partition(".")
    return int(step), int(rest) if rest.isdecimal() else 1


def _unused(path: Path) -> Path:
    """`path`, or with .2, .3 and so on behind it where that is taken."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free


def _remove(folder: Path) -> None:
    """Take a folder away; it loses its name first, so that half of it never counts."""
    gone = folder.with_name(f".{folder.name}.part-gone")
    with suppress(OSError):
        folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _random_state() -> dict[str, Tensor]:
    states = {_RANDOM: torch.get_rng_state()}
    if torch.cuda.is_available():
        states |= {f"random.cuda.{i}": state for i, state in enumerate(torch.cuda.get_rng_state_all())}
    return states


def _restore_random(states: dict[str, Tensor]) -> None:
    torch.set_rng_state(states.pop(_RANDOM))
    for name, state in states.items():
        torch.cuda.set_rng_state(state, int(name.rpartition(".")[2]))


def _flat(state: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """An optimizer's state as named tensors, and the rest as JSON types."""
    tensors: dict[str, Tensor] = {}
    rest: dict[str, dict[str, Any]] = {}
    for index, values in state["state"].items():
        for name, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{name}"] = value.contiguous()
            else:
                rest.setdefault(str(index), {})[name] = value
    return tensors, {"groups": state["param_groups"], "rest": rest}


def _nested(tensors: dict[str, Tensor], plain: dict[str, Any]) -> dict[str, Any]:
    state: dict[int, dict[str, Any]] = {int(index): dict(values) for index, values in plain["rest"].items()}
    for key, tensor in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = tensor
    return {"state": state, "param_groups": plain["groups"]}
