"""Does a pretrained encoder pay? The same network from pretrained and from random weights, on the same pairs.

    python -m benchmarks.warm_start --train data/train --dev data/val --test data/test --pairs 1000 5000 --json

Every run has the same settings, the same vocabularies, the same number of steps; seeds choose the pairs' order, new
weights and dropout. Prints test BLEU and chrF2 (greedy) by number of pairs, with the mean difference over seeds.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from calque.corpus.clean import usable
from calque.corpus.read import Corpus
from calque.corpus.write import write
from calque.evaluation.score import score
from calque.recipes.evaluate import Measure
from calque.recipes.finetune import Finetune
from calque.recipes.sources import resolve
from calque.training.finetune import finetune


def main() -> None:
    """Parse, run all, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "dev", "test"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="fr")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--pairs", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, nargs="+", default=[300, 600], help="steps for each number of pairs")
    parser.add_argument("--test-pairs", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    table = [row for pairs, steps in zip(given.pairs, given.steps, strict=True) for row in compare(given, pairs, steps)]
    summary = {"machine": platform.machine(), "rows": table}
    print(json.dumps(summary) if given.json else markdown(table))


def compare(given: argparse.Namespace, pairs: int, steps: int) -> list[dict[str, object]]:
    """One row for each seed: scores from pretrained and from random weights."""
    rows = []
    for seed in given.seeds:
        row: dict[str, object] = {"pairs": pairs, "steps": steps, "seed": seed}
        for start, forget in (("warm", False), ("random", True)):
            began = time.process_time()
            row[start] = run(given, pairs, steps, seed, forget)
            row[f"{start}_cpu_seconds"] = round(time.process_time() - began)
            print(pairs, seed, start, row[start], file=sys.stderr, flush=True)
        rows.append(row)
    return rows


def run(given: argparse.Namespace, pairs: int, steps: int, seed: int, forget: bool) -> dict[str, float]:
    """Test scores of one training run on the first `pairs` pairs."""
    from calque.decoding.translator import Translator

    with tempfile.TemporaryDirectory() as folder:
        some = list(usable(Corpus.open([given.train], given.source, given.target)))[:pairs]
        prefix = Path(folder) / "some"
        write(some, str(prefix), given.source, given.target)
        recipe = resolve(
            Finetune,
            {
                "model": given.model, "train": (str(prefix),), "dev": (given.dev,), "source": given.source,
                "target": given.target, "out": Path(folder) / "model", "steps": steps, "seed": seed,
                "random_weights": forget, "threads": given.threads, "validations": 2, "validation_pairs": 100,
                "average": 1, "probes": False, "dropout": 0.1,
            },
        )  # fmt: skip
        finetune(recipe)
        test = list(usable(Corpus.open([given.test], given.source, given.target)))[: given.test_pairs]
        measure = Measure(beam=1, bootstrap=0, worst=0)
        scores = score(Translator(Path(folder) / "model", threads=given.threads), test, measure).report.scores
    return {name: round(scores[name].value, 2) for name in ("BLEU", "chrF2")}


def markdown(table: list[dict[str, object]]) -> str:
    """The rows and, for each number of pairs, the means over seeds."""
    lines = ["| pairs | seed | warm BLEU | random BLEU | warm chrF2 | random chrF2 |", "|---|---|---|---|---|---|"]
    for row in table:
        cells = [row["pairs"], row["seed"], *_cells(row)]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    for pairs in sorted({row["pairs"] for row in table}):
        columns = zip(*(_cells(row) for row in table if row["pairs"] == pairs), strict=True)
        means = [f"{statistics.mean(column):.2f}" for column in columns]
        lines.append(f"| {pairs} | mean | " + " | ".join(means) + " |")
    return "\n".join(lines)


def _cells(row: dict[str, object]) -> list[float]:
    return [row[start][metric] for metric in ("BLEU", "chrF2") for start in ("warm", "random")]  # type: ignore[index]


if __name__ == "__main__":
    main()
