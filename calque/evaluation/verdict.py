"""Who has won, if anybody has: no winner is named without significance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calque.evaluation.metrics import LOWER_IS_BETTER
from calque.model.disk import told


@dataclass(frozen=True, slots=True)
class Verdict:
    """The winner's name or None, the name of what to take (None: nothing recommends one), and a sentence on both."""

    winner: str | None
    choice: str | None
    why: str


def verdict(
    values: Mapping[str, float], sizes: Mapping[str, int | None], tests: Sequence[Mapping[str, Any]], metric: str
) -> Verdict:
    """Judge by the tests on all of the test text.

    The system with the best score wins if it is significantly better in that metric than each other one, and no other
    metric finds one of them significantly better. Else nobody wins, and the smallest of those that were not told apart
    from the best is recommended.

    Args:
        values: score in the metric, by name of the system.
        sizes: bytes on the disk, by name; None: not known.
        tests: rows of `systems`, `metric`, `difference`, `p` (the largest one), `identical` and `better` (a name or
            None), for each two systems and each metric.
        metric: the metric that decides.
    """
    lower = metric in LOWER_IS_BETTER
    best = min(values, key=lambda name: values[name] if lower else -values[name])
    against = {other: _row(tests, best, other, metric) for other in values if other != best}
    protests = [row for row in tests if best in row["systems"] and row["better"] not in (None, best)]
    objectors = {row["better"] for row in protests}
    rivals = [name for name, row in against.items() if row["better"] != best or name in objectors]
    if not rivals:
        return Verdict(best, best, _victory(values, against, metric, best))
    choice, advice = _smallest([name for name in values if name == best or name in rivals], sizes)
    reasons = [_reason(best, name, against[name], protests, metric) for name in rivals]
    beaten = [name for name in against if name not in rivals]
    reasons += [f"{best} is better than {_listed(beaten)}"] if beaten else []
    return Verdict(None, choice, f"no winner: {'; '.join([*reasons, advice])}")


def _row(tests: Sequence[Mapping[str, Any]], one: str, other: str, metric: str) -> Mapping[str, Any]:
    return next(row for row in tests if row["metric"] == metric and set(row["systems"]) == {one, other})


def _victory(values: Mapping[str, float], against: Mapping[str, Mapping[str, Any]], metric: str, best: str) -> str:
    if len(against) == 1:
        ((other, row),) = against.items()
        scores = f"{metric} {values[best]:.2f} against {values[other]:.2f}"
        return f"{best} is better than {other}: {scores}, p = {row['p']:.4f}"
    each = ", ".join(
        f"than {other} by {abs(row['difference']):.2f} (p = {row['p']:.4f})" for other, row in against.items()
    )
    return (
        f"{best} is better than every other system in {metric}: {each}; p is corrected for several comparisons (Holm)"
    )


def _reason(best: str, other: str, row: Mapping[str, Any], protests: Sequence[Mapping[str, Any]], metric: str) -> str:
    """Why a system is not beaten."""
    if row["identical"]:
        return f"{best} and {other} say the same in every sentence"
    against = [protest["metric"] for protest in protests if protest["better"] == other]
    if against:
        return f"{best} has the better {metric}, but {other} the significantly better {_listed(against)}"
    return (
        f"{best} and {other} are not told apart ({metric} differs by {abs(row['difference']):.2f}, p = {row['p']:.4f})"
    )


def _smallest(group: Sequence[str], sizes: Mapping[str, int | None]) -> tuple[str | None, str]:
    """The smallest system of a group, and the advice to take it."""
    known = {name: size for name in group if (size := sizes[name]) is not None}
    if not known:
        return None, "their sizes are not known, so nothing recommends one"
    least = min(known, key=lambda name: known[name])
    if len(known) == len(group) and len(set(known.values())) == 1:
        return least, "take either, they have the same size" if len(group) == 2 else "take any, they have the same size"
    which = "the smallest" if len(known) == len(group) else "the smallest whose size is known"
    return least, f"take {which}: {least} ({told(known[least])})"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
