"""Neural scores: COMET (Rei et al. 2020) and its kin without references (Rei et al. 2022), computed by a process of
its own in an environment of its own.

A score is the mean over the sentences times 100, as BLEU and chrF are told; the sentences' own scores are kept in the
report. The interval is that of the other metrics: the same draws of sentences, the mean of each draw.

Shapes: N sentences.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calque.errors import EngineError, ModelError
from calque.evaluation import environment, metrics
from calque.evaluation.conversation import Conversation
from calque.recipes.neural import Neural
from calque.records import Score

WORKER = Path(__file__).with_name("worker.py")
SCALE = 100.0
_AT_ONCE = 256  # sentences in a request: the worker sorts these by length


@dataclass(frozen=True, slots=True)
class Judgement:
    """A neural score, the scores of the sentences it is the mean of (times 100), and how it was computed."""

    score: Score
    segments: tuple[float, ...]
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scorer:
    """A checkpoint that a worker has loaded.

    name: of the metric: COMET, or COMET-QE where it reads no references.
    ready: what the worker told of itself.
    """

    name: str
    digest: str
    ready: dict[str, Any]
    talk: Conversation

    def judge(
        self, sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[str], bootstrap: int, seed: int
    ) -> Judgement:
        """The score of translations, with an interval where `bootstrap` is more than 1.

        Raises:
            DataError: the counts differ, or there is nothing to score.
            EngineError: the worker died, or did not answer with a number for each sentence.
            MachineError: it had not enough memory.
        """
        hypotheses, references = metrics.comparable(hypotheses, references)
        sources = [metrics.one_line(text) for text in sources]
        rows = list(zip(sources, hypotheses, references, strict=True))
        scores: list[float] = []
        cut = 0
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            answer = self.talk.ask({"segments": part})
            scores += self._numbers(answer.get("scores"), len(part), start)
            cut += int(answer.get("cut", 0))
        details = {"checkpoint": self.talk.about, "sha256": self.digest, **self.ready, "cut": cut}
        return Judgement(self._score(scores, bootstrap, seed), tuple(scores), details)

    def _numbers(self, given: Any, wanted: int, start: int) -> list[float]:  # noqa: ANN401
        """The scores of an answer times 100, known to be a finite number for each sentence."""
        if not isinstance(given, list) or len(given) != wanted:
            count = len(given) if isinstance(given, list) else 0
            raise EngineError(f"{self.talk.about}: the scoring process answered {count} of {wanted} sentences")
        for number, value in enumerate(given, start + 1):
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise EngineError(f"{self.talk.about}: the score of sentence {number} is no number ({value})")
        return [SCALE * value for value in given]

    def _score(self, scores_N: Sequence[float], bootstrap: int, seed: int) -> Score:
        value = float(np.mean(scores_N))
        low, high = _bootstrapped(scores_N, bootstrap, seed) if bootstrap > 1 else (value, value)
        return Score(self.name, value, low, high, self._signature(bootstrap, seed))

    def _signature(self, bootstrap: int, seed: int) -> str:
        drawn = f"|bs:{bootstrap}|seed:{seed}" if bootstrap > 1 else ""
        return (
            f"nrefs:{int(self.ready['reference'])}{drawn}|model:{_called(self.ready['path'])}|sha256:{self.digest[:16]}"
            f"|class:{self.ready['class']}|encoder:{self.ready['encoder']}|scale:100|mean:segments"
            f"|comet:{self.ready['version']}|torch:{self.ready['torch']}"
        )


@contextmanager
def opened(recipe: Neural, device: str = "auto", threads: int | None = None) -> Iterator[list[Scorer]]:
    """A scorer for each checkpoint of the recipe, loaded; their processes end with the block.

    Args:
        recipe: which checkpoints, and how.
        device: 'cpu' keeps COMET from a GPU that its environment may be able to use.
        threads: CPU threads; by default PyTorch's choice.

    Raises:
        MachineError: the environment is not there, or there is not enough memory.
        ModelError: a checkpoint is not there, or cannot be used.
        EngineError: a worker died or was silent for too long.
    """
    with ExitStack() as held:
        places = [(named, _place(named)) for named in recipe.comet]
        python = environment.python(recipe.comet_python) if places else None
        scorers: list[Scorer] = []
        for named, file in places:
            variables = {"TOKENIZERS_PARALLELISM": "false"}
            variables |= {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
            command = [str(python), "-I", str(WORKER)]
            about = named if file is None else str(file)
            talk = held.enter_context(Conversation(command, about, recipe.comet_timeout, variables))
            request = {"checkpoint": about, "hub": file is None, "device": device, "batch": recipe.comet_batch}
            scorers.append(_scorer(talk, request, {scorer.name for scorer in scorers}))
        yield scorers


def judged(
    scorers: Sequence[Scorer],
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
    bootstrap: int,
    seed: int,
) -> tuple[dict[str, Score], dict[str, Any], list[str]]:
    """Every scorer's score by name; the segment scores and how they were computed, by name; and what a reader must
    know, in sentences."""
    found = {scorer.name: scorer.judge(sources, hypotheses, references, bootstrap, seed) for scorer in scorers}
    details = {name: {**one.details, "segments": list(one.segments)} for name, one in found.items()}
    notes = [
        f"{name} did not read {one.details['cut']} of {len(one.segments)} sentences to their end: its encoder takes "
        f"{one.details['limit']} tokens."
        for name, one in found.items()
        if one.details["cut"]
    ]
    return {name: one.score for name, one in found.items()}, details, notes


def _scorer(talk: Conversation, request: dict[str, Any], taken: set[str]) -> Scorer:
    ready = talk.ask(request).get("ready")
    wanted = {"path": str, "version": str, "torch": str, "class": str, "encoder": str, "reference": bool, "limit": int}
    if not isinstance(ready, dict) or not all(isinstance(ready.get(name), kind) for name, kind in wanted.items()):
        raise EngineError(f"{talk.about}: the scoring process did not say what it has loaded")
    name = "COMET" if ready["reference"] else "COMET-QE"
    if name in taken:
        name = f"{name} {_called(ready['path'])}"
    return Scorer(name, _digest(Path(ready["path"])), ready, talk)


def _place(named: str) -> Path | None:
    """The checkpoint file; None where `named` can only be a name on the hub.

    Raises:
        ModelError: there is no checkpoint.
    """
    path = Path(named).expanduser()
    if path.is_dir():
        if not (path / "checkpoints" / "model.ckpt").is_file():
            raise ModelError(f"{named}: no COMET checkpoint there (looked for checkpoints/model.ckpt in it)")
        path = path / "checkpoints" / "model.ckpt"
    if path.is_file():
        if not (path.absolute().parents[1] / "hparams.yaml").is_file():
            raise ModelError(f"{named}: hparams.yaml is missing, which belongs into the folder above checkpoints/")
        return path.absolute()
    if named.count("/") == 1 and not named.startswith((".", "/", "~")):
        return None
    raise ModelError(
        f"{named}: no COMET checkpoint there: name a folder with hparams.yaml and checkpoints/model.ckpt, as "
        "`hf download Unbabel/wmt22-comet-da` fetches it"
    )


def _called(path: str) -> str:
    """The checkpoint's name: that of the repository on the hub, else of the folder or file it lies in."""
    file = Path(path)
    for folder in file.parents:
        if folder.name.startswith("models--"):
            return folder.name.removeprefix("models--").replace("--", "/")
    around = file.parents[1].name if file.parent.name == "checkpoints" else ""
    return around or file.stem


def _digest(file: Path) -> str:
    """SHA-256 of the checkpoint, as the hub and `sha256sum` tell it."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror})") from None


def _bootstrapped(scores_N: Sequence[float], samples: int, seed: int) -> tuple[float, float]:
    """The interval of the mean: the draws are those of the other metrics."""
    rng = np.random.default_rng(seed)
    table_N = np.asarray(scores_N, dtype=np.float64)
    means = [float(table_N[rng.choice(len(table_N), size=len(table_N), replace=True)].mean()) for _ in range(samples)]
    return metrics.interval(means)
