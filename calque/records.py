"""Frozen records that rooms hand to one another; docs/architecture.md has the table of who makes and who reads each."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its translation.

    `line` is the 1-based line of `origin` where the pair begins (the row's first line in a table).
    """

    source: str
    target: str
    line: int
    origin: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: its characters [start, end), and how sure the model is of it, 0 to 1 (None for a source)."""

    start: int
    end: int
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which words of a text go with which of its translation: `links` are (place in `source`, place in `target`),
    both from 0, sorted."""

    source: tuple[Word, ...]
    target: tuple[Word, ...]
    links: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """What a translator answers for one text.

    `score` is the length-normalised log-probability (natural logarithm, per target token) of the text; where the
    text was split, the mean over its parts weighted by their lengths. `alternatives` are the other hypotheses, best
    first, as (text, score): `n_best - 1`, of a text that was split the next best ways to choose one for each part, and
    none for a blank text or one that is only copied. `warnings` are plain sentences, such as that a text was split.
    `confidence` (0 to 1, calibrated) and `alignment` are there where they were asked for.
    """

    text: str
    score: float
    alternatives: tuple[tuple[str, float], ...] = ()
    warnings: tuple[str, ...] = ()
    confidence: float | None = None
    alignment: Alignment | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A metric's value on a test set with its 95 % bootstrap interval and the signature that makes it reproducible."""

    metric: str
    value: float
    low: float
    high: float
    signature: str


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of the pre-flight: a name, a level ('green', 'amber', 'red'), a count out of a total, a sentence
    that says what it means, and example lines."""

    name: str
    level: str
    count: int
    total: int
    message: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a run leaves in `report.json`: how it was made (recipe), what came out (scores by metric name), how long it
    took (wall-clock seconds) and with which versions."""

    recipe: dict[str, Any]
    scores: dict[str, Score]
    seconds: float
    versions: dict[str, str]
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON types; `details` are merged into the top level."""
        plain: dict[str, Any] = asdict(self)
        details: dict[str, Any] = plain.pop("details")
        return {**plain, **details}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found: each system with its scores, the tests of each two, the place of the winner (None: no
    difference is significant) and a sentence that says why; `choice` is the winner, or what to take without one."""

    recipe: dict[str, Any]
    systems: tuple[dict[str, Any], ...]
    tests: tuple[dict[str, Any], ...]
    winner: str | None
    why: str
    choice: str | None
    seconds: float
    versions: dict[str, str]
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON types; `details` are merged into the top level."""
        plain: dict[str, Any] = asdict(self)
        details: dict[str, Any] = plain.pop("details")
        return {**plain, **details}


@dataclass(frozen=True, slots=True)
class Selection:
    """What `select` found: its candidates, the name of the `chosen` one, whose translator is in `folder`; `winner` is
    that folder where it is significantly better, else None; a sentence that says why; and how the finalists compare."""

    recipe: dict[str, Any]
    candidates: tuple[dict[str, Any], ...]
    winner: str | None
    chosen: str
    folder: str
    why: str
    comparison: dict[str, Any] | None
    seconds: float
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return asdict(self)
