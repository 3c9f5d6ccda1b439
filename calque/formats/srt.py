"""SubRip subtitles: numbers and times stay, the words of each cue are translated and broken into lines again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calque.errors import DataError
from calque.formats.charset import decode
from calque.formats.document import Segment
from calque.formats.placing import Inline, place
from calque.records import Translation

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
TIME = r"\d{1,3}:\d{1,2}:\d{1,2}[,.]\d{1,4}"
TIMES = re.compile(rf"\s*{TIME}\s*-{{1,2}}>\s*{TIME}(?:\s+[XY][12]:\s*\d+)*\s*")
TAG = re.compile(r"</?[A-Za-z][^<>]*>|\{\\[^{}]*\}")
BESIDE = re.compile(r"(?:[-–—♪♫#*]|\s|(?:</?[A-Za-z][^<>]*>|\{\\[^{}]*\}))*")  # a dash of dialogue, notes, tags
BEHIND = re.compile(r"(?:[♪♫#*]|\s|</?[A-Za-z][^<>]*>|\{\\[^{}]*\})*$")
DIALOGUE = re.compile(r"\s*(?:(?:</?[A-Za-z][^<>]*>|\{\\[^{}]*\})\s*)*[-–—]\s*\S")
LETTER = re.compile(r"[^\W\d_]")
WIDTH = 42  # characters of a line, as broadcasters have it


@dataclass(frozen=True, slots=True)
class _Cue:
    """Lines of one speaker in a cue: characters [start, end) of the file, how they are broken, and what is in them."""

    start: int
    end: int
    lines: int
    width: int
    end_of_line: str
    segment: Segment
    inlines: tuple[Inline, ...]


class SrtDocument:
    """A subtitle file.

    Lines of a cue are one segment, but for a dialogue, in which each speaker's begin with a dash. What looks odd and
    can be kept (a comma that is a dot, times that run back, numbers that repeat) is kept.

    Raises:
        DataError: it is not encoded as it should be, or a cue has no line of times; with the line.
    """

    def __init__(self, content: bytes, name: str = "subtitles.srt") -> None:
        self._text, self._charset = decode(content, name)
        self._cues = list(_cues(self._text, name))
        self.segments: tuple[Segment, ...] = tuple(cue.segment for cue in self._cues)

    def write(self, translations: Sequence[Translation]) -> bytes:
        """As the protocol says. A translation has as many lines as its cue had, and more where they would be longer
        than 42 characters (East Asian ones count double) and than the cue's longest."""
        out: list[str] = []
        done = 0
        for cue, translation in zip(self._cues, translations, strict=True):
            if translation.text != cue.segment.text:
                out += [self._text[done : cue.start], _written(cue, translation)]
                done = cue.end
        return self._charset.encode("".join([*out, self._text[done:]]))


def _cues(text: str, name: str) -> Iterator[_Cue]:
    """The segments of every cue. A cue is a number, a line of times, lines of text, and an empty line."""
    lines = [(match.group(), match.start(), number) for number, match in enumerate(LINE.finditer(text), start=1)]
    place = 0
    while place < len(lines):
        if not lines[place][0].strip():
            place += 1
            continue
        if re.fullmatch(r"\s*\d+\s*", lines[place][0]):
            place += 1
        if place >= len(lines) or not TIMES.fullmatch(lines[place][0]):
            raise DataError(_no_times(lines[min(place, len(lines) - 1)][0]), name, lines[min(place, len(lines) - 1)][2])
        first = place = place + 1
        while place < len(lines) and not _is_next(lines, place):
            place += 1
        yield from _spoken(text, [(line, start) for line, start, _ in lines[first:place]])


def _is_next(lines: Sequence[tuple[str, int, int]], place: int) -> bool:
    """Whether a cue's text ends before this line. An empty line ends it, unless text follows that is no cue."""
    if lines[place][0].strip():
        return False
    following = place
    while following < len(lines) and not lines[following][0].strip():
        following += 1
    after = [line for line, _, _ in lines[following : following + 2]]
    return not after or bool(re.fullmatch(r"\s*\d+\s*", after[0])) or "->" in "".join(after)


def _no_times(line: str) -> str:
    shown = line.strip()[:40]
    return f"expected a line of times such as '00:00:01,000 --> 00:00:02,500', found '{shown}': repair the cue"


def _spoken(text: str, lines: Sequence[tuple[str, int]]) -> Iterator[_Cue]:
    """The segments of one cue: a dialogue's speakers apart."""
    group: list[tuple[str, int]] = []
    dialogue = any(DIALOGUE.match(line) for line, _ in lines[1:])
    for line, start in lines:
        if not line.strip() or (dialogue and group and DIALOGUE.match(line)):
            yield from _group(text, group)
            group = []
        if line.strip():
            group.append((line, start))
    yield from _group(text, group)


