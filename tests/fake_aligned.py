"""A shouting translator that tells which word came from which."""

from __future__ import annotations

import re

from fake_polyglot import FakePolyglot

from calque.records import Alignment, Translation, Word


class Aligned(FakePolyglot):
    """As FakePolyglot, but each word is aligned with itself where an explanation is asked for."""

    def _one(self, text: str, search, handling, prefix) -> Translation:
        words = tuple(Word(match.start(), match.end()) for match in re.finditer(r"\w+|[^\w\s]", text))
        links = tuple((place, place) for place in range(len(words)))
        explain = handling is not None and handling.explain
        said = re.sub(r"\{\d+\}|\w+", lambda match: match[0].upper(), text)
        return Translation(said, -0.5, alignment=Alignment(words, words, links) if explain else None)
