"""Where markup that stood inside a text goes in its translation.

The text has no markup in it any more; `Inline` remembers what there was and where. An element takes one unbroken
stretch of the translation: its own words where they come back as they were (names, numbers), else what the alignment of
the words says, else the same share of the length. Elements keep their nesting, and brothers do not overlap; what finds
no words stays as an empty element, so that no tag is ever lost or doubled.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from calque.records import Translation
from calque.text.window import window

WORD = re.compile(r"\S+")
VERBATIM = 1_000  # characters of an element's words that are looked for as they are; names and numbers are short


@dataclass(frozen=True, slots=True)
class Inline:
    """Markup at characters [start, end) of a text: `before` stands at its beginning and `after` at its end.

    A point (`start` = `end`) stands between two characters. A hole is a point whose `hole`, a placeholder, stands for
    it in the text, and is replaced by `before` in the translation. `depth` counts the elements around it.
    """

    start: int
    end: int
    before: str
    after: str = ""
    depth: int = 0
    hole: str = ""


Span = tuple[int, int]


def place(source: str, inlines: Sequence[Inline], translation: Translation, escape: Callable[[str], str]) -> str:
    """The translation with the markup in it. `inlines` stand in the order in which they begin, the outer ones first;
    text between the markup goes through `escape`."""
    text = translation.text
    holes = {number: at for number, inline in enumerate(inlines) if (at := _found(inline, text)) is not None}
    ends = {at: at + len(inlines[number].hole) for number, at in holes.items()}
    rest = [number for number in range(len(inlines)) if number not in holes]
    spans = _Placer(source, translation, list(ends.items())).spans([inlines[number] for number in rest])
    events = [(at, 3, 0, inlines[number].before) for number, at in holes.items()]
    for number, first in holes.items():  # a placeholder that came twice is a hole once
        sign = inlines[number].hole
        again = [match.start() for match in re.finditer(re.escape(sign), text) if match.start() > first]
        ends |= {at: at + len(sign) for at in again}
        events += [(at, 3, 0, "") for at in again]
    for number, (start, end) in zip(rest, spans, strict=True):
        inline = inlines[number]
        if start == end:
            events.append((start, 1, 0, inline.before + inline.after))
        else:
            events += [(start, 2, inline.depth, inline.before), (end, 0, -inline.depth, inline.after)]
    return _woven(text, sorted(events, key=lambda event: event[:3]), ends, escape)


def _found(inline: Inline, text: str) -> int | None:
    """Where a hole's placeholder stands in a text; None where it got lost, and for what is no hole."""
    at = text.find(inline.hole) if inline.hole else -1
    return None if at < 0 else at


def _woven(
    text: str, events: Sequence[tuple[int, int, int, str]], ends: dict[int, int], escape: Callable[[str], str]
) -> str:
    """Text and markup in turn; `ends` says where the placeholder ends that begins at a place."""
    out: list[str] = []
    done = 0
    for at, rank, _, markup in events:
        out += [escape(text[done:at]), markup]
        done = ends[at] if rank == 3 else max(done, at)
    return "".join([*out, escape(text[done:])])


class _Placer:
    """The spans of the inlines of one text in its translation."""

    def __init__(self, source: str, translation: Translation, holes: Sequence[Span]) -> None:
        self._source = source
        self._text = translation.text
        self._alignment = translation.alignment
        self._holes = holes

    def spans(self, inlines: Sequence[Inline]) -> list[Span]:
        """For each inline its characters in the translation; for a point, twice the same place."""
        found: list[Span] = []
        for inline in inlines:
            if inline.start == inline.end:
                at = self._point(inline.start)
                found.append((at, at))
                continue
            placed = [(one, span) for one, span in zip(inlines, found, strict=False) if one.start < one.end]
            brothers = [span for one, span in placed if one.depth == inline.depth]
            found.append(self._span(inline, self._around(inline, placed), brothers))
        return found

    def _around(self, inline: Inline, placed: Sequence[tuple[Inline, Span]]) -> Span:
        """The span of the innermost element around an inline; all of the text where there is none."""
        spans = [
            span
            for one, span in placed
            if one.depth < inline.depth and one.start <= inline.start and inline.end <= one.end
        ]
        return spans[-1] if spans else (0, len(self._text))

    def _span(self, inline: Inline, around: Span, taken: Sequence[Span]) -> Span:
        wanted = self._wanted(inline, around)
        if wanted and not any(start < wanted[1] and wanted[0] < end for start, end in taken):
            return wanted
        gaps = sorted(_gaps(around, taken), key=lambda gap: gap[0] - gap[1])  # the longest first
        for gap in gaps:
            if wanted := self._wanted(inline, gap):
                return wanted
        for gap in gaps:
            if share := self._share(inline.start, inline.end, gap):
                return share
        return around[1], around[1]

    def _wanted(self, inline: Inline, within: Span) -> Span | None:
        """Where its own words stand, or those that are aligned with them."""
        body = self._source[inline.start : inline.end].strip()
        same: list[re.Match[str]] = []
        if 0 < len(body) <= VERBATIM:
            same = list(re.compile(rf"(?<!\w){re.escape(body)}(?!\w)").finditer(self._text, *within))
        if len(same) == 1:
            return self._whole(same[0].span())
        if self._alignment is None:
            return None
        found = window(self._alignment, inline.start, inline.end, within)
        return self._whole(found) if found else None

    def _whole(self, span: Span) -> Span:
        """The span, widened so that it cuts no placeholder."""
        start, end = span
        for first, last in self._holes:
            if first < start < last:
                start = first
            if first < end < last:
                end = last
        return start, end

    def _share(self, start: int, end: int, within: Span) -> Span | None:
        """Whole words about the same share of the way; None where there are none within."""
        words = [match.span() for match in WORD.finditer(self._text, *within)]
        if not words:
            return None
        scale = len(self._text) / max(len(self._source), 1)
        first = min(range(len(words)), key=lambda place: abs(words[place][0] - start * scale))
        last = min(range(first, len(words)), key=lambda place: abs(words[place][1] - end * scale))
        begin, stop = words[first][0], words[last][1]
        while stop > begin + 1 and _is_mark(self._text[stop - 1]) and not _is_mark(self._source[end - 1]):
            stop -= 1  # a full stop belongs to the sentence, not to its last word
        return self._whole((begin, stop))

    def _point(self, at: int) -> int:
        """The place between two words that goes with a place between two characters of the source."""
        if at == 0 or not self._text:
            return 0
        if at >= len(self._source):
            return len(self._text)
        if self._alignment is not None:
            behind = next((word for word in self._alignment.source if word.start >= at), None)
            span = window(self._alignment, behind.start, behind.end) if behind else None
            if span is not None:
                return self._whole(span)[0]
        share = at * len(self._text) / len(self._source)
        following = bisect_left(self._starts, share)
        return min(self._starts[max(following - 1, 0) : following + 1], key=lambda start: abs(start - share))

    @cached_property
    def _starts(self) -> list[int]:
        """Where the words of the translation begin, and where it ends."""
        return [*(match.start() for match in WORD.finditer(self._text)), len(self._text)]


def _is_mark(sign: str) -> bool:
    return sign in ".,;:!?…»)]。，！？"


def _gaps(around: Span, taken: Sequence[Span]) -> list[Span]:
    """What is left of a span without those that are taken."""
    gaps: list[Span] = []
    place = around[0]
    for start, end in sorted(taken):
        if end <= around[0] or start >= around[1]:
            continue
        if start > place:
            gaps.append((place, start))
        place = max(place, end)
    if place < around[1]:
        gaps.append((place, around[1]))
    return gaps
