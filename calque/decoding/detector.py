"""Which of the languages that can be read a text is in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from calque.corpus import language
from calque.text.normal import letters


@dataclass(frozen=True, slots=True)
class Detection:
    """A language that can be read, and how sure it is that the text is in it, 0 to 1; 0 where the text tells
    nothing."""

    language: str
    confidence: float


LOOKED_AT = 1000  # characters of a text that are enough
SHARPNESS = 0.35  # of log-likelihoods: naive Bayes counts overlapping evidence several times


class Detector:
    """Tells in which of some languages a text is; py3langid (Lui and Baldwin 2012, "langid.py: An Off-the-shelf
    Language Identification Tool") restricted to these and to widespread ones, which a text may be in by mistake: they
    are never told, but they take confidence from the others.

    Args:
        languages: codes, one at least; the first is told of a text that shows nothing. One that py3langid does not know
            is never told of another text.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self._default = languages[0]
        self._codes: dict[str, str] = {}
        for code in languages:
            known = language.label(code)
            if known is not None:
                self._codes.setdefault(known, code)
        self._identifier = language.identifier(self._codes)

    def detect(self, texts: Sequence[str]) -> list[Detection]:
        """The likeliest language of each text."""
        return [self._detect(text) for text in texts]

    def _detect(self, text: str) -> Detection:
        shown = letters(text[:LOOKED_AT])
        if not shown.strip() or not self._codes:
            return Detection(self._default, 0.0)
        scores = dict(self._identifier.rank(shown))
        best = max(self._codes, key=lambda name: scores[name])
        if max(scores.values()) == min(scores.values()):  # no feature of any language was seen
            return Detection(self._default, 0.0)
        odds = sum(math.exp(min(SHARPNESS * (score - scores[best]), 700.0)) for score in scores.values())
        return Detection(self._codes[best], 1 / odds)
