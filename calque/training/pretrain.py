"""Pretraining: one-language text becomes a language model, from scratch or from a checkpoint that learns on."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from calque.corpus.monolingual import Line, Monolingual, refuse_overlap, sampled
from calque.decoding.machine import set_threads, versions
from calque.errors import CalqueError, DataError
from calque.model import lineage
from calque.model.folder import write_recipe, write_text
from calque.model.pretrained import Pretrained
from calque.model.vocabulary import spells
from calque.recipes.pretrain import Pretrain
from calque.records import Report
from calque.training import blocks, foundation
from calque.training.blocks import Layout
from calque.training.corruption import Corruption
from calque.training.course import Outcome
from calque.training.device import settled
from calque.training.foundation import Foundation
from calque.training.language_card import language_card
from calque.training.language_probes import probe
from calque.training.loop import Loop
from calque.training.material import Material
from calque.training.mixture import Corpora
from calque.training.objective import LanguageModelling
from calque.training.perplexity import Perplexity
from calque.training.progress import Listener, Message
from calque.training.run import Run
from calque.training.session import session
from calque.training.store import Store
from calque.training.team import Team

TOLD = 500_000  # lines after which progress is told again


@dataclass(frozen=True, slots=True)
class Texts:
    """The training text, the held-out lines, and where these are from, in words."""

    train: Monolingual
    dev: Monolingual
    lines: Sequence[Line]
    held_out: str

    @property
    def digests(self) -> dict[str, dict[str, str]]:
        """The SHA-256 of the files."""
        return {"text": self.train.digest} | ({"dev": self.dev.digest} if self.dev.files != self.train.files else {})


def pretrain(recipe: Pretrain, resume: bool = False, restart: bool = False, listener: Listener | None = None) -> Report:
    """Train the language model that the recipe describes into `recipe.out`.

    Args:
        recipe: every setting.
        resume: go on with the run in OUT.run, bit-exactly where the run's length is in steps or epochs.
        restart: throw that run away.
        listener: told about steps, validations and decisions.

    Raises:
        RecipeError: OUT or OUT.run exist, `resume` and `restart` are both given, another process is at work in
            OUT.run, or a setting would do nothing.
        DataError: the text cannot be used.
        ModelError: the checkpoint cannot be used; ProbeError where a silent bug was found.
        MachineError: there is no such device, or the disk is full where the end of the run must be saved.
        Interrupted: a signal came; `resume` goes on.
    """
    run = Run(recipe.out)
    with session(recipe, run, resume, restart, listener) as (team, told):
        return _trained(recipe, run, resume, restart, told, team)


def _trained(recipe: Pretrain, run: Run, resume: bool, restart: bool, listener: Listener, team: Team) -> Report:
    began = time.monotonic()
    set_threads(recipe.threads)
    going_on = team.led(lambda: run.goes_on(recipe, resume, restart))
    base = None if going_on else team.led(lambda: foundation.found(recipe))
    texts = read(recipe)
    before = run.settings if going_on else {}
    recipe = team.led(lambda: settled(recipe, listener, before))
    torch.manual_seed(recipe.seed)
    if going_on and run.facts["digests"] != texts.digests:
        raise DataError("the text files changed since the run began; --restart begins anew with them")
    begun: list[Foundation] = []
    if not going_on:
        team.led(lambda: begun.append(_begun(recipe, run, base, texts, listener)))
    start = begun[0] if begun else foundation.load(recipe, run.start, frozenset(run.facts["pretrained"]))
    try:
        rows, corruption, loop = _prepared(recipe, run, start, texts, listener, team)
        listener.event(Message(str(loop.memory())))
        team.led(lambda: _probed(recipe, run, start, rows, corruption, listener))
    except (CalqueError, OSError):
        if not going_on and team.leads:
            run.discard()
        raise
    outcome = loop.run(resume=going_on)
    seconds = time.monotonic() - began
    return team.led(lambda: _finished(recipe, run, start, texts, outcome, seconds, listener))


def read(recipe: Pretrain) -> Texts:
    """The training text and the held-out lines, apart from one another.

    Raises:
        DataError: a file cannot be read; or the held-out lines are in the training text too; or there are too few
            lines to hold some of them out.
    """
    text = Monolingual.read(recipe.text, recipe.languages(len(recipe.text)))
    if recipe.dev:
        dev = Monolingual.read(recipe.dev, recipe.languages(len(recipe.dev)))
        lines = list(dev)
        refuse_overlap(text, dev, lines)
        where = f"{len(lines):,} lines of {', '.join(recipe.dev)}"
    else:
        dev, lines = text, sampled(text, recipe.held_out)
        where = f"{len(lines):,} of the text's {text.count:,} lines, evenly spaced, which are not trained on"
    return Texts(text.apart(lines), dev, lines, where)


def _begun(recipe: Pretrain, run: Run, base: Pretrained | None, texts: Texts, listener: Listener) -> Foundation:
    """Make the network and write it down, so that a resumed run starts from the same bits."""
    start = foundation.begin(recipe, base, texts.train)
    for note in start.notes:
        listener.event(Message(note))
    with run.begun(recipe) as folder:
        start.write(folder)
        facts = {"digests": texts.digests, "pretrained": sorted(start.pretrained), "notes": list(start.notes)}
        run.note(facts | {"bases": lineage.of([base])})
    return start


def _prepared(
    recipe: Pretrain, run: Run, start: Foundation, texts: Texts, listener: Listener, team: Team
) -> tuple[Store, Corruption, Loop]:
    layouts = []
    for text in (texts.train, texts.dev):
        files = len(text.files)
        frames = foundation.frames(recipe, start.codec, start.base, files)
        layouts.append(Layout.of(recipe, start.codec, frames, text.languages))
    corruption = Corruption.of(recipe, start.codec, layouts[0].frames)
    left_out = sorted(texts.train.without)
    rows = _stored("text", layouts[0], texts.train, [texts.train.digest, left_out], run, listener, team)
    dev = _stored("dev", layouts[1], texts.lines, [texts.dev.digest, left_out], run, listener, team)
    for line in _told(recipe, texts, rows, dev, start):
        listener.event(Message(line))
    characters = sum(len(unit) + 1 for line in texts.lines for unit in layouts[1].units(line))
    measurer = Perplexity(
        start.model, dev, Corruption(corruption.spoil, 0), characters, _predicted(recipe, start, dev, corruption),
        recipe.batch_tokens,
    )  # fmt: skip
    material = Material(rows, Corpora((len(rows),)), corruption)
    objective = LanguageModelling(start.model, recipe.label_smoothing, recipe.rdrop)
    loop = Loop(recipe, start.module, start.pretrained, objective, material, measurer, run.path, listener, team)
    return rows, corruption, loop


def _stored(
    name: str,
    layout: Layout,
    lines: Monolingual | Sequence[Line],
    made_of: list[object],
    run: Run,
    listener: Listener,
    team: Team,
) -> Store:
    """The rows of a text, which the leader writes and every process opens."""

    def told(done: int) -> None:
        if done % TOLD == 0:
            listener.event(Message(f"{name}: {done:,} lines tokenised"))

    def store() -> Store:
        return blocks.store(layout, lines, made_of, run.store / name, told)

    if not team.alone:
        team.led(lambda: len(store()))
    return store()


def _told(recipe: Pretrain, texts: Texts, rows: Store, dev: Store, start: Foundation) -> list[str]:
    """What was made of the text, in sentences."""
    train = texts.train
    cut = blocks.cut_lines(rows)
    parts = [
        f"{train.blank:,} blank lines left out" if train.blank else "",
        f"{train.left_out:,} held-out lines left out" if train.left_out else "",
        f"{cut:,} lines spread over several rows of {recipe.max_length} tokens" if cut else "",
        "lines joined" if recipe.packs else "",
    ]
    tokens = int(rows.lengths[0].sum())
    told = [f"text: {train.count:,} lines, {len(rows):,} rows, {tokens:,} tokens ({', '.join(filter(None, parts))})"]
    told[0] = told[0].replace(" ()", "")
    told.append(f"held out: {texts.held_out} ({len(dev):,} rows)")
    spelled = spells(start.codec, [line.text for line in texts.lines])
    if spelled < 1:
        unknown = sum(start.codec.unknown(row.source) for row in dev) / max(1, int(dev.lengths[0].sum()))
        told.append(
            f"the tokenizer gives back {spelled:.0%} of the held-out lines as they were ({unknown:.2%} of the pieces "
            "are unknown): what it forgets of the others costs nothing in bits per character, which flatters them"
        )
    return told


def _predicted(recipe: Pretrain, start: Foundation, dev: Store, corruption: Corruption) -> int:
    """How many tokens the whole held-out text takes to tell: of a masked language model all but special ones."""
    if recipe.objective == "mlm":
        return sum(number not in start.codec.hidden for row in dev for number in row.source)
    examples = (corruption([row], [number], 0)[0] for number, row in enumerate(dev))
    return sum(len(example.target or ()) for example in examples)


def _probed(
    recipe: Pretrain, run: Run, start: Foundation, rows: Store, corruption: Corruption, listener: Listener
) -> None:
    if recipe.probes and "probes" not in run.facts:
        run.note({"probes": probe(start.module, start.model, rows, corruption, listener)})


def _finished(
    recipe: Pretrain, run: Run, start: Foundation, texts: Texts, outcome: Outcome, seconds: float, listener: Listener
) -> Report:
    details: dict[str, Any] = {
        "folder": str(recipe.out),
        "kind": str(start.module.config.model_type),  # type: ignore[union-attr]
        "steps": outcome.steps,
        "epochs": outcome.epochs,
        "training_seconds": round(outcome.seconds, 1),
        "scored_tokens": outcome.scored_tokens,
        "weights": outcome.chosen,
        "parameters": sum(p.numel() for p in start.module.parameters()),
        "lines": texts.train.count,
        "held_out": texts.held_out,
        "dev": {"loss": outcome.measured.loss, **outcome.measured.scores},
        **run.facts,
    }
    details.pop("pretrained", None)
    report = Report(recipe.model_dump(mode="json", exclude_none=True), {}, seconds, versions(), details)

    def fill(folder: Path) -> None:
        start.write(folder)
        write_recipe(recipe, folder / "recipe.toml")
        write_text(folder / "report.json", json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n")
        write_text(folder / "README.md", language_card(report))

    run.finish(fill)
    listener.event(Message(f"{recipe.out}: ready after {outcome.steps} steps ({outcome.chosen})"))
    return report
