"""Parallel text as rows of ids, in constant memory: the text is streamed anew each time, the rows are stored."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from calque.corpus.clean import Dropped, usable
from calque.corpus.read import Corpus
from calque.errors import DataError
from calque.model.batch import Ids
from calque.text.codec import Codec
from calque.training.store import Store

CHUNK = 10_000  # pairs encoded at once


@dataclass(frozen=True, slots=True)
class Text:
    """A corpus that was read through once: how many usable pairs each of its places has, what was dropped (header rows
    of tables too), its files' digests. Each iteration reads the usable pairs (source, target) from its files again.
    """

    corpus: Corpus
    counts: tuple[int, ...]
    dropped: dict[str, int]
    digest: dict[str, str]

    @property
    def count(self) -> int:
        """Usable pairs of all places."""
        return sum(self.counts)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((pair.source, pair.target) for pair in usable(self.corpus))

    @property
    def sources(self) -> Side:
        """The source side."""
        return Side(self, 0)

    @property
    def targets(self) -> Side:
        """The target side."""
        return Side(self, 1)


@dataclass(frozen=True, slots=True)
class Side:
    """The texts of one side, read anew by each iteration."""

    text: Text
    number: int

    def __iter__(self) -> Iterator[str]:
        return (pair[self.number] for pair in self.text)


def read(places: Sequence[str], source: str, target: str) -> Text:
    """The usable pairs of a corpus; DataError where it has none or cannot be read."""
    corpus = Corpus.open(places, source, target)
    dropped = Dropped()
    counts = tuple(sum(1 for _ in usable(replace(corpus, places=(place,)), dropped)) for place in corpus.places)
    if not any(counts):
        raise DataError(f"{', '.join(places)}: no usable pair ({dropped})")
    headers = sum(map(bool, corpus.headers().values()))
    left_out = dropped.counts() | ({f"header row{'s' if headers > 1 else ''}": headers} if headers else {})
    return Text(corpus, counts, left_out, corpus.digest())


def encode(
    text: Text, source: Codec, target: Codec, folder: Path, progress: Callable[[int], None] | None = None
) -> Store:
    """The rows that fit both codecs' maximum length, as a store in `folder`.

    A store that is there already is used if it is whole and was made of the same files with the same codecs; anything
    else there makes way for a new one.

    Args:
        text: the pairs.
        source: the codec of the source side.
        target: the codec of the target side.
        folder: where the rows are kept.
        progress: told how many pairs were tokenised, chunk by chunk.

    Raises:
        DataError: the text cannot be read, or changed since it was read first.
    """
    origin = _origin(text, source, target)
    store = Store.kept(folder, origin)
    if store is not None:
        return store
    shutil.rmtree(folder, ignore_errors=True)
    pairs, done = iter(text), 0
    with Store.writer(folder, max(source.size, target.size) - 1, origin) as writer:
        while chunk := list(islice(pairs, CHUNK)):
            rows, numbers = fitting(chunk, source, target)
            writer.extend(rows, [done + number for number in numbers])
            done += len(chunk)
            if progress is not None:
                progress(done)
        if done != text.count:
            raise DataError(
                f"{', '.join(text.digest)}: {text.count:,} pairs when it was read first, {done:,} now: begin again "
                "when nothing writes to it any more"
            )
    return Store.open(folder)


def fitting(pairs: Sequence[tuple[str, str]], source: Codec, target: Codec) -> tuple[list[Ids], list[int]]:
    """The rows of the pairs that fit both codecs' maximum length, and which pairs these are."""
    rows = map(Ids, source.encode_all([s for s, _ in pairs]), target.encode_all([t for _, t in pairs]))
    kept = [
        (row, number)
        for number, row in enumerate(rows)
        if len(row.source) <= source.max_length and len(row.target or ()) <= target.max_length
    ]
    return [row for row, _ in kept], [number for _, number in kept]


def _origin(text: Text, source: Codec, target: Codec) -> str:
    """A digest of all that the rows depend on."""
    codecs = [[codec.description, asdict(codec.special), codec.max_length] for codec in (source, target)]
    languages = [text.corpus.source, text.corpus.target]
    made_of = json.dumps([text.count, languages, list(text.digest.items()), codecs], sort_keys=True)
    return hashlib.sha256(made_of.encode()).hexdigest()
