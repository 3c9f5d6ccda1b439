"""What a translation costs nothing to beat: the source copied, and a dictionary learned from the training text.

A score means something only above these floors: software strings copied unchanged reach 27 BLEU.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from calque.evaluation import metrics
from calque.evaluation.words import is_solo, is_word, pattern, words
from calque.records import Pair

CELLS = 10_000_000  # source words times target words, summed over sentences: what is learned from at most
_LONGEST = 100  # words of a side beyond which a pair is skipped: one such pair would weigh as much as fifty others
_NULL = 0  # id of the empty source word, which explains target words without a counterpart

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A word-for-word dictionary: `entries` from lower-cased source word to target word, learned from `pairs` pairs."""

    entries: Mapping[str, str]
    pairs: int

    def translate(self, text: str) -> str:
        """Every word replaced by its most likely translation; unknown words, punctuation and order stay."""
        said, end = "", 0
        for match in pattern().finditer(text):
            piece = self._word(match[0])
            said += (" " if _apart(said, piece, gap=match.start() > end) else "") + piece
            end = match.end()
        return said

    def _word(self, piece: str) -> str:
        known = self.entries.get(piece.lower())
        if known is None:
            return piece
        return known[0].upper() + known[1:] if piece[0].isupper() else known


def learn(pairs: Iterable[Pair], iterations: int = 5, cells: int = CELLS) -> Lexicon:
    """The dictionary of a parallel text, by IBM model 1 (Brown et al. 1993) with an empty source word.

    The result depends on the pairs and their order alone. Reading stops when `cells` (source words times target words
    of a sentence, summed) is reached: about 160,000 everyday sentences, or 13,000 of news text.

    Args:
        pairs: the parallel text; pairs over 100 words on a side, or without words on one, are passed over.
        iterations: of expectation maximisation.
        cells: how much is learned from, which bounds memory (about 60 bytes a cell) and time.
    """
    table = _Table()
    for pair in pairs:
        table.add(words(pair.source), words(pair.target))
        if table.size >= cells:
            break
    if not table.pairs:
        return Lexicon({}, 0)
    return Lexicon(table.entries(iterations), table.pairs)


def floors(
    sources: Sequence[str], references: Sequence[str], target: str, lexicon: Lexicon | None
) -> dict[str, dict[str, Any] | None]:
    """Every metric, as {"value", "signature"}, of the sources copied (`copy`) and translated by the dictionary
    (`lexicon`, which also says from how many pairs it was learned; None without a dictionary)."""
    found: dict[str, dict[str, Any] | None] = {"copy": _values(sources, references, target), "lexicon": None}
    if lexicon is not None:
        said = [lexicon.translate(text) for text in sources]
        learned = {"pairs": lexicon.pairs, "words": len(lexicon.entries)}
        found["lexicon"] = {**_values(said, references, target), "learned": learned}
    return found


def _values(hypotheses: Sequence[str], references: Sequence[str], target: str) -> dict[str, Any]:
    scores = metrics.score(hypotheses, references, target, bootstrap=0)
    return {name: {"value": score.value, "signature": score.signature} for name, score in scores.items()}


@dataclass(slots=True)
class _Table:
    """Which target words were seen beside which source words.

    Shapes: C cells (a source word beside a target word, once per sentence that has both), E distinct cells.
    """

    pairs: int = 0
    size: int = 0
    positions: int = 0
    source_ids: dict[str, int] = field(default_factory=lambda: {"": _NULL})
    target_ids: dict[str, int] = field(default_factory=dict)
    forms: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sources: list[Ints] = field(default_factory=list)
    targets: list[Ints] = field(default_factory=list)

    def add(self, source: list[str], target: list[str]) -> None:
        """Take in the words of one pair."""
        said = [piece.lower() for piece in source if is_word(piece)]
        wanted = [piece for piece in target if is_word(piece)]
        if not said or not wanted or max(len(said), len(wanted)) > _LONGEST:
            return
        for piece in wanted[1:]:  # the first is capitalised for its place
            self.forms[piece.lower()][piece] += 1
        source_ids = [self.source_ids.setdefault(word, len(self.source_ids)) for word in said]
        target_ids = [self.target_ids.setdefault(word.lower(), len(self.target_ids)) for word in wanted]
        self.sources.append(np.array([_NULL, *source_ids], dtype=np.int64))
        self.targets.append(np.array(target_ids, dtype=np.int64))
        self.pairs += 1
        self.positions += len(target_ids)
        self.size += (len(source_ids) + 1) * len(target_ids)

    def entries(self, iterations: int) -> dict[str, str]:
        """The most likely target word of every source word."""
        source_E, target_E, cell_C, position_C = self._cells()
        chance_E = np.ones(len(source_E))
        for _ in range(iterations):
            chance_E = self._iterate(chance_E, source_E, cell_C, position_C)
        best_E = np.lexsort((target_E, -chance_E.round(9), source_E))  # per source the likeliest, then the first seen
        firsts = best_E[np.unique(source_E[best_E], return_index=True)[1]]
        source_words, target_words = list(self.source_ids), list(self.target_ids)
        pairs = zip(source_E[firsts].tolist(), target_E[firsts].tolist(), strict=True)
        return {source_words[s]: self._form(target_words[t]) for s, t in pairs if s != _NULL}

    def _cells(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Source and target of each distinct cell (E), and per cell (C) which of them it is and the position of its
        target word in the text."""
        sources = [np.tile(source, len(target)) for source, target in zip(self.sources, self.targets, strict=True)]
        targets = [np.repeat(target, len(source)) for source, target in zip(self.sources, self.targets, strict=True)]
        widths = np.repeat([len(source) for source in self.sources], [len(target) for target in self.targets])
        key_C = np.concatenate(sources) * len(self.target_ids) + np.concatenate(targets)
        key_E, cell_C = np.unique(key_C, return_inverse=True)
        position_C = np.repeat(np.arange(self.positions), widths)
        return key_E // len(self.target_ids), key_E % len(self.target_ids), cell_C, position_C

    @staticmethod
    def _iterate(chance_E: Floats, source_E: Ints, cell_C: Ints, position_C: Ints) -> Floats:
        """One step of expectation maximisation on t(target | source)."""
        chance_C = chance_E[cell_C]
        share_C = chance_C / np.bincount(position_C, chance_C)[position_C]
        count_E = np.bincount(cell_C, share_C, minlength=len(source_E))
        chances: Floats = count_E / np.bincount(source_E, count_E)[source_E]
        return chances

    def _form(self, word: str) -> str:
        """The usual capitals of a lower-cased target word."""
        forms = self.forms.get(word)
        return forms.most_common(1)[0][0] if forms else word


def _apart(said: str, piece: str, gap: bool) -> bool:
    """Whether a space goes between what was said and the next piece; `gap`: there was one in the source."""
    if not said or (is_solo(said[-1]) and is_solo(piece)):
        return False
    if said[-1] in "'’" and is_word(piece):
        return False
    return gap or (is_word(said[-1]) and is_word(piece))
