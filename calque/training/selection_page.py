"""A selection to look at: Markdown, and one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calque.evaluation import markup, plot
from calque.records import Selection

HEAD = ("candidate", "model", "training", "dev chrF2", "dev BLEU", "sentences/s", "parameters", "outcome")


def row(candidate: Mapping[str, Any]) -> list[str]:
    """A candidate in words."""
    dev, pace, parameters = candidate["dev"], candidate["sentences_per_second"], candidate["parameters"]
    return [
        candidate["name"],
        str(candidate["model"]),
        f"{candidate['training_seconds'] / 60:.1f} min",
        *(f"{dev[name]:.2f}" if name in dev else "–" for name in ("chrF2", "BLEU")),
        "–" if pace is None else f"{pace:,.1f}",
        "–" if parameters is None else f"{parameters / 1e6:,.3g} M",
        outcome(candidate),
    ]


def outcome(candidate: Mapping[str, Any]) -> str:
    """What became of it."""
    if candidate["chosen"]:
        return "chosen"
    if candidate["failed"]:
        return f"failed: {candidate['failed']}"
    left = candidate["left_after_phase"]
    return "finalist" if left is None else f"left after phase {left}"


def markdown(selection: Selection) -> str:
    """The selection as Markdown."""
    rows = [[markup.plain(cell) for cell in row(one)] for one in selection.candidates]
    parts = [
        f"# {markup.plain(_title(selection))}",
        f"**{markup.plain(selection.why)}**",
        markup.table(HEAD, rows),
        "Speed is that of a validation (greedy search, and the loss of the development text), on this machine. The "
        "test of the finalists is in comparison/report.md.",
        "## Recipe",
        markup.indented(markup.toml(selection.recipe)),
        "## Versions",
        "\n".join(f"- {name} {version}" for name, version in selection.versions.items()),
    ]
    return "\n\n".join(parts) + "\n"


def html(selection: Selection) -> str:
    """The selection as one page without scripts or outside resources."""
    candidates = selection.candidates
    return markup.page(
        "selection.html",
        title=_title(selection),
        why=markup.html(selection.why),
        legend="".join(_legend(number, one["name"]) for number, one in enumerate(candidates, 1)),
        plots=_plot(selection, "sentences_per_second", 1.0, "sentences a second", smaller=False)
        + _plot(selection, "parameters", 1e-6, "million parameters", smaller=True),
        candidates=markup.rows(
            HEAD, [row(one) for one in candidates], numbers=range(2, 7), clear=[one["chosen"] for one in candidates]
        ),
        recipe=markup.html(markup.toml(selection.recipe)),
        versions=markup.items(f"{name} {version}" for name, version in selection.versions.items()),
    )


def _title(selection: Selection) -> str:
    recipe = selection.recipe
    return (
        f"{len(selection.candidates)} candidates for {recipe['source']} to {recipe['target']} in {recipe['minutes']:g} "
        f"minute{'s' if recipe['minutes'] != 1 else ''}"
    )


def _legend(number: int, name: str) -> str:
    mark = f'<svg viewBox="0 0 10 10" aria-hidden=true><circle class={plot.colour(number)} cx=5 cy=5 r=5 /></svg>'
    return f"<li>{mark} {markup.html(name)}</li>"


def _plot(selection: Selection, key: str, factor: float, label: str, smaller: bool) -> str:
    """Development chrF2 against a cost, for those that were measured."""
    points = [
        plot.Point(number, one[key] * factor, *[one["dev"]["chrF2"]] * 3)
        for number, one in enumerate(selection.candidates, 1)
        if one[key] and "chrF2" in one["dev"]
    ]
    if not points:
        return ""
    return f"<figure>{plot.pareto(points, label, 'dev chrF2', smaller, False)}</figure>"
