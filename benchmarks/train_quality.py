"""What is learned of a sentence? calque against transformers' Seq2SeqTrainer, after as many, from the same weights.

    python -m benchmarks.train_quality --train data/train --dev data/val --test data/test --sentences 30000 --json

`calque` is `calque finetune` as it is, with the checkpoint on both sides; `calque_same_vocabulary` keeps the pretrained
tokenizer on both sides and takes the rival's learning rate for all weights; `seq2seq_trainer` is the rival. Every run
ends with the weights that scored best on the development text. benchmarks/README.md says how to read the numbers.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from benchmarks import machine, rivals
from benchmarks.clock import Clock
from benchmarks.contenders import hushed
from benchmarks.learned import Examiner, Learned, Point
from benchmarks.setting import Setting
from calque.decoding.machine import device_of
from calque.model import family as families
from calque.model.batch import Ids
from calque.model.folder import Folder
from calque.recipes.finetune import Finetune
from calque.training.batches import Batching
from calque.training.finetune import begin, finetune, settled, versions
from calque.training.progress import Event, Silence, Step, Validation
from calque.training.rows import fitting, read

CONTENDERS = ("calque", "calque_same_vocabulary", "seq2seq_trainer")
WARM_UP = 0.05  # share of the run in which the rate rises; then it falls linearly
NEVER = 10**9


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, train all, print."""
    given = _parser().parse_args(arguments)
    torch.set_num_threads(given.threads)
    learned = []
    for seed in given.seeds:
        for name in given.contenders:
            with hushed():
                learned.append(rival(given, seed) if name == "seq2seq_trainer" else ours(given, seed, name))
            print(json.dumps(learned[-1].row()), file=sys.stderr, flush=True)
    result = summary(given, learned)
    print(json.dumps(result) if given.json else markdown(result))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "dev", "test"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="fr")
    parser.add_argument("--sentences", type=int, required=True, help="seen in training, repetitions included")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--model", default="minilm", help="pretrained weights of encoder and decoder")
    parser.add_argument("--decoder-layers", type=int, default=6)
    parser.add_argument("--batch", type=int, default=32, help="sentences of a step of Seq2SeqTrainer")
    parser.add_argument("--batch-tokens", type=int, help="tokens of a step of calque; by default its own default")
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1e-4, help="of the rival and of calque_same_vocabulary")
    parser.add_argument("--label-smoothing", type=float, default=0.1)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--validations", type=int, default=8, help="points of the curve")
    parser.add_argument("--validation-pairs", type=int, default=200)
    parser.add_argument("--test-pairs", type=int, default=500)
    parser.add_argument("--budgets", type=float, nargs="+", help="seconds of training at which the curves are compared")
    parser.add_argument("--device", default="cpu", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"), help="of calque")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser


def _setting(given: argparse.Namespace, seed: int) -> Setting:
    return Setting(
        train=given.train, source=given.source, target=given.target, model=given.model,
        decoder_layers=given.decoder_layers, learning_rate=given.learning_rate, batch=given.batch,
        batch_tokens=given.batch_tokens, max_length=given.max_length, smoothing=given.label_smoothing,
        precision=given.precision, device=str(device_of(given.device)), threads=given.threads, seed=seed,
    )  # fmt: skip


def _held_out(given: argparse.Namespace, name: str, most: int) -> list[tuple[str, str]]:
    return list(islice(read((getattr(given, name),), given.source, given.target), most))


class Stopwatch:
    """A listener that adds up the seconds of training steps, and takes down the validations between them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.last, self.seconds = clock.now(), 0.0
        self.curve: list[Point] = []

    def event(self, event: Event) -> None:
        """What lies before a message or a validation is no training; what lies before a step is."""
        now = self.clock.now()
        if isinstance(event, Step):
            self.seconds += now - self.last
        elif isinstance(event, Validation):
            self.curve.append(point(self.seconds, event.step, event.scores))
        self.last = self.clock.now()


def point(seconds: float, step: int, scores: dict[str, float]) -> Point:
    """One validation."""
    return {"seconds": round(seconds, 2), "step": step, **{name: round(value, 2) for name, value in scores.items()}}


def ours(given: argparse.Namespace, seed: int, name: str) -> Learned:
    """A run of `calque finetune`."""
    setting, same = _setting(given, seed), name == "calque_same_vocabulary"
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(setting, same) | {
            "dev": (given.dev,), "out": Path(folder) / "model", "validations": given.validations, "average": 1,
            "validation_pairs": given.validation_pairs, "save_every": NEVER, "log_every": 1, "probes": False,
        }  # fmt: skip
        recipe = Finetune.of(settings)
        steps, sentences = _length(recipe, given.sentences)
        watch = Stopwatch(Clock(device_of(setting.device)))
        finetune(Finetune.of(settings | {"steps": steps}), listener=watch)
        made = Folder.open(recipe.out)
        codecs = made.source_codec, made.target_codec
        family = families.of(made.family, *codecs)
        pairs = _held_out(given, "test", given.test_pairs)
        rows, numbers = fitting(pairs, *codecs)
        examiner = Examiner.of(family, codecs[1], given.target, rows, [pairs[i] for i in numbers])
        measured = examiner.measure(family.load(made.path))
    nats = examiner.nats_per_character(measured)
    rate = recipe.learning_rate
    return Learned(name, seed, rate, sentences, steps, watch.seconds, nats, measured.scores, watch.curve)


def _settings(setting: Setting, same: bool) -> dict[str, Any]:
    """The rival's rate and schedule along with its vocabulary; else calque's own."""
    if same:
        return setting.settings(same) | {"schedule": "linear", "warmup": WARM_UP}
    rates = ("learning_rate", "pretrained_learning_rate")
    return {name: value for name, value in setting.settings(same).items() if name not in rates}


def _length(recipe: Finetune, wanted: int) -> tuple[int, int]:
    """The fewest steps in which the wanted number of sentences is seen, and how many are seen in them."""
    text = read(recipe.train, recipe.source, recipe.target)
    torch.manual_seed(recipe.seed)
    start, _ = begin(settled(recipe, Silence()), text)
    rows, _ = fitting(list(text), start.source, start.target)
    batching = Batching.of(rows, recipe.batch_tokens, recipe.micro_batch_tokens, recipe.seed)
    steps = sentences = epoch = 0
    while True:
        for step in batching.epoch(epoch):
            steps, sentences = steps + 1, sentences + len(step)
            if sentences >= wanted:
                return steps, sentences
        epoch += 1


class Curve(TrainerCallback):
    """Validates the rival at even steps, times what lies between, and remembers its best weights."""

    def __init__(self, clock: Clock, examiner: Examiner, steps: int, validations: int) -> None:
        self.clock, self.examiner = clock, examiner
        self.due = {round(steps * (i + 1) / validations) for i in range(validations)}
        self.seconds, self.last, self.best = 0.0, 0.0, -1.0
        self.curve: list[Point] = []
        self.weights: dict[str, torch.Tensor] = {}

    def on_train_begin(self, args, state, control, **kwargs):  # noqa: ARG002
        """Start the clock."""
        self.last = self.clock.now()

    def on_step_end(self, args, state, control, model=None, **kwargs):  # noqa: ARG002
        """After the optimizer's step."""
        if state.global_step not in self.due:
            return
        self.seconds += self.clock.now() - self.last
        measured = self.examiner.measure(model)
        self.curve.append(point(self.seconds, state.global_step, measured.scores))
        if measured.scores["chrF2"] > self.best:
            self.best = measured.scores["chrF2"]
            self.weights = {name: tensor.cpu().clone() for name, tensor in model.state_dict().items()}
        self.last = self.clock.now()


def rival(given: argparse.Namespace, seed: int) -> Learned:
    """A run of the stock trainer."""
    setting = _setting(given, seed)
    model = rivals.pair(setting)
    examples = rivals.examples(setting, setting.text())
    passes, rest = divmod(given.sentences, len(examples))
    steps = passes * math.ceil(len(examples) / setting.batch) + math.ceil(rest / setting.batch)
    dev = _examiner(given, setting, "dev", given.validation_pairs)
    curve = Curve(Clock(device_of(setting.device)), dev, steps, given.validations)
    counting = rivals.Counting(rivals.collator(setting, model), rivals.shape_of(model))
    schedule = {"max_steps": steps, "lr_scheduler_type": "linear", "warmup_steps": round(WARM_UP * steps)}
    with tempfile.TemporaryDirectory() as folder:
        rivals.trainer(setting, model, examples, counting, curve, folder, **schedule).train()
    model.load_state_dict(curve.weights)
    test = _examiner(given, setting, "test", given.test_pairs)
    measured = test.measure(model)
    seen = sum(tally.sentences for tally in counting.tallies[:steps])
    nats, rate = test.nats_per_character(measured), setting.learning_rate
    return Learned("seq2seq_trainer", seed, rate, seen, steps, curve.seconds, nats, measured.scores, curve.curve)


def _examiner(given: argparse.Namespace, setting: Setting, name: str, most: int) -> Examiner:
    """An examiner of the rival. Its decoder is taught to say the first token too, so that this is one more label."""
    pairs, codec = _held_out(given, name, most), rivals.codec_of(setting)
    rows, numbers = fitting(pairs, codec, codec)
    taught = [Ids(row.source, [codec.special.bos, *(row.target or ())]) for row in rows]
    family = families.of("pair", codec, codec)
    return Examiner.of(family, codec, given.target, taught, [pairs[i] for i in numbers])


def summary(given: argparse.Namespace, learned: Sequence[Learned]) -> dict[str, Any]:
    """Everything as JSON types."""
    return {
        "rows": [one.row() for one in learned],
        "means": {name: _means([one for one in learned if one.contender == name]) for name in given.contenders},
        "differences": {
            name: _difference(name, learned)
            for name in given.contenders
            if name != "seq2seq_trainer" and "seq2seq_trainer" in given.contenders
        },
        "curves": [{"contender": one.contender, "seed": one.seed, "points": one.curve} for one in learned],
        "budgets": _budgets(given, learned),
        "seconds_are": Clock(device_of(given.device)).kind,
        "corpus": {"train": given.train, "dev": given.dev, "test": given.test, "sentences": given.sentences},
        "machine": machine.describe(device_of(given.device)),
        "seeds": given.seeds,
        "versions": versions(),
    }


def _means(some: Sequence[Learned]) -> dict[str, float]:
    rows = [one.row() for one in some]
    names = ("sentences", "steps", "seconds", "nats_per_character", "BLEU", "chrF2")
    return {name: round(statistics.mean(row[name] for row in rows), 4) for name in names}


def _difference(name: str, learned: Sequence[Learned]) -> dict[str, list[float]]:
    """Ours minus the rival, seed by seed."""
    pairs = [
        (one.row(), other.row())
        for one in learned
        for other in learned
        if one.contender == name and other.contender == "seq2seq_trainer" and one.seed == other.seed
    ]
    names = ("nats_per_character", "BLEU", "chrF2")
    return {metric: [round(mine[metric] - theirs[metric], 4) for mine, theirs in pairs] for metric in names}


def _budgets(given: argparse.Namespace, learned: Sequence[Learned]) -> list[dict[str, float | None]]:
    """Development BLEU of each contender (mean over seeds) after so many seconds of training; None where some seed had
    not been validated yet. Without --budgets: an eighth, a quarter, a half and all of the longest run."""
    longest = max(one.seconds for one in learned)
    found = []
    for seconds in given.budgets or [round(longest * share, 1) for share in (0.125, 0.25, 0.5, 1)]:
        line: dict[str, float | None] = {"seconds": seconds}
        for name in given.contenders:
            values = [one.reached(seconds) for one in learned if one.contender == name]
            known = [value for value in values if value is not None]
            line[name] = round(statistics.mean(known), 2) if len(known) == len(values) else None
        found.append(line)
    return found


def markdown(result: dict[str, Any]) -> str:
    """The result for people."""
    names = (
        "contender",
        "seed",
        "learning_rate",
        "sentences",
        "steps",
        "seconds",
        "nats_per_character",
        "BLEU",
        "chrF2",
    )
    means = [{"contender": name, **values} for name, values in result["means"].items()]
    lines = _table(names, [*result["rows"], *(row | {"seed": "mean"} for row in means)])
    lines += ["", f"BLEU on development text after so many seconds ({result['seconds_are']}) of training:", ""]
    lines += _table(list(result["budgets"][0]), result["budgets"])
    return "\n".join([*lines, "", f"machine: {result['machine']}, versions {result['versions']}"])


def _table(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|---" * len(names) + "|"]
    return lines + ["| " + " | ".join(str(row.get(name, "")) for name in names) + " |" for row in rows]


if __name__ == "__main__":
    main()
