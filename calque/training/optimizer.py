"""Optimizers with parameter groups by origin (pretrained or new), by depth and by decay."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import nn

from calque.recipes.optimisation import Optimisation
from calque.training.depth import depths


def optimizer_of(recipe: Optimisation, module: nn.Module, pretrained: Collection[str]) -> torch.optim.Optimizer:
    """The recipe's update rule over all trainable parameters. Each group's `peak` is its peak learning rate; matrices
    decay, vectors (biases and norms) do not; 'adam' is the classical one, without decay. With a `layer_decay`,
    pretrained layers have the lower peaks the deeper they lie (Howard and Ruder 2018, section 3.2; Clark et al. 2020).
    """
    groups = _groups(recipe, module, frozenset(pretrained))
    betas = (recipe.beta1, recipe.beta2)
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, betas=betas, fused=True)
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, betas=betas, fused=True)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=recipe.momentum)
    return torch.optim.Adafactor(groups)


def _groups(recipe: Optimisation, module: nn.Module, pretrained: frozenset[str]) -> list[dict[str, object]]:
    depth = depths(pretrained) if recipe.layer_decay < 1 else {}
    sorted_parameters: dict[tuple[bool, int, bool], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            key = (name in pretrained, depth.get(name, 0), parameter.dim() > 1)
            sorted_parameters.setdefault(key, []).append(parameter)
    decay = 0.0 if recipe.optimizer == "adam" else recipe.weight_decay
    groups: list[dict[str, object]] = []
    for (old, deep, matrix), parameters in sorted(sorted_parameters.items(), key=lambda item: item[0]):
        peak = recipe.pretrained_learning_rate if old and recipe.pretrained_learning_rate else recipe.learning_rate
        peak *= recipe.layer_decay**deep
        groups.append({"params": parameters, "lr": peak, "peak": peak, "weight_decay": decay if matrix else 0.0})
    return groups


def set_rate(optimizer: torch.optim.Optimizer, share: float) -> float:
    """Set every group to `share` of its peak; the rate of new weights (the highest)."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share
    return max(float(group["lr"]) for group in optimizer.param_groups)
