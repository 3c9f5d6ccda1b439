"""The text on which an export is proved."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from calque.corpus.clean import usable
from calque.corpus.read import Corpus
from calque.errors import DataError
from calque.model.folder import Folder
from calque.records import Pair

_SEED = 1
_SHORTEST, _LONGEST = 4, 24  # pieces of a text that is drawn at random
_LOOKED_AT = 20  # times as many pairs as are wanted, at most, to find so many that are short enough


@dataclass(frozen=True, slots=True)
class Sample:
    """Sources as framed ids, what they should become (texts; None where nobody knows), and a name for reports."""

    sources: list[list[int]]
    references: list[str] | None
    name: str


def sample(folder: Folder, places: Sequence[str], pairs: int) -> Sample:
    """At most so many pairs of parallel text that the model takes at once.

    Args:
        folder: the translator.
        places: where the text is; without any, the translator's own development or test text where that is still
            there, else pieces drawn at random from the source vocabulary.
        pairs: at most.

    Raises:
        DataError: a place that was named cannot be read, or has no pair that is short enough.
    """
    if places:
        return _of_text(folder, Corpus.open(places, folder.source, folder.target), pairs, ", ".join(places))
    for name in ("dev", "test"):
        own = [str(place) for place in folder.recipe.get(name, ())]
        if own:
            try:
                return _of_text(folder, Corpus.open(own, folder.source, folder.target), pairs, ", ".join(own))
            except DataError:  # it has gone, and nobody asked for it
                continue
    return _drawn(folder, pairs)


def _of_text(folder: Folder, corpus: Corpus, wanted: int, name: str) -> Sample:
    looked_at = list(islice(usable(corpus), _LOOKED_AT * wanted))
    ids = folder.source_codec.encode_all([pair.source for pair in looked_at])
    shortest = folder.source_codec.special.framing
    fitting: list[tuple[Pair, list[int]]] = [
        (pair, one) for pair, one in zip(looked_at, ids, strict=True) if shortest < len(one) <= folder.max_length
    ][:wanted]
    if not fitting:
        raise DataError(f"not one pair that {folder.path} takes at once ({folder.max_length} tokens)", name)
    return Sample([one for _, one in fitting], [pair.target for pair, _ in fitting], name)


def _drawn(folder: Folder, wanted: int) -> Sample:
    """Sources of pieces drawn at random: no language, but what is computed from them is as exact or wrong."""
    codec, chance = folder.source_codec, random.Random(_SEED)
    before, after = codec.special.frame
    known = [number for number, piece in enumerate(codec.pieces()) if piece and number not in codec.hidden]
    longest = max(1, min(_LONGEST, folder.max_length - codec.special.framing))
    lengths = [chance.randint(min(_SHORTEST, longest), longest) for _ in range(wanted)]
    sources = [[*before, *(chance.choice(known) for _ in range(length)), *after] for length in lengths]
    return Sample(sources, None, "pieces drawn at random")
