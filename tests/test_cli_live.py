"""The progress of training, as lines and as a live region."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from calque.cli import terminal
from calque.cli.live import Lines, Region, listener
from calque.training.progress import Message, Step, Validation

STEP = Step(120, 1000, 0.12, 4.2104, 3e-4, 12345.6, 31.26, 250.0, None)
VALIDATION = Validation(200, 3.2, {"BLEU": 12.14, "chrF2": 33.0}, True, ("a [b]cat", "un\tchat\x1b", "un chat"))
STEP_LINE = "step 120/1,000 (12%)  loss 4.210  lr 3.0e-04  12,346 tokens/s  best 31.3  4 min 10 s left"
VALIDATION_LINE = "step 200  dev loss 3.200  BLEU 12.1  chrF2 33.0"


def console(terminal=False):
    return Console(file=io.StringIO(), width=200, force_terminal=terminal, color_system=None, _environ={})


def test_lines_tell_everything_but_steps_that_come_too_soon():
    out = console()
    times = iter([0.0, 0.0, 5.0, 10.0, 10.0])
    lines = Lines(out, clock=lambda: next(times))
    for event in [Message("two\nlines"), STEP, STEP, VALIDATION, STEP]:
        lines.event(event)
    assert out.file.getvalue().splitlines() == [
        "two lines",
        STEP_LINE,
        VALIDATION_LINE + "  best so far",
        STEP_LINE,
    ]


def test_what_is_not_known_is_left_out():
    out = console()
    Lines(out).event(Step(1, None, 0.0, 9.0, 1e-7, 10.0, None, None, None))
    assert out.file.getvalue() == "step 1 (0%)  loss 9.000  lr 1.0e-07  10 tokens/s\n"


def test_region_shows_the_latest_step_and_keeps_the_sample():
    out = console()
    region = Region(out)
    region.event(VALIDATION)
    region.event(STEP)
    out.print(region.render())
    validation, step, measures, *sample = out.file.getvalue().splitlines()
    assert validation == VALIDATION_LINE + "  best so far"
    assert step.split(maxsplit=1)[1] == "step 120/1,000 (12%)"
    assert measures == "loss 4.210  lr 3.0e-04  12,346 tokens/s  best 31.3  4 min 10 s left"
    assert sample == ["source      a [b]cat", "hypothesis  un chat\\x1b", "reference   un chat"]


def test_region_before_the_first_step():
    out = console()
    out.print(Region(out).render())
    assert out.file.getvalue() == "preparing ...\n"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_listener_fits_the_stream(monkeypatch, is_terminal):
    out = console(is_terminal)
    monkeypatch.setattr(terminal, "progress", lambda: out)
    with listener() as found:
        found.event(Message("hello"))
        found.event(STEP)
    assert isinstance(found, Region if is_terminal else Lines)
    assert "hello" in out.file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (7510, "2 h 05 min")],
)
def test_duration(seconds, shown):
    assert terminal.duration(seconds) == shown


def test_visible_leaves_letters_and_narrow_spaces_alone():
    assert terminal.visible("été\u202f! \x07\ud800") == "été\u202f! \\x07\\ud800"


def test_counting_draws_a_terminal_and_spares_a_file(monkeypatch):
    for is_terminal, expected in ((True, "texts"), (False, "")):
        out = console(is_terminal)
        monkeypatch.setattr(terminal, "progress", lambda out=out: out)
        with terminal.counting("texts") as count:
            count(1)
        assert expected in out.file.getvalue()
        assert bool(out.file.getvalue()) is is_terminal


def test_counting_tells_the_rate_after_a_while(monkeypatch):
    out = console()
    now = 100.0
    monkeypatch.setattr(terminal, "progress", lambda: out)
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now)
    with terminal.counting("texts") as count:
        for second, number in ((105.0, 10), (110.0, 1200), (112.0, 1300), (120.0, 2000)):
            now = second
            count(number)
    assert out.file.getvalue() == "1,200 texts, 120.0 a second\n2,000 texts, 100.0 a second\n"
