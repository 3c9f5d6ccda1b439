"""How fast does an exported translator translate, beside transformers' `generate`, and does it say the same?

    python -m benchmarks.inference --json                                    # the demo's translator and its test text
    python -m benchmarks.inference --folder MODEL --test data/multi30k/test_2016_flickr --sentences 500
    python -m benchmarks.inference --folder MODEL --shortlist 20 --vocabulary 3000 --train data/multi30k/train

The folder is copied and exported twice, in float32 and in int8; with --shortlist and --vocabulary once more each, in
int8 and so. transformers loads it by itself and translates batches
of 32 in the order of the text; all take turns at the whole text, round after round, in one process. A second is one of
CPU time. benchmarks/README.md says how to read the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch and CTranslate2 look

import torch
from transformers import AutoTokenizer, EncoderDecoderModel

from benchmarks import machine
from benchmarks.clock import Share, Steal
from calque.corpus.read import Corpus
from calque.decoding import proof, reference
from calque.decoding.export import export
from calque.decoding.fast import FastEngine
from calque.decoding.machine import versions
from calque.evaluation.metrics import quick
from calque.model import family as families
from calque.model.folder import Folder
from calque.recipes.export import Export
from calque.recipes.search import Search

DEMO = Path("demo-model")
BATCH = 32
SEARCHES = {"greedy": Search(beam=1), "beam4": Search(beam=4)}
Says = Callable[[Sequence[str], Search], list[list[int]]]


@dataclass(slots=True)
class Contender:
    """Who translates: texts to bare target ids; what was said, and the CPU seconds of each round, by search."""

    name: str
    says: Says
    said: dict[str, list[list[int]]] = field(default_factory=lambda: {name: [] for name in SEARCHES})
    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in SEARCHES})

    def turn(self, texts: Sequence[str]) -> None:
        """Translate the texts by every search."""
        for name, how in SEARCHES.items():
            began = time.process_time()
            self.said[name] = self.says(texts, how)
            self.seconds[name].append(time.process_time() - began)

    def per_second(self, name: str) -> float:
        """Sentences a second."""
        return len(self.said[name]) * len(self.seconds[name]) / sum(self.seconds[name])


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, measure, print."""
    given = _parser().parse_args(arguments)
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as aside:
        result = measure(given, Path(aside))
    print(json.dumps(result) if given.json else table(result))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="pair to measure; by default demo-model/, made when absent")
    parser.add_argument("--test", help="PREFIX of sentences with references; by default the test text of its recipe")
    parser.add_argument("--sentences", type=int, default=500, help="of the text, at most")
    parser.add_argument("--rounds", type=int, default=2, help="turns in which each translates all sentences")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--shortlist", type=int, metavar="N", help="another export in int8, with such a shortlist")
    parser.add_argument("--vocabulary", type=int, metavar="N", help="another export in int8, with such a vocabulary")
    parser.add_argument("--train", help="PREFIX of the text that these two learn from; by default that of the recipe")
    parser.add_argument("--json", action="store_true")
    return parser


def measure(given: argparse.Namespace, aside: Path) -> dict[str, Any]:
    """Every number of the run."""
    folder = Folder.open(given.folder or _demo())
    if folder.family != "pair":
        raise SystemExit(f"{folder.path}: a pair is wanted, this is of the family '{folder.family}'")
    places = [given.test] if given.test else [str(place) for place in folder.recipe.get("test", ())]
    pairs = list(Corpus.open(places, folder.source, folder.target))[: given.sentences]
    texts, wanted = [pair.source for pair in pairs], [pair.target for pair in pairs]
    engines = {kind: _exported(folder, aside / kind, kind, given) for kind in ("float32", "int8")}
    for option, size in _options(given).items():
        engines[f"int8, {option} {size}"] = _exported(folder, aside / option, "int8", given, option)
    contenders = [Contender("transformers", _transformers(folder))]
    contenders += [Contender(f"fast {kind}", _fast(folder, engine)) for kind, engine in engines.items()]
    share, steal = Share(given.threads), Steal()
    for one in contenders:
        one.says(texts[:2], SEARCHES["greedy"])  # what is done once only is not measured
    for number in range(given.rounds):
        for one in contenders:
            one.turn(texts)
            print(f"round {number + 1}: {one.name} done", file=sys.stderr)
    noise = {"had": share.share(), "stolen": steal.share()}
    rows = [_row(one, contenders[0], wanted, folder) for one in contenders]
    return (
        _result(contenders, rows, folder)
        | _other_results(contenders, rows, tuple(_options(given)))
        | {
            "max_dlogp": _worst(folder, engines["float32"], texts, contenders[0].said["greedy"]),
            "rows": rows,
            "sizes": {one: _size(aside / one / "fast") for one in ("float32", "int8", *_options(given))}
            | {"transformers": _size(folder.path, "*.safetensors")},
            "corpus": {"test": places, "sentences": len(texts)},
            "seconds_are": "CPU time",
            "noise": noise,
            "machine": machine.describe(torch.device("cpu")),
            "versions": versions(),
        }
    )


def _result(contenders: Sequence[Contender], rows: Sequence[dict[str, Any]], folder: Folder) -> dict[str, Any]:
    """The keys that claims are made with."""
    slow, exact, small = contenders[:3]
    found: dict[str, Any] = {"folder": folder.path.name}
    for name in SEARCHES:
        for fast, suffix in ((small, ""), (exact, "_float32")):
            found[f"ratio_generate_{name}{suffix}"] = sum(slow.seconds[name]) / sum(fast.seconds[name])
        ratios = [a / b for a, b in zip(slow.seconds[name], small.seconds[name], strict=True)]
        found[f"rounds_{name}"] = {"lowest": min(ratios), "median": median(ratios), "highest": max(ratios)}
        found[f"identical_{name}"] = rows[1][f"identical_{name}"]
    return found | {"bleu_loss_int8": rows[1]["bleu_beam4"] - rows[2]["bleu_beam4"]}


