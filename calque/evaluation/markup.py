"""Pieces that report pages are made of, in Markdown and in HTML; whatever comes from outside is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any

import tomlkit

from calque.evaluation.words import Marked
from calque.records import Score

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def number(value: float) -> str:
    """A score for people."""
    return f"{value:.2f}"


def interval(found: Score) -> str:
    """The interval in words; a dash where there is none."""
    return f"{number(found.low)} to {number(found.high)}" if "bs:" in found.signature else "–"


def toml(recipe: Mapping[str, Any]) -> str:
    """The settings as TOML."""
    return tomlkit.dumps({name: value for name, value in recipe.items() if value is not None})


def stretch(row: Mapping[str, Any]) -> str:
    """A stretch of lengths in words: above `from`, up to `to`."""
    return f"over {row['from']}" if row["to"] is None else f"{row['from'] + 1} to {row['to']}"


# Markdown


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_\[\]<>|~&#$])", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """A signature as code in a table, whose bars must not end the cell."""
    return f"`{text.replace('|', chr(92) + '|')}`"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def tagged(stretches: Marked, tag: str) -> str:
    """Stretches with their differences in HTML tags: Markdown's own ** does not close after an apostrophe."""
    return "".join(f"<{tag}>{plain(text)}</{tag}>" if changed else _spaced(text) for text, changed in stretches)


def _spaced(text: str) -> str:
    """Plain text with the space before and after it kept, which parts it from its tagged neighbours."""
    before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
    return f"{before}{plain(text)}{after}" if text.strip() else " "


def indented(text: str) -> str:
    """Text as a block of code."""
    return "\n".join(f"    {line}" for line in text.splitlines())


# HTML


def page(template: str, title: str, **parts: str) -> str:
    """A whole page: the frame that all pages share, around a template of this package with its parts, which are HTML
    already. The title is plain text."""
    room = resources.files("calque.evaluation")
    body = Template(room.joinpath(template).read_text(encoding="utf-8")).substitute(title=html(title), **parts)
    return Template(room.joinpath("frame.html").read_text(encoding="utf-8")).substitute(title=html(title), body=body)


def html(text: str) -> str:
    """Text for an HTML page; control characters, which HTML forbids, become replacement characters."""
    return escape(_CONTROL.sub("\ufffd", text))


def items(texts: Iterable[str]) -> str:
    """Plain texts as items of a list."""
    return "".join(f"<li>{html(text)}</li>" for text in texts)


def signed(signature: str) -> str:
    """A signature that may be broken at its bars."""
    return f"<p class=signature><code>{html(signature).replace('|', '|<wbr>')}</code></p>"


def bar(
    label: str, value: float, full: float, kind: str, interval: tuple[float, float] | None = None, shown: str = ""
) -> str:
    """A labelled bar of `value` out of `full`, with a bracket over its interval."""
    scale = 100 / full
    bracket = ""
    if interval is not None:
        first = max(interval[0], 0)  # a COMET score may be below
        low, width = first * scale, max((interval[1] - first) * scale, 1.2)
        bracket = f'<rect class=interval x="{low:.2f}" y=1 width="{width:.2f}" height=8 />'
    return (
        f"<dt>{html(label)}</dt><dd><svg viewBox='0 0 100 10' preserveAspectRatio=none aria-hidden=true>"
        f"<rect class=track width=100 height=10 />"
        f'<rect class={kind} width="{min(max(value * scale, 0), 100):.2f}" height=10 />{bracket}</svg>'
        f"<span>{html(shown) or number(value)}</span></dd>"
    )


def texts(rows: Iterable[tuple[str, str, str]]) -> str:
    """Texts below one another, given as what each is, the code of its language, and itself as HTML."""
    cells = (
        f'<dt>{html(name)}</dt><dd lang="{html(code.replace("_", "-"))}" dir=auto>{text or "<em>nothing</em>"}</dd>'
        for name, code, text in rows
    )
    return f"<dl class=texts>{''.join(cells)}</dl>"


def marked(stretches: Marked, tag: str) -> str:
    """Stretches with their differences in tags."""
    return "".join(f"<{tag}>{html(text)}</{tag}>" if changed else html(text) for text, changed in stretches)


def rows(
    head: Sequence[str], cells: Sequence[Sequence[str]], numbers: range, clear: Sequence[bool] | None = None
) -> str:
    """Rows of an HTML table of plain texts; columns in `numbers` stand right, rows that are `clear` stand out."""

    def line(tag: str, texts: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=n' if column in numbers else ''}>{html(text)}</{tag}>" for column, text in enumerate(texts)
        )

    stand_out = clear or [False] * len(cells)
    body = (
        f"<tr{' class=clear' if out else ''}>{line('td', texts)}</tr>"
        for texts, out in zip(cells, stand_out, strict=True)
    )
    return f"<tr>{line('th', head)}</tr>{''.join(body)}"
