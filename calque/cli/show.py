"""Records as a person reads them."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from calque.cli import terminal
from calque.records import Check, Report, Score, Selection

if TYPE_CHECKING:
    from calque.decoding.lines import Done

_COLOURS = {"green": "green", "amber": "yellow", "red": "red"}


def report(done: Report) -> None:
    """What came out of a run: scores beside their floors, how they were computed, what to know about them, sentences,
    and how long it took."""
    console = terminal.results()
    details = done.details
    if dev := details.get("dev"):
        told = "  ".join(
            f"{name} {value:.3f}" if name == "loss" else f"{name} {value:.2f}" for name, value in dev.items()
        )
        console.print(Text(f"development text: {told}"))
    if done.scores:
        console.print(scores(done.scores.values(), details.get("floors", {})))
        for score in done.scores.values():
            console.print(Text(f"{score.metric}: {score.signature}", style="dim"))
    for note in details.get("notes", ()):
        console.print(Text(terminal.one_line(note), style="yellow"))
    for row in [*details.get("worst", ()), *details.get("examples", ())]:
        console.print(sentence(row))
    pace = f", {details['sentences_per_second']:,.1f} sentences a second" if "sentences_per_second" in details else ""
    console.print(Text(f"took {terminal.duration(done.seconds)}{pace}"))


def selection(done: Selection) -> None:
    """What became of each candidate, and why the chosen one was."""
    from calque.training import selection_page as page

    table = Table(box=None, pad_edge=False)
    for column, head in enumerate(page.HEAD):
        table.add_column(head, justify="right" if 2 <= column < 7 else "left")
    for candidate in done.candidates:
        table.add_row(*(terminal.one_line(cell) for cell in page.row(candidate)))
    console = terminal.results()
    console.print(table)
    console.print(Text(terminal.one_line(done.why), style="bold"))
    console.print(Text(f"took {terminal.duration(done.seconds)}"))


def scores(found: Iterable[Score], floors: Mapping[str, Mapping[str, Any] | None]) -> RenderableType:
    """One row a metric: its value, its 95 % interval where there is one, and what each floor scores."""
    known = {name: values for name, values in floors.items() if values is not None}
    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    for column in ("score", "95 % interval", *known):
        table.add_column(column, justify="right")
    for score in found:
        is_known = math.isfinite(score.low) and score.low < score.high
        row = [f"{score.value:.2f}", f"{score.low:.2f} to {score.high:.2f}" if is_known else ""]
        row += [f"{values[score.metric]['value']:.2f}" if score.metric in values else "" for values in known.values()]
        table.add_row(score.metric, *row)
    return table


def sentence(row: Mapping[str, Any]) -> Text:
    """A source sentence over its translation and its reference, and where it is from."""
    place = f"{row['origin']}:{row['line']}  chrF2 {row['chrF2']:.1f}" if "origin" in row else "example"
    said = row["hypothesis"] if "hypothesis" in row else row["translation"]
    text = Text.assemble((terminal.visible(place), "dim"))
    for name, words in (("source", row["source"]), ("said", said), ("reference", row["reference"])):
        text.append(f"\n  {name:<9}  ", style="dim").append(terminal.one_line(words))
    return text


def checks(found: Sequence[Check]) -> None:
    """One line a finding; under it, unless all is well, its example lines."""
    console = terminal.results()
    longest = max((len(finding.name) for finding in found), default=0)
    for finding in found:
        level = (f"● {finding.level:<6}", _COLOURS[finding.level])
        name = (f"{finding.name:<{longest}}", "bold")
        console.print(Text.assemble(level, name, f"  {terminal.one_line(finding.message)}"))
        for example in () if finding.level == "green" else finding.examples:
            console.print(Text(f"        {terminal.visible(example)}", style="dim"))


def facts(groups: Mapping[str, Mapping[str, str]]) -> None:
    """Named facts under headings."""
    console = terminal.results()
    for heading, named in groups.items():
        console.print(Text(heading, style="bold"))
        for name, value in named.items():
            console.print(Text(f"  {name:<20}  {value}"))


def warnings(done: Done) -> None:
    """On standard error, what the translator had to say about single texts."""
    console = terminal.progress()
    for number, warning in done.warnings:
        console.print(Text(f"calque: text {number:,}: {warning}", style="yellow"))
    if done.warned > len(done.warnings):
        console.print(Text(f"calque: {done.warned:,} texts in all have a warning (--json tells each)", style="yellow"))


def upload(done: Mapping[str, Any]) -> None:
    """What went to the hub, or would: each file with its size, what stays here, and what to know about it."""
    console = terminal.results()
    for file in done["files"]:
        copy = "  (a copy without the paths of this machine, or with the licence)" if file["copy"] else ""
        console.print(Text(f"{file['bytes']:>15,}  {file['name']}{copy}"))
    console.print(Text(f"{done['bytes']:>15,}  bytes in all, licence {done['licence']}", style="bold"))
    for what, names in (("stays here", done["left_out"]), ("goes away there", done.get("deleted", ()))):
        if names:
            console.print(Text(f"{what}: {', '.join(names)}", style="dim"))
    for note in done["notes"]:
        console.print(Text(terminal.one_line(note), style="yellow"))
    where = f"{done['repo']} ({done['revision']})"
    sent = f"would go to {where}; nothing was sent" if done["dry_run"] else f"uploaded to {where}: {done['url']}"
    console.print(Text(sent, style="bold"))


def exported(done: Mapping[str, Any]) -> None:
    """What an export says and costs beside PyTorch, on what that was measured, and where it lies."""
    console = terminal.results()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("engine", no_wrap=True)
    for heading in ("max |dlogp|", "same greedy", "same beam 4", "BLEU", "size", "greedy/s", "beam 4/s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in done["engines"]:
        table.add_row(
            row["name"],
            "-" if row["max_dlogp"] is None else f"{row['max_dlogp']:.1e}",
            f"{row['same_greedy']:.1%}",
            f"{row['same_beam']:.1%}",
            "-" if row["bleu"] is None else f"{row['bleu']:.2f}",
            f"{row['bytes'] / 1e6:.1f} MB",
            f"{row['greedy_per_second']:.1f}",
            f"{row['beam_per_second']:.1f}",
        )
    console.print(table)
    sample = done["sample"]
    console.print(
        Text(f"{sample['pairs']:,} texts of {terminal.one_line(sample['name'])}; sentences a second of CPU time", "dim")
    )
    if not sample["references"]:
        console.print(
            Text("such texts are the hardest there are: real ones, with --sample, say how often outputs differ", "dim")
        )
    if (heads := done["alignment"]) is not None:
        which = ", ".join(str(head + 1) for head in heads["heads"])
        console.print(
            Text(f"words are aligned by head {which} of layer {heads['layer'] + 1} ({heads['agreement']:.0%})", "dim")
        )
    if (fitted := done["calibration"]) is not None:
        console.print(Text(f"confidence is calibrated on {fitted['words']:,} words ({fitted['seconds']:.1f} s)", "dim"))
    for note in done.get("notes", ()):
        console.print(Text(terminal.one_line(note), style="yellow"))
    console.print(Text(f"exported: {done['out']} ({done['quantization']})", style="bold"))


def next_steps(folder: Path) -> None:
    """What to do with a finished translator."""
    console = terminal.results()
    console.print(Text(f"translator: {folder}", style="bold"))
    console.print(Text(f'try it:     calque translate {shlex.quote(str(folder))} "..."'))


def beginning(folder: Path, objective: str) -> None:
    """What a finished language model is good for."""
    console = terminal.results()
    console.print(Text(f"language model: {folder}", style="bold"))
    flag = "decoder" if objective == "clm" else "model"
    console.print(Text(f"translate:      calque finetune --{flag} {shlex.quote(str(folder))} ..."))


def own_files(model: str) -> None:
    """The command that trains on one's own text, as the demo trained on its own."""
    console = terminal.results()
    console.print(
        Text("your text:  data/train.en and data/train.fr, a sentence a line; data/dev and data/test likewise; then")
    )
    places = "--train data/train --dev data/dev --test data/test --source en --target fr"
    console.print(Text(f"            calque finetune --model {shlex.quote(model)} {places} --out my-translator"))
