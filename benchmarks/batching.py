"""Does a sentence get the same translation alone and in any batch?

Each sentence is translated alone, then all of them together, and again in random orders cut into random batches. Where
a text differs, both are read by the model in one pass, as the vocabulary spells them anew: how far are their scores
apart, and how far the log-probabilities of the two tokens at which they part? A difference is a near-tie where one of
the two is less than `--tie`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calque.decoding.translator import Translator
from calque.model.folder import Folder
from calque.recipes.search import Search


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    given = _parser().parse_args(arguments)
    result = measured(given)
    print(json.dumps(result, ensure_ascii=False, indent=None if given.json else 1))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("texts", type=Path, help="a sentence on each line")
    parser.add_argument("--engine", choices=("torch", "fast"), default="torch")
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2, help="random orders, each in batches of its own sizes")
    parser.add_argument("--beam", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tie", type=float, default=0.01, help="nats: chances nearer than this are a tie")
    parser.add_argument("--json", action="store_true")
    return parser


def engine_of(kind: str, folder: Folder, threads: int) -> Any:
    """Who searches."""
    if kind == "fast":
        from calque.decoding.fast import FastEngine

        return FastEngine(folder, threads=threads)
    from calque.decoding.engine import TorchEngine

    return TorchEngine(folder, "cpu", threads)


def measured(given: argparse.Namespace) -> dict[str, Any]:
    """The shares of sentences that stay the same, and every difference."""
    folder = Folder.open(given.folder)
    engine = engine_of(given.engine, folder, given.threads)
    translator = Translator(given.folder, engine=engine)
    texts = given.texts.read_text(encoding="utf-8").splitlines()[: given.sentences]
    began = time.process_time()
    alone = [translator.translate([text], Search(beam=given.beam))[0].text for text in texts]
    print(f"alone: {time.process_time() - began:.0f} s of CPU time", file=sys.stderr)
    ways = {"together": translated(translator, texts, given.beam, [4096], random.Random(0))}
    for number in range(given.rounds):
        ways[f"batches {number + 1}"] = translated(
            translator, texts, given.beam, [64, 256, 1024, 4096], random.Random(number + 1)
        )
    shares, differences = {}, []
    for way, said in ways.items():
        odd = [place for place, text in enumerate(said) if text != alone[place]]
        shares[way] = 1 - len(odd) / len(texts)
        differences += [told(engine, folder, texts[place], alone[place], said[place], way) for place in odd]
    ties = sum(min(one["score_gap"], one["token_gap"]) < given.tie for one in differences)
    return {
        **{"folder": given.folder.name, "engine": given.engine, "beam": given.beam, "sentences": len(texts)},
        **{"same": shares, "least": min(shares.values()), "differences": differences, "near_ties": ties},
    }


def translated(
    translator: Translator, texts: Sequence[str], beam: int, sizes: Sequence[int], dice: random.Random
) -> list[str]:
    """The translations of texts in a random order, in stretches of random lengths and batches of random sizes."""
    order = list(range(len(texts)))
    dice.shuffle(order)
    said = [""] * len(texts)
    while order:
        count = len(order) if len(sizes) == 1 else dice.choice([1, 3, 17, 100])
        some, order = order[:count], order[count:]
        search = Search(beam=beam, search_tokens=dice.choice(sizes))
        for place, found in zip(some, translator.translate([texts[k] for k in some], search), strict=True):
            said[place] = found.text
    return said


def told(engine: Any, folder: Folder, text: str, one: str, other: str, way: str) -> dict[str, Any]:
    """A difference: both translations, how far their scores are apart, and the chances of the tokens at which they
    part."""
    source = folder.source_codec.encode(text)
    targets = [folder.target_codec.encode_bare(said) for said in (one, other)]
    first, second = engine.read([source, source], targets)
    scores = [sum(reading.log_probs_T) / len(reading.log_probs_T) for reading in (first, second)]
    ends = [[*target, -1] for target in targets]
    place = next((k for k, (a, b) in enumerate(zip(*ends, strict=False)) if a != b), 0)
    gaps = {
        "score_gap": abs(scores[0] - scores[1]),
        "token_gap": abs(first.log_probs_T[place] - second.log_probs_T[place]),
    }
    return {"way": way, "text": text, "alone": one, "batch": other, **gaps}


if __name__ == "__main__":
    main()
