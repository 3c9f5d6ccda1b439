"""Plain text: every line is a segment, and what stands around its words stays."""

from __future__ import annotations

import re
from collections.abc import Sequence

from calque.formats.charset import decode
from calque.formats.document import Segment
from calque.records import Translation

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # only these end a line; Unicode's other separators stay in it
BEFORE = re.compile(r"\s*(?:(?:[-*+•–—>]|#{1,6}|\d{1,4}[.)])\s+)*")  # indent, bullets, numbers, headings, quotes
FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")  # of a code block in Markdown


class TextDocument:
    """A text file; with `fenced`, what stands between the fences of Markdown's code blocks is left alone.

    Raises:
        DataError: it is not encoded as it should be, or has a NUL; with the line.
    """

    def __init__(self, content: bytes, name: str = "text", fenced: bool = False) -> None:
        text, self._charset = decode(content, name)
        self._pieces: list[str] = []  # the file, cut so that every second piece is a segment
        self.segments: tuple[Segment, ...] = tuple(self._read(text, fenced))

    def _read(self, text: str, fenced: bool) -> list[Segment]:
        found: list[Segment] = []
        around, fence = "", ""
        for line in LINE.findall(text):
            mark = FENCE.match(line) if fenced else None
            inside, fence = bool(fence or mark), _fence(fence, mark)
            start = BEFORE.match(line).end()  # type: ignore[union-attr] # it may be empty, so it always matches
            body = line[start:].rstrip()
            if inside or not body:
                around += line
                continue
            self._pieces += [around + line[:start], body]
            found.append(Segment(body))
            around = line[start + len(body) :]
        self._pieces.append(around)
        return found

    def write(self, translations: Sequence[Translation]) -> bytes:
        """As the protocol says. A line stays a line, whatever its translation holds."""
        if len(translations) != len(self.segments):
            raise ValueError(f"{len(translations)} translations for {len(self.segments)} segments")
        pieces = list(self._pieces)
        pieces[1::2] = [
            segment.text if one.text == segment.text else " ".join(one.text.splitlines())
            for one, segment in zip(translations, self.segments, strict=True)
        ]
        return self._charset.encode("".join(pieces))


def _fence(fence: str, mark: re.Match[str] | None) -> str:
    """The fence that is open after this line: one is closed by as many of its own signs, or more."""
    if mark is None:
        return fence
    if not fence:
        return mark[1]
    return "" if mark[1].startswith(fence) else fence
