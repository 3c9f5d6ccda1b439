"""What a process has of the network: all of it, or a share (fully sharded data parallelism: Rajbhandari et al. 2020,
"ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", stage 3; here PyTorch's `fully_shard`).

A sharded network is a copy of the whole one, whose weights, gradients and optimizer state are spread over the team. The
whole one stays in the host's memory and is filled where something needs it: validation, checkpoints, the end.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from calque.errors import RecipeError
from calque.model.lean import THROUGH, covers
from calque.model.sharing import is_shared
from calque.recipes.finetune import Finetune
from calque.recipes.training import Training
from calque.training.memory import Memory
from calque.training.objective import Scored
from calque.training.team import Team


class Held(Protocol):
    """What a process has of the network and of its optimizer. All processes of a team call these verbs together, but
    for those of the optimizer's state."""

    trained: nn.Module  # the network whose parameters the optimizer changes

    def whole(self) -> AbstractContextManager[nn.Module]:
        """The network with all weights as they are now, on the device for as long as the block lasts."""

    def gathered(self) -> AbstractContextManager[None]:
        """For as long as the block lasts the leader has all weights and the optimizer's whole state."""

    def spread(self) -> None:
        """Take over the weights that were loaded into the whole network."""

    def memory(self, estimated: Memory) -> Memory:
        """This process' part of the memory that training would take in one."""

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's whole state."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over an optimizer's whole state."""


class Full:
    """A process that has everything: alone, or one whose team averages gradients only."""

    def __init__(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.trained, self.optimizer = module, optimizer
        self.state_dict, self.load_state_dict = optimizer.state_dict, optimizer.load_state_dict

    def whole(self) -> AbstractContextManager[nn.Module]:
        """The network itself."""
        return nullcontext(self.trained)

    def gathered(self) -> AbstractContextManager[None]:
        """Nothing is elsewhere."""
        return nullcontext()

    def spread(self) -> None:
        """Nothing is elsewhere."""

    def memory(self, estimated: Memory) -> Memory:
        """All of it."""
        return estimated


class Sharded:
    """A process that has a share of every tensor of `trained`, cut along the first dimension; `module` is the whole
    network, `optimizer` that of the shares."""

    def __init__(
        self, module: nn.Module, trained: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device, team: Team
    ) -> None:
        self.module, self.trained, self.optimizer, self.device, self.team = module, trained, optimizer, device, team
        self._state: dict[str, Any] = {}

    @contextmanager
    def whole(self) -> Iterator[nn.Module]:
        """The whole network, filled."""
        self._fill(everyone=True)
        try:
            yield self.module.to(self.device)
        finally:
            self.module.to("cpu")

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """With the optimizer's state in the leader's memory."""
        self._fill(everyone=False)
        shares = self.optimizer.state_dict()
        whole = {index: {name: self._full(value) for name, value in slot.items()} for index, slot in _slots(shares)}
        self._state = shares | {"state": whole if self.team.leads else {}}
        try:
            yield
        finally:
            self._state = {}

    @torch.no_grad()
    def spread(self) -> None:
        """Cut this process' shares out of the whole network."""
        tensors = self.module.state_dict()
        for name, share in self.trained.state_dict().items():
            share.copy_(_share(tensors[name], share))

    def memory(self, estimated: Memory) -> Memory:
        """Its shares, and beside them what is gathered at once: what belongs to no layer, and two layers."""
        size, whole = self.team.size, estimated.weights
        layers = [sum(p.numel() * p.element_size() for p in layer.parameters()) for layer in layers_of(self.module)]
        at_once = whole - sum(layers) + 2 * max(layers, default=0)
        free = None if estimated.available is None else estimated.available - at_once
        return replace(
            estimated,
            weights=whole // size + at_once,
            gradients=estimated.gradients // size + at_once,
            optimizer=estimated.optimizer // size,
            available=free,
        )

    def state_dict(self) -> dict[str, Any]:
        """What was gathered."""
        return self._state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Cut this process' shares out of an optimizer's whole state."""
        own = [p for group in self.optimizer.param_groups for p in group["params"]]
        cut = {
            index: {
                name: _share(value, own[index]) if _like(value, own[index]) else value for name, value in slot.items()
            }
            for index, slot in _slots(state)
        }
        self.optimizer.load_state_dict(state | {"state": cut})

    @torch.no_grad()
    def _fill(self, everyone: bool) -> None:
        """Gather the weights, one tensor after the other, into the whole network of every process, or of the leader."""
        into = self.module.state_dict()
        for name, share in self.trained.state_dict().items():
            tensor = self._full(share)
            if everyone or self.team.leads:
                into[name].copy_(tensor)

    def _full(self, value: Any) -> Any:  # noqa: ANN401
        """A value all of it, in the host's memory."""
        from torch.distributed.tensor import DTensor

        whole = value.full_tensor() if isinstance(value, DTensor) else value
        return whole.to("cpu") if isinstance(whole, Tensor) else whole


