"""A run that trains an adapter: what it begins with, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from calque.errors import RecipeError
from calque.model import adapter
from calque.model.adapter_folder import Adaptation, describe_adapter
from calque.model.batch import Ids
from calque.model.folder import Folder, write_recipe
from calque.model.pretrained import find
from calque.recipes.finetune import Finetune
from calque.recipes.preset import FROM_SCRATCH
from calque.training.overfit import chosen
from calque.training.probes import unmerged_adapter
from calque.training.progress import Listener, Message

if TYPE_CHECKING:
    from calque.training.finetune import Start

WriteWhole = Callable[[Path, "Start", Finetune], None]


def base_of(recipe: Finetune) -> Folder | None:
    """The translator that an adapter saved alone will lie over; None where OUT will be whole.

    Raises:
        RecipeError: `model` is no translator.
    """
    if not recipe.adapter_only:
        return None
    found = None if recipe.model in FROM_SCRATCH else find(recipe.model)
    if found is None or not found.is_translator:
        raise RecipeError(
            f"--adapter-only saves what goes with a finished translator, and '{recipe.model}' is none: leave it out; "
            "the translator that comes out can then be the base of adapters"
        )
    return Folder.open(found.folder)


def adapted(recipe: Finetune, start: Start, listener: Listener) -> Start:
    """With the adapter that the recipe asks for; whatever is trained beside it counts as new."""
    if recipe.adapter == "none":
        return start
    module = start.module
    adaptation = adapter.plan(recipe, module, start.pretrained, start.family.head(module)[0])
    adapter.put(module, adaptation, start.pretrained, recipe.seed)
    trained, total = _counted(module)
    listener.event(
        Message(f"adapter: {adaptation}; {trained:,} of {total:,} parameters are trained ({trained / total:.1%})")
    )
    return replace(start, pretrained=frozenset(), adaptation=adaptation)


def _counted(module: nn.Module) -> tuple[int, int]:
    """Numbers of parameters: those trained, and all."""
    numbers = [(p.numel(), p.requires_grad) for p in module.parameters()]
    return sum(number for number, trained in numbers if trained), sum(number for number, _ in numbers)


def is_merged(recipe: Finetune, adaptation: Adaptation) -> bool:
    """Whether the adapter becomes part of the network's weights at the end."""
    return adaptation.merges and not recipe.adapter_only


def merged(recipe: Finetune, start: Start, rows: Sequence[Ids]) -> Start:
    """With the adapter merged into the weights, in place, where the run ends so.

    Raises:
        ProbeError: merging changes what the network computes.
    """
    if start.adaptation is None or not is_merged(recipe, start.adaptation):
        return start
    unmerged_adapter(start.module, start.family, chosen(rows) or rows[:1])
    return replace(start, adaptation=None)


def write(folder: Path, start: Start, recipe: Finetune, base: Folder | None, write_whole: WriteWhole) -> None:
    """The adapter over `base`; without one over the network as trained beside it, which goes into the folder too."""
    module, adaptation = start.module, start.adaptation
    if adaptation is None:
        raise ValueError("this network has no adapter")
    write_recipe(recipe, folder / "recipe.toml")
    if base is not None:
        adapter.save(module, adapter.trained(module), adaptation, folder, recipe.model)
        describe_adapter(folder, base, recipe.model, adaptation)
        return
    adapter.save(module, adapter.added(module), adaptation, folder, "base")
    (folder / "base").mkdir()
    write_whole(folder / "base", replace(start, module=adapter.strip(module)), recipe)
    describe_adapter(folder, Folder.open(folder / "base"), "base", adaptation)


def told(recipe: Finetune, start: Start, base: Folder | None) -> dict[str, Any]:
    """What the report says of an adapter, and how many parameters were trained; to be asked before merging."""
    trained = {"trained_parameters": _counted(start.module)[0]}
    if start.adaptation is None:
        return trained
    saved = "merged" if is_merged(recipe, start.adaptation) else "beside its base"
    if base is not None:
        saved = f"alone, over {base.path}"
    return trained | {"adapter": {"kind": start.adaptation.kind, "what": str(start.adaptation), "saved": saved}}
