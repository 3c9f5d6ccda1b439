"""A model folder learns how sure it may be: its calibration is fitted on text that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence

from calque.decoding import confidence, explanation
from calque.decoding.confidence import Calibration
from calque.decoding.translator import Translator
from calque.errors import DataError
from calque.recipes.search import Search
from calque.records import Pair

FEWEST = 100  # words: fewer say nothing about four numbers
BEST = 250  # pairs that are plenty: some thousand words


def calibrate(translator: Translator, pairs: Sequence[Pair], search: Search | None = None) -> Calibration:
    """Translate development pairs, fit the chance that a word is right, and keep it in the model folder
    (`calibration.json`), where `Handling(explain=True)` finds it.

    Args:
        translator: of the folder.
        pairs: text that it was not trained on; the first 250 are used.
        search: how it will be used.

    Raises:
        DataError: too few words.
    """
    chosen = [pair for pair in pairs[:BEST] if pair.source.strip() and pair.target.strip()]
    said = translator.translate([pair.source for pair in chosen], search or Search())
    triples = [(pair.source, one.text, pair.target) for pair, one in zip(chosen, said, strict=True)]
    found = explanation.examples(translator.engine, translator.folder, triples)
    if len(found) < FEWEST:
        raise DataError(f"{len(found)} translated words are too few to calibrate on: {FEWEST} at least are needed")
    calibration = confidence.fit(found)
    calibration.save(translator.folder.path)
    return calibration