def held(
    recipe: Training,
    module: nn.Module,
    scored: nn.Module,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
    team: Team,
) -> Held:
    """What this process has of `module`, whose training `prepared` as `scored` and `optimizer`."""
    if recipe.sharding == "none":
        return Full(module, optimizer)
    return Sharded(module, scored.get_submodule("module"), optimizer, device, team)


def refuse_unshardable(recipe: Training, team: Team) -> None:
    """Raise RecipeError where the recipe asks for what cannot be sharded, or the launcher for another sharding."""
    if os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true":
        instead = ", and give --sharding full instead" if isinstance(recipe, Finetune) else ""
        raise RecipeError(f"accelerate launch was told to use FSDP: leave that out{instead}")
    if recipe.sharding == "none":
        return
    if team.alone:
        raise RecipeError(
            "--sharding full spreads the network over several processes, and this process is alone, with nothing to "
            "shard with: start several (torchrun --nproc-per-node 2 -m calque finetune ...), or leave it out"
        )
    if recipe.ema:
        raise RecipeError("--sharding full cannot go with --ema, which averages whole weights: leave one out")
    if recipe.optimizer == "adafactor":
        raise RecipeError(
            "--sharding full cannot go with --optimizer adafactor, whose sums over rows and columns torch does not "
            "compute on shares: take adamw"
        )


def sharded(recipe: Training, scored: Scored, device: torch.device) -> Scored:
    """A copy whose parameters are shares: layer by layer, so that only a few are gathered at a time, and the rest
    (embeddings, the output layer tied to them) together for the whole step. Layers that are computed leanly in bf16 are
    gathered in bf16 too: a copy in that precision would be kept for the backward pass otherwise. (Transformers' own
    forward pass, and DoRA's norms, want float32.)
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method

    if is_shared(scored.module):
        raise RecipeError(
            "--sharding full cannot go with shared weights (--share-weights), which are part of two layers at once: "
            "leave one out"
        )
    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    scored = copy.deepcopy(scored)
    leanly = recipe.attention != "stock" and recipe.adapter == "none" and covers(scored.module)
    dtype = torch.bfloat16 if leanly and recipe.precision == "bf16" else None
    policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32, cast_forward_inputs=False)
    for layer in layers_of(scored.module):
        setattr(layer, THROUGH, _through)
        fully_shard(layer, mesh=mesh, mp_policy=policy, reshard_after_forward=True)
        register_fsdp_forward_method(layer, THROUGH)
    fully_shard(scored, mesh=mesh)
    return scored


def layers_of(module: nn.Module) -> list[nn.Module]:
    """The layers of a network: the members of its outermost lists of modules."""
    if isinstance(module, nn.ModuleList):
        return list(module)
    return [layer for child in module.children() for layer in layers_of(child)]


def _through(work: Callable[..., Tensor], *arguments: Any) -> Tensor:  # noqa: ANN401
    return work(*arguments)


def _slots(state: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """An optimizer's state by the number of its parameter; all processes see them in one order."""
    return sorted(state["state"].items())


def _like(value: Any, parameter: Tensor) -> bool:  # noqa: ANN401
    """Whether a value of an optimizer's state has an element for each of the parameter's."""
    return isinstance(value, Tensor) and value.shape == parameter.shape and value.dim() > 0


def _share(tensor: Tensor, like: Any) -> Tensor:  # noqa: ANN401
    """This process' share of `tensor`, cut and placed as `like` is; every process has the same tensor already."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    if not isinstance(like, DTensor):
        return tensor
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)
