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
EVIDENCE = 1.8  # by this over the root of its bytes a text's log-likelihoods shrink, which count overlapping n-grams as
# if they were independent. Chosen on 2,400 texts in 24 languages, whole and cut to 1, 2, 3 and 5 words: the confidence
# is then within 0.02 of the share of right answers where 2 or 3 languages are served.


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
        weight = min(1.0, EVIDENCE / math.sqrt(len(shown.encode("utf-8", "replace"))))
        odds = sum(math.exp(min(weight * (score - scores[best]), 700.0)) for score in scores.values())
        return Detection(self._codes[best], 1 / odds)
