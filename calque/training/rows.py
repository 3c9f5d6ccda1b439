"""Parallel text as rows of ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calque.corpus.clean import Dropped, usable
from calque.corpus.read import Corpus
from calque.errors import DataError
from calque.model.batch import Ids
from calque.text.codec import Codec


@dataclass(frozen=True, slots=True)
class Text:
    """A corpus read into memory: its pairs, what was dropped (header rows of tables too), and its files' digests."""

    pairs: tuple[tuple[str, str], ...]
    dropped: dict[str, int]
    digest: dict[str, str]

    @property
    def sources(self) -> list[str]:
        """The source side."""
        return [source for source, _ in self.pairs]

    @property
    def targets(self) -> list[str]:
        """The target side."""
        return [target for _, target in self.pairs]


def read(places: Sequence[str], source: str, target: str) -> Text:
    """The usable pairs of a corpus; DataError where it has none or cannot be read."""
    corpus = Corpus.open(places, source, target)
    dropped = Dropped()
    pairs = tuple((pair.source, pair.target) for pair in usable(corpus, dropped))
    if not pairs:
        raise DataError(f"{', '.join(places)}: no usable pair (dropped: {dropped})")
    headers = sum(map(bool, corpus.headers().values()))
    counts = dropped.counts() | ({f"header row{'s' if headers > 1 else ''}": headers} if headers else {})
    return Text(pairs, counts, corpus.digest())


def encode(text: Text, source: Codec, target: Codec) -> tuple[list[Ids], list[int]]:
    """The rows that fit both codecs' maximum length, and the indices of the pairs they come from."""
    sources, targets = source.encode_all(text.sources), target.encode_all(text.targets)
    fitting = [
        i
        for i, (s, t) in enumerate(zip(sources, targets, strict=True))
        if len(s) <= source.max_length and len(t) <= target.max_length
    ]
    return [Ids(sources[i], targets[i]) for i in fitting], fitting
