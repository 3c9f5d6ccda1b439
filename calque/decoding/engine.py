"""The search for translations: the only caller of generation."""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from calque.errors import DataError, MachineError
from calque.model.hypothesis import Reading

if TYPE_CHECKING:
    from torch import Tensor, nn

    from calque.model.adapter_folder import AdapterFolder
    from calque.model.batch import Batch
    from calque.model.folder import Folder
    from calque.model.hypothesis import Hypothesis
    from calque.recipes.search import Search


class Engine(Protocol):
    """Whoever turns source ids into hypotheses."""

    def generate(
        self, sources: Sequence[list[int]], search: Search, prefixes: Sequence[list[int]] | None = None
    ) -> list[list[Hypothesis]]:
        """For each source (framed ids) at most `search.n_best` hypotheses, best first. All sources are computed at
        once: it is the caller who cuts batches.

        Args:
            sources: framed ids.
            search: how to look.
            prefixes: for each source the target ids (no special tokens) with which every hypothesis begins; they are
                in its ids, and scored like the rest.
        """

    def ahead(
        self, sources: Sequence[list[int]], prefixes: Sequence[list[int]], count: int
    ) -> list[list[tuple[int, float]]]:
        """For each source the `count` likeliest target tokens behind its prefix, each with its log-probability, the
        likeliest first; the end token may be among them."""

    def read(self, sources: Sequence[list[int]], targets: Sequence[list[int]]) -> list[Reading]:
        """What the model thinks of given translations (ids without special tokens) of the sources (framed ids)."""


