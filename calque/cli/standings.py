"""A comparison as a person reads it in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from calque.cli import terminal
from calque.records import Comparison


def show(done: Comparison) -> None:
    """Scores of each system, p of each two, what they cost, where they differ, and at last who is better, if any."""
    from calque.evaluation import comparison_page as page

    console = terminal.results()
    console.print(_table(("metric", "system", "score", "95 % interval", "runs"), _scores(done), numbers=(2, 3)))
    for score in done.systems[0]["scores"].values():
        console.print(Text(f"{score.metric}: {score.signature}", style="dim"))
    tests = [page.tested(row)[1:] for row in done.tests if row["set"] == "all"]
    console.print(_table((*page.TESTS[1:],), tests, numbers=range(3, 8)))
    costs = [(one["name"], *page.cost(one)) for one in done.systems]
    console.print(_table(("system", *page.COSTS), costs, numbers=range(1, 5)))
    head, rows = page.bucket_rows(done)
    console.print(_table((*head[:3], *(f"chrF2 {name}" for name in head[3:])), rows, numbers=range(2, len(head))))
    for row in done.details["apart"]:
        for found in row["sentences"][:1]:
            console.print(_beside(row["systems"], found))
    for sentence in page.findings(done.details):
        console.print(Text(terminal.one_line(sentence)))
    for note in page.remarks(done.details):
        console.print(Text(terminal.one_line(note), style="yellow"))
    console.print(Text(terminal.one_line(done.why), style="bold"))
    console.print(Text(f"took {terminal.duration(done.seconds)}"))


def _scores(done: Comparison) -> Sequence[Sequence[str]]:
    """A row for each metric and system; the deviation where it has several runs."""
    rows = []
    for name in done.systems[0]["scores"]:
        for one in done.systems:
            score = one["scores"][name]
            runs = f"± {one['deviation'][name]:.2f} over {len(one['runs'])}" if one["deviation"] else ""
            interval = f"{score.low:.2f} to {score.high:.2f}"
            rows.append((name, one["name"], f"{score.value:.2f}", interval, runs))
    return rows


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> Table:
    """Plain cells below plain heads."""
    table = Table(box=None, pad_edge=False)
    for column, title in enumerate(head):
        table.add_column(Text(terminal.one_line(title)), justify="right" if column in numbers else "left")
    for row in rows:
        table.add_row(*(Text(terminal.one_line(cell)) for cell in row))
    return table


def _beside(names: Sequence[str], row: Mapping[str, Any]) -> Text:
    """A sentence and what two systems make of it."""
    place = f"{row['origin']}:{row['line']}, where {names[0]} and {names[1]} differ most"
    text = Text.assemble((terminal.one_line(place), "dim"))
    scored = [f"{name}, chrF2 {value:.1f}" for name, value in zip(names, row["chrF2"], strict=True)]
    said = zip(scored, row["said"], strict=True)
    for name, words in (("source", row["source"]), ("reference", row["reference"]), *said):
        text.append(f"\n  {terminal.one_line(name)}: ", style="dim").append(terminal.one_line(words))
    return text
