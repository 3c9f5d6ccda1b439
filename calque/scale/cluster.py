"""Windows translated by a Ray cluster (Ray Data): an actor with a translator on every slot, order kept."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calque.corpus.plain import GZIP
from calque.errors import DataError, EngineError, MachineError, RecipeError
from calque.recipes.translate import Translate
from calque.scale.window import Rows, Window, stretch, translated

BLOCK = 8  # windows that travel together, where there are many


class Worker:
    """A translator on some machine of the cluster; Ray calls it with batches of windows.

    Args:
        recipe: a Translate recipe as JSON.
        path: the file that the windows are of, the same on every machine.
    """

    def __init__(self, recipe: str, path: str) -> None:
        from calque.decoding.translator import Translator

        self._recipe = Translate.model_validate(json.loads(recipe))
        self._path = Path(path)
        self._translator = Translator(
            self._recipe.folder, self._recipe.device, self._recipe.threads, base=self._recipe.base
        )

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The columns `first`, `start`, `end`, `digest` with `rows` beside: rows, texts and warnings as JSON."""
        said = []
        for first, start, end in zip(batch["first"], batch["start"], batch["end"], strict=True):
            texts = stretch(self._path, int(first), int(start), int(end))
            said.append(_packed(translated(self._translator, texts, int(first), self._recipe)))
        return batch | {"rows": said}


class Cluster:
    """A Ray cluster: the one at `recipe.cluster` or in RAY_ADDRESS, else the cores of this machine.

    Raises:
        MachineError: Ray is not installed, or the cluster cannot be reached.
        RecipeError: a setting does nothing here.
    """

    def __init__(self, recipe: Translate) -> None:
        try:
            import ray
            import ray.data
        except ImportError:
            raise MachineError("--engine ray needs Ray: pip install 'calque[ray]'") from None
        if recipe.input is None:
            raise RecipeError("--engine ray needs --input")
        self._path = recipe.input.resolve()
        with self._path.open("rb") as file:
            if file.read(2) == GZIP:
                raise DataError(
                    "is packed: workers begin anywhere in the file, so unpack it for --engine ray", self._path
                )
        self._recipe = recipe
        address = recipe.cluster or os.environ.get("RAY_ADDRESS")
        if not ray.is_initialized():
            try:
                ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING, include_dashboard=False)
            except ConnectionError as error:
                raise MachineError(f"no Ray cluster at {address}: {error}") from None

    def answers(self, work: Iterator[Window]) -> Iterator[tuple[Window, Rows]]:
        """Every window with its rows, in order. Workers read the texts themselves: only places travel to them.

        Raises:
            EngineError: a worker failed for good.
        """
        import ray.data
        import ray.exceptions

        places = [
            {"first": w.first, "start": w.start, "end": w.end, "count": len(w.texts), "digest": w.digest} for w in work
        ]
        if not places:
            return
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        alone = {"folder": self._recipe.folder.resolve(), "engine": "auto", "cluster": None, "workers": None}
        recipe = self._recipe.model_copy(update=alone)
        workers = self._workers()
        blocks = max(min(len(places), 2 * workers), len(places) // BLOCK)
        done = ray.data.from_items(places, override_num_blocks=blocks).map_batches(
            Worker,
            fn_constructor_args=(recipe.model_dump_json(), str(self._path)),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=self._recipe.threads or 1,
            num_gpus=1 if self._recipe.device.startswith("cuda") else 0,
        )
        try:
            for row in done.iter_rows():
                texts = ("",) * int(row["count"])
                window = Window(int(row["first"]), int(row["start"]), int(row["end"]), texts, str(row["digest"]))
                yield window, _unpacked(row["rows"])
        except ray.exceptions.RayError as error:
            last = str(error).strip().splitlines()[-1].strip()
            raise EngineError(f"the cluster gave up ({last}): mend that and go on with --resume") from error

    def _workers(self) -> int:
        import ray

        if self._recipe.workers is not None:
            return self._recipe.workers
        cores: dict[str, float] = ray.cluster_resources()
        return max(1, int(cores.get("CPU", 1)) // (self._recipe.threads or 1))


def _packed(rows: Rows) -> str:
    return json.dumps([rows.data.decode(), rows.texts, rows.warned, rows.warnings])


def _unpacked(said: str) -> Rows:
    data, texts, warned, warnings = json.loads(said)
    return Rows(data.encode(), texts, warned, tuple((number, text) for number, text in warnings))
