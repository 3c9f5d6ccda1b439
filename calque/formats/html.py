"""HTML files, whole pages and fragments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from calque.formats.charset import decode
from calque.formats.document import Segment
from calque.formats.inert import inert
from calque.formats.markup import Markup
from calque.formats.reader import Rules
from calque.records import Translation

DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
HEAD = 1024  # bytes in which a browser looks for the encoding


class HtmlDocument:
    """An HTML file; bytes outside its segments are kept, scripts and broken markup too.

    Raises:
        DataError: it is not encoded as it declares (without a word, in UTF-8), or has a NUL; with the line.
    """

    def __init__(self, content: bytes, name: str = "page.html") -> None:
        declared = DECLARED.search(content[:HEAD])
        text, self._charset = decode(content, name, declared[1].decode("ascii") if declared else None)
        self._markup = Markup(text)

    @property
    def segments(self) -> Sequence[Segment]:
        """As the protocol says."""
        return self._markup.segments

    def write(self, translations: Sequence[Translation]) -> bytes:
        """As the protocol says. What the file's encoding lacks is written as a numeric entity."""
        return self._charset.encode(self._markup.render(translations), "xmlcharrefreplace")


def fragment(text: str, rules: Rules | None = None) -> Markup:
    """A piece of HTML, or with rules that say so of XML, that a program sends and gets back: no file of its own.

    Of HTML what would run in a page is taken out before it is read (see `calque.formats.inert`).
    """
    rules = rules or Rules()
    return Markup(text if rules.xml else inert(text), rules)
