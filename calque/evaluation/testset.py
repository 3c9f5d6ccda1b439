"""The test text of a comparison: its sentences, and the places that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calque.corpus.read import Corpus
from calque.errors import RecipeError
from calque.evaluation import metrics
from calque.records import Pair

ALL = "all"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the test text: what it is called, and its sentences from `first` to before `end`."""

    name: str
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class TestSet:
    """All sentences, and its parts: all of it first, then, where there are several, each place."""

    pairs: tuple[Pair, ...]
    parts: tuple[Part, ...]
    files: tuple[str, ...]
    __test__ = False  # it is no test for pytest

    @classmethod
    def read(cls, places: Sequence[str], source: str, target: str) -> TestSet:
        """Read every place.

        Raises:
            RecipeError: a place is named twice.
            DataError: a place cannot be read, or has no reference.
        """
        twice = [place for place in places if places.count(place) > 1]
        if twice:
            raise RecipeError(f"--test {twice[0]} is given twice: its sentences would count double")
        pairs: list[Pair] = []
        parts = []
        for corpus, place in [(Corpus.open(place, source, target), place) for place in places]:
            own = list(corpus)
            metrics.comparable([pair.source for pair in own], [pair.target for pair in own])
            parts.append(Part(f"./{place}" if place == ALL else place, len(pairs), len(pairs) + len(own)))
            pairs += own
        files = Corpus.open(places, source, target).files
        return cls(tuple(pairs), (Part(ALL, 0, len(pairs)), *(parts if len(parts) > 1 else ())), tuple(map(str, files)))
