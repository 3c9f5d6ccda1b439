"""The exponential moving average of the weights, which is validated and kept while training goes on with the raw ones
(Polyak and Juditsky 1992 average evenly; Tarvainen and Valpola 2017 by powers of a decay)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """average = d * average + (1 - d) * weights, after each optimizer step t = 1, 2, ...

    d is min(decay, (1 + t) / (10 + t)), so that a young average soon forgets where training began. Only what is trained
    is averaged, in float32, and a tied weight once. Where `decay` is 0 there is no average, and all of this does
    nothing.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        trained = ((name, p) for name, p in module.named_parameters() if p.requires_grad)
        self.decay = decay
        self._weights = dict(trained) if decay else {}
        self.tensors = {name: p.detach().to(torch.float32, copy=True) for name, p in self._weights.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights as they are after optimizer step `step`, which counts from 1."""
        if self._weights:
            decay = min(self.decay, (1 + step) / (10 + step))
            weights = [weight.detach().float() for weight in self._weights.values()]
            torch._foreach_lerp_(list(self.tensors.values()), weights, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the network has the averaged weights, and afterwards its own again, bit for bit."""
        own = {name: weight.data for name, weight in self._weights.items()}
        try:
            for name, weight in self._weights.items():
                weight.data = self.tensors[name].to(weight.dtype)
            yield
        finally:
            for name, weight in self._weights.items():
                weight.data = own[name]

    @torch.no_grad()
    def settle(self) -> None:
        """Give the network the averaged weights for good."""
        for name, weight in self._weights.items():
            weight.copy_(self.tensors[name])

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from `tensors`, as a checkpoint has them; KeyError or RuntimeError where they are not of this
        network."""
        if tensors.keys() != self.tensors.keys():
            raise KeyError("another network's average")
        for name, tensor in tensors.items():
            self.tensors[name].copy_(tensor)

    @property
    def noted(self) -> dict[str, float]:
        """What a line of metrics says of it."""
        return {"ema": self.decay} if self.decay else {}

    def named(self, chosen: str) -> str:
        """The name of the chosen weights, which says whether they are averages in themselves."""
        return f"{chosen} (moving average, decay {self.decay:g})" if self.decay else chosen
