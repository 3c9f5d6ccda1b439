"""A model folder for CTranslate2: `fast/`, proved against the network that it is made from."""

from __future__ import annotations

import json
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calque.corpus.clean import usable
from calque.corpus.read import Corpus
from calque.decoding import calibration, machine, proof
from calque.decoding.fast import FastEngine
from calque.decoding.sample import Sample, sample
from calque.decoding.shortlist import Shortlist, learn
from calque.decoding.translator import Translator
from calque.decoding.trimming import kept as frequent
from calque.decoding.workplace import alone, aside, replacing
from calque.errors import DataError, MachineError, ModelError, RecipeError
from calque.model import disk
from calque.model.fast_folder import NAME, FastFolder, description
from calque.model.folder import Folder, write_text
from calque.recipes.export import Export
from calque.records import Pair, Report

if TYPE_CHECKING:
    from calque.decoding.confidence import Calibration
    from calque.decoding.heads import Choice
    from calque.decoding.proof import Measured, Reference
    from calque.model.family import Family

Say = Callable[[str], None]
_LOOKED_AT = 8  # texts of the sample at which a trimmed output layer is held against the whole one


@dataclass(frozen=True, slots=True)
class _Work:
    """What an export is made from, and what is known of it so far."""

    recipe: Export
    folder: Folder
    family: Family
    sample: Sample
    vocabulary: tuple[int, ...] | None
    never: tuple[int, ...]
    choice: Choice | None
    reference: Reference

    @property
    def shift(self) -> int:
        """See `FastFolder.shift`."""
        return 0 if self.choice is None else self.choice.shift


def export(recipe: Export, say: Say = lambda _: None) -> Report:
    """Write `fast/` into the recipe's folder: the network for CTranslate2, `calque.json` (what it was made from) and
    `report.json` (what is answered here). It is there whole or not at all.

    The network is first written in float32 and held against PyTorch on the sample; only where no target token's
    log-probability differs by more than `proof.TOLERANCE` is it kept, in the precision that was asked for. A smaller
    vocabulary and a shortlist are measured behind that, each in a row of its own.

    Args:
        recipe: every setting.
        say: told what is done.

    Raises:
        RecipeError: something was exported there already, or another process exports there.
        ModelError: the folder is no translator; CTranslate2 cannot express its network, or computes something else.
        DataError: the sample cannot be read.
        MachineError: the CPU cannot compute with the quantization.
    """
    folder = Folder.open(recipe.folder)
    with alone(folder.path):
        return _exported(recipe, folder, say)


