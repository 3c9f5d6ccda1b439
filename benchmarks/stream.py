"""How much memory does a training text of any size take? calque's way, beside a text that is held in lists.

    python -m benchmarks.stream --pairs 5000000 --json

Invented sentences of two languages are written to files, and then prepared as `calque finetune` does it: read, two new
vocabularies learnt, tokenised into a store on disk, put into the order of an epoch, and all batches of that epoch made.
The other side does the same with all pairs and all tokens in lists, on as many pairs as --held says. Each side runs in
a process of its own. benchmarks/README.md says how to read the numbers.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.memory import resident

WORDS = 200_000  # invented words of each language
LONGEST = 90  # words of a sentence
CHUNK = 10_000  # sentences written at once
TOKENS = 4096  # of a batch
_MB = 1e6

Numbers = npt.NDArray[np.int64]


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, measure, print."""
    given = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        result = measure(given, Path(name))
    print(json.dumps(result) if given.json else markdown(result))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000, help="pairs of the text that is streamed")
    parser.add_argument("--held", type=int, default=200_000, help="pairs of the text that is held in lists")
    parser.add_argument("--words", type=float, default=24, help="words of a sentence, on average")
    parser.add_argument("--folder", type=Path, help="where text and store are written; by default for temporary files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser


def measure(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Both sides: seconds and the peak of memory after each phase, and bytes a pair."""
    sides: dict[str, dict[str, Any]] = {}
    for name, size, work in (("streamed", given.pairs, streamed), ("held", given.held, kept)):
        print(f"{name}: {size:,} pairs", file=sys.stderr)
        text = folder / name
        text.mkdir()
        written = _apart(generate, text / "train", size, given.words, given.seed)
        sides[name] = {
            "pairs": size,
            "text_mb": round(written / _MB, 1),
            **_apart(work, text / "train", text / "store"),
        }
        shutil.rmtree(text)
    small, large = (1e6 * sides[name]["peak_mb"] / sides[name]["pairs"] for name in ("streamed", "held"))
    return {**sides, "bytes_per_pair": {"streamed": round(small), "held": round(large)},
            "ratio_bytes_per_pair": round(large / small, 2), "words": given.words, "seed": given.seed}  # fmt: skip


def _apart(work: Any, *arguments: Any) -> Any:
    """What `work` answers in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


class Phases:
    """Takes down how long each phase took and the peak of memory so far, beyond what the libraries take."""

    def __init__(self) -> None:
        self.began, self.base = time.perf_counter(), resident()
        self.rows: list[dict[str, Any]] = []

    def done(self, name: str) -> None:
        """A phase ended."""
        now = time.perf_counter()
        peak = (resident() - self.base) / _MB
        self.rows.append({"phase": name, "seconds": round(now - self.began, 1), "peak_mb": round(peak, 1)})
        print(f"  {name}: {now - self.began:.0f} s, peak {peak:,.0f} MB", file=sys.stderr, flush=True)
        self.began = now

    def told(self, rows: int, batches: int, padded: int, tokens: int) -> dict[str, Any]:
        """Everything as JSON types."""
        libraries = round(self.base / _MB, 1)
        return {"rows": rows, "batches": batches, "padding_share": round(1 - tokens / padded, 4),
                "libraries_mb": libraries, "peak_mb": self.rows[-1]["peak_mb"], "phases": self.rows}  # fmt: skip


def streamed(prefix: Path, store: Path) -> dict[str, Any]:
    """The way of `calque finetune`."""
    from calque.training.rows import encode, read

    phases = Phases()
    text = read([str(prefix)], "en", "fr")
    phases.done("read and checked")
    codecs = _codecs(text.sources, text.targets)
    phases.done("two vocabularies learnt")
    rows = encode(text, *codecs, store)
    phases.done("tokenised into the store")
    size = sum(file.stat().st_size for file in store.iterdir())
    return _batches(rows, codecs, phases) | {"store_mb": round(size / _MB, 1)}


def kept(prefix: Path, store: Path) -> dict[str, Any]:  # noqa: ARG001
    """The same with lists."""
    from calque.training.rows import fitting, read

    phases = Phases()
    pairs = list(read([str(prefix)], "en", "fr"))
    phases.done("read and checked")
    codecs = _codecs([source for source, _ in pairs], [target for _, target in pairs])
    phases.done("two vocabularies learnt")
    rows, _ = fitting(pairs, *codecs)
    phases.done("tokenised into lists")
    return _batches(rows, codecs, phases)


def _codecs(sources: Any, targets: Any) -> tuple[Any, Any]:
    from calque.model.vocabulary import choose
    from calque.recipes.vocabulary import Vocabulary

    chosen = choose("pair", Vocabulary(), None, None, sources, targets)
    return chosen.source.codec, chosen.target.codec


def _batches(rows: Any, codecs: tuple[Any, Any], phases: Phases) -> dict[str, Any]:
    """Make all batches of an epoch, as training would."""
    from calque.model import family
    from calque.training.batches import Batching

    pair = family.of("pair", *codecs)
    batching = Batching.of(rows, TOKENS, None, seed=1)
    epoch = batching.epoch(0)
    phases.done("epoch put into order")
    padded = tokens = 0
    for step in epoch:
        batch = pair.batch([rows[number] for number in step])
        padded += batching.padded(step)
        tokens += int(batch.mask_BS.sum()) + batch.scored_tokens
    phases.done("all its batches made")
    return phases.told(len(rows), len(epoch), padded, tokens)


def lexicon(chance: np.random.Generator) -> list[str]:
    """Invented words, the most frequent (short ones) first."""
    onsets = ["b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "ch", "tr", "pl", "st"]
    syllables = [onset + vowel for onset in onsets for vowel in ("a", "e", "i", "o", "u", "ai", "ou", "é")]
    ends = ["n", "s", "r", "t", "l", "m"]
    found: dict[str, None] = {}
    while len(found) < WORDS:
        count = 1 + int(np.log1p(len(found)) / 4 + chance.random())
        word = "".join(syllables[number] for number in chance.integers(len(syllables), size=count))
        found.setdefault(word + (ends[chance.integers(len(ends))] if chance.random() < 0.4 else ""))
    return list(found)


def generate(prefix: Path, pairs: int, words: float, seed: int) -> int:
    """Write PREFIX.en and PREFIX.fr: words by Zipf's law, about `words` of them in a sentence, both sides of similar
    length. Returns their bytes."""
    chance = np.random.default_rng(seed)
    shares = 1 / (np.arange(WORDS) + 2.7)
    edges = np.cumsum(shares / shares.sum())
    files = [prefix.with_name(f"{prefix.name}.{language}") for language in ("en", "fr")]
    lexicons = [lexicon(chance) for _ in files]
    with files[0].open("w", encoding="utf-8") as first, files[1].open("w", encoding="utf-8") as second:
        for start in range(0, pairs, CHUNK):
            count = min(CHUNK, pairs - start)
            lengths = np.exp(chance.normal(math.log(words) - 0.18, 0.6, count))
            others = lengths * np.exp(chance.normal(0.08, 0.15, count))
            for file, known, sizes in ((first, lexicons[0], lengths), (second, lexicons[1], others)):
                whole = np.clip(sizes, 1, LONGEST).astype(np.int64)
                file.writelines(_sentences(known, np.searchsorted(edges, chance.random(int(whole.sum()))), whole))
    return sum(file.stat().st_size for file in files)


def _sentences(words: Sequence[str], chosen: Numbers, sizes: Numbers) -> Iterator[str]:
    ends = np.cumsum(sizes).tolist()
    numbers = np.minimum(chosen, WORDS - 1).tolist()
    begin = 0
    for end in ends:
        yield " ".join([words[number] for number in numbers[begin:end]]) + ".\n"
        begin = end


def markdown(result: dict[str, Any]) -> str:
    """The result as tables."""
    lines = ["| side | pairs | phase | seconds | peak MB so far |", "|---|---|---|---|---|"]
    for side in ("streamed", "held"):
        for row in result[side]["phases"]:
            told = f"{row['seconds']:,} | {row['peak_mb']:,}"
            lines.append(f"| {side} | {result[side]['pairs']:,} | {row['phase']} | {told} |")
    each = result["bytes_per_pair"]
    told = f"{each['streamed']:,} bytes streamed, {each['held']:,} held: {result['ratio_bytes_per_pair']} times"
    store = f"The store on disk: {result['streamed']['store_mb']:,} MB."
    lines += ["", f"Peak memory a pair: {told}. {store}"]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
