"""Proof that an export computes what the network does: the same log-probabilities, the same texts, at what speed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calque.decoding.sample import Sample
from calque.model.hypothesis import Hypothesis
from calque.recipes.search import Search
from calque.text.codec import Codec

if TYPE_CHECKING:
    from calque.decoding.fast import FastEngine
    from calque.model.family import Family

GREEDY, BEAM = Search(beam=1), Search(beam=4)
TOLERANCE = 1e-4  # nats by which a token's log-probability may differ in float32
_AT_ONCE = 32  # sources of a batch, of both engines
_SPACELESS = {"zh", "ja", "th", "lo", "km", "my", "bo", "yue", "wuu", "lzh"}

Searches = Callable[[Sequence[list[int]], Search], list[list[Hypothesis]]]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What an engine said to the sample: bare ids of each best hypothesis, and CPU seconds, greedily and by beam."""

    greedy: list[list[int]]
    beam: list[list[int]]
    greedy_seconds: float
    beam_seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """An engine beside PyTorch.

    max_dlogp: the greatest difference of a target token's log-probability, in nats; None of PyTorch itself, and where
        no target could be compared.
    same_greedy, same_beam: shares of the sample to which both say exactly the same.
    bleu: of the beam's outputs, None without references.
    bytes: size of the weights on disk.
    greedy_per_second, beam_per_second: sentences in a second of CPU time.
    """

    name: str
    max_dlogp: float | None
    same_greedy: float
    same_beam: float
    bleu: float | None
    bytes: int
    greedy_per_second: float
    beam_per_second: float

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Reference:
    """PyTorch's answers to the sample: what it says, and the log-probabilities of `targets` after `sources`."""

    sample: Sample
    spoken: Spoken
    sources: list[list[int]]
    targets: list[list[int]]
    log_probs: list[list[float]]


def refer(family: Family, module: Any, sample: Sample, codec: Codec) -> Reference:  # noqa: ANN401
    """Let PyTorch answer: to the sample it speaks greedily and by beam, and both what it says and what the references
    say is scored."""
    from calque.decoding import reference

    def searches(sources: Sequence[list[int]], how: Search) -> list[list[Hypothesis]]:
        return reference.search(family, module, sources, how)

    said = spoken(searches, sample.sources)
    sources, targets = list(sample.sources), list(said.greedy)
    if sample.references is not None:
        wanted = [list(codec.special.bare(ids)) for ids in codec.encode_all(sample.references)]
        room = codec.max_length - codec.special.framing
        fitting = [(source, ids) for source, ids in zip(sample.sources, wanted, strict=True) if len(ids) <= room]
        sources += [source for source, _ in fitting]
        targets += [ids for _, ids in fitting]
    return Reference(sample, said, sources, targets, reference.log_probs(family, module, sources, targets))


def spoken(searches: Searches, sources: Sequence[list[int]]) -> Spoken:
    """What is said to the sources, in batches of like lengths, and how much CPU time it takes."""
    greedy, greedy_seconds = _searched(searches, sources, GREEDY)
    beam, beam_seconds = _searched(searches, sources, BEAM)
    return Spoken(greedy, beam, greedy_seconds, beam_seconds)


def _searched(searches: Searches, sources: Sequence[list[int]], how: Search) -> tuple[list[list[int]], float]:
    order = sorted(range(len(sources)), key=lambda place: -len(sources[place]))
    found: dict[int, list[int]] = {}
    searches([sources[order[-1]]], how)  # what is done once only is not measured
    began = time.process_time()
    for first in range(0, len(order), _AT_ONCE):
        places = order[first : first + _AT_ONCE]
        for place, hypotheses in zip(places, searches([sources[place] for place in places], how), strict=True):
            found[place] = hypotheses[0].ids
    return [found[place] for place in range(len(sources))], time.process_time() - began


def itself(reference: Reference, weights: int, codec: Codec, language: str) -> Measured:
    """PyTorch's own row."""
    return _measured("torch float32", None, reference.spoken, reference, weights, codec, language)


def measure(name: str, engine: FastEngine, reference: Reference, weights: int, codec: Codec, language: str) -> Measured:
    """A fast engine beside PyTorch; the arguments are a name for it, the size of its weights in bytes, and the target
    side's codec and language. Targets with pieces that the engine lacks are not compared token by token."""
    known = [place for place, target in enumerate(reference.targets) if engine.has(target)]
    readings = engine.scores(*([some[place] for place in known] for some in (reference.sources, reference.targets)))
    worst = furthest(readings, [reference.log_probs[place] for place in known])
    said = spoken(engine.generate, reference.sample.sources)
    return _measured(name, worst, said, reference, weights, codec, language)


def furthest(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> float | None:
    """The greatest difference between log-probabilities of the same tokens, in nats; infinite where one is no number,
    None where there is none.

    >>> furthest([[-1.0, -2.5], [-1.0]], [[-1.0, -2.0], [float("nan")]])
    inf
    """
    pairs = [pair for rows in zip(ours, theirs, strict=True) for pair in zip(*rows, strict=True)]
    apart = [abs(one - other) for one, other in pairs if one != other]
    if any(map(math.isnan, apart)):  # which `max` would pass over
        return math.inf
    return max(apart, default=0.0 if pairs else None)


def _measured(
    name: str,
    worst: float | None,
    said: Spoken,
    reference: Reference,
    weights: int,
    codec: Codec,
    language: str,
) -> Measured:
    count, references = len(said.greedy), reference.sample.references
    return Measured(
        name=name,
        max_dlogp=worst,
        same_greedy=_same(said.greedy, reference.spoken.greedy),
        same_beam=_same(said.beam, reference.spoken.beam),
        bleu=None if references is None else bleu(said.beam, references, codec, language),
        bytes=weights,
        greedy_per_second=count / max(said.greedy_seconds, 1e-9),
        beam_per_second=count / max(said.beam_seconds, 1e-9),
    )


def _same(some: Sequence[list[int]], others: Sequence[list[int]]) -> float:
    return sum(one == other for one, other in zip(some, others, strict=True)) / len(some)


def bleu(said: Sequence[list[int]], references: Sequence[str], codec: Codec, language: str) -> float:
    """sacrebleu's BLEU, by characters for languages that put no spaces between words; it is there to be compared with
    that of the same sample."""
    from sacrebleu.metrics.bleu import BLEU

    texts = [codec.decode(ids).replace("\n", " ").strip() for ids in said]
    base = language.replace("_", "-").split("-")[0].lower()
    metric = BLEU(tokenize="char" if base in _SPACELESS else "13a", force=True)
    return float(metric.corpus_score(texts, [list(references)]).score)


def size(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
