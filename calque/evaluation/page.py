"""A report to look at: Markdown, and one HTML page that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any

import tomlkit

from calque.evaluation.metrics import LOWER_IS_BETTER
from calque.evaluation.words import Marked, differences
from calque.records import Report, Score

FLOORS = {"lexicon": "word lexicon", "copy": "source copied"}
_MARKS = "<del>Struck out</del>: said, but not in the reference. <ins>Underlined</ins>: in the reference, but not said."
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def markdown(report: Report) -> str:
    """The report as Markdown, with tags where a translation and its reference differ."""
    details = report.details
    floors = _floors(details)
    head = ["metric", "value", "95 % interval", *(FLOORS[name] for name in floors), "signature"]
    rows = [
        [
            name,
            _number(found.value),
            _interval(found),
            *(_floor(values, name) for values in floors.values()),
            f"`{found.signature.replace('|', chr(92) + '|')}`",
        ]
        for name, found in report.scores.items()
    ]
    parts = [
        f"# {_plain(_title(report))}",
        _plain(_summary(report)),
        "## Scores",
        _table(head, rows),
        "\n".join(f"- {_plain(note)}" for note in _remarks(details)),
        *_markdown_breakdown(details),
        *_markdown_worst(details.get("worst", [])),
        "## Recipe",
        "\n".join(f"    {line}" for line in _recipe(report).splitlines()),
        "## Versions",
        "\n".join(f"- {name} {version}" for name, version in report.versions.items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def html(report: Report) -> str:
    """The report as one page without scripts or outside resources, for light and dark screens of any width."""
    details = report.details
    template = resources.files("calque.evaluation").joinpath("page.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        title=_html(_title(report)),
        summary=_html(_summary(report)),
        scores="".join(_metric(found, _floors(details)) for found in report.scores.values()),
        marks=_MARKS,
        remarks="".join(f"<li>{_html(note)}</li>" for note in _remarks(details)),
        histogram=_histogram(details.get("histogram", [])),
        lengths=_lengths(details.get("by_length", [])),
        worst="".join(_sentence(row, details) for row in details.get("worst", [])),
        recipe=_html(_recipe(report)),
        versions="".join(f"<li>{_html(name)} {_html(version)}</li>" for name, version in report.versions.items()),
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
    return _number(values[metric]["value"]) if metric in values else ""


def _number(value: float) -> str:
    return f"{value:.2f}"


def _interval(found: Score) -> str:
    """The interval in words; a dash where there is none."""
    return f"{_number(found.low)} to {_number(found.high)}" if "bs:" in found.signature else "–"


def _recipe(report: Report) -> str:
    """The settings as TOML."""
    return tomlkit.dumps({name: value for name, value in report.recipe.items() if value is not None})


def _stretch(row: Mapping[str, Any]) -> str:
    return f"over {row['from']}" if row["to"] is None else f"{row['from'] + 1} to {row['to']}"


# Markdown


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_\[\]<>|~&#$])", r"\\\1", " ".join(text.split()))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _tagged(stretches: Marked, tag: str) -> str:
    """Stretches with their differences in HTML tags: Markdown's own ** does not close after an apostrophe."""
    return "".join(f"<{tag}>{_plain(text)}</{tag}>" if changed else _spaced(text) for text, changed in stretches)


def _spaced(text: str) -> str:
    """Plain text with the space before and after it kept, which parts it from its tagged neighbours."""
    before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
    return f"{before}{_plain(text)}{after}" if text.strip() else " "


def _markdown_breakdown(details: Mapping[str, Any]) -> list[str]:
    bins, lengths = details.get("histogram", []), details.get("by_length", [])
    most = max((row["sentences"] for row in bins), default=0) or 1
    bars = [
        [f"{row['from']} to {row['to']}", str(row["sentences"]), "█" * round(30 * row["sentences"] / most)]
        for row in bins
    ]
    rows = [[_stretch(row), str(row["sentences"]), _number(row["chrF2"])] for row in lengths]
    return [
        "## chrF2 of single sentences",
        _table(["chrF2", "sentences", ""], bars),
        "## chrF2 by length of the reference",
        _table(["characters", "sentences", "chrF2"], rows),
    ]


