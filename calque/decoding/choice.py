"""Which engine a model folder is translated by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calque.errors import ModelError, RecipeError, nearest
from calque.model.fast_folder import FastFolder

if TYPE_CHECKING:
    from calque.decoding.engine import Engine
    from calque.model.folder import Folder

ENGINES = ("auto", "fast", "torch")


def is_fast(folder: Folder, engine: str = "auto", device: str = "auto", adapted: bool = False) -> bool:
    """Whether the fast engine is to be used: 'auto' takes it where the folder was exported, the device is the CPU or
    left open, and no adapter lies over the network.

    Raises:
        RecipeError: no such engine, or 'fast' where it cannot be.
        ModelError: 'fast', and nothing was exported; or what was exported is stale or damaged.
    """
    if engine not in ENGINES:
        raise RecipeError(f"unknown engine '{engine}'{nearest(engine, ENGINES)} (known: {', '.join(ENGINES)})")
    if engine == "torch":
        return False
    why = "its adapters need the network itself" if adapted else ""
    if device not in ("auto", "cpu"):
        why = f"it computes on the CPU, not on '{device}'"
    if why:
        if engine == "fast":
            raise RecipeError(f"the fast engine cannot be used: {why}; leave out --engine fast")
        return False
    found = FastFolder.find(folder)
    if found is None and engine == "fast":
        raise ModelError(f"{folder.path}: nothing was exported there yet: run `calque export {folder.path}`")
    return found is not None


def engine_of(folder: Folder, engine: str = "auto", device: str = "auto", threads: int | None = None) -> Engine:
    """The engine for a model folder, loaded; torch is imported only where it is the torch engine.

    Raises:
        RecipeError, ModelError: see `is_fast`.
        MachineError: no such device.
    """
    if is_fast(folder, engine, device):
        from calque.decoding.fast import FastEngine

        return FastEngine(folder, threads=threads)
    from calque.decoding.engine import TorchEngine

    return TorchEngine(folder, device, threads)
