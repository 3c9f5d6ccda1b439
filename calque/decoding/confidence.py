"""How sure one may be of a word of a translation: the chance that a translator would have written it too.

A network's own probabilities say it badly: of words that it gives 0.5, more or fewer than half are right, depending on
how it was trained. A logistic regression of "the reference has this word too" on log-probabilities corrects that (Platt
1999, "Probabilistic Outputs for Support Vector Machines"); it is fitted on development text and lies in the model
folder, and where there is none, or one of other weights, one that was fitted on other models stands for it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from calque.errors import ModelError
from calque.model.fast_folder import stamps
from calque.model.folder import Folder, digest_of, write_text

FILE = "calibration.json"
FLOOR = -8.0  # log-probabilities below this say the same
_WHOSE = ("*.safetensors", "source/tokenizer.json", "target/tokenizer.json")  # files that it belongs to
Origin = Literal["own", "common", "stale"]
Features = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Chances out of log-probabilities (natural logarithm): weights of the word's, which is that of its pieces
    together, of its lowest piece's, of the mean of the whole sentence, and a constant. `words` tells on how many it was
    fitted. `origin`: the folder's 'own', the 'common' one, or 'stale': the common one, because the folder's was fitted
    with other weights."""

    word: float
    lowest: float
    sentence: float
    constant: float
    words: int = 0
    origin: Origin = "own"

    def chance(self, features: Features) -> float:
        """The chance that a word is right, 0 to 1."""
        word, lowest, sentence = features
        odds = self.constant + self.word * word + self.lowest * lowest + self.sentence * sentence
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))

    def save(self, folder: Path) -> None:
        """Write it into a model folder, with what tells later whether it still belongs to the weights there."""
        said: dict[str, Any] = asdict(self) | {"made_from": digest_of(folder, _WHOSE), "files": stamps(folder)}
        del said["origin"]
        write_text(folder / FILE, json.dumps(said, indent=1) + "\n")

    @property
    def note(self) -> str:
        """What is to be said of confidence that is not by the folder's own calibration; else nothing."""
        if self.origin == "own":
            return ""
        why = "was fitted with other weights" if self.origin == "stale" else "is not there"
        return f"{FILE} {why}, so confidence is by the common calibration: `calque export` fits one on development text"


DEFAULT = Calibration(  # three models, 10,000 words
    word=2.10, lowest=-0.78, sentence=0.59, constant=2.01, origin="common"
)


def of_folder(folder: Folder) -> Calibration:
    """The calibration in a model folder, or the common one where it has none, or one that was fitted with other weights
    or vocabularies than it has now.

    Raises:
        ModelError: the file is damaged.
    """
    file = folder.path / FILE
    if not file.is_file():
        return DEFAULT
    try:
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        made_from, files = said.pop("made_from"), said.pop("files")
        found = Calibration(**{name: _number(value) for name, value in said.items()})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{file}: damaged ({error}): remove it, or fit it anew") from None
    if files != stamps(folder.path) and made_from != digest_of(folder.path, _WHOSE):
        return replace(DEFAULT, origin="stale")
    return found


def _number(value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return value


def features(log_probs: Sequence[float], pieces: Sequence[int]) -> Features:
    """What a word's chance is computed from.

    Args:
        log_probs: of every token of the sentence, the end token included.
        pieces: the places of the word's tokens; with none, the sentence stands for them.
    """
    sentence = max(FLOOR, sum(log_probs) / max(1, len(log_probs)))
    own = [log_probs[place] for place in pieces] or [sentence]
    return max(FLOOR, sum(own)), max(FLOOR, min(own)), sentence


def fit(examples: Sequence[tuple[Features, bool]]) -> Calibration:
    """The logistic regression of right and wrong words on their features: Newton's method, with a little shrinkage so
    that words which are all right leave it finite."""
    weights = [0.0, 0.0, 0.0, 0.0]
    rows = [((*features, 1.0), float(right)) for features, right in examples]
    for _ in range(25):
        gradient = [0.01 * weight for weight in weights]
        curvature = [[0.01 * (i == j) for j in range(4)] for i in range(4)]
        for row, right in rows:
            odds = sum(weight * value for weight, value in zip(weights, row, strict=True))
            chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
            for i in range(4):
                gradient[i] += (chance - right) * row[i]
                for j in range(4):
                    curvature[i][j] += chance * (1 - chance) * row[i] * row[j]
        step = _solved(curvature, gradient)
        weights = [weight - change for weight, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-6:
            break
    word, lowest, sentence, constant = weights
    return Calibration(word, lowest, sentence, constant, len(rows))


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """The solution of a small system of linear equations, by elimination with pivots."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for column in range(size):
        pivot = max(range(column, size), key=lambda place: abs(rows[place][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for below in range(column + 1, size):
            factor = rows[below][column] / rows[column][column]
            rows[below] = [one - factor * other for one, other in zip(rows[below], rows[column], strict=True)]
    solution = [0.0] * size
    for place in reversed(range(size)):
        known = sum(rows[place][column] * solution[column] for column in range(place + 1, size))
        solution[place] = (rows[place][size] - known) / rows[place][place]
    return solution
