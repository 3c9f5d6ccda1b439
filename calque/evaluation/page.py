"""A report to look at: Markdown, and one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calque.evaluation import markup
from calque.evaluation.metrics import LOWER_IS_BETTER
from calque.evaluation.words import differences
from calque.records import Report, Score

FLOORS = {"lexicon": "word lexicon", "copy": "source copied"}
_MARKS = "<del>Struck out</del>: said, but not in the reference. <ins>Underlined</ins>: in the reference, but not said."


def markdown(report: Report) -> str:
    """The report as Markdown, with tags where a translation and its reference differ."""
    details = report.details
    floors = _floors(details)
    head = ["metric", "value", "95 % interval", *(FLOORS[name] for name in floors), "signature"]
    rows = [
        [
            name,
            markup.number(found.value),
            markup.interval(found),
            *(_floor(values, name) for values in floors.values()),
            markup.code(found.signature),
        ]
        for name, found in report.scores.items()
    ]
    parts = [
        f"# {markup.plain(_title(report))}",
        markup.plain(_summary(report)),
        "## Scores",
        markup.table(head, rows),
        "\n".join(f"- {markup.plain(note)}" for note in _remarks(details)),
        *_markdown_breakdown(details),
        *_markdown_worst(details.get("worst", [])),
        "## Recipe",
        markup.indented(markup.toml(report.recipe)),
        "## Versions",
        "\n".join(f"- {name} {version}" for name, version in report.versions.items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def html(report: Report) -> str:
    """The report as one page without scripts or outside resources, for light and dark screens of any width."""
    details = report.details
    return markup.page(
        "page.html",
        title=_title(report),
        summary=markup.html(_summary(report)),
        scores="".join(_metric(found, _floors(details)) for found in report.scores.values()),
        marks=_MARKS,
        remarks=markup.items(_remarks(details)),
        histogram=_histogram(details.get("histogram", [])),
        lengths=_lengths(details.get("by_length", [])),
        worst="".join(_sentence(row, details) for row in details.get("worst", [])),
        recipe=markup.html(markup.toml(report.recipe)),
        versions=markup.items(f"{name} {version}" for name, version in report.versions.items()),
    )


def _title(report: Report) -> str:
    details = report.details
    return f"{details.get('folder', 'translator')}: {details['source']} to {details['target']}"


def _summary(report: Report) -> str:
    details = report.details
    pace = f"{details['sentences_per_second']:,.1f} sentences a second"
    ratio = f"translations are {details['length']['ratio']:.3f} times as long as the references"
    where = f" on {details['machine']['platform']} with {details['machine']['processors']} processors"
    files = f" ({', '.join(details['files'])})" if details.get("files") else ""
    return f"{details['test']['pairs']:,} sentences{files}, text {details['test']['sha256']}; {pace}{where}; {ratio}."


def _remarks(details: Mapping[str, Any]) -> list[str]:
    """Sentences that stand under the scores."""
    learned = (details["floors"].get("lexicon") or {}).get("learned")
    return [
        *details["notes"],
        *(f"No {FLOORS.get(name, name)}: {reason}." for name, reason in details["omitted"].items()),
        *(f"{row['message']} ({row['count']} sentences, first {row['places'][0]})" for row in details["warnings"]),
        *([f"The word lexicon was learned from {learned['pairs']:,} pairs."] if learned else []),
    ]


def _floors(details: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The floors that there are, by name."""
    return {name: details["floors"][name] for name in FLOORS if details["floors"].get(name)}


def _floor(values: Mapping[str, Any], metric: str) -> str:
    return markup.number(values[metric]["value"]) if metric in values else ""


# Markdown


def _markdown_breakdown(details: Mapping[str, Any]) -> list[str]:
    bins, lengths = details.get("histogram", []), details.get("by_length", [])
    most = max((row["sentences"] for row in bins), default=0) or 1
    bars = [
        [f"{row['from']} to {row['to']}", str(row["sentences"]), "█" * round(30 * row["sentences"] / most)]
        for row in bins
    ]
    rows = [[markup.stretch(row), str(row["sentences"]), markup.number(row["chrF2"])] for row in lengths]
    return [
        "## chrF2 of single sentences",
        markup.table(["chrF2", "sentences", ""], bars),
        "## chrF2 by length of the reference",
        markup.table(["characters", "sentences", "chrF2"], rows),
    ]


def _markdown_worst(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    return ["## Worst sentences", _MARKS, *map(_markdown_sentence, rows)]


def _markdown_sentence(row: Mapping[str, Any]) -> str:
    said, wanted = differences(row["hypothesis"], row["reference"])
    return "\n".join(
        [
            f"- chrF2 {row['chrF2']:.1f}, {markup.plain(row['origin'])}:{row['line']}",
            f"  - source: {markup.plain(row['source'])}",
            f"  - translation: {markup.tagged(said, 'del')}",
            f"  - reference: {markup.tagged(wanted, 'ins')}",
        ]
    )


# HTML


def _metric(found: Score, floors: Mapping[str, Mapping[str, Any]]) -> str:
    """A metric as a card: value, interval, and its bar above those of the floors."""
    values = {FLOORS[name]: values[found.metric]["value"] for name, values in floors.items() if found.metric in values}
    full = max(100.0, found.value, found.high)  # a floor's TER may be far beyond: its bar ends there
    bars = markup.bar(
        "translator", found.value, full, "own", (found.low, found.high) if "bs:" in found.signature else None
    )
    bars += "".join(markup.bar(name, value, full, "floor") for name, value in values.items())
    better = " <small>lower is better</small>" if found.metric in LOWER_IS_BETTER else ""
    interval = f"<p>95 % interval {markup.interval(found)}</p>" if "bs:" in found.signature else ""
    return (
        f"<article><h3>{markup.html(found.metric)}{better}</h3><p class=value>{markup.number(found.value)}</p>"
        f"{interval}<dl class=bars>{bars}</dl>{markup.signed(found.signature)}</article>"
    )


def _histogram(bins: Sequence[Mapping[str, Any]]) -> str:
    most = max((row["sentences"] for row in bins), default=0) or 1
    return "".join(
        markup.bar(f"{row['from']} to {row['to']}", row["sentences"], most, "own", shown=f"{row['sentences']:,}")
        for row in bins
    )


def _lengths(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(
        markup.bar(f"{markup.stretch(row)} ({row['sentences']:,} sentences)", row["chrF2"], 100, "own") for row in rows
    )


def _sentence(row: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """One of the worst sentences, as a card: what is too much is struck out, what is lacking is underlined."""
    said, wanted = differences(row["hypothesis"], row["reference"])
    rows = [
        ("source", details["source"], markup.html(row["source"])),
        ("translation", details["target"], markup.marked(said, "del")),
        ("reference", details["target"], markup.marked(wanted, "ins")),
    ]
    place = f"chrF2 {row['chrF2']:.1f} <small>{markup.html(row['origin'])}:{row['line']}</small>"
    return f"<article><h3>{place}</h3>{markup.texts(rows)}</article>"
