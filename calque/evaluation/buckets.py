"""Which sentences a difference comes from: buckets of sentences that share a difficulty, or an error.

A bucket is a set of sentences that does not depend on which system is which: by the source (its length, its rarest
word, numbers, names, negation), or by what any of the compared systems did there (a number lost, a translation much too
short). So two systems can be tested inside it: swapping their translations does not change who is in it.

Shapes: N sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from calque.evaluation import breakdown, phenomena, significance
from calque.evaluation.words import is_word, words
from calque.records import Pair

SHORT, LONG = 0.7, 1.4  # characters of the translation by those of the reference, beyond which it lacks or adds
_SEEN = (0, 5, 50)  # times that a sentence's rarest word was seen

Floats = npt.NDArray[np.float64]
Fault = Callable[[Pair, str], bool]  # whether a translation of the pair's source has an error


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a system said: its name, the translations of each run, and chrF2 of each sentence (mean over runs, N)."""

    name: str
    runs: Sequence[Sequence[str]]
    chrf_N: Floats


@dataclass(frozen=True, slots=True)
class Rarity:
    """How often each word of the sources occurs, in lower case, and in which text that was counted."""

    counts: Mapping[str, int]
    trained: bool

    @classmethod
    def of(cls, sources: Iterable[str], training: Iterable[str] | None) -> Rarity:
        """Count the words of the sources, in the training text where there is one and else in themselves."""
        own = Counter(word for text in sources for word in _lexical(text))
        if training is None:
            return cls(own, trained=False)
        counts = Counter(word for text in training for word in _lexical(text) if word in own)
        return cls(counts, trained=True)

    def rarest(self, text: str) -> int | None:
        """How often the rarest word was seen; None where the text has no words."""
        return min((self.counts.get(word, 0) for word in _lexical(text)), default=None)


