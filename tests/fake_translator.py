"""A model folder without a network, and an engine that needs none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

from calque.model.folder import describe
from calque.recipes.search import Search
from calque.text.codec import Codec
from calque.text.learn import learn

TEXT = [
    "the small dog sleeps. a big cat runs; two birds sing!",
    "THE SMALL DOG SLEEPS. A BIG CAT RUNS; TWO BIRDS SING!",
]


def make_folder(path: Path, max_length: int = 32, source: str = "en", target: str = "fr") -> Path:
    """A calque folder whose two codecs spell every text in bytes, and whose weights are empty."""
    path.mkdir()
    codec = learn(TEXT, "bpe", 300, max_length)
    describe(path, "pair", (source, target), (codec, codec))
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(b"")
    return path


class Shouting:
    """Translates by shouting: upper case, with the score -0.5; the k-th best ends in k - 1 exclamation marks."""

    def __init__(self, folder: Path, max_length: int = 32) -> None:
        self.source = Codec.load(folder / "source", max_length=max_length)
        self.target = Codec.load(folder / "target", max_length=max_length)
        self.batches: list[list[str]] = []
        self.padded: list[int] = []

    def generate(
        self, sources: Sequence[list[int]], search: Search, prefixes: Sequence[list[int]] | None = None
    ) -> list[list[SimpleNamespace]]:
        texts = [self.source.decode(ids) for ids in sources]
        self.batches.append(texts)
        self.padded.append(len(sources) * max(map(len, sources)))
        return [[self._shout(text, rank) for rank in range(search.n_best)] for text in texts]

    def _shout(self, text: str, rank: int) -> SimpleNamespace:
        ids = self.target.encode(text.upper() + "!" * rank)[1:-1]
        return SimpleNamespace(ids=ids, score=-0.5 * (rank + 1), ended=True)  # a Hypothesis, without torch
