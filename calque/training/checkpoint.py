"""Checkpoints: everything a run needs to go on as if it had never stopped, written aside and renamed.

A checkpoint is a folder with `weights.safetensors`, `optimizer.safetensors` (moments and the random generators) and
`state.json`; nothing in it is pickled.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import Tensor, nn

from calque.errors import ModelError
from calque.model.folder import stage, writing

_RANDOM = "random.cpu"


def save(folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any], keep: int) -> None:
    """Write `folder`/step-N, complete or not at all, and remove all but the newest `keep` checkpoints."""
    with stage(folder / f"step-{state['step']:09d}") as aside, writing(folder):
        save_model(module, str(aside / "weights.safetensors"))
        tensors, plain = _flat(optimizer.state_dict())
        save_file(tensors | _random_state(), str(aside / "optimizer.safetensors"))
        (aside / "state.json").write_text(json.dumps(state | {"optimizer": plain}), encoding="utf-8")
    for old in found(folder)[:-keep]:
        shutil.rmtree(old)


def found(folder: Path) -> list[Path]:
    """The complete checkpoints, oldest first."""
    return sorted(folder.glob("step-*")) if folder.is_dir() else []


def snapshots_of(folder: Path) -> list[int]:
    """Steps of the weight snapshots that the checkpoints in `folder` refer to."""
    states = [json.loads((checkpoint / "state.json").read_text(encoding="utf-8")) for checkpoint in found(folder)]
    return [int(step) for state in states for _, step in state["kept"]]


def load(checkpoint: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Put a checkpoint into the network, the optimizer and the random generators; its state.

    Raises:
        ModelError: the checkpoint is damaged.
    """
    try:
        state: dict[str, Any] = json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))
        load_model(module, str(checkpoint / "weights.safetensors"))
        tensors = load_file(str(checkpoint / "optimizer.safetensors"))
        generators = {name: tensors.pop(name) for name in list(tensors) if name.startswith("random.")}
        optimizer.load_state_dict(_nested(tensors, state.pop("optimizer")))
        _restore_random(generators)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{checkpoint}: damaged checkpoint ({error}); remove it to go on from the one before"
        ) from None
    return state


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
