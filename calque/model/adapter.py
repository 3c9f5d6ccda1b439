"""Adapters on a network: little is trained, the pretrained weights stay.

lora: low-rank matrices beside linear layers (Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models").
dora: the same, with the length of each weight row apart (Liu et al. 2024, "DoRA: Weight-Decomposed Low-Rank
Adaptation").
bottleneck: a small layer behind each feed-forward layer (see `bottleneck`; the place is that of Pfeiffer et al. 2021,
"AdapterFusion").
bitfit: the biases (Ben Zaken et al. 2022, "BitFit").

The network keeps its class: layers are wrapped in place, by PEFT for lora and dora, so families know nothing of it. New
weights, such as cross-attention without a checkpoint, are simply left trainable. PEFT's `modules_to_save` would train a
copy of them beside a frozen original, and the folder, the checkpoints and the tied output layer would have to be told
which of both counts; like this every weight exists once, and what was trained is what asks for a gradient.

Where layers are wrapped, `name` below is the wrapping layer's, and the wrapped one is its `base_layer`.
"""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from calque.errors import ModelError
from calque.model.adapter_folder import WEIGHTS, Adaptation, AdapterFolder
from calque.model.bottleneck import Bottleneck
from calque.model.folder import writing
from calque.model.sharing import is_shared

if TYPE_CHECKING:
    from peft import LoraConfig

    from calque.model.family import Family
    from calque.recipes.adapter import Adapter

_FEED_FORWARD = re.compile(  # the last layer of a feed-forward block, by the names that transformers gives it
    r"((?<!attention\.)\boutput\.dense|\bffn\.lin2|\bffn_output|\bmlp\.(Wo|c_proj|down_proj|dense_4h_to_h|fc_out)|\bfc2|\bwo)$"
)
_UNREAD = ".pooler."  # translation never reads it
_PREFIX = "base_model.model."  # before every name in PEFT's files
_CALLED = re.compile(r"(\.lora_\w+)\.default\b")  # PEFT leaves its own name of the adapter out of files


def plan(recipe: Adapter, module: nn.Module, pretrained: Collection[str], head_VD: Tensor) -> Adaptation:
    """Where the adapter that `recipe` asks for belongs: among the weights called `pretrained`, without the output layer
    `head_VD` (V target vocabulary, D width).

    Raises:
        ModelError: the network has no such place, or its halves share their weights.
    """
    if is_shared(module):
        raise ModelError("encoder and decoder share their weights, and an adapter would change one half: leave it out")
    known = {name for name in pretrained if _UNREAD not in f".{name}"}
    if recipe.adapter == "bitfit":
        targets = [name for name, _ in module.named_parameters() if name in known and name.endswith("bias")]
    else:
        tied = {id(layer.weight) for layer in module.modules() if isinstance(layer, nn.Embedding)} | {id(head_VD)}
        targets = [
            name
            for name, layer in module.named_modules()
            if isinstance(layer, (nn.Linear, Conv1D)) and f"{name}.weight" in known and id(layer.weight) not in tied
        ]
        if recipe.adapter == "bottleneck":
            targets = [name for name in targets if _FEED_FORWARD.search(name)]
    if not targets:
        what = {"bitfit": "biases", "bottleneck": "feed-forward layers that are known"}.get(recipe.adapter, "layers")
        raise ModelError(f"--adapter {recipe.adapter}: this network has no pretrained {what}: choose another adapter")
    alpha = 2.0 * recipe.adapter_rank if recipe.adapter_alpha is None else recipe.adapter_alpha
    return Adaptation(
        kind=recipe.adapter,
        rank=recipe.adapter_rank,
        alpha=alpha,
        dropout=recipe.adapter_dropout,
        width=recipe.adapter_width,
        targets=tuple(targets),
    )


def put(module: nn.Module, adaptation: Adaptation, pretrained: Collection[str], seed: int) -> None:
    """Adapt `module` in place: the weights called `pretrained` are frozen, the adapter's and all others trained. The
    adapter begins with random numbers of `seed`, and in such a way that the network computes what it did."""
    asked = {id(parameter): parameter.requires_grad for parameter in module.parameters()}
    frozen = {id(parameter) for name, parameter in module.named_parameters() if name in pretrained}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _wrap(module, adaptation)
    for name, parameter in module.named_parameters():
        known = id(parameter) in frozen
        biased = adaptation.kind == "bitfit" and name in adaptation.targets
        parameter.requires_grad_(biased or (asked.get(id(parameter), True) and not known))


def added(module: nn.Module) -> dict[str, Tensor]:
    """The weights that wrapping layers add, by name; none where only biases are trained."""
    return {
        f"{name}.{inner}": parameter
        for name, layer in _wrapped(module)
        for inner, parameter in layer.named_parameters()
        if not inner.startswith("base_layer.")
    }


def merge(module: nn.Module) -> nn.Module:
    """Make lora and dora part of the weights that they stand beside, in place, so that the network is an ordinary one.

    Raises:
        ModelError: a bottleneck cannot be merged, or the weights are no numbers any more.
    """
    for name, layer in list(_wrapped(module)):
        if isinstance(layer, Bottleneck):
            raise ModelError(f"{name}: a bottleneck is no linear function of its input and cannot be merged")
        try:
            layer.merge(safe_merge=True)
        except ValueError as error:
            raise ModelError(f"{name}: the adapter cannot be merged ({error})") from None
        module.set_submodule(name, layer.base_layer)
    vars(module).pop("peft_config", None)
    return module


