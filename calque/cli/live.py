"""The progress of training: one live region on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from calque.cli import terminal
from calque.training.progress import Event, Listener, Message, Sample, Step, Validation

_DIGITS = {"bits_per_character": ".3f"}


@contextmanager
def listener() -> Iterator[Listener]:
    """A listener that shows a run on standard error for as long as the block lasts."""
    console = terminal.progress()
    if not console.is_terminal:
        yield Lines(console)
        return
    region = Region(console)
    with Live(console=console, get_renderable=region.render, refresh_per_second=4, transient=True):
        yield region


class Lines:
    """A line for each message and validation, and one for the steps every `terminal.QUIET_SECONDS`."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._said = -terminal.QUIET_SECONDS

    def event(self, event: Event) -> None:
        """Print the event, unless it is a step too soon after the last one."""
        if not isinstance(event, Step):
            self._console.print(_told(event))
        elif self._clock() - self._said >= terminal.QUIET_SECONDS:
            self._said = self._clock()
            self._console.print(Text(f"{_place(event)}  {_measures(event)}"))


class Region:
    """Messages and validations as lines that stay; under them the step, a bar and a sample that are drawn anew."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step: Step | None = None
        self._sample: Sample | None = None

    def event(self, event: Event) -> None:
        """Keep a step for the next drawing; print everything else above the region."""
        if isinstance(event, Step):
            self._sample = event.sample or self._sample
            self._step = replace(event, sample=self._sample)
            return
        if isinstance(event, Validation):
            self._sample = event.sample
        self._console.print(_told(event))

    def render(self) -> RenderableType:
        """What the region looks like now."""
        if self._step is None:
            return Text("preparing ...", style="dim")
        bar = Table.grid(padding=(0, 1))
        bar.add_row(ProgressBar(total=1.0, completed=self._step.fraction, width=30), Text(_place(self._step)))
        return Group(bar, Text(_measures(self._step)), *_sample_rows(self._sample))


def _told(event: Message | Validation) -> Text:
    if isinstance(event, Message):
        return Text(terminal.one_line(event.text))
    scores = "  ".join(f"{name} {value:{_DIGITS.get(name, '.1f')}}" for name, value in event.scores.items())
    line = Text(f"step {event.step:,}  dev loss {event.loss:.3f}  {scores}")
    return line.append("  best so far", style="green") if event.best else line


def _place(step: Step) -> str:
    total = "" if step.total is None else f"/{step.total:,}"
    return f"step {step.step:,}{total} ({step.fraction:.0%})"


def _measures(step: Step) -> str:
    parts = [f"loss {step.loss:.3f}", f"lr {step.learning_rate:.1e}", f"{step.tokens_per_second:,.0f} tokens/s"]
    if step.best is not None:
        parts.append(f"best {step.best:.1f}")
    if step.eta_seconds is not None:
        parts.append(f"{terminal.duration(step.eta_seconds)} left")
    return "  ".join(parts)


def _sample_rows(sample: Sample | None) -> list[Text]:
    if sample is None:
        return []
    named = zip(("source    ", "hypothesis", "reference "), sample, strict=True)
    return [
        Text.assemble((f"{name}  ", "dim"), terminal.one_line(text), no_wrap=True, overflow="ellipsis")
        for name, text in named
    ]