def _group(text: str, lines: Sequence[tuple[str, int]]) -> Iterator[_Cue]:
    if not lines:
        return
    whole = "".join(line for line, _ in lines)
    begin = lines[0][1]
    start = begin + BESIDE.match(whole).end()  # type: ignore[union-attr] # it may be empty, so it always matches
    end = begin + BEHIND.search(whole).start()  # type: ignore[union-attr]
    if start >= end:
        return
    start, end = _with_partners(text, begin, start, end)
    said, inlines = _bare(text[start:end])
    if LETTER.search(said):
        broken = re.search(r"\r\n|\r|\n", whole)
        yield _Cue(
            start,
            end,
            lines=len(lines),
            width=max(WIDTH, *(_width(TAG.sub("", line).strip()) for line, _ in lines)),
            end_of_line=broken.group() if broken else "\n",
            segment=Segment(said, bool(inlines)),
            inlines=inlines,
        )


def _with_partners(text: str, begin: int, start: int, end: int) -> tuple[int, int]:
    """The stretch, widened by tags at its ends whose partner lies within."""
    inside = [match.group() for match in TAG.finditer(text, start, end)]
    closing = sum(tag.startswith("</") for tag in inside)
    opening = sum(not tag.startswith(("</", "{")) for tag in inside)
    if closing > opening:
        before = [match for match in TAG.finditer(text, begin, start) if not match.group().startswith(("</", "{"))]
        start = before[opening - closing].start() if closing - opening <= len(before) else start
    if opening > closing:
        after = [match for match in TAG.finditer(text, end) if match.group().startswith("</")]
        end = after[opening - closing - 1].end() if opening - closing <= len(after) else end
    return start, end


def _bare(text: str) -> tuple[str, tuple[Inline, ...]]:
    """The words of a stretch in one line, and its tags; a tag without a partner is a point."""
    said = ""
    found: list[Inline] = []
    opened: list[int] = []
    done = 0
    for match in TAG.finditer(text):
        said = _joined(said, text[done : match.start()])
        done = match.end()
        tag = match.group()
        if tag.startswith("</") and opened:
            one = found[opened[-1]]
            found[opened.pop()] = Inline(one.start, len(said), one.before, tag, one.depth)
        else:
            found.append(Inline(len(said), len(said), tag, "", len(opened)))
            if not tag.startswith(("</", "{")):
                opened.append(len(found) - 1)
    return _joined(said, text[done:]).strip(), tuple(found)


def _joined(said: str, more: str) -> str:
    collapsed = re.sub(r"\s+", " ", more)
    return said + (collapsed[1:] if collapsed.startswith(" ") and (said.endswith(" ") or not said) else collapsed)


def _written(cue: _Cue, translation: Translation) -> str:
    """A cue's text, in lines of about the same length."""
    text = " ".join(translation.text.split())
    plain = Translation(text, translation.score, alignment=translation.alignment if text == translation.text else None)
    marked = place(cue.segment.text, cue.inlines, plain, str)
    lines = max(cue.lines, -(-_width(text) // cue.width))
    return cue.end_of_line.join(_wrapped(marked, lines))


def _wrapped(text: str, lines: int) -> list[str]:
    """The text in that many lines of about equal width, as far as it can be broken; tags take no room."""
    pieces = _pieces(text)
    out: list[str] = []
    line = ""
    left = sum(_width(TAG.sub("", piece)) for piece in pieces)
    for piece in pieces:
        room = left / max(lines - len(out), 1)
        width = _width(TAG.sub("", line))
        more = _width(TAG.sub("", piece))
        if line and len(out) < lines - 1 and width + more / 2 > room:
            out.append(line.strip())
            left -= width
            line = ""
        line += piece
    return [*out, line.strip()]


def _pieces(text: str) -> list[str]:
    """Where a line may be broken: after white space, and between East Asian characters; never in a tag."""
    pieces: list[str] = []
    for part in re.findall(r"\s*(?:<[^<>]*>|\{\\[^{}]*\}|[^\s<{]|[<{])+\s*", text):
        pieces += re.split(r"(?<=[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef])(?=[\u2e80-\u2fff\u3040-\u9fff])", part)
    return pieces


def _width(text: str) -> int:
    """Columns that a text takes on a screen."""
    return sum(
        2 if unicodedata.east_asian_width(sign) in "WF" else 0 if unicodedata.combining(sign) else 1 for sign in text
    )