def strip(module: nn.Module) -> nn.Module:
    """Take the wrapping layers away, in place, and leave what they wrapped."""
    for name, layer in list(_wrapped(module)):
        module.set_submodule(name, layer.base_layer)
    vars(module).pop("peft_config", None)
    return module


def trained(module: nn.Module) -> dict[str, Tensor]:
    """Every weight that was trained, by name: the adapter's, and new ones."""
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


def save(module: nn.Module, weights: Mapping[str, Tensor], adaptation: Adaptation, folder: Path, base: str) -> None:
    """Write `weights` of the adapted `module` into `folder`; of lora and dora also PEFT's description of them, in which
    the base is called `base`.

    Raises:
        MachineError: they cannot be written.
    """
    tensors = {_in_file(name): tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    with writing(folder):
        save_file(tensors, str(folder / WEIGHTS))
    if adaptation.kind in ("lora", "dora"):
        adapted: Any = module
        described = replace(adapted.peft_config["default"], base_model_name_or_path=base, inference_mode=True)
        described.save_pretrained(str(folder))


def read(folder: Path) -> dict[str, Tensor]:
    """The weights in an adapter folder, by their names in the file; ModelError where it is damaged."""
    try:
        return load_file(str(folder / WEIGHTS))
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder / WEIGHTS}: cannot be read ({error}): the folder is damaged") from None


def lay(module: nn.Module, adaptation: Adaptation, weights: Mapping[str, Tensor]) -> nn.Module:
    """The network with an adapter's `weights` (as `read` gives them) over it, for use, not for training.

    Both share every tensor that the adapter does not replace, and `module` goes on computing what it did. So one base
    carries many adapters, and each can be used at any time, by several threads too. (PEFT's own switch between adapters
    changes the network that all share, and knows neither biases nor bottlenecks.)

    Raises:
        ModelError: the weights are not those of such an adapter on this network.
    """
    replaced = {name for name, _ in module.named_parameters() if _in_file(name) in weights}
    over = _copy_but(module, replaced).eval()
    _wrap(over, adaptation)
    places = {_in_file(name): parameter for name, parameter in over.named_parameters()}
    expected = {*added(over), *replaced, *(adaptation.targets if adaptation.kind == "bitfit" else ())}
    misfits = {_in_file(name) for name in expected} ^ weights.keys()
    misfits |= {name for name in weights.keys() - misfits if places[name].shape != weights[name].shape}
    if misfits:
        raise ModelError(f"the adapter's weights do not fit its base ({', '.join(sorted(misfits)[:3])}): it is damaged")
    with torch.no_grad():
        for name, tensor in weights.items():
            places[name].copy_(tensor)
    return over.requires_grad_(False)


def load(folder: AdapterFolder, family: Family) -> nn.Module:
    """The base of an adapter folder with the adapter on it, merged where that is possible, in evaluation mode."""
    module = lay(family.load(folder.base.path), folder.adaptation, read(folder.path))
    return merge(module) if folder.adaptation.merges else module


def _copy_but(module: nn.Module, names: Collection[str]) -> nn.Module:
    """A copy of the network's structure over the same tensors, but for the parameters called `names`, which are copied
    too."""
    tensors = chain(module.named_parameters(), module.named_buffers())
    return copy.deepcopy(module, {id(tensor): tensor for name, tensor in tensors if name not in names})


def _wrapped(module: nn.Module) -> Iterator[tuple[str, Any]]:  # PEFT's class is no nn.Module itself
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in module.named_modules():
        if isinstance(layer, (Bottleneck, BaseTunerLayer)):
            yield name, layer


def _wrap(module: nn.Module, adaptation: Adaptation) -> None:
    """Put the adapter's layers around their targets."""
    if adaptation.kind == "bitfit":
        return
    if adaptation.kind == "bottleneck":
        for name in adaptation.targets:
            layer: Any = module.get_submodule(name)
            size = layer.nf if isinstance(layer, Conv1D) else layer.out_features
            wrapping = Bottleneck(layer, size, adaptation.width, adaptation.dropout).to(layer.weight.device)
            module.set_submodule(name, wrapping.train(module.training))
        return
    from peft import inject_adapter_in_model

    with warnings.catch_warnings():  # GPT-2's layers hold their matrices the other way round, and PEFT sees which do
        warnings.filterwarnings("ignore", "fan_in_fan_out is set to")
        inject_adapter_in_model(_lora(adaptation, module), module)


def _lora(adaptation: Adaptation, module: nn.Module) -> LoraConfig:
    """PEFT's description; its targets are a pattern of whole names, since PEFT would take a bare name for an ending."""
    from peft import LoraConfig

    layers = [module.get_submodule(name) for name in adaptation.targets]
    return LoraConfig(
        r=adaptation.rank,
        lora_alpha=adaptation.alpha,  # type: ignore[arg-type]  # any number does
        lora_dropout=adaptation.dropout,
        target_modules="|".join(re.escape(name) for name in adaptation.targets),
        use_dora=adaptation.kind == "dora",
        fan_in_fan_out=all(isinstance(layer, Conv1D) for layer in layers),
    )


def _in_file(name: str) -> str:
    return _PREFIX + _CALLED.sub(r"\1", name)
