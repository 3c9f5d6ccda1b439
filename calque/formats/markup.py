"""Markup as segments: what a reader sees as one stretch of text is translated at once, with its links and bold words.

A segment runs from one boundary to the next (a paragraph's tag, a cell, a line break). Elements inside it (`b`, `a`,
`span`) are taken out of its text and put in their places again in the translation; what must not be translated in it
(`code`, `translate="no"`, a picture) becomes a placeholder, {0}, {1} and so on.
"""

from __future__ import annotations

import html
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from calque.formats.document import Segment
from calque.formats.placing import Inline, place
from calque.formats.reader import Rules, Run, Value, units
from calque.records import Translation


@dataclass(slots=True)
class Markup:
    """A text with markup; see the module.

    >>> page = Markup("<p>A <b>dog</b> runs.</p>")
    >>> [segment.text for segment in page.segments]
    ['A dog runs.']
    >>> page.render([Translation("Un dog court <vite>.", 0.0)])
    '<p>Un <b>dog</b> court &lt;vite&gt;.</p>'
    """

    text: str
    rules: Rules = field(default_factory=Rules)
    _units: list[Value | Run] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._units = units(self.text, self.rules)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What is to be translated, in the order of the text."""
        return tuple(unit.segment for unit in self._units)

    def render(self, translations: Sequence[Translation]) -> str:
        """The text with a translation for each segment; whatever a translation holds, it comes out as text.

        Raises:
            ValueError: there are not as many translations as segments.
        """
        values, runs = _Edits(), _Edits()
        changed = [
            (unit, translation)
            for unit, translation in zip(self._units, translations, strict=True)
            if translation.text != unit.segment.text
        ]
        for unit, translation in changed:
            if isinstance(unit, Value):
                values.add(unit.start, unit.end, _quoted(unit, translation.text))
        for unit, translation in changed:
            if isinstance(unit, Run):
                runs.add(unit.start, unit.end, self._run(unit, translation, values))
        return runs.applied(self.text, 0, len(self.text), values)

    def _run(self, run: Run, translation: Translation, values: _Edits) -> str:
        inlines = [
            Inline(
                one.start,
                one.end,
                values.applied(self.text, *before),
                values.applied(self.text, *after),
                one.depth,
                one.hole,
            )
            for one, (before, after) in zip(run.inlines, run.marks, strict=True)
        ]
        return place(run.segment.text, inlines, translation, escaped)


def escaped(text: str) -> str:
    """Text as it is written between tags."""
    return html.escape(text, quote=False)


def _quoted(value: Value, text: str) -> str:
    written = html.escape(text)
    return written if value.quote else f'"{written}"'


class _Edits:
    """New text for stretches of a text; they are added in order and do not overlap."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._edits: list[tuple[int, int, str]] = []

    def add(self, start: int, end: int, new: str) -> None:
        """Characters [start, end) become `new`."""
        self._starts.append(start)
        self._edits.append((start, end, new))

    def applied(self, text: str, start: int, end: int, inner: _Edits | None = None) -> str:
        """Characters [start, end) of a text with the edits that lie there, and those of `inner` between them."""
        out: list[str] = []

        def keep(until: int) -> None:
            out.append(inner.applied(text, start, until) if inner else text[start:until])

        for number in range(bisect_left(self._starts, start), bisect_left(self._starts, end)):
            first, last, new = self._edits[number]
            keep(first)
            out.append(new)
            start = last
        keep(end)
        return "".join(out)
