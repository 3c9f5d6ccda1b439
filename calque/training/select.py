"""Several pretrained models and one time budget: successive halving on development text, then a paired test."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calque.corpus.check import check
from calque.corpus.read import Corpus
from calque.corpus.write import write
from calque.decoding.machine import versions
from calque.errors import (
    CalqueError,
    DataError,
    Interrupted,
    MachineError,
    ModelError,
    RecipeError,
)
from calque.evaluation.compare import compare
from calque.evaluation.metrics import tokenizer
from calque.model import disk
from calque.model.folder import refuse_existing, write_text
from calque.recipes.candidates import Candidate, candidates
from calque.recipes.compare import Compare
from calque.recipes.select import Select
from calque.records import Comparison, Selection
from calque.text.sample import evenly
from calque.training import lock, selection_page
from calque.training.course import Paused
from calque.training.finetune import finetune
from calque.training.halving import Schedule, halved, rounds, schedule
from calque.training.origin import Origin
from calque.training.progress import Event, Listener, Message, Silence, Step, Validation
from calque.training.rows import read
from calque.training.run import Run
from calque.training.signals import leaving
from calque.training.standing import Entry, Standing

UNKNOWN = 0.2  # share of the budget kept for beginnings, the test and its statistics, before anything was measured
AGAIN = 0.7  # seconds of going on with a run, for each second that beginning it took
STATISTICS = 15.0  # seconds for scores, tests and pages
MARGIN = 0.02  # share of the budget that is planned for nothing
LEAST = 1.0  # seconds of training in a phase, even where the budget is too small for everything
FILE, RUNS = "selection.json", "candidates"  # in OUT.run
FEWEST = 100  # test sentences that finalists are compared on, whatever the time


def select(recipe: Select, resume: bool = False, restart: bool = False, listener: Listener | None = None) -> Selection:
    """Train the candidates, halve them, compare those that are left, and leave the better one in `recipe.out`.

    All train on the same text; each phase ends with a validation, and the half with the better development score goes
    on. Two reach the end of their schedules, and are compared on the test text as `calque compare` does: the one that
    is significantly better is chosen, or the smaller where they are not told apart. A candidate that cannot be trained
    is left behind, with the reason.

    Args:
        recipe: the candidates, the text, the time.
        resume: go on with the selection in OUT.run.
        restart: throw it away.
        listener: told about everything.

    Raises:
        RecipeError: OUT or OUT.run exist, a candidate's settings do not fit; nothing was trained then.
        DataError: the text cannot be used, or its check is red; likewise.
        ModelError: a candidate's model is not there; likewise. Or none could be trained.
        Interrupted: a signal came; `resume` goes on.
    """
    since = time.monotonic()
    if resume and restart:
        raise RecipeError("--resume and --restart exclude each other: one goes on, one begins anew; give one")
    told = listener or Silence()
    refuse_existing(recipe.out)
    if recipe.keep_others:
        refuse_existing(_others(recipe))
    folder = Run(recipe.out).path
    begun = _begun(folder, resume, restart)
    named = candidates(recipe)
    tokenizer(recipe.target)
    text = [read(places, recipe.source, recipe.target) for places in (recipe.train, recipe.dev, recipe.test)]
    for candidate in named:  # a mistake in the last one is better known before the first is trained
        Origin.of(candidate.recipe(recipe, folder / RUNS, recipe.minutes))
    if recipe.checks and not begun:
        _check(recipe)
    asked = json.loads(recipe.model_dump_json(exclude={"out", "keep_others", "checks", "threads"}))
    asked["settings"] = {candidate.name: dict(candidate.settings) for candidate in named}
    asked["text"] = [one.digest for one in text]
    disk.make(folder)
    with lock.locked(folder), leaving(lambda: "stopped; go on with the same command and --resume"):
        if begun:
            standing = Standing.read(folder / FILE, asked, since)
        else:
            shutil.rmtree(folder / RUNS, ignore_errors=True)
            standing = Standing(folder / FILE, asked, {one.name: Entry(one.name) for one in named}, since)
        try:
            validated = min(recipe.validation_pairs, text[1].count)
            return _Selecting(recipe, named, folder, standing, told, text[2].count, validated).run()
        finally:
            if folder.is_dir():
                standing.save()


def _begun(folder: Path, resume: bool, restart: bool) -> bool:
    """Whether a selection lies there to be gone on with; RecipeError where what lies there may not be touched."""
    if not (folder / FILE).is_file():
        if folder.exists() and any(entry.name != lock.NAME for entry in folder.iterdir()):
            raise RecipeError(f"{folder} exists and holds no selection: choose another --out, or remove it")
        if resume:
            raise RecipeError(f"{folder}: no selection there, so there is nothing to resume; leave out --resume")
        return False
    if not resume and not restart:
        raise RecipeError(f"{folder} exists: --resume goes on with that selection, --restart begins anew")
    return resume


def _others(recipe: Select) -> Path:
    return recipe.out.with_name(f"{recipe.out.name}.others")


def _check(recipe: Select) -> None:
    """The pre-flight of the text, once for all candidates.

    Raises:
        DataError: it found what would decide the selection.
    """
    text = (Corpus.open(places, recipe.source, recipe.target) for places in (recipe.train, recipe.dev, recipe.test))
    red = [finding for finding in check(*text) if finding.level == "red"]
    if red:
        raise DataError(
            f"the text has faults that would decide the selection: {'; '.join(f.message for f in red)}; mend them "
            "(`calque check` shows examples), or give --no-checks"
        )


@dataclass
class _Watch:
    """Hands events on, and takes down when training began; the standing is saved at each validation."""

    listener: Listener
    standing: Standing
    began: float
    first: float | None = None
    last: float = 0.0
    validating: float = 0.0  # seconds of a validation, and of the few steps since the last one that was told

    def event(self, event: Event) -> None:
        """Called by the loop."""
        now = time.monotonic()
        if isinstance(event, Step) and self.first is None:
            self.first = now
        if isinstance(event, Validation):
            self.validating = now - self.last
            self.standing.save()
        self.last = now
        self.listener.event(event)

    @property
    def beginning(self) -> float:
        """Seconds before the first step."""
        return 0.0 if self.first is None else self.first - self.began


@dataclass
class _Selecting:
    """A selection under way."""

    recipe: Select
    candidates: Sequence[Candidate]
    folder: Path
    standing: Standing
    listener: Listener
    pairs: int  # of the test text
    validated: int  # development pairs that are translated in a validation

    @property
    def entries(self) -> list[Entry]:
        """The candidates that still take part."""
        return [entry for entry in self.standing.entries.values() if entry.is_in]

    @property
    def budget(self) -> float:
        """Seconds for everything."""
        return 60 * self.recipe.minutes

    def say(self, text: str) -> None:
        """Tell the listener a sentence."""
        self.listener.event(Message(text))

    def run(self) -> Selection:
        """From wherever it is to the end."""
        self.standing.save()
        counts = rounds(len(self.candidates))
        while self.standing.phase < len(counts):
            self._phase(counts)
            self.standing.phase, self.standing.planned = self.standing.phase + 1, None
            self.standing.save()
        return self._finish()

    def _phase(self, counts: Sequence[int]) -> None:
        """Train those who take part as long as the phase goes, and leave the worse half behind."""
        phase, last = self.standing.phase, self.standing.phase == len(counts) - 1
        taking_part = self.entries
        if self.standing.planned is None:  # else a phase is gone on with, and those left in it get what the others had
            left = self.budget - self.standing.seconds - self._reserve(len(taking_part))
            done = max((entry.seconds for entry in taking_part), default=0.0)
            found = schedule(counts, phase, done, max(left, LEAST * len(taking_part)))
            self.standing.planned = {"until": found.until, "whole": found.whole}
            self.standing.save()
        planned = Schedule(**self.standing.planned)
        self.say(
            f"phase {phase + 1} of {len(counts)}: {', '.join(entry.name for entry in taking_part)}, each until "
            f"{planned.until / 60:.1f} minutes of training (of {planned.whole / 60:.1f})"
        )
        for entry in taking_part:
            if entry.phases == phase and not entry.finished:
                self._train(entry, planned.whole / 60, 1.0 if last else planned.fraction)
        if not last:
            self._halve(counts[phase + 1])

    def _reserve(self, taking_part: int) -> float:
        """Seconds that are needed for other things than training."""
        measured = [entry for entry in self.entries if entry.validating]
        if not measured:
            return UNKNOWN * self.budget
        beginning = max(entry.beginning for entry in measured)
        validating = max(entry.validating for entry in measured)
        finishing = 2 * (AGAIN * beginning + 3 * validating)
        return taking_part * AGAIN * beginning + finishing + self._testing(self.pairs) + MARGIN * self.budget

    def _testing(self, sentences: int) -> float:
        """Seconds for the translation of so many test sentences by two finalists, and the statistics. A validation
        searches greedily, and measures the loss of all development text too."""
        each = max((entry.validating / self.validated for entry in self.entries), default=0.0)
        return 2 * sentences * each * (0.4 + 0.6 * self.recipe.beam) + STATISTICS

    def _train(self, entry: Entry, minutes: float, until: float) -> None:
        candidate = next(one for one in self.candidates if one.name == entry.name)
        recipe = candidate.recipe(self.recipe, self.folder / RUNS, minutes)
        if recipe.out.exists():  # finished just before this process's predecessor ended
            self._finished(entry, json.loads((recipe.out / "report.json").read_text(encoding="utf-8")))
            return
        self.say(f"{entry.name}: training")
        watch = _Watch(self.listener, self.standing, time.monotonic())
        try:
            report = finetune(recipe, resume=Run(recipe.out).path.exists(), listener=watch, until=until)
        except Paused as paused:
            entry.seconds, entry.best, entry.scores = paused.seconds, paused.best, dict(paused.measured.scores)
            entry.validating, entry.parameters, entry.phases = paused.validating, paused.parameters, entry.phases + 1
        except (Interrupted, MemoryError):
            raise
        except Exception as error:
            if isinstance(error, MachineError) and "memory" not in str(error):
                raise  # such as a full disk, which is not the candidate's fault; --resume goes on
            entry.failed = str(error) if isinstance(error, CalqueError) else f"{type(error).__name__}: {error}"
            self.say(f"{entry.name} is left behind: {entry.failed}")
        else:
            self._finished(entry, report.to_json())
        entry.beginning = max(entry.beginning, watch.beginning)
        entry.validating = entry.validating or watch.validating
        self.standing.save()

    def _finished(self, entry: Entry, report: dict[str, Any]) -> None:
        entry.finished, entry.phases, entry.seconds = True, entry.phases + 1, report["training_seconds"]
        entry.scores = {name: value for name, value in report["dev"].items() if name != "loss"}
        entry.best, entry.parameters = entry.scores["chrF2"], report["parameters"]

    def _halve(self, places: int) -> None:
        scores = {entry.name: entry.best or 0.0 for entry in self.entries}
        kept = halved(scores, places)
        for entry in self.entries:
            if entry.name not in kept:
                entry.left = self.standing.phase + 1
                self.say(f"{entry.name} is left behind (best development score {scores[entry.name]:.2f})")

    def _finish(self) -> Selection:
        finalists = [entry for entry in self.entries if entry.finished]
        if not finalists:
            reasons = "; ".join(f"{entry.name}: {entry.failed}" for entry in self.standing.entries.values())
            raise ModelError(f"no candidate could be trained ({reasons})")
        comparison = self._compare(finalists) if len(finalists) > 1 else None
        chosen, winner, why = self._chosen(finalists, comparison)
        self.standing.save()
        selection = Selection(
            recipe=self.recipe.model_dump(mode="json"),
            candidates=tuple(self._told(entry, chosen) for entry in self.standing.entries.values()),
            winner=str(self.recipe.out) if winner else None,
            chosen=chosen,
            folder=str(self.recipe.out),
            why=why,
            comparison=None if comparison is None else comparison.to_json(),
            seconds=round(self.standing.seconds, 1),
            versions=versions(),
        )
        self._write(selection, finalists)
        return selection

    def _compare(self, finalists: Sequence[Entry]) -> Comparison:
        place = self.folder / "comparison"
        shutil.rmtree(place, ignore_errors=True)
        shared = {name: getattr(self.recipe, name) for name in Compare.model_fields if name in Select.model_fields}
        recipe = Compare.of(
            shared
            | {"systems": tuple(f"{entry.name}={self.folder / RUNS / entry.name}" for entry in finalists)}
            | {"out": place, "test": self._test()}
        )
        return compare(recipe, self.say)

    def _test(self) -> tuple[str, ...]:
        """The test text; an even sample of it where the time that is left is too short for all."""
        left = self.budget - self.standing.seconds - STATISTICS
        each = self._testing(1) - STATISTICS
        fitting = max(FEWEST, int(left / each)) if each else self.pairs
        if fitting >= self.pairs:
            return self.recipe.test
        text = Corpus.open(self.recipe.test, self.recipe.source, self.recipe.target)
        sample = evenly(text, fitting).items
        self.say(f"the time that is left is enough for {len(sample):,} of {self.pairs:,} test sentences, evenly spaced")
        prefix = self.folder / "test"
        for older in self.folder.glob("test.*"):  # of a process before this one
            older.unlink()
        write(sample, prefix, self.recipe.source, self.recipe.target)
        return (str(prefix),)

    def _chosen(self, finalists: Sequence[Entry], comparison: Comparison | None) -> tuple[str, bool, str]:
        """The candidate to take, whether it won, and why."""
        gone = [
            f"{entry.name} was left behind after phase {entry.left} (development chrF2 {entry.best or 0:.2f})"
            if entry.failed is None
            else f"{entry.name} could not be trained ({entry.failed})"
            for entry in self.standing.entries.values()
            if not entry.is_in
        ]
        if comparison is None:
            return finalists[0].name, False, "; ".join([f"{finalists[0].name} is the only one that was trained", *gone])
        places = {str(self.folder / RUNS / entry.name): entry.name for entry in finalists}
        best = max(finalists, key=lambda entry: entry.best or 0.0).name
        chosen = best if comparison.choice is None else places[comparison.choice]
        return chosen, comparison.winner is not None, "; ".join([comparison.why, *gone])

    def _told(self, entry: Entry, chosen: str) -> dict[str, Any]:
        candidate = next(one for one in self.candidates if one.name == entry.name)
        pace = self.validated / entry.validating if entry.validating else None
        return {
            "name": entry.name,
            "model": candidate.settings["model"],
            "settings": dict(candidate.settings),
            "training_seconds": round(entry.seconds, 1),
            "beginning_seconds": round(entry.beginning, 1),
            "dev": entry.scores,
            "best": entry.best,
            "sentences_per_second": None if pace is None else round(pace, 2),
            "parameters": entry.parameters,
            "left_after_phase": entry.left,
            "failed": entry.failed,
            "chosen": entry.name == chosen,
        }

    def _write(self, selection: Selection, finalists: Sequence[Entry]) -> None:
        """The reports into the chosen folder, and that folder into its place."""
        place = self.folder / RUNS / selection.chosen / "selection"
        shutil.rmtree(place, ignore_errors=True)
        disk.make(place)
        said = json.dumps(selection.to_json(), ensure_ascii=False, indent=1) + "\n"
        for name, text in (
            ("report.json", said),
            ("report.md", selection_page.markdown(selection)),
            ("report.html", selection_page.html(selection)),
        ):
            write_text(place / name, text)
        if (self.folder / "comparison").is_dir():
            (self.folder / "comparison").rename(place / "comparison")
        (self.folder / RUNS / selection.chosen).rename(self.recipe.out)
        disk.flush(self.recipe.out.parent)
        if self.recipe.keep_others:
            others = _others(self.recipe)
            for entry in finalists:
                if entry.name != selection.chosen:
                    disk.make(others)
                    (self.folder / RUNS / entry.name).rename(others / entry.name)
        shutil.rmtree(self.folder)
        self.say(f"{self.recipe.out}: {selection.why}")