def _other_results(
    contenders: Sequence[Contender], rows: Sequence[dict[str, Any]], options: Sequence[str]
) -> dict[str, Any]:
    """The same of exports in int8 with an option, beside transformers and beside the export in int8 without it."""
    slow, _, small = contenders[:3]
    found: dict[str, Any] = {}
    for option, one, row in zip(options, contenders[3:], rows[3:], strict=True):
        for name in SEARCHES:
            found[f"ratio_generate_{name}_{option}"] = sum(slow.seconds[name]) / sum(one.seconds[name])
            found[f"ratio_int8_{name}_{option}"] = sum(small.seconds[name]) / sum(one.seconds[name])
        found[f"bleu_loss_{option}"] = rows[2]["bleu_beam4"] - row["bleu_beam4"]
    return found


def _options(given: argparse.Namespace) -> dict[str, int]:
    """What other exports are asked for."""
    asked = {"shortlist": given.shortlist, "vocabulary": given.vocabulary}
    return {option: size for option, size in asked.items() if size}


def _row(one: Contender, slow: Contender, wanted: Sequence[str], folder: Folder) -> dict[str, Any]:
    row: dict[str, Any] = {"name": one.name}
    for name in SEARCHES:
        said = one.said[name]
        texts = [folder.target_codec.decode(ids) for ids in said]
        same = sum(a == b for a, b in zip(said, slow.said[name], strict=True))
        row |= {
            f"{name}_per_second": one.per_second(name),
            f"identical_{name}": same / len(said),
            f"bleu_{name}": quick(texts, wanted, folder.target)["BLEU"],
        }
    return row


def _exported(
    folder: Folder, place: Path, kind: str, given: argparse.Namespace, option: str | None = None
) -> FastEngine:
    """The engine of a copy of the folder, exported so."""
    shutil.copytree(folder.path, place, ignore=shutil.ignore_patterns("fast"))
    print(f"exporting {place.name} ...", file=sys.stderr)
    settings: dict[str, Any] = {"folder": place, "quantize": kind, "sample_pairs": 20, "threads": given.threads}
    if option is not None:
        settings |= {option: _options(given)[option], "train": (given.train,) if given.train else ()}
    export(Export.of(settings))
    return FastEngine(Folder.open(place), threads=given.threads)


def _transformers(folder: Folder) -> Says:
    """transformers alone: its own tokenizer, its own network, batches as they come."""
    network = EncoderDecoderModel.from_pretrained(folder.path).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder.path / "source")
    special = folder.target_codec.special

    def says(texts: Sequence[str], how: Search) -> list[list[int]]:
        found: list[list[int]] = []
        for first in range(0, len(texts), BATCH):
            batch = tokenizer(list(texts[first : first + BATCH]), padding=True, return_tensors="pt")
            with torch.inference_mode():
                out = network.generate(
                    input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], num_beams=how.beam,
                    do_sample=False, max_length=None, max_new_tokens=folder.max_length - 1,
                )  # fmt: skip
            found += [_bare(ids, special.eos) for ids in out.tolist()]
        return found

    return says


def _bare(ids: Sequence[int], end: int) -> list[int]:
    said = list(ids[1:])
    return said[: said.index(end)] if end in said else said


def _fast(folder: Folder, engine: FastEngine) -> Says:
    """The fast engine, texts of like length together, as the translator sorts them."""

    def says(texts: Sequence[str], how: Search) -> list[list[int]]:
        sources = folder.source_codec.encode_all(texts)
        order = sorted(range(len(sources)), key=lambda place: -len(sources[place]))
        answers = engine.generate([sources[place] for place in order], how)
        found = dict(zip(order, answers, strict=True))
        return [found[place][0].ids for place in range(len(sources))]

    return says


def _worst(folder: Folder, engine: FastEngine, texts: Sequence[str], said: Sequence[list[int]]) -> float:
    """The greatest difference of a token's log-probability between PyTorch and the float32 export, over all that
    transformers said."""
    family = families.of(folder.family, folder.source_codec, folder.target_codec)
    sources = folder.source_codec.encode_all(texts)
    theirs = reference.log_probs(family, family.load(folder.path), sources, said)
    return proof.furthest(engine.scores(sources, said), theirs) or 0.0


def _demo() -> Path:
    """The demo's translator, made when absent."""
    if not DEMO.is_dir():
        subprocess.run([sys.executable, "-m", "calque", "demo", "--out", str(DEMO)], check=True, stdout=sys.stderr)
    return DEMO


def _size(place: Path, pattern: str = "*") -> int:
    return sum(file.stat().st_size for file in place.glob(pattern) if file.is_file())


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    head = "| engine | greedy/s | beam 4/s | identical greedy | identical beam 4 | BLEU beam 4 |"
    rows = [
        f"| {row['name']} | {row['greedy_per_second']:.1f} | {row['beam4_per_second']:.1f} | "
        f"{row['identical_greedy']:.1%} | {row['identical_beam4']:.1%} | {row['bleu_beam4']:.2f} |"
        for row in result["rows"]
    ]
    keys = ["ratio_generate_greedy", "ratio_generate_beam4", "bleu_loss_int8", "max_dlogp"]
    keys += [key for key in result if key.endswith(("_shortlist", "_vocabulary"))]
    return "\n".join([head, "|---|---|---|---|---|---|", *rows, "", *(f"{key}: {result[key]:.3g}" for key in keys)])


if __name__ == "__main__":
    main()
