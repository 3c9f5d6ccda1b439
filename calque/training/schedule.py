"""How far a run is, and what follows from it: the learning rate and what is frozen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from calque.recipes.optimisation import Optimisation
from calque.training.depth import depths, half, is_embedding

_START = 1e-3  # the fraction below which a run without warm-up counts as just begun


def rate(recipe: Optimisation, fraction: float) -> float:
    """Learning rate at `fraction` (0 to 1) of the run, as a share of its peak: a linear rise during the warm-up, then
    constant, linear or cosine down to 0, or falling with the square root of time (Vaswani et al. 2017, section 5.3)."""
    warmup = recipe.warmup
    if fraction < warmup:
        return min(1.0, max(fraction, _START) / warmup)
    if recipe.schedule == "constant":
        return 1.0
    if recipe.schedule == "inverse-sqrt":
        return math.sqrt(max(warmup, _START) / max(fraction, _START))
    left = (1 - min(fraction, 1.0)) / (1 - warmup) if warmup < 1 else 0.0
    return left if recipe.schedule == "linear" else (1 - math.cos(math.pi * left)) / 2


@dataclass(frozen=True, slots=True)
class Thaw:
    """Gradual unfreezing of pretrained weights (Howard and Ruder 2018, section 3.3): the top layer first, one more at
    even steps until `share` of the run, embeddings last. Encoder and decoder are each unfrozen from their own top, so
    that the shallower is done earlier. New weights are trained from the start.
    """

    share: float
    depths: dict[str, int]
    first: int = -1

    @classmethod
    def of(cls, share: float, names: Iterable[str], alone: bool = False) -> Thaw:
        """The order in which the parameters called `names` are unfrozen; where they are `alone`, without new weights to
        train, the top layers are open from the start."""
        return cls(share, depths(names), 0 if alone else -1)

    def frozen(self, fraction: float) -> frozenset[str]:
        """Names still frozen at this fraction of the run."""
        if fraction >= self.share:
            return frozenset()
        layers = max(self.depths.values(), default=0) + 1
        open_depth = max(self.first, int(fraction / self.share * (layers + 1)) - 1)
        return frozenset(name for name, depth in self.depths.items() if depth > open_depth)


def freeze(recipe: Optimisation, module: nn.Module, pretrained: frozenset[str]) -> None:
    """Switch gradients off where the recipe freezes pretrained weights, and for a pooler, which translation never
    reads."""
    for name, parameter in module.named_parameters():
        frozen = {"none": False, "encoder": half(name) == "encoder", "embeddings": is_embedding(name)}
        if ".pooler." in name or (frozen[recipe.freeze] and name in pretrained):
            parameter.requires_grad_(False)
