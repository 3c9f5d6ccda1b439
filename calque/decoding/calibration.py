"""A model folder learns how sure it may be: its calibration is fitted on text that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from calque.corpus.clean import usable
from calque.corpus.read import Corpus
from calque.decoding import confidence, explanation
from calque.decoding.confidence import Calibration
from calque.decoding.translator import Translator
from calque.errors import DataError
from calque.model.folder import Folder
from calque.recipes.search import Search
from calque.records import Pair

FEWEST = 100  # words: fewer say nothing about four numbers
BEST = 250  # pairs that are plenty: some thousand words


def calibrate(translator: Translator, pairs: Sequence[Pair], search: Search | None = None) -> Calibration:
    """Fit the chance that a word is right, and keep it in the model folder (`calibration.json`), where
    `Handling(explain=True)` finds it. A translator that is open already goes on with what it had.

    Args:
        translator: of the folder, without an adapter.
        pairs: text that it was not trained on; the first 250 are used.
        search: how it will be used.

    Raises:
        DataError: too few words.
    """
    calibration = fitted(translator, pairs, search)
    calibration.save(translator.folder.path)
    return calibration


def fitted(translator: Translator, pairs: Sequence[Pair], search: Search | None = None) -> Calibration:
    """As `calibrate`, and nothing is kept."""
    chosen = [pair for pair in pairs[:BEST] if pair.source.strip() and pair.target.strip()]
    said = translator.translate([pair.source for pair in chosen], search or Search())
    triples = [(pair.source, one.text, pair.target) for pair, one in zip(chosen, said, strict=True)]
    found = explanation.examples(translator.engine, translator.folder, triples)
    if len(found) < FEWEST:
        raise DataError(f"{len(found)} translated words are too few to calibrate on: {FEWEST} at least are needed")
    return confidence.fit(found)


def text(folder: Folder, places: Sequence[str]) -> list[Pair]:
    """Pairs to calibrate on: of these places, else of the folder's own development text, if it is still there. Never
    its test text: what is fitted on that would be measured on it too.

    Raises:
        DataError: a place that was named cannot be read.
    """
    named = places or [str(place) for place in folder.recipe.get("dev", ())]
    try:
        return list(islice(usable(Corpus.open(named, folder.source, folder.target)), BEST)) if named else []
    except DataError:
        if places:
            raise
        return []
