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
BESIDE = re.compile(rf"(?:[-–—♪♫#*]|\s|{TAG.pattern})*+")  # a dash of dialogue, notes, tags
BEHIND = re.compile(rf"(?:[♪♫#*]|\s|{TAG.pattern})++")  # of all such, the one at the end
DIALOGUE = re.compile(r"\s*(?:(?:</?[A-Za-z][^<>]*>|\{\\[^{}]*\})\s*)*[-–—]\s*\S")
BREAK = re.compile(r"\r\n|\r|\n")
LETTER = re.compile(r"[^\W\d_]")
MOST = 200  # tags in one segment; beyond it every tag ends one, since placing them takes the square of it
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
        first = place + 1
        place = _after(lines, first)
        yield from _spoken(text, [(line, start) for line, start, _ in lines[first:place]])


def _after(lines: Sequence[tuple[str, int, int]], place: int) -> int:
    """The number of the line before which a cue's text ends: an empty one, unless text follows that is no cue."""
    while place < len(lines):
        following = place
        while following < len(lines) and not lines[following][0].strip():
            following += 1
        if following > place and _begins(lines[following : following + 2]):
            return place
        place = following + 1
    return len(lines)


def _begins(lines: Sequence[tuple[str, int, int]]) -> bool:
    """Whether two lines begin a cue, or the file has ended."""
    after = [line for line, _, _ in lines]
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
    begin, stop = lines[0][1], lines[-1][1] + len(lines[-1][0])
    width = max(WIDTH, *(_width(TAG.sub("", line).strip()) for line, _ in lines))
    tags = [match.span() for match in TAG.finditer(text, begin, stop)]
    crowded = len(tags) > MOST
    broken = BREAK.search(text, begin, stop)
    end_of_line = broken.group() if broken else "\n"
    for first, last in _between(tags, begin, stop) if crowded else [(begin, stop)]:
        start = BESIDE.match(text, first, last).end()  # type: ignore[union-attr] # it may be empty, so it always matches
        end = _bare_end(text, start, last)
        if start < end:
            start, end = _with_partners(text, (first, last), start, end)
            said, inlines = _bare(text[start:end])
            if LETTER.search(said):
                rows = len(LINE.findall(text, start, end)) if crowded else len(lines)
                yield _Cue(start, end, rows, width, end_of_line, Segment(said, bool(inlines)), inlines)


def _between(tags: Sequence[tuple[int, int]], begin: int, stop: int) -> list[tuple[int, int]]:
    """The stretches between tags."""
    places = [begin, *(place for tag in tags for place in tag), stop]
    return list(zip(places[::2], places[1::2], strict=True))


def _bare_end(text: str, start: int, stop: int) -> int:
    """Where the words end in a stretch, before the white space, notes and tags behind them."""
    end = stop
    for match in BEHIND.finditer(text, start, stop):
        if match.end() == stop:
            end = match.start()
    return end


def _with_partners(text: str, around: tuple[int, int], start: int, end: int) -> tuple[int, int]:
    """The stretch, widened by tags at its ends whose partner lies within, as far as the lines `around` it go."""
    inside = [match.group() for match in TAG.finditer(text, start, end)]
    closing = sum(tag.startswith("</") for tag in inside)
    opening = sum(not tag.startswith(("</", "{")) for tag in inside)
    if closing > opening:
        tags = TAG.finditer(text, around[0], start)
        before = [match for match in tags if not match.group().startswith(("</", "{"))]
        start = before[opening - closing].start() if closing - opening <= len(before) else start
    if opening > closing:
        after = [match for match in TAG.finditer(text, end, around[1]) if match.group().startswith("</")]
        end = after[opening - closing - 1].end() if opening - closing <= len(after) else end
    return start, end


def _bare(text: str) -> tuple[str, tuple[Inline, ...]]:
    """The words of a stretch in one line, and its tags; a tag without a partner is a point."""
    words = _Words()
    found: list[Inline] = []
    opened: list[int] = []
    done = 0
    for match in TAG.finditer(text):
        words.add(text[done : match.start()])
        done = match.end()
        tag = match.group()
        if tag.startswith("</") and opened:
            one = found[opened[-1]]
            found[opened.pop()] = Inline(one.start, words.length, one.before, tag, one.depth)
        else:
            found.append(Inline(words.length, words.length, tag, "", len(opened)))
            if not tag.startswith(("</", "{")):
                opened.append(len(found) - 1)
    words.add(text[done:])
    return words.said().strip(), tuple(found)


class _Words:
    """Text put together with one space where there was white space, and none before it."""

    def __init__(self) -> None:
        self.length = 0
        self._pieces: list[str] = []

    def add(self, more: str) -> None:
        """More of the text."""
        collapsed = re.sub(r"\s+", " ", more)
        if collapsed.startswith(" ") and (not self._pieces or self._pieces[-1].endswith(" ")):
            collapsed = collapsed[1:]
        if collapsed:
            self._pieces.append(collapsed)
            self.length += len(collapsed)

    def said(self) -> str:
        """All of it."""
        return "".join(self._pieces)


def _written(cue: _Cue, translation: Translation) -> str:
    """A cue's text, in lines of about the same length."""
    text = " ".join(translation.text.split())
    plain = Translation(text, translation.score, alignment=translation.alignment if text == translation.text else None)
    marked = place(cue.segment.text, cue.inlines, plain, str)
    lines = max(cue.lines, -(-_width(text) // cue.width))
    return cue.end_of_line.join(_wrapped(marked, lines))


def _wrapped(text: str, lines: int) -> list[str]:
    """The text in that many lines of about equal width, as far as it can be broken; tags take no room."""
    pieces = [(piece, _width(TAG.sub("", piece))) for piece in _pieces(text)]
    out: list[str] = []
    line: list[str] = []
    left = sum(more for _, more in pieces)
    width = 0
    for piece, more in pieces:
        room = left / max(lines - len(out), 1)
        if line and len(out) < lines - 1 and width + more / 2 > room:
            out.append("".join(line).strip())
            left -= width
            line, width = [], 0
        line.append(piece)
        width += more
    return [*out, "".join(line).strip()]


def _pieces(text: str) -> list[str]:
    """Where a line may be broken: after white space, and between East Asian characters; never in a tag."""
    pieces: list[str] = []
    for part in re.findall(r"\s*+(?:<[^<>]*>|\{\\[^{}]*\}|[^\s<{]|[<{])++\s*+", text):
        pieces += re.split(r"(?<=[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef])(?=[\u2e80-\u2fff\u3040-\u9fff])", part)
    return pieces


def _width(text: str) -> int:
    """Columns that a text takes on a screen."""
    return sum(
        2 if unicodedata.east_asian_width(sign) in "WF" else 0 if unicodedata.combining(sign) else 1 for sign in text
    )
