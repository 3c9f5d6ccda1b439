"""The table of formats: which files can be opened, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from calque.errors import DataError, nearest
from calque.formats.document import Document
from calque.formats.html import HtmlDocument
from calque.formats.srt import SrtDocument
from calque.formats.text import TextDocument

Open = Callable[[bytes, str], Document]


def _markdown(content: bytes, name: str) -> Document:
    return TextDocument(content, name, fenced=True)


FORMATS: dict[str, tuple[Open, str]] = {  # by the ending of a name: who opens it, and its media type
    ".txt": (TextDocument, "text/plain"),
    ".md": (_markdown, "text/markdown"),
    ".html": (HtmlDocument, "text/html"),
    ".htm": (HtmlDocument, "text/html"),
    ".xhtml": (HtmlDocument, "application/xhtml+xml"),
    ".srt": (SrtDocument, "application/x-subrip"),
}


def open_document(content: bytes, name: str) -> Document:
    """The document in a file's bytes; the ending of its name says of what format it is.

    Raises:
        DataError: no format has that ending, or the bytes are not of it; with the line.
    """
    return FORMATS[ending(name)][0](content, name)


def media_type(name: str) -> str:
    """What a file of that name is called in HTTP.

    Raises:
        DataError: no format has that ending.
    """
    return FORMATS[ending(name)][1]


def ending(name: str) -> str:
    """The ending of a file's name that says its format, such as ".srt".

    Raises:
        DataError: no format has that ending.
    """
    found = PurePath(name).suffix.lower()
    if found not in FORMATS:
        known = ", ".join(FORMATS)
        raise DataError(f"no format has the ending '{found}'{nearest(found, FORMATS)} (known: {known})", name)
    return found
