"""Does pretraining pay? A decoder that begins as a language model of the target language, against a new one.

    python -m benchmarks.pretraining --train data/train --dev data/val --test data/test --mono data/mono.fr.gz \\
        --pairs 1000 5000 --seeds 1 2 3 --json

The language model is causal and learns from the text of --mono and the target side of the training pairs. Then the same
fine-tuning, with the same encoder, steps, rates and dropout:

    pretrained  the decoder begins with the language model, and has its vocabulary, trimmed to the pairs
    random      the same decoder and vocabulary with random weights (only where the encoder is from scratch)
    none        what one has without the monolingual text: a new decoder, a vocabulary learnt from the pairs

Prints test BLEU and chrF2 (greedy) by number of pairs and seed, means, and differences to `none`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from calque.corpus.clean import usable
from calque.corpus.read import Corpus
from calque.corpus.write import write
from calque.decoding.machine import device_of, versions
from calque.evaluation.score import score
from calque.model.pretrained import find
from calque.recipes.evaluate import Measure
from calque.recipes.finetune import Finetune
from calque.recipes.preset import FROM_SCRATCH
from calque.recipes.pretrain import Pretrain
from calque.recipes.sources import resolve
from calque.training.finetune import finetune
from calque.training.pretrain import pretrain

METRICS = ("BLEU", "chrF2")


def main(words: Sequence[str] | None = None) -> None:
    """Parse, run all, print."""
    parser = _parser()
    given = parser.parse_args(words)
    if len(given.steps) not in (1, len(given.pairs)):
        parser.error("--steps: give one number, or one for each of --pairs")
    rows = []
    for pairs, steps in zip(given.pairs, given.steps * (len(given.pairs) // len(given.steps)), strict=True):
        for seed in given.seeds:
            rows += compare(given, pairs, steps, seed)
    told = {"rows": rows, "means": _means(rows), "differences": _differences(rows), "settings": vars(given)}
    told |= {"seeds": given.seeds, "machine": describe(device_of(given.device)), "versions": versions()}
    print(json.dumps(told, default=str) if given.json else markdown(rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "dev", "test"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--mono", nargs="+", required=True, help="text of the target language")
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="fr")
    parser.add_argument("--model", default="tiny", help="encoder of the translators: 'tiny', or a checkpoint")
    parser.add_argument("--pairs", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--steps", type=int, nargs="+", default=[1500], help="of fine-tuning, for all of --pairs or each"
    )
    parser.add_argument("--pretraining-steps", type=int, default=4000)
    parser.add_argument("--layers", type=int, default=4, help="of the decoder")
    parser.add_argument("--width", type=int, default=128, help="from scratch; else the checkpoint's")
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--feed-forward", type=int, default=512)
    parser.add_argument("--dropout", type=float, default=0.3, help="of fine-tuning")
    parser.add_argument("--learning-rate", type=float, help="of new weights in fine-tuning; by default the preset's")
    parser.add_argument("--pretrained-learning-rate", type=float, help="of pretrained ones; by default the preset's")
    parser.add_argument("--test-pairs", type=int, default=1000)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser


def compare(given: argparse.Namespace, pairs: int, steps: int, seed: int) -> list[dict[str, Any]]:
    """One row for each contender: scores on the test text of what learned from the first `pairs` pairs."""
    scratch = given.model in FROM_SCRATCH
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        some = list(usable(Corpus.open([given.train], given.source, given.target)))[:pairs]
        write(some, str(folder / "some"), given.source, given.target)
        began = time.process_time()
        model = language_model(given, folder, seed)
        model["pretraining_cpu_seconds"] = round(time.process_time() - began)
        trimmed = {"decoder": str(folder / "language-model"), "target_vocabulary": "trim"}
        contenders = {"pretrained": trimmed, "none": {"decoder": "new"}}
        if scratch:
            contenders["random"] = trimmed | {"random_weights": True}
        rows = []
        for name, more in contenders.items():
            began = time.process_time()
            scores = translator(given, folder, steps, seed, name, more)
            row = {"pairs": len(some), "steps": steps, "seed": seed, "contender": name, **scores}
            row |= {"cpu_seconds": round(time.process_time() - began), **(model if name == "pretrained" else {})}
            print(row, file=sys.stderr, flush=True)
            rows.append(row)
        return rows


def language_model(given: argparse.Namespace, folder: Path, seed: int) -> dict[str, float]:
    """Pretrain the decoder; its perplexity and bits per character on held-out lines."""
    recipe = resolve(
        Pretrain,
        {
            "objective": "clm", "text": (*given.mono, str(folder / f"some.{given.target}")), "sentences": True,
            "language": (given.target,), "out": folder / "language-model", "steps": given.pretraining_steps,
            "seed": seed,
            "decoder_layers": given.layers, "device": given.device, "threads": given.threads, **shape(given),
        },
    )  # fmt: skip
    dev = pretrain(recipe).details["dev"]
    return {name: round(dev[name], 3) for name in ("perplexity", "bits_per_character")}


def shape(given: argparse.Namespace) -> dict[str, int]:
    """The sizes of the decoder's layers: those of the encoder."""
    if given.model in FROM_SCRATCH:
        return {"width": given.width, "heads": given.heads, "feed_forward": given.feed_forward}
    config = find(given.model).config
    names = {"width": "hidden_size", "heads": "num_attention_heads", "feed_forward": "intermediate_size"}
    return {name: int(config[key]) for name, key in names.items()}