def buckets(
    pairs: Sequence[Pair],
    systems: Sequence[Spoken],
    languages: tuple[str, str],
    rarity: Rarity,
    trials: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Every bucket that has a sentence: its family and name, the number of sentences, the mean chrF2 of each system's
    sentences, in how many sentences each system made the error (of buckets by error), and each two systems' tests.

    A test says by how much the first has more chrF2 than the second in the bucket, and p of that (approximate
    randomisation); by how much elsewhere, and p of the contrast between both (Student's t). All p values of two systems
    are corrected for the number of buckets (Holm).
    """
    rows = []
    for family, name, chosen in _by_source(pairs, languages[0], rarity):
        rows.append(_row(family, name, systems, [np.isin(np.arange(len(pairs)), chosen)] * len(systems)))
    for family, name, fault in _faults(pairs, languages):
        rates = [_rate(fault, pairs, system) for system in systems]
        row = _row(family, name, systems, [rate_N > 0 for rate_N in rates])
        row["errors"] = {s.name: float(rate_N.sum()) for s, rate_N in zip(systems, rates, strict=True)}
        rows.append(row)
    families = list(dict.fromkeys(row["family"] for row in rows))
    rows = sorted((row for row in rows if row["sentences"]), key=lambda row: families.index(row["family"]))
    for a, b in combinations(range(len(systems)), 2):
        _test(rows, systems[a], systems[b], (a, b), trials, seed)
    for row in rows:
        del row["members"]
    return rows


def most(rows: Sequence[Mapping[str, Any]], pair: tuple[str, str], level: float) -> dict[str, Any] | None:
    """The bucket where two systems differ most: both its difference and its contrast to the other sentences are
    significant, and the contrast is the clearest; None where no bucket stands out."""
    found: list[tuple[float, int, dict[str, Any]]] = []
    for row in rows:
        test = next(test for test in row["tests"] if tuple(test["systems"]) == pair)
        stands_out = test["corrected"] < level and test["contrast_corrected"] < level
        if stands_out and test["difference"] * (test["difference"] - test["elsewhere"]) > 0:
            clear = inf if test["contrast_t"] is None else abs(test["contrast_t"])
            found.append((clear, test["sentences"], {"family": row["family"], "name": row["name"], **test}))
    return max(found, key=lambda one: one[:2])[2] if found else None


def omitted(languages: tuple[str, str], sources: Sequence[str], rarity: Rarity) -> dict[str, str]:
    """The families of buckets that are left out or differ, with the reason."""
    found = {}
    if not rarity.trained:
        found["rare words by training frequency"] = (
            "no --train was given, so a word counts as rare where the test text itself has it seldom"
        )
    if not phenomena.has_names(languages[0], sources):
        found["names"] = f"capitals do not tell names in '{languages[0]}'"
    lacking = [code for code in languages if phenomena.negation(code) is None]
    if lacking:
        found["negation"] = "no list of negations is known for " + " and ".join(f"'{code}'" for code in lacking)
    return found


def _lexical(text: str) -> list[str]:
    return [piece.lower() for piece in words(text) if is_word(piece) and not any(sign.isdigit() for sign in piece)]


def _by_source(pairs: Sequence[Pair], code: str, rarity: Rarity) -> list[tuple[str, str, list[int]]]:
    """Family, name and sentences of the buckets that the source decides on."""
    sources = [pair.source for pair in pairs]
    found = []
    for stretch, chosen in breakdown.lengths(sources):
        name = (
            f"over {stretch['from']}" if stretch["to"] is None else f"{(stretch['from'] or 0) + 1} to {stretch['to']}"
        )
        found.append(("length", f"{name} characters in the source", chosen))
    found += _by_rarity(sources, rarity)
    found += _split("numbers", "a number in the source", "no number in the source", sources, phenomena.numbers)
    if phenomena.has_names(code, sources):
        found += _split("names", "a name in the source", "no name in the source", sources, phenomena.names)
    if (negation := phenomena.negation(code)) is not None:
        found += _split("negation", "the source negates", "the source does not negate", sources, negation.search)
    return found


def _split(
    family: str, name: str, other: str, sources: Sequence[str], has: Callable[[str], object]
) -> list[tuple[str, str, list[int]]]:
    """Two buckets: the sources that have something, and those that do not."""
    chosen = [i for i, text in enumerate(sources) if has(text)]
    inside = set(chosen)
    return [(family, name, chosen), (family, other, [i for i in range(len(sources)) if i not in inside])]


def _by_rarity(sources: Sequence[str], rarity: Rarity) -> list[tuple[str, str, list[int]]]:
    where = "in training" if rarity.trained else "in the test text"
    rarest = [rarity.rarest(text) for text in sources]
    never, few, some = _SEEN
    first = [i for i, n in enumerate(rarest) if n is not None and n <= (never if rarity.trained else 1)]
    name = "a word never seen in training" if rarity.trained else "a word that the test text has once"
    low = never if rarity.trained else 1
    return [
        ("rare words", name, first),
        ("rare words", f"rarest word seen {low + 1} to {few} times {where}", _between(rarest, low, few)),
        ("rare words", f"rarest word seen {few + 1} to {some} times {where}", _between(rarest, few, some)),
        ("rare words", f"every word seen over {some} times {where}", _between(rarest, some, None)),
    ]


def _between(counts: Sequence[int | None], above: int, upto: int | None) -> list[int]:
    return [i for i, n in enumerate(counts) if n is not None and n > above and (upto is None or n <= upto)]


def _faults(pairs: Sequence[Pair], languages: tuple[str, str]) -> list[tuple[str, str, Fault]]:
    """Family, name and test of the errors that can be seen in these languages."""
    found: list[tuple[str, str, Fault]] = [
        ("numbers", "a number is missing", _loses_number),
        ("numbers", "a number is added", _adds_number),
        (
            "casing",
            "a word has other capitals than in the reference",
            lambda p, said: phenomena.miscased(said, p.target) > 0,
        ),
        ("length ratio", f"under {SHORT} times as long as the reference", _is_short),
        ("length ratio", f"over {LONG} times as long as the reference", _is_long),
    ]
    if phenomena.has_names(languages[0], [pair.source for pair in pairs]):
        found.append(("names", "a name is missing", _loses_name))
    read, written = (phenomena.negation(code) for code in languages)
    if read is not None and written is not None:
        found.append(
            (
                "negation",
                "negation is missing",
                lambda p, said: _negations(p, said, read, written) == (True, True, False),
            )
        )
        found.append(
            (
                "negation",
                "negation is added",
                lambda p, said: _negations(p, said, read, written) == (False, False, True),
            )
        )
    return found


def _negations(pair: Pair, said: str, read: Any, written: Any) -> tuple[bool, bool, bool]:  # noqa: ANN401
    """Whether source, reference and translation negate."""
    return bool(read.search(pair.source)), bool(written.search(pair.target)), bool(written.search(said))


def _loses_number(pair: Pair, said: str) -> bool:
    """Whether a number that source and reference have is not in the translation."""
    return bool((phenomena.numbers(pair.source) & phenomena.numbers(pair.target)) - phenomena.numbers(said))


def _adds_number(pair: Pair, said: str) -> bool:
    """Whether the translation has a number that neither source nor reference has."""
    return bool(
        set(phenomena.numbers(said)) - set(phenomena.numbers(pair.source)) - set(phenomena.numbers(pair.target))
    )


def _loses_name(pair: Pair, said: str) -> bool:
    """Whether a name that the reference spells as the source does is not in the translation."""
    return bool((phenomena.names(pair.source) & set(words(pair.target))) - set(words(said)))


def _is_short(pair: Pair, said: str) -> bool:
    return len(said.strip()) < SHORT * len(pair.target.strip())


def _is_long(pair: Pair, said: str) -> bool:
    return len(said.strip()) > LONG * len(pair.target.strip())


def _rate(fault: Fault, pairs: Sequence[Pair], system: Spoken) -> Floats:
    """In how many of its runs, as a part of 1, a system makes an error in each sentence."""
    made = [[fault(pair, text) for pair, text in zip(pairs, run, strict=True)] for run in system.runs]
    rates: Floats = np.mean(np.array(made, dtype=np.float64), axis=0)
    return rates


def _row(family: str, name: str, systems: Sequence[Spoken], members: list[npt.NDArray[np.bool_]]) -> dict[str, Any]:
    """A bucket before its tests; `members` says for each system which sentences it puts there."""
    inside_N = np.logical_or.reduce(members)
    means = {s.name: float(s.chrf_N[inside_N].mean()) if inside_N.any() else 0.0 for s in systems}
    return {
        "family": family,
        "name": name,
        "sentences": int(inside_N.sum()),
        "chrF2": means,
        "tests": [],
        "members": members,
    }


def _test(
    rows: Sequence[dict[str, Any]], a: Spoken, b: Spoken, places: tuple[int, int], trials: int, seed: int
) -> None:
    """Add to each bucket the test of two systems."""
    apart_N = a.chrf_N - b.chrf_N
    tests: list[dict[str, Any]] = []
    for row in rows:
        inside_N = row["members"][places[0]] | row["members"][places[1]]
        inside, outside = apart_N[inside_N], apart_N[~inside_N]
        contrast = significance.student(inside, outside) or (0.0, 1.0)
        test: dict[str, Any] = {
            "systems": [a.name, b.name],
            "sentences": len(inside),
            "difference": float(inside.mean()) if len(inside) else 0.0,
            "elsewhere": float(outside.mean()) if len(outside) else 0.0,
            "p": significance.paired(inside, trials, seed) if len(inside) else 1.0,
            "contrast_t": contrast[0] if isfinite(contrast[0]) else None,
            "contrast_p": contrast[1],
        }
        tests.append(test)
        row["tests"].append(test)
    for p, corrected in (("p", "corrected"), ("contrast_p", "contrast_corrected")):
        values = significance.holm({str(i): test[p] for i, test in enumerate(tests)})
        for i, test in enumerate(tests):
            test[corrected] = values[str(i)]
