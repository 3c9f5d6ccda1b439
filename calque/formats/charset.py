"""Bytes as text and back, in the encoding that they came in. Nothing is guessed and nothing repaired."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from calque.errors import DataError

MARKS = (  # a byte order mark, and the encoding behind it; UTF-32 first, since UTF-16's mark begins it
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Charset:
    """How a file's text is written: the byte order mark, if any, and the encoding."""

    name: str = "utf-8"
    mark: bytes = b""

    def encode(self, text: str, errors: str = "strict") -> bytes:
        """The bytes of the text, the mark before them.

        Raises:
            UnicodeEncodeError: the encoding lacks a character, and `errors` does not say what to do.
        """
        return self.mark + text.encode(self.name, errors)


def decode(content: bytes, name: str, declared: str | None = None) -> tuple[str, Charset]:
    """The text of a file and how it was written: as its byte order mark says, else as `declared`, else in UTF-8.

    Raises:
        DataError: the bytes are not of that encoding, or there is a NUL; with the line.
    """
    for mark, encoding in MARKS:
        if content.startswith(mark):
            charset = Charset(encoding, mark)
            break
    else:
        charset = Charset(_known(declared, name) if declared else "utf-8")
    body = content[len(charset.mark) :]
    try:
        text = body.decode(charset.name)
    except UnicodeDecodeError as error:
        line = body[: error.start].decode(charset.name, "replace").count("\n") + 1
        what = f"byte 0x{body[error.start]:02X} at offset {error.start + len(charset.mark):,} is not {charset.name}"
        raise DataError(f"{what}: convert the file to UTF-8", name, line) from None
    if "\0" in text:
        raise DataError("there is a NUL: this is no text", name, text[: text.index("\0")].count("\n") + 1)
    return text, charset


def _known(declared: str, name: str) -> str:
    """Python's name of an encoding that a file declares. Latin-1 means Windows-1252 on the web, ASCII a part of it."""
    try:
        found = codecs.lookup(declared)
    except LookupError:
        raise DataError(f"declares the unknown encoding '{declared}': convert the file to UTF-8", name) from None
    if not found._is_text_encoding:
        raise DataError(f"declares '{declared}', which is no encoding of text: convert the file to UTF-8", name)
    if found.name.startswith("utf-16") or found.name.startswith("utf-32"):
        return "utf-8"  # the declaration could be read as ASCII, so it cannot be true
    return "cp1252" if found.name in {"iso8859-1", "ascii"} else found.name