class TorchEngine:
    """A model folder's network on a device, searched by its family; with an `adapter`, that adapter on its base, which
    is the folder.

    Raises:
        MachineError: no such device.
        ModelError: the folder's weights cannot be loaded.
    """

    def __init__(
        self, folder: Folder, device: str = "auto", threads: int | None = None, adapter: AdapterFolder | None = None
    ) -> None:
        from calque.decoding import machine
        from calque.model import family

        self.device = machine.device_of(device)
        machine.set_threads(threads)
        self._family = family.of(folder.family, folder.source_codec, folder.target_codec)
        self._module = self._loaded(folder, adapter).to(self.device).eval()
        self._longest = folder.max_length - 2  # of a prefix: a start token before it, something new behind it
        self._reading = threading.Lock()  # one thread at a time asks how attention is spread

    def _loaded(self, folder: Folder, adapter: AdapterFolder | None) -> nn.Module:
        if adapter is None:
            return self._family.load(folder.path)
        from calque.model import adapter as adapters

        return adapters.load(adapter, self._family)

    def adapted(self, adapter: AdapterFolder) -> TorchEngine:
        """An engine for the same network with an adapter over it; both share the network's weights.

        Raises:
            ModelError: the adapter does not fit the network.
        """
        from calque.model import adapter as adapters

        other = copy.copy(self)
        other._module = adapters.lay(self._module, adapter.adaptation, adapters.read(adapter.path))
        return other

    def generate(
        self, sources: Sequence[list[int]], search: Search, prefixes: Sequence[list[int]] | None = None
    ) -> list[list[Hypothesis]]:
        """As the protocol says. A batch for which the device's memory is too small is cut in two; with `prefixes`,
        those of equal length are computed at once.

        Raises:
            MachineError: the memory is too small for even one source.
            DataError: a prefix is as long as the longest translation that the model writes.
        """
        if prefixes is None:
            return self._searched(sources, search, None)
        by_length: dict[int, list[int]] = defaultdict(list)
        for place, prefix in enumerate(prefixes):
            by_length[len(prefix)].append(place)
        if max(by_length, default=0) > self._longest:
            raise DataError(
                f"a beginning of {max(by_length)} tokens is too long: the model writes at most {self._longest} more "
                "than one"
            )
        found: dict[int, list[Hypothesis]] = {}
        for places in by_length.values():
            some = self._searched([sources[place] for place in places], search, [prefixes[place] for place in places])
            found |= dict(zip(places, some, strict=True))
        return [found[place] for place in range(len(sources))]

    def _searched(
        self, sources: Sequence[list[int]], search: Search, prefixes: Sequence[list[int]] | None
    ) -> list[list[Hypothesis]]:
        """Hypotheses of sources whose prefixes, if there are any, have one length."""
        import torch

        batch = self._batch(sources, prefixes)
        try:
            with torch.inference_mode():
                return self._family.generate(self._module, batch, search)
        except torch.OutOfMemoryError:
            if len(sources) == 1:
                raise MachineError(
                    f"{self.device}: not enough memory for one text of {len(sources[0])} tokens with a beam of "
                    f"{search.beam}: use a smaller --beam"
                ) from None
        half = len(sources) // 2
        first, second = (None, None) if prefixes is None else (prefixes[:half], prefixes[half:])
        return self._searched(sources[:half], search, first) + self._searched(sources[half:], search, second)

    def ahead(
        self, sources: Sequence[list[int]], prefixes: Sequence[list[int]], count: int
    ) -> list[list[tuple[int, float]]]:
        """As the protocol says."""
        import torch

        from calque.model import beam

        special = self._family.target
        rows = [[*special.frame[0], *prefix, special.eos] for prefix in prefixes]
        with torch.inference_mode():
            forced = beam.forcing(self._batch(sources, None), rows, special)
            states_ND, _ = self._family.states(self._module, forced)
            behind_N = torch.tensor([len(prefix) + 1 for prefix in prefixes]).cumsum(0) - 1
            logits_BV = torch.nn.functional.linear(states_ND[behind_N], *self._family.head(self._module)).float()
            best = logits_BV.log_softmax(1).topk(min(count, logits_BV.shape[1]), dim=1)
        return [
            list(zip(ids, chances, strict=True))
            for ids, chances in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def _batch(self, sources: Sequence[list[int]], prefixes: Sequence[list[int]] | None) -> Batch:
        import torch

        from calque.model.batch import Ids

        batch = self._family.batch([Ids(source) for source in sources])
        if prefixes is not None:
            before, _ = self._family.target.frame
            batch = replace(batch, prefix_BT=torch.tensor([[*before, *prefix] for prefix in prefixes]))
        return batch.to(self.device)

    def read(self, sources: Sequence[list[int]], targets: Sequence[list[int]]) -> list[Reading]:
        """As the protocol says; attention is `_spread`."""
        import torch

        from calque.model import beam

        special = self._family.target
        before, after = special.frame
        rows = [[*before, *target, *after] for target in targets]
        with torch.inference_mode():
            forced = beam.forcing(self._batch(sources, None), rows, special)
            head = self._family.head(self._module)
            losses = beam.losses_of(forced, lambda batch: self._family.states(self._module, batch), head)
            with self._reading:
                weights = self._family.attended(self._module, forced)
        readings = []
        for place, (source, row) in enumerate(zip(sources, rows, strict=True)):
            log_probs = tuple((-losses[place]).tolist())
            attention = None
            if weights is not None:
                spread_TS = _spread(weights[:, place, :, : len(row) - 1, : len(source)])
                attention = tuple(map(tuple, spread_TS[len(before) - 1 :].tolist()))
            readings.append(Reading(log_probs, attention))
        return readings


def _spread(weights_LHTS: Tensor) -> Tensor:
    """What is translated by what, (T, S): the mean over heads of the last two layers at the step that says a token, and
    of a middle layer at the step that reads it (Chen et al. 2020, "Accurate Word Alignment Induction from Neural
    Machine Translation"). Decoders over pretrained encoders align in the former, those from scratch in the latter."""
    layers_LTS = weights_LHTS.mean(1)
    count = len(layers_LTS)
    middle_TS = layers_LTS[max(0, count // 2 - 1)]
    last = len(middle_TS) - 1  # nothing is read after it
    spread_TS = layers_LTS[-1] + layers_LTS[max(0, count - 2)] + middle_TS[[*range(1, last + 1), last]]
    return spread_TS / spread_TS.sum(-1, keepdim=True).clamp(min=1e-9)