def _exported(recipe: Export, folder: Folder, say: Say) -> Report:
    began = time.monotonic()
    out = folder.path / NAME
    if out.exists() and not recipe.replace:
        raise RecipeError(f"{out} exists already: give --replace to make it anew, or remove it")
    refuse_uncomputable(recipe.quantize)
    vocabulary = _vocabulary(recipe, folder)
    shortlist = _shortlist(recipe, folder, vocabulary)
    pairs = calibration.text(folder, recipe.sample) if recipe.calibrate else []
    work = _begun(recipe, folder, vocabulary, say)
    rows = [proof.itself(work.reference, _weights(folder), folder.target_codec, folder.target)]
    with aside(folder.path) as place:
        exact = _written(work, place / "float32", "float32")
        say("comparing float32 with PyTorch ...")
        rows.append(_measured(work, exact))
        _refuse_inexact(rows[-1], folder)
        with replacing(out, recipe.replace) as new:
            moved = None
            if vocabulary is None:
                kept = _kept(work, new, exact, rows, say)
            else:
                kept, moved = _trimmed(work, new, exact, rows, say)
            if shortlist is not None:
                kept = _shortened(work, kept, shortlist, rows, say)
            _describe(work, kept)
            fitted, told = _calibrated(work, kept, pairs, say)
            report = _report(work, kept, rows, moved, time.monotonic() - began)
            report = replace(report, details=report.details | told)
            write_text(new / "report.json", json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n")
    if fitted is not None:
        fitted.save(folder.path)
    return report


def refuse_uncomputable(quantization: str) -> None:
    """Raise MachineError where this CPU does not multiply numbers of that kind."""
    import ctranslate2

    known = ctranslate2.get_supported_compute_types("cpu")
    if quantization not in known:
        raise MachineError(
            f"this CPU does not compute in {quantization}: give one of {', '.join(sorted(known))} to --quantize"
        )


def _begun(recipe: Export, folder: Folder, vocabulary: tuple[int, ...] | None, say: Say) -> _Work:
    from calque.model import family as families

    text = sample(folder, recipe.sample, recipe.sample_pairs)
    machine.set_threads(recipe.threads)
    family = families.of(folder.family, folder.source_codec, folder.target_codec)
    module: Any = family.load(folder.path)
    from calque.decoding.specification.table import refuse_inexpressible

    refuse_inexpressible(family, module)
    say(f"translating {len(text.sources):,} texts with PyTorch ...")
    reference = proof.refer(family, module, text, folder.target_codec)
    choice = None
    if recipe.alignment:
        from calque.decoding.heads import choose

        say("looking for the heads that align ...")
        choice = choose(family, module, text.sources, reference.spoken.greedy)
    bad = getattr(module.generation_config, "bad_words_ids", None) or []
    never = tuple(ids[0] for ids in bad if len(ids) == 1)
    return _Work(recipe, folder, family, text, vocabulary, never, choice, reference)


def _written(work: _Work, place: Path, quantization: str, kept: Sequence[int] | None = None) -> FastFolder:
    """The network as CTranslate2 wants it, in a new folder; with the `kept` target pieces alone where they are said."""
    from calque.decoding.specification.table import specification

    heads = None if work.choice is None else work.choice.heads
    spec = specification(work.family, work.family.load(work.folder.path), heads, kept)
    spec.validate()
    spec.optimize(quantization=quantization)
    place.mkdir(exist_ok=True)
    with disk.naming(place):
        spec.save(str(place))
    vocabulary = 0 if kept is None else work.recipe.vocabulary
    return FastFolder(place, quantization, work.never, work.shift, work.choice is not None, vocabulary=vocabulary)


def _kept(work: _Work, new: Path, exact: FastFolder, rows: list[Measured], say: Say) -> FastFolder:
    """What stays: the float32 network that was proved, or one of lower precision, which is measured too."""
    quantization = work.recipe.quantize
    if quantization == "float32":
        shutil.copytree(exact.path, new, dirs_exist_ok=True)
        kept = FastFolder(new, quantization, work.never, work.shift, exact.aligned)
    else:
        say(f"measuring {quantization} ...")
        kept = _written(work, new, quantization)
        rows.append(_measured(work, kept))
    return kept


def _trimmed(work: _Work, new: Path, exact: FastFolder, rows: list[Measured], say: Say) -> tuple[FastFolder, float]:
    """What stays with a smaller vocabulary, measured beside the whole one in the same precision, and by how much its
    log-probabilities are others in float32."""
    quantization, beside = work.recipe.quantize, exact.path.parent
    if quantization != "float32":
        say(f"measuring {quantization} ...")
        rows.append(_measured(work, _written(work, beside / "whole", quantization)))
    say("comparing the smaller vocabulary with the whole one ...")
    small = _written(work, beside / "small", "float32", work.vocabulary)
    moved = _moved(work, exact, small)
    _refuse_moved(moved, work.folder)
    kept = _written(work, new, quantization, work.vocabulary)
    rows.append(_measured(work, kept))
    return kept, moved


def _moved(work: _Work, exact: FastFolder, small: FastFolder) -> float:
    """The greatest difference of a log-probability among the pieces that are kept, between a trimmed network and the
    whole one, whose other pieces' probability is shared out."""
    whole, ours = (FastEngine(work.folder, fast, work.recipe.threads) for fast in (exact, small))
    worst = 0.0
    for source, said in list(zip(work.sample.sources, work.reference.spoken.greedy, strict=True))[:_LOOKED_AT]:
        begin = [number for number in said[: len(said) // 2] if ours.has([number])]
        (all_,), (few,) = (engine.ahead([source], [begin], sys.maxsize) for engine in (whole, ours))
        known = dict(all_)
        share = math.log(math.fsum(math.exp(known[number]) for number, _ in few))
        apart = proof.furthest([[known[number] - share for number, _ in few]], [[log_prob for _, log_prob in few]])
        worst = max(worst, apart or 0.0)
    return worst


def _calibrated(
    work: _Work, kept: FastFolder, pairs: list[Pair], say: Say
) -> tuple[Calibration | None, dict[str, Any]]:
    """How sure one may be of what is kept, and what the report tells of it."""
    if not work.recipe.calibrate:
        return None, {"calibration": None}
    why = "there is no --sample and no development text of the translator's own to fit it on"
    if pairs:
        say("fitting confidence ...")
        engine = FastEngine(work.folder, kept, work.recipe.threads)
        began = time.monotonic()
        try:
            found = calibration.fitted(Translator(work.folder.path, engine=engine), pairs)
        except DataError as error:
            why = str(error)
        else:
            seconds = round(time.monotonic() - began, 2)
            return found, {"calibration": {"pairs": len(pairs), "words": found.words, "seconds": seconds}}
    return None, {"calibration": None, "notes": [f"confidence is not calibrated: {why}"]}


def _describe(work: _Work, kept: FastFolder) -> None:
    said = description(work.folder, kept, versions=machine.versions())
    write_text(kept.path / "calque.json", json.dumps(said, indent=1) + "\n")


def _shortlist(recipe: Export, folder: Folder, kept: tuple[int, ...] | None) -> Shortlist | None:
    """What the recipe's shortlist allows; read first, so that a text that is not there stops nothing later."""
    if not recipe.shortlist:
        return None
    if folder.family == "causal":
        raise RecipeError(f"{folder.path}: a decoder alone has no shortlist in CTranslate2: leave out --shortlist")
    return learn(_train(recipe, folder), folder.source_codec, folder.target_codec, recipe.shortlist, kept)


def _vocabulary(recipe: Export, folder: Folder) -> tuple[int, ...] | None:
    """The target pieces that the recipe keeps."""
    if not recipe.vocabulary:
        return None
    if folder.family == "causal":
        raise RecipeError(
            f"{folder.path}: a decoder alone reads and writes with one vocabulary, which cannot be made smaller on one "
            "side: leave out --vocabulary"
        )
    return frequent(_train(recipe, folder), folder.target_codec, recipe.vocabulary)


def _train(recipe: Export, folder: Folder) -> Iterator[Pair]:
    """The text that is learned from."""
    places = recipe.train or tuple(str(place) for place in folder.recipe.get("train", ()))
    if not places:
        raise RecipeError(f"{folder.path} does not say what it was trained on: name the text with --train")
    return usable(Corpus.open(places, folder.source, folder.target))


def _shortened(work: _Work, kept: FastFolder, shortlist: Shortlist, rows: list[Measured], say: Say) -> FastFolder:
    """The same with the table that CTranslate2 looks for, measured again."""
    say("measuring the shortlist ...")
    write_text(kept.path / "vmap.txt", "".join(shortlist.lines()))
    kept = replace(kept, shortlist=work.recipe.shortlist)
    rows.append(_measured(work, kept))
    return kept


def _measured(work: _Work, fast: FastFolder) -> Measured:
    engine = FastEngine(work.folder, fast, work.recipe.threads)
    codec, language = work.folder.target_codec, work.folder.target
    name = f"fast {fast.quantization}"
    name += f", vocabulary {fast.vocabulary}" if fast.vocabulary else ""
    name += f", shortlist {fast.shortlist}" if fast.shortlist else ""
    try:
        return proof.measure(name, engine, work.reference, proof.size(fast.path), codec, language)
    except (RuntimeError, ValueError) as error:  # what CTranslate2 raises
        raise ModelError(f"{work.folder.path}: CTranslate2 cannot compute it ({error}): nothing was exported") from None


def _refuse_inexact(row: Measured, folder: Folder) -> None:
    worst = math.inf if row.max_dlogp is None else row.max_dlogp
    if worst > proof.TOLERANCE:
        raise ModelError(
            f"{folder.path}: what CTranslate2 computes differs from PyTorch by {worst:.2g} in a token's "
            f"log-probability (allowed: {proof.TOLERANCE:g}): nothing was exported; this is a bug worth a report"
        )


def _refuse_moved(moved: float, folder: Folder) -> None:
    if not moved <= proof.TOLERANCE:
        raise ModelError(
            f"{folder.path}: with the smaller vocabulary a token's log-probability is another by {moved:.2g} (allowed: "
            f"{proof.TOLERANCE:g}): nothing was exported; this is a bug worth a report"
        )


def _report(work: _Work, kept: FastFolder, rows: list[Measured], moved: float | None, seconds: float) -> Report:
    details = {
        "out": str(work.folder.path / NAME),
        "quantization": kept.quantization,
        "sample": {
            "name": work.sample.name,
            "pairs": len(work.sample.sources),
            "references": work.sample.references is not None,
            "target_tokens": sum(map(len, work.reference.log_probs)),
        },
        "engines": [row.to_json() for row in rows],
        "max_dlogp": rows[1].max_dlogp,
        "alignment": None if work.choice is None else work.choice.to_json(),
    }
    if work.vocabulary is not None:
        whole = work.folder.target_codec.size
        details["vocabulary"] = {"kept": len(work.vocabulary), "of": whole, "max_dlogp": moved}
    if rows[1].bleu is not None and rows[-1].bleu is not None:
        details["bleu_loss"] = rows[1].bleu - rows[-1].bleu
    return Report(work.recipe.model_dump(mode="json", exclude_none=True), {}, seconds, machine.versions(), details)


def _weights(folder: Folder) -> int:
    return sum(file.stat().st_size for file in folder.path.glob("*.safetensors"))