def translator(
    given: argparse.Namespace, folder: Path, steps: int, seed: int, name: str, more: dict[str, Any]
) -> dict[str, float]:
    """Fine-tune one contender; its scores on the test text."""
    from calque.decoding.translator import Translator

    sizes = shape(given) if given.model in FROM_SCRATCH else {}
    rates = ("learning_rate", "pretrained_learning_rate")
    rates_given = {rate: getattr(given, rate) for rate in rates if getattr(given, rate) is not None}
    if name != "pretrained" and given.model in FROM_SCRATCH:
        rates_given.pop("pretrained_learning_rate", None)  # nothing is
    out = folder / name
    recipe = resolve(
        Finetune,
        {
            "model": given.model, "train": (str(folder / "some"),), "dev": (given.dev,), "source": given.source,
            "target": given.target, "out": out, "steps": steps, "seed": seed, "decoder_layers": given.layers,
            "dropout": given.dropout, "validations": 5, "validation_pairs": 200, "average": 1, "probes": False,
            "device": given.device, "threads": given.threads, **sizes, **rates_given, **more,
        },
    )  # fmt: skip
    finetune(recipe)
    test = list(usable(Corpus.open([given.test], given.source, given.target)))[: given.test_pairs]
    measure = Measure(beam=1, bootstrap=0, worst=0, device=given.device)
    scores = score(Translator(out, device=given.device, threads=given.threads), test, measure).report.scores
    return {metric: round(scores[metric].value, 2) for metric in METRICS}


def _means(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mean over seeds of each contender, by number of pairs."""
    return [
        {"pairs": pairs, "contender": name}
        | {metric: round(statistics.mean(_of(rows, pairs, name, metric)), 2) for metric in METRICS}
        for pairs in dict.fromkeys(row["pairs"] for row in rows)
        for name in dict.fromkeys(row["contender"] for row in rows)
    ]


def _differences(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each contender to `none`, seed by seed, by number of pairs."""
    return [
        {"pairs": pairs, "contender": name}
        | {
            metric: [
                round(one - other, 2)
                for one, other in zip(_of(rows, pairs, name, metric), _of(rows, pairs, "none", metric), strict=True)
            ]
            for metric in METRICS
        }
        for pairs in dict.fromkeys(row["pairs"] for row in rows)
        for name in dict.fromkeys(row["contender"] for row in rows)
        if name != "none"
    ]


def _of(rows: Sequence[dict[str, Any]], pairs: int, contender: str, metric: str) -> list[float]:
    """One number a seed."""
    return [row[metric] for row in rows if (row["pairs"], row["contender"]) == (pairs, contender)]


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """A line for each run, then the means."""
    lines = ["| pairs | seed | decoder | BLEU | chrF2 |", "|---|---|---|---|---|"]
    lines += [f"| {r['pairs']} | {r['seed']} | {r['contender']} | {r['BLEU']} | {r['chrF2']} |" for r in rows]
    lines += [f"| {r['pairs']} | mean | {r['contender']} | {r['BLEU']} | {r['chrF2']} |" for r in _means(rows)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