def _markdown_worst(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    return ["## Worst sentences", _MARKS, *map(_markdown_sentence, rows)]


def _markdown_sentence(row: Mapping[str, Any]) -> str:
    said, wanted = differences(row["hypothesis"], row["reference"])
    return "\n".join(
        [
            f"- chrF2 {row['chrF2']:.1f}, {_plain(row['origin'])}:{row['line']}",
            f"  - source: {_plain(row['source'])}",
            f"  - translation: {_tagged(said, 'del')}",
            f"  - reference: {_tagged(wanted, 'ins')}",
        ]
    )


# HTML


def _html(text: str) -> str:
    """Text for an HTML page; control characters, which HTML forbids, become replacement characters."""
    return escape(_CONTROL.sub("\ufffd", text))


def _metric(found: Score, floors: Mapping[str, Mapping[str, Any]]) -> str:
    """A metric as a card: value, interval, and its bar above those of the floors."""
    values = {FLOORS[name]: values[found.metric]["value"] for name, values in floors.items() if found.metric in values}
    full = max(100.0, found.value, found.high)  # a floor's TER may be far beyond: its bar ends there
    bars = _row("translator", found.value, full, "own", (found.low, found.high) if "bs:" in found.signature else None)
    bars += "".join(_row(name, value, full, "floor") for name, value in values.items())
    better = " <small>lower is better</small>" if found.metric in LOWER_IS_BETTER else ""
    interval = f"<p>95 % interval {_interval(found)}</p>" if "bs:" in found.signature else ""
    signature = _html(found.signature).replace("|", "|<wbr>")
    return (
        f"<article><h3>{_html(found.metric)}{better}</h3><p class=value>{_number(found.value)}</p>{interval}"
        f"<dl class=bars>{bars}</dl><p class=signature><code>{signature}</code></p></article>"
    )


def _row(
    label: str, value: float, full: float, kind: str, interval: tuple[float, float] | None = None, shown: str = ""
) -> str:
    """A labelled bar of `value` out of `full`, with a bracket over its interval."""
    scale = 100 / full
    bracket = ""
    if interval is not None:
        low, width = interval[0] * scale, max((interval[1] - interval[0]) * scale, 1.2)
        bracket = f'<rect class=interval x="{low:.2f}" y=1 width="{width:.2f}" height=8 />'
    return (
        f"<dt>{_html(label)}</dt><dd><svg viewBox='0 0 100 10' preserveAspectRatio=none aria-hidden=true>"
        f"<rect class=track width=100 height=10 />"
        f'<rect class={kind} width="{min(value * scale, 100):.2f}" height=10 />{bracket}</svg>'
        f"<span>{_html(shown) or _number(value)}</span></dd>"
    )


def _histogram(bins: Sequence[Mapping[str, Any]]) -> str:
    most = max((row["sentences"] for row in bins), default=0) or 1
    return "".join(
        _row(f"{row['from']} to {row['to']}", row["sentences"], most, "own", shown=f"{row['sentences']:,}")
        for row in bins
    )


def _lengths(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(_row(f"{_stretch(row)} ({row['sentences']:,} sentences)", row["chrF2"], 100, "own") for row in rows)


def _sentence(row: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """One of the worst sentences, as a card: what is too much is struck out, what is lacking is underlined."""
    said, wanted = differences(row["hypothesis"], row["reference"])
    lines = [
        ("source", details["source"], _html(row["source"])),
        ("translation", details["target"], _marked(said, "del")),
        ("reference", details["target"], _marked(wanted, "ins")),
    ]
    rows = "".join(
        f'<dt>{name}</dt><dd lang="{_html(code.replace("_", "-"))}" dir=auto>{text or "<em>nothing</em>"}</dd>'
        for name, code, text in lines
    )
    place = f"chrF2 {row['chrF2']:.1f} <small>{_html(row['origin'])}:{row['line']}</small>"
    return f"<article><h3>{place}</h3><dl class=texts>{rows}</dl></article>"


def _marked(stretches: Marked, tag: str) -> str:
    return "".join(f"<{tag}>{_html(text)}</{tag}>" if changed else _html(text) for text, changed in stretches)
