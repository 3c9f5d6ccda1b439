"""The search for translations: the only caller of generation."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from calque.errors import EngineError, MachineError

if TYPE_CHECKING:
    from torch import nn

    from calque.model.adapter_folder import AdapterFolder
    from calque.model.folder import Folder
    from calque.model.hypothesis import Hypothesis, Reading
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

    def read(self, sources: Sequence[list[int]], targets: Sequence[list[int]]) -> list[Reading]:  # noqa: ARG002
        """As the protocol says."""
        raise EngineError("this engine cannot tell yet what the model thinks of a translation")

    def generate(
        self, sources: Sequence[list[int]], search: Search, prefixes: Sequence[list[int]] | None = None
    ) -> list[list[Hypothesis]]:
        """As the protocol says. A batch for which the device's memory is too small is cut in two.

        Raises:
            MachineError: the memory is too small for even one source.
        """
        import torch

        from calque.model.batch import Ids

        if prefixes is not None:
            raise EngineError("this engine cannot go on with a given beginning yet")
        batch = self._family.batch([Ids(source) for source in sources]).to(self.device)
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
        return self.generate(sources[:half], search) + self.generate(sources[half:], search)
