"""Fine-tuning: a pretrained model and parallel text become a translator."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from calque.corpus.read import Corpus
from calque.decoding.machine import set_threads, versions
from calque.errors import CalqueError, DataError, ModelError
from calque.evaluation.metrics import tokenizer
from calque.model import family as families
from calque.model import lineage
from calque.model.adapter_folder import Adaptation
from calque.model.batch import Ids
from calque.model.family import Build, Family
from calque.model.folder import Folder, describe, write_recipe, write_text
from calque.model.vocabulary import choose
from calque.recipes.evaluate import Evaluate
from calque.recipes.finetune import Finetune
from calque.records import Report
from calque.text.codec import Codec
from calque.training import adaptation
from calque.training.card import card
from calque.training.course import Outcome
from calque.training.device import settled
from calque.training.dropout import with_dropout
from calque.training.loop import Loop
from calque.training.material import Material
from calque.training.objective import Translation
from calque.training.origin import Origin
from calque.training.probes import probe
from calque.training.progress import Listener, Message
from calque.training.rates import with_rate
from calque.training.rows import Text, encode, read
from calque.training.run import Run
from calque.training.session import session
from calque.training.store import Store
from calque.training.team import Team
from calque.training.validate import Validator

TOLD = 500_000  # pairs after which progress is told again


@dataclass(frozen=True)
class Start:
    """What training begins with; `pretrained` names the weights that learn at the rate of pretrained ones."""

    module: nn.Module
    pretrained: frozenset[str]
    family: Family
    source: Codec
    target: Codec
    adaptation: Adaptation | None = None


def finetune(
    recipe: Finetune,
    resume: bool = False,
    restart: bool = False,
    listener: Listener | None = None,
    until: float = 1.0,
) -> Report:
    """Train the translator that the recipe describes into `recipe.out`.

    Args:
        recipe: every setting.
        resume: go on with the run in OUT.run, bit-exactly where the run's length is in steps or epochs.
        restart: throw that run away.
        listener: told about steps, validations and decisions.
        until: the fraction of the run at which it is left, to be resumed.

    Raises:
        Paused: that fraction is reached.
        RecipeError: OUT or OUT.run exist, `resume` and `restart` are both given, another process is at work in
            OUT.run, or the settings contradict each other.
        DataError: the corpora cannot be used.
        ModelError: the pretrained parts cannot be used; ProbeError where a silent bug was found.
        MachineError: there is no such device, or the disk is full where the end of the run must be saved.
        Interrupted: a signal came; `resume` goes on.
    """
    run = Run(recipe.out)
    with session(recipe, run, resume, restart, listener) as (team, told):
        return _trained(recipe, run, resume, restart, told, team, until)


def _trained(
    recipe: Finetune, run: Run, resume: bool, restart: bool, listener: Listener, team: Team, until: float
) -> Report:
    began = time.monotonic()
    set_threads(recipe.threads)
    tokenizer(recipe.target)  # validation needs it: better missed now than after an hour
    going_on = team.led(lambda: run.goes_on(recipe, resume, restart))
    if going_on and (news := run.news(recipe)):
        listener.event(Message(news))
    origin = None if going_on else team.led(lambda: Origin.of(recipe))
    base = adaptation.base_of(recipe)
    train, dev = _read(recipe)[:2]
    before = run.settings if going_on else {}
    recipe = with_rate(with_dropout(recipe, train.count, listener, before), origin, listener, before)
    recipe = team.led(lambda: settled(recipe, listener, before))
    digests = {"train": train.digest, "dev": dev.digest}
    torch.manual_seed(recipe.seed)
    if going_on:
        if run.facts["digests"] != digests:
            raise DataError("the corpus files changed since the run began; --restart begins anew with them")
        if base is not None and run.facts["base"] != base.digest:
            raise ModelError(f"{base.path} changed since the run began; --restart begins anew over what it is now")
    begun: list[Start] = []
    if origin is not None:
        team.led(lambda: begun.append(_begun(recipe, run, origin, base, train, digests, listener)))
    start = begun[0] if begun else _loaded(recipe, run.start, frozenset(run.facts["pretrained"]))
    try:
        start = adaptation.adapted(recipe, start, listener)
        rows, loop = _prepared(recipe, run, start, train, dev, listener, team)
        team.led(lambda: run.note({"pairs": {"train": train.count, "dev": dev.count}}))
        listener.event(Message(str(loop.memory())))
        team.led(lambda: _probed(recipe, run, start, rows, listener))
    except (CalqueError, OSError):
        if not going_on and team.leads:
            run.discard()
        raise
    outcome = loop.run(going_on, until)
    seconds = time.monotonic() - began
    return team.led(lambda: _finished(recipe, run, start, base, rows, outcome, seconds, listener))


def _read(recipe: Finetune) -> list[Text]:
    """Training, development and test text. All are found before one is read; the test text too is better known to be
    unusable before the training than after it."""
    named = [places for places in (recipe.train, recipe.dev, recipe.test) if places]
    for places in named:
        Corpus.open(places, recipe.source, recipe.target)
    return [read(places, recipe.source, recipe.target) for places in named]


def _probed(recipe: Finetune, run: Run, start: Start, rows: Sequence[Ids], listener: Listener) -> None:
    if recipe.probes and "probes" not in run.facts:
        run.note({"probes": probe(start.module, start.family, rows, listener, start.adaptation)})


def _begun(
    recipe: Finetune,
    run: Run,
    origin: Origin,
    base: Folder | None,
    train: Text,
    digests: dict[str, Any],
    listener: Listener,
) -> Start:
    """Assemble the network and write it down, so that a resumed run starts from the same bits."""
    start, notes = begin(recipe, train, origin)
    for note in notes:
        listener.event(Message(note))
    with run.begun(recipe) as folder:
        facts: dict[str, Any] = {} if base is None else {"base": base.digest}
        facts["bases"] = lineage.of([origin.encoder, origin.decoder], origin.translator)
        run.note({"digests": digests, "pretrained": sorted(start.pretrained), "notes": list(notes), **facts})
        _write(folder, start, recipe)
    return start


def begin(recipe: Finetune, train: Text, origin: Origin | None = None) -> tuple[Start, tuple[str, ...]]:
    """The network and the codecs of a new run, and notes on what was chosen.

    Raises:
        ModelError: the pretrained parts cannot be found or joined.
    """
    origin = origin or Origin.of(recipe)
    encoder, decoder = origin.encoder, origin.decoder
    if origin.translator is not None:
        path = origin.translator.path
        return _loaded(recipe, path, None), (f"going on from the translator {path}",)
    kind = families.kind_of(encoder, decoder)
    languages = recipe.source, recipe.target
    vocabularies = choose(kind, recipe, encoder, decoder, train.sources, train.targets, languages)
    source, target = vocabularies.source.codec, vocabularies.target.codec
    family = families.of(kind, source, target, recipe.attention, recipe.recompute)
    assembly = family.assemble(Build(recipe, encoder, decoder, vocabularies))
    start = Start(assembly.module, assembly.pretrained, family, source, target)
    return start, assembly.notes + vocabularies.notes


def _loaded(recipe: Finetune, path: Path, pretrained: frozenset[str] | None) -> Start:
    """The network of a model folder, in training mode; without `pretrained` all of it counts as such."""
    folder = Folder.open(path)
    codecs = folder.source_codec, folder.target_codec
    family = families.of(folder.family, *codecs, recipe.attention, recipe.recompute)
    module = family.load(path, (recipe.dropout, recipe.attention_dropout))
    names = frozenset(name for name, _ in module.named_parameters())
    return Start(module, names if pretrained is None else pretrained, family, *codecs)


def _prepared(
    recipe: Finetune, run: Run, start: Start, train: Text, dev: Text, listener: Listener, team: Team
) -> tuple[Store, Loop]:
    rows, dev_rows = (
        _stored(name, text, run, start, listener, team) for name, text in (("train", train), ("dev", dev))
    )
    for name, text, kept in (("train", train, rows), ("dev", dev, dev_rows)):
        too_long = text.count - len(kept)
        listener.event(
            Message(f"{name}: {len(kept)} pairs{_drops(text.dropped | {'longer than max_length': too_long})}")
        )
        if not kept:
            raise DataError(f"{name}: every pair is longer than --max-length {recipe.max_length} tokens")
    fitting = set(dev_rows.pairs.tolist())
    texts = [pair for number, pair in enumerate(dev) if number in fitting]
    validator = Validator(
        start.family, start.target, recipe.target, dev_rows, texts, recipe.validation_pairs, recipe.search_tokens
    )
    material = Material.of(recipe, train, rows, (start.source, start.target))
    if material.corpora.stages:
        listener.event(Message(str(material.corpora)))
    objective = Translation(start.family, recipe.label_smoothing, recipe.rdrop)
    return rows, Loop(recipe, start.module, start.pretrained, objective, material, validator, run.path, listener, team)


def _stored(name: str, text: Text, run: Run, start: Start, listener: Listener, team: Team) -> Store:
    """The tokenised text, which the leader writes and every process opens."""

    def store() -> Store:
        return encode(text, start.source, start.target, run.store / name, _teller(name, text, listener))

    if not team.alone:
        team.led(lambda: len(store()))  # every process compares the digests again when it opens what is there
    return store()


def _teller(name: str, text: Text, listener: Listener) -> Callable[[int], None]:
    """Tells of a long text how far its tokenising is."""

    def tell(done: int) -> None:
        if done % TOLD == 0 and done < text.count:
            listener.event(Message(f"{name}: {done:,} of {text.count:,} pairs tokenised"))

    return tell


def _drops(dropped: dict[str, int]) -> str:
    told = ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count)
    return f" (dropped: {told})" if told else ""


def _write(folder: Path, start: Start, recipe: Finetune) -> None:
    start.family.save(start.module, folder)
    describe(folder, start.family.name, (recipe.source, recipe.target), (start.source, start.target))
    write_recipe(recipe, folder / "recipe.toml")


def _finished(
    recipe: Finetune,
    run: Run,
    start: Start,
    base: Folder | None,
    rows: Sequence[Ids],
    outcome: Outcome,
    seconds: float,
    listener: Listener,
) -> Report:
    told = adaptation.told(recipe, start, base)
    start = adaptation.merged(recipe, start, rows)
    details = {
        "folder": str(recipe.out),
        "family": start.family.name,
        "steps": outcome.steps,
        "epochs": outcome.epochs,
        "training_seconds": round(outcome.seconds, 1),
        "scored_tokens": outcome.scored_tokens,
        "weights": outcome.chosen,
        "parameters": sum(p.numel() for p in start.module.parameters()),
        **told,
        "dev": {"loss": outcome.measured.loss, **outcome.measured.scores},
        **run.facts,
    }
    details.pop("pretrained", None)
    plain = recipe.model_dump(mode="json", exclude_none=True)
    made: list[Report] = []

    def fill(folder: Path) -> None:
        if start.adaptation is None:
            _write(folder, start, recipe)
        else:
            adaptation.write(folder, start, recipe, base, _write)
        report = Report(plain, {}, seconds, versions(), details)
        if recipe.test:
            report = _tested(recipe, folder, report, listener)
        write_text(folder / "report.json", json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n")
        write_text(folder / "README.md", card(report))
        made.append(report)

    run.finish(fill)
    listener.event(Message(f"{recipe.out}: ready after {outcome.steps} steps ({outcome.chosen})"))
    return made[0]


def _tested(recipe: Finetune, folder: Path, report: Report, listener: Listener) -> Report:
    from calque.evaluation.score import evaluate

    listener.event(Message(f"scoring the test set with beam {recipe.beam}"))
    scored = evaluate(
        Evaluate(
            folder=folder, test=recipe.test, train=recipe.train, beam=recipe.beam, device=recipe.device,
            length_penalty=recipe.length_penalty, search_tokens=recipe.search_tokens, threads=recipe.threads,
            longest_ratio=recipe.longest_ratio,
        )
    )  # fmt: skip
    details = report.details | {
        name: scored.details[name] for name in ("floors", "sentences_per_second") if name in scored.details
    }
    details["test"] = scored.details["test"] | {"notes": scored.details["notes"]}
    return Report(report.recipe, scored.scores, report.seconds + scored.seconds, report.versions, details)
