"""Translators without a network, for tests of the server: they shout, and can be slow, held up or broken."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from calque.errors import RecipeError, nearest
from calque.records import Alignment, Translation, Word


@dataclass(frozen=True)
class FakeModel:
    name: str
    source: str
    target: str
    version: str = "1"
    engine: str = "fake"


@dataclass(frozen=True)
class FakeDetection:
    language: str
    confidence: float


class FakePolyglot:
    """English to French and German by shouting: "dog" is "DOG"; version 2 puts "2:" before it.

    `open_` lets the engine work: clear it and translations wait. Each batch takes `seconds` and as much again for each
    text. A text with "broken" fails. Words with an accent are French.
    """

    def __init__(self, version: int = 1, seconds: float = 0.0, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self.version = version
        self.seconds = seconds
        self.open_ = threading.Event()
        self.open_.set()
        self.asked = 0
        self.batches: list[list[str]] = []
        self.handled: list[object] = []
        self.completed: list[str] = []
        pairs = pairs or (("en", "fr"), ("en", "de"), ("fr", "en"))
        self.models = tuple(FakeModel(f"{one}-{other}", one, other, str(version)) for one, other in pairs)

    def languages(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for model in self.models:
            found[model.source] = (*found.get(model.source, ()), model.target)
        return found

    def route(self, source: str, target: str, model: str | None = None) -> tuple[FakeModel, ...]:
        for one in self.models:
            if (one.source, one.target) == (source, target) and model in (None, one.name):
                return (one,)
        targets = [one.target for one in self.models]
        raise RecipeError(f"no model translates from '{source}' into '{target}'{nearest(target, targets)}")

    def detect(self, texts: Sequence[str]) -> list[FakeDetection]:
        return [FakeDetection("fr", 0.9) if "é" in text else FakeDetection("en", 0.8) for text in texts]

    def translate(
        self, texts, source, target, model=None, search=None, handling=None, prefix=None
    ) -> list[Translation]:
        self.asked += 1
        assert self.open_.wait(30)
        self.batches.append(list(texts))
        self.handled.append(handling)
        if self.seconds:
            time.sleep(self.seconds * (1 + len(texts)))
        if any("broken" in text for text in texts):
            raise ValueError("the engine broke")
        return [self._one(text, search, handling, prefix) for text in texts]

    def complete(self, text, source, target, prefix="", count=5, model=None, search=None) -> list[Translation]:
        self.completed.append(text)
        assert self.open_.wait(30)
        words = text.upper().split()[:count]
        return [Translation(f"{prefix}{word}.", -0.5, confidence=0.5 / rank) for rank, word in enumerate(words, 1)]

    def _one(self, text: str, search, handling, prefix) -> Translation:
        said = (prefix or "") + ("" if self.version == 1 else f"{self.version}:") + text.upper()
        others = range(1, 1 if search is None else search.n_best)
        explain = handling is not None and handling.explain
        word = Word(0, len(text)), Word(0, len(said), 0.75)
        return Translation(
            text=said,
            score=-0.5,
            alternatives=tuple((f"{said}{'!' * rank}", -0.5 - rank) for rank in others),
            confidence=0.75 if explain else None,
            alignment=Alignment((word[0],), (word[1],), ((0, 0),)) if explain else None,
        )
