"""The demo: a generated corpus and a real pretrained BERT become a translator, to see the whole way once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from calque.corpus.demo.corpus import generate, is_there, write
from calque.corpus.read import Corpus
from calque.errors import RecipeError
from calque.model import disk
from calque.model.folder import refuse_existing
from calque.model.pretrained import find
from calque.recipes.demo import Demo
from calque.recipes.finetune import Finetune
from calque.recipes.preset import FROM_SCRATCH
from calque.recipes.search import Search
from calque.records import Report
from calque.training.finetune import finetune
from calque.training.progress import Listener, Message, Silence
from calque.training.run import Run

SHOWN = 10  # translations shown beside their references
SETTINGS: dict[str, Any] = {
    "decoder": "new",
    "decoder_layers": 2,
    "max_length": 64,
    "learning_rate": 1e-3,
    "pretrained_learning_rate": 3e-4,
    "unfreeze": 0.3,
    "schedule": "linear",
    "warmup": 0.05,
    "batch_tokens": 512,
    "dropout": 0.0,  # each pair is seen once at most, and the grammar has one translation for it: nothing to smooth
    "label_smoothing": 0.0,
    "validations": 2,
    "validation_pairs": 50,
    "average": 1,
}
_WARM = {"pretrained_learning_rate", "unfreeze"}  # of these, what is about pretrained weights
MINUTES = 5.6


def demo(recipe: Demo, listener: Listener | None = None) -> Report:
    """Generate the corpus into OUT.corpus, fine-tune into OUT, score the test set, and translate a few sentences; with
    `corpus_only` just write the corpus into OUT. An interrupted demo goes on when it is called again.

    Raises:
        RecipeError: OUT exists.
        ModelError: the pretrained model is not installed.
        Interrupted: a signal came.
    """
    listener = listener or Silence()
    refuse_existing(recipe.out)
    if not recipe.corpus_only and recipe.model not in FROM_SCRATCH:
        find(recipe.model)  # better missed now than after the corpus is written
    folder = recipe.out if recipe.corpus_only else recipe.out.with_name(recipe.out.name + ".corpus")
    _corpus(recipe, folder, listener)
    if recipe.corpus_only:
        return Report(recipe.model_dump(mode="json"), {}, 0.0, {}, {"folder": str(recipe.out)})
    report = finetune(settings(recipe, folder), resume=Run(recipe.out).path.exists(), listener=listener)
    return replace(report, details=report.details | {"examples": _examples(recipe.out, folder)})


def settings(recipe: Demo, corpus: Path) -> Finetune:
    """The fine-tuning that the demo runs."""
    limit = {"steps": recipe.steps} if recipe.steps else {"minutes": recipe.minutes or MINUTES}
    places = {name: (str(corpus / name),) for name in ("train", "dev", "test")}
    shared = {name: getattr(recipe, name) for name in ("model", "out", "threads", "seed")}
    usual = {name: value for name, value in SETTINGS.items() if recipe.model not in FROM_SCRATCH or name not in _WARM}
    return Finetune.of({"source": "en", "target": "fr", **usual, **limit, **places, **shared}, "demo")


def _corpus(recipe: Demo, folder: Path, listener: Listener) -> None:
    corpus = generate(recipe.pairs, recipe.seed)
    if folder.exists():
        if not is_there(corpus, folder):
            raise RecipeError(
                f"{folder} holds something else than this demo's corpus: remove it or choose another --out"
            )
        listener.event(Message(f"{folder}: the corpus is there already"))
        return
    with disk.naming(folder):
        write(corpus, folder)
    listener.event(
        Message(f"{folder}: {len(corpus.train):,} pairs generated, and {len(corpus.test)} of other combinations")
    )


def _examples(out: Path, corpus: Path) -> list[dict[str, str]]:
    from calque.decoding.translator import Translator

    pairs = list(Corpus.open([str(corpus / "test")], "en", "fr"))
    shown = pairs[:: max(1, len(pairs) // SHOWN)][:SHOWN]
    found = Translator(out).translate([pair.source for pair in shown], Search())
    return [
        {"source": pair.source, "translation": translation.text, "reference": pair.target}
        for pair, translation in zip(shown, found, strict=True)
    ]
