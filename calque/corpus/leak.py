"""Held-out text that the training text has too."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from calque.corpus.clean import usable
from calque.corpus.defect import shown
from calque.corpus.read import Corpus
from calque.records import Check, Pair
from calque.text.normal import digest, folded

# what is compared, and the shares of the held-out text from which that is amber and red
SIDES = (("pairs", 0.0, 0.1), ("sources", 0.05, 0.5), ("targets", 0.05, 0.5))
_MEANS = {
    "pairs": "Scores on them show memory, not translation: remove them from the training text",
    "sources": "The model has seen these sentences: take new ones to test on, or read the score with that in mind",
    "targets": "The model has been taught to write these sentences: read the score with that in mind",
}

Marks = tuple[tuple[int, int], ...]  # for each of SIDES: digest of the text as it is, and of the folded text


def marks(pair: Pair) -> Marks:
    """What stands for a pair, its source and its target in a comparison."""
    source, target = _digests(pair.source), _digests(pair.target)
    both = hash((source[0], target[0])), hash((source[1], target[1]))
    return both, source, target


def _digests(text: str) -> tuple[int, int]:
    return digest(text), digest(folded(text))


@dataclass(slots=True)
class _Met:
    """One of SIDES of a held-out text: how often each digest is there, and which were met elsewhere."""

    exact: Counter[int] = field(default_factory=Counter)
    folded: Counter[int] = field(default_factory=Counter)
    first: dict[int, str] = field(default_factory=dict)
    met_exact: set[int] = field(default_factory=set)
    met_folded: set[int] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)


class HeldOut:
    """The digests of a held-out corpus, against which other text is compared as it streams by; memory grows with the
    held-out text alone.

    Args:
        role: 'dev' or 'test'.
        corpus: its text.
        examples: how many meetings are kept as examples.
        others: what the text that it is compared with is called.
    """

    def __init__(self, role: str, corpus: Corpus, examples: int, others: str = "the training text") -> None:
        self.role = role
        self._others = others
        self._examples = examples
        self._met = {name: _Met() for name, _, _ in SIDES}
        self._total = 0
        for pair in usable(corpus):
            self._total += 1
            for met, (exact, plain) in zip(self._met.values(), marks(pair), strict=True):
                met.exact[exact] += 1
                met.folded[plain] += 1
                met.first.setdefault(plain, corpus.where(pair))

    def meet(self, pair: Pair, where: str, mark: Marks) -> None:
        """Compares a pair of another corpus, found at `where`."""
        for met, (exact, plain) in zip(self._met.values(), mark, strict=True):
            if plain not in met.folded:
                continue
            if plain not in met.met_folded and len(met.examples) < self._examples:
                met.examples.append(f"{where} and {met.first[plain]}: {shown(pair.source)} | {shown(pair.target)}")
            met.met_folded.add(plain)
            if exact in met.exact:
                met.met_exact.add(exact)

    def checks(self) -> list[Check]:
        """What was met: one finding for pairs, one for each side."""
        return [self._check(name, amber, red) for name, amber, red in SIDES]

    def _check(self, name: str, amber: float, red: float) -> Check:
        met = self._met[name]
        count = sum(met.folded[plain] for plain in met.met_folded)
        exact = sum(met.exact[plain] for plain in met.met_exact)
        share = count / max(1, self._total)
        level = "red" if share > red else "amber" if share > amber else "green"
        message = f"{self.role} {name} that {self._others} has too: "
        if count:
            message += f"{count:,} of {self._total:,} ({share:.1%}), {exact:,} of them word for word. {_MEANS[name]}."
        else:
            message += f"none of {self._total:,}."
        return Check(f"{self.role} leak: {name}", level, count, self._total, message, tuple(met.examples))
