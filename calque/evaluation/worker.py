"""Computes COMET scores in a process and an environment of its own; imports nothing of calque, which is not there.

One JSON object a line. It reads a request and answers it before it reads the next:

| request | answer |
|---|---|
| `checkpoint` (a .ckpt file, or a name on the hub), `hub` (may it be fetched), `device`, `batch`; first, and once | `ready`: `path`, `version`, `torch`, `class`, `encoder`, `reference`, `limit` |
| `segments`: a list of [source, hypothesis, reference] | `scores`, one float each, and `cut`: how many of them the encoder did not read to their end |

What goes wrong is answered as `error` (a sentence) and `kind` ('checkpoint', 'memory' or 'other') and ends the process; so
does the end of the requests. Only answers go to standard output: what the libraries print goes to standard error.
"""  # noqa: E501

from __future__ import annotations

import json
import os
import sys
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO


def main() -> int:
    """Answer requests until there are no more; 1 where something went wrong."""
    with _alone_on_stdout() as answers:
        try:
            metric = Metric(json.loads(sys.stdin.readline()))
            _say(answers, {"ready": metric.told()})
            for line in sys.stdin:
                _say(answers, metric.score(json.loads(line)["segments"]))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other side must hear of it
            _say(answers, {"error": _sentence(error), "kind": _kind(error)})
            return 1
    return 0


class Metric:
    """A COMET checkpoint, loaded."""

    def __init__(self, request: dict[str, Any]) -> None:
        warnings.simplefilter("ignore")
        if not request["hub"]:
            os.environ["HF_HUB_OFFLINE"] = "1"
        import comet
        import torch
        from comet.models.multitask.unified_metric import UnifiedMetric

        self.joined = UnifiedMetric  # reads its texts as one
        self.path = _fetched(request["checkpoint"]) if request["hub"] else request["checkpoint"]
        self.model = comet.load_from_checkpoint(self.path, local_files_only=not request["hub"])
        self.model.eval()
        self.batch = int(request["batch"])
        self.gpus = int(request["device"] != "cpu" and torch.cuda.is_available())

    @property
    def reads_references(self) -> bool:
        """Whether it was trained to."""
        if isinstance(self.model, self.joined):
            return "ref" in self.model.hparams.input_segments
        return type(self.model).__name__ != "ReferencelessRegression"

    @property
    def limit(self) -> int:
        """The longest text, in tokens and with its two marks, that it reads to the end; several texts together for a
        unified metric."""
        positions = int(self.model.encoder.max_positions)
        return positions if isinstance(self.model, self.joined) else positions - 2

    def told(self) -> dict[str, Any]:
        """What a signature is made of."""
        import torch

        return {
            "path": str(self.path),
            "version": metadata.version("unbabel-comet"),
            "torch": torch.__version__,
            "class": type(self.model).__name__,
            "encoder": Path(str(self.model.hparams.pretrained_model)).name,
            "reference": self.reads_references,
            "limit": self.limit,
        }

    def score(self, segments: list[list[str]]) -> dict[str, Any]:
        """A score for each segment, in order."""
        samples = [{"src": source, "mt": said, "ref": wanted} for source, said, wanted in segments]
        if not self.reads_references:
            samples = [{"src": sample["src"], "mt": sample["mt"]} for sample in samples]
        found = self.model.predict(
            samples, batch_size=self.batch, gpus=self.gpus, num_workers=1 if self.gpus else 0, progress_bar=False
        )
        return {"scores": [float(score) for score in found.scores], "cut": sum(map(self._is_cut, samples))}

    def _is_cut(self, sample: dict[str, str]) -> bool:
        """Whether the encoder leaves out the end of a text."""
        encoder = self.model.encoder
        lengths = [len(encoder.tokenizer(text, verbose=False)["input_ids"]) for text in sample.values()]
        if isinstance(self.model, self.joined):
            together = sum(lengths) - 2 * len(lengths) + 1 + encoder.size_separator * len(lengths)
            return together > self.limit or max(lengths) > self.limit - 2
        return max(lengths) > self.limit


def _fetched(name: str) -> str:
    """The checkpoint of this name on the hub, now on the disk; unlike COMET's own function it says why it is not."""
    from huggingface_hub import snapshot_download

    return str(Path(snapshot_download(name)) / "checkpoints" / "model.ckpt")


def _alone_on_stdout() -> TextIO:
    """Standard output as a file that nobody else knows of; what others print there goes to standard error."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _say(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _sentence(error: Exception) -> str:
    """The first line of what the error says, or its name."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _kind(error: Exception) -> str:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "can't allocate" in str(error):
        return "memory"
    return "other"


if __name__ == "__main__":
    sys.exit(main())
