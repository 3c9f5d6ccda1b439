"""How fast is training? calque against transformers' Seq2SeqTrainer and against a tutorial's loop, in one run.

    python -m benchmarks.train_speed --json
    python -m benchmarks.train_speed --train data/train --source en --target fr

All begin with the same pretrained weights on both sides, read the same pairs and use AdamW with the same numbers. They
take turns within one process, round after round; seconds are CPU time (wall clock where a GPU computes). Without
--train the corpus of `calque demo` is generated. benchmarks/README.md says how to read the numbers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import gemm, machine, memory
from benchmarks.clock import Clock, Share, Steal
from benchmarks.contenders import TABLE, Contender, hushed
from benchmarks.flops import Shape
from benchmarks.setting import Setting
from benchmarks.tally import Tally, total
from calque.corpus.demo.corpus import generate, write
from calque.decoding.machine import computes_bf16, device_of
from calque.training.finetune import versions

SPREAD = 0.25  # of a ratio over the rounds, (highest - lowest) / median, above which the machine was too noisy
HAD = 0.5  # share of the time that this process was let compute, below which neighbours filled caches and shared units
STOLEN = 0.02  # share of CPU time taken by a hypervisor, above which it was too
ROUNDS = 3  # fewer tell nothing of the spread
RATIOS = {
    "ratio_seq2seq_trainer": ("calque", "seq2seq_trainer"),
    "ratio_seq2seq_trainer_same_vocabulary": ("calque_same_vocabulary", "seq2seq_trainer"),
    "ratio_tutorial": ("calque", "tutorial"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, measure, print."""
    given = _parser().parse_args(arguments)
    torch.set_num_threads(given.threads)
    with hushed(), tempfile.TemporaryDirectory() as folder:
        result = measure(_setting(given, Path(folder)), given)
    print(json.dumps(result) if given.json else markdown(result))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", help="PREFIX of the training text; by default the demo's corpus, generated")
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="fr")
    parser.add_argument("--pairs", type=int, default=30_000, help="pairs of the generated corpus")
    parser.add_argument("--model", default="minilm", help="pretrained weights of encoder and decoder")
    parser.add_argument("--decoder-layers", type=int, default=6)
    parser.add_argument("--batch", type=int, default=32, help="sentences of a step of Seq2SeqTrainer")
    parser.add_argument("--batch-tokens", type=int, help="tokens of a step of calque; by default its own default")
    parser.add_argument("--max-length", type=int, default=128, help="to which the tutorial pads")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--contenders", nargs="+", choices=list(TABLE), default=list(TABLE))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="for each contender in each round, at least 2 steps"
    )
    parser.add_argument("--device", default="cpu", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"), help="of calque")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser


def _setting(given: argparse.Namespace, folder: Path) -> Setting:
    """The setting; the demo's corpus is written into `folder` where no text is given."""
    prefix = given.train
    if prefix is None:
        write(generate(given.pairs, given.seed), folder / "demo")
        prefix = str(folder / "demo" / "train")
    return Setting(
        train=prefix, source=given.source, target=given.target, model=given.model,
        decoder_layers=given.decoder_layers, learning_rate=given.learning_rate, batch=given.batch,
        batch_tokens=given.batch_tokens, max_length=given.max_length, smoothing=0.0, precision=given.precision,
        device=str(device_of(given.device)), threads=given.threads, seed=given.seed,
    )  # fmt: skip


def measure(setting: Setting, given: argparse.Namespace) -> dict[str, Any]:
    """All numbers, as JSON types."""
    peaks = {name: round(memory.peak(setting, name), 1) for name in [memory.NOTHING, *given.contenders]}
    text = setting.text()
    contenders = {name: TABLE[name](setting, text) for name in given.contenders}
    yardstick = _yardstick(contenders, setting)
    steal, had = Steal(), Share(setting.threads)
    rounds: dict[str, list[Tally]] = {name: [] for name in contenders}
    for number in range(given.rounds):
        for name, contender in contenders.items():
            rounds[name].append(contender.train(given.seconds))
            speed = rounds[name][-1].rate("characters")
            print(f"round {number + 1}: {name} {speed:.0f} characters/s", file=sys.stderr, flush=True)
        yardstick.measure(given.seconds / 2)
    noise = {"stolen": steal.share(), "had": had.share() if yardstick.clock.device.type == "cpu" else None}
    rows = [_row(name, contenders[name], rounds[name], yardstick.gflops, peaks[name]) for name in contenders]
    ratios = {key: _ratios(rounds, *names) for key, names in RATIOS.items()}
    trusted, note = judge(ratios, given.rounds, **noise)
    return {
        **{key: round(statistics.median(values), 3) if values else None for key, values in ratios.items()},
        "gemm_share": rows[0]["gemm_share"],
        "gemm_peak_gflops": {name: round(value, 1) for name, value in yardstick.gflops.items()},
        "peak_memory_mb": peaks,
        "rows": rows,
        "spread": {key: round(spread(values), 3) if values else None for key, values in ratios.items()},
        "noise": {name: None if share is None else round(share, 4) for name, share in noise.items()},
        "seconds_are": yardstick.clock.kind,
        "corpus": {"train": given.train or f"calque demo, {given.pairs} pairs", "pairs": text.count},
        "machine": machine.describe(yardstick.clock.device),
        "seed": setting.seed,
        "versions": versions(),
        "trusted": trusted,
        "note": note,
    }


def _yardstick(contenders: Mapping[str, Contender], setting: Setting) -> gemm.Peak:
    device = device_of(setting.device)
    shape: Shape = next(iter(contenders.values())).shape
    sizes = gemm.shapes(device, shape.width, shape.feed_forward, shape.vocabulary)
    return gemm.Peak(Clock(device), sizes, ("fp32", "bf16") if computes_bf16(device) else ("fp32",))


def _row(
    name: str, contender: Contender, tallies: Sequence[Tally], gflops: Mapping[str, float], peak: float
) -> dict[str, Any]:
    """Medians over rounds of one contender's rates; its counts over all of them."""
    rates = {
        count: statistics.median(tally.rate(count) for tally in tallies)
        for count in ("sentences", "scored_tokens", "characters", "operations")
    }
    whole = total(tallies)
    best = gflops.get(contender.precision)
    return {
        "contender": name,
        "how": contender.how,
        "sentences_per_second": round(rates["sentences"], 2),
        "target_tokens_per_second": round(rates["scored_tokens"], 1),
        "characters_per_second": round(rates["characters"], 1),
        "gemm_share": round(rates["operations"] / 1e9 / best, 4) if best else None,
        "useful_gflops": round(rates["operations"] / 1e9, 2),
        "padding_share": round(whole.padding_share, 4),
        "peak_memory_mb": peak,
        "vocabulary": contender.shape.vocabulary,
        "characters_per_token": round(whole.characters / whole.tokens, 2),
        "steps": whole.steps,
        "sentences": whole.sentences,
        "seconds": round(whole.seconds, 2),
    }


def _ratios(rounds: Mapping[str, Sequence[Tally]], ours: str, rival: str) -> list[float]:
    """How many times as many characters a second, round by round; empty where one did not take part."""
    if ours not in rounds or rival not in rounds:
        return []
    pairs = zip(rounds[ours], rounds[rival], strict=True)
    return [mine.rate("characters") / theirs.rate("characters") for mine, theirs in pairs]


def spread(values: Sequence[float]) -> float:
    """(highest - lowest) / median."""
    return (max(values) - min(values)) / statistics.median(values)


def judge(
    ratios: Mapping[str, Sequence[float]], rounds: int, stolen: float | None, had: float | None
) -> tuple[bool, str]:
    """Whether the numbers can be trusted, and why not. What the system does not tell (None) is no doubt."""
    doubts = []
    if rounds < ROUNDS:
        doubts.append(f"{rounds} rounds tell nothing of the spread (at least {ROUNDS})")
    for key, values in ratios.items():
        if len(values) > 1 and spread(values) > SPREAD:
            doubts.append(f"{key} spread by {spread(values):.0%} of its median over the rounds (at most {SPREAD:.0%})")
    if stolen is not None and stolen > STOLEN:
        doubts.append(f"a hypervisor took {stolen:.1%} of the CPU time (at most {STOLEN:.0%})")
    if had is not None and had < HAD:
        doubts.append(f"others were at work: this process was let compute {had:.0%} of the time (at least {HAD:.0%})")
    if doubts:
        return False, "Too noisy to trust: " + "; ".join(doubts) + "."
    return True, f"Every ratio spread by less than {SPREAD:.0%} of its median over {rounds} rounds."


def markdown(result: Mapping[str, Any]) -> str:
    """The result for people."""
    names = ("contender", "how", "sentences_per_second", "target_tokens_per_second", "characters_per_second",
             "gemm_share", "padding_share", "peak_memory_mb")  # fmt: skip
    lines = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|---" * len(names) + "|"]
    lines += ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in result["rows"]]
    told = ["", *(f"{key}: {result[key]} (spread {result['spread'][key]})" for key in RATIOS)]
    told.append(f"fastest products: {result['gemm_peak_gflops']} GFLOP/s; seconds are {result['seconds_are']}")
    told.append(f"machine: {result['machine']}, seed {result['seed']}, versions {result['versions']}")
    return "\n".join([*lines, *told, result["note"]])


if __name__ == "__main__":
    main()
