"""What a run of a system said on the test text, how fast it was, and what it costs."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calque.corpus.plain import lines
from calque.decoding.translator import Translator
from calque.errors import DataError
from calque.evaluation import metrics
from calque.evaluation.footprint import Footprint, Memory
from calque.evaluation.score import translated, warnings
from calque.evaluation.system import Run
from calque.evaluation.testset import TestSet
from calque.recipes.evaluate import Scoring
from calque.records import Pair

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Performance:
    """The translations of a run, one line each; for a translator also seconds, bytes of memory and its footprint."""

    place: str
    said: tuple[str, ...]
    seconds: float | None = None
    memory: int | None = None
    footprint: Footprint | None = None
    warnings: tuple[dict[str, Any], ...] = ()

    @classmethod
    def read(cls, place: str, text: TestSet) -> Performance:
        """A file of translations.

        Raises:
            DataError: it cannot be read, or has not one line for each sentence of the text.
        """
        said = tuple(metrics.one_line(line) for line in lines(place))
        if len(said) != len(text.pairs):
            raise DataError(
                f"{len(said):,} lines, but the test text ({', '.join(text.files)}) has {len(text.pairs):,} sentences: "
                "a file of translations needs one line for each, in the same order",
                place,
            )
        return cls(place, said)

    def to_json(self) -> dict[str, Any]:
        """What is known of it, but for what it said."""
        known = self.footprint
        return {
            "place": self.place,
            "kind": "translations" if known is None else "translator",
            "seconds": self.seconds,
            "sentences_per_second": None if self.seconds is None else len(self.said) / max(self.seconds, 1e-9),
            "size": None if known is None else known.size,
            "parameters": None if known is None else known.parameters,
            "peak_memory": self.memory,
            "licence": None if known is None else known.licence,
            "warnings": list(self.warnings),
        }


def perform(run: Run, pairs: Sequence[Pair], scoring: Scoring, say: Say) -> Performance:
    """Let a translator translate the sources; its weights are let go afterwards.

    The first text is translated before the clock starts, because it loads the weights.

    Raises:
        ModelError: the folder's weights cannot be loaded.
        EngineError: the translator did not answer each text once.
        MachineError: the device or its memory is missing.
    """
    memory = Memory()
    translator = Translator(run.place, scoring.device, scoring.threads, "torch")
    sources = [pair.source for pair in pairs]
    translator.translate(sources[:1], scoring)
    began = time.perf_counter()
    answers = translated(
        translator,
        sources,
        scoring,
        lambda done, total: say(f"{run.place}: {done:,} of {total:,} sentences translated"),
    )
    seconds = time.perf_counter() - began
    peak = memory.peak()
    del translator
    gc.collect()
    return Performance(
        place=run.place,
        said=tuple(metrics.one_line(answer.text) for answer in answers),
        seconds=seconds,
        memory=peak,
        footprint=Footprint.of(Path(run.place)),
        warnings=tuple(warnings(pairs, answers)),
    )
