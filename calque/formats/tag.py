"""Markup cut into tags and text, with the place of every character kept, as the HTML standard's tokenizer cuts it.

Python's own parser reads HTML too, but it does not say where an attribute's value begins, and how it reads what is
broken differs between Python's patch releases. What is read otherwise than a browser reads it is a hole in safety.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

RAW = {"script", "style", "xmp", "iframe", "noembed", "noframes", "noscript"}  # no tags inside, no entities
ESCAPABLE = {"title", "textarea"}  # no tags inside, but entities
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905 - shorter

TAG = re.compile(r"<(/?)([A-Za-z][^\t\n\f\r />]*)")
XML_TAG = re.compile(r"<(/?)([^\W\d][^\s/>]*)")
SPACE = " \t\n\f\r"
NAME_END = re.compile(r"[\t\n\f\r />=]")
BARE_END = re.compile(r"[\t\n\f\r >]")
COMMENT_END = re.compile(r"--!?>")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its name in small letters (as written in XML), and its value as characters [start, end) of the
    text, quotes left out. `quote` is the sign around it; without a value `end` is `start` and `quote` is None."""

    name: str
    start: int
    end: int
    quote: Literal["", '"', "'"] | None


@dataclass(frozen=True, slots=True)
class Token:
    """Characters [start, end) of the text: an opening or closing tag, text (with entities), the content of an element
    that is no text (`raw`), or anything else (comments, declarations, tags that never end). `name` is in small letters,
    but for XML; `closed` tells that the tag closes itself."""

    kind: Literal["open", "close", "text", "raw", "other"]
    start: int
    end: int
    name: str = ""
    attributes: tuple[Attribute, ...] = ()
    closed: bool = False


def tokens(text: str, xml: bool = False) -> Iterator[Token]:
    """The tokens of a text, one after the other; joined they are the text."""
    place = 0
    while place < len(text):
        found = text.find("<", place)
        while found >= 0 and not _begins(text, found, xml):
            found = text.find("<", found + 1)
        if found < 0:
            yield Token("text", place, len(text))
            return
        if found > place:
            yield Token("text", place, found)
        token = _token(text, found, xml)
        yield token
        place = token.end
        if token.kind == "open" and not xml:
            yield from _content(text, token)
            place = _content_end(text, token)


def _begins(text: str, place: int, xml: bool) -> bool:
    """Whether the "<" at that place begins a token."""
    pattern = XML_TAG if xml else TAG
    return bool(pattern.match(text, place)) or text[place + 1 : place + 2] in {"!", "?", "/"} - {""}


def _token(text: str, start: int, xml: bool) -> Token:
    tag = (XML_TAG if xml else TAG).match(text, start)
    if tag is None:
        return Token("other", start, _other_end(text, start, xml))
    name = tag[2] if xml else tag[2].lower()
    attributes, end, closed = _attributes(text, tag.end(), xml)
    if end is None:
        return Token("other", start, len(text))
    if tag[1]:
        return Token("close", start, end, name)
    return Token("open", start, end, name, tuple(attributes), closed if xml else name in VOID)


def _other_end(text: str, start: int, xml: bool) -> int:
    """Where a comment, a declaration or the like ends."""
    if text.startswith("<!--", start):
        for short in ("<!-->", "<!--->"):
            if not xml and text.startswith(short, start):
                return start + len(short)
        if xml:
            return _after(text, "-->", start + 4)
        found = COMMENT_END.search(text, start + 4)
        return found.end() if found else len(text)
    if xml and text.startswith("<![CDATA[", start):
        return _after(text, "]]>", start)
    return _after(text, "?>" if xml and text.startswith("<?", start) else ">", start)


def _after(text: str, sign: str, start: int) -> int:
    found = text.find(sign, start)
    return len(text) if found < 0 else found + len(sign)


def _attributes(text: str, place: int, xml: bool) -> tuple[list[Attribute], int | None, bool]:
    """The attributes of the tag whose name ends here, the place after its ">" (None: it never ends), and whether a "/"
    stands before that."""
    found: list[Attribute] = []
    slash = False
    while place < len(text):
        if text[place] == ">":
            return found, place + 1, slash
        slash = text[place] == "/"
        if slash or text[place] in SPACE:
            place += 1
            continue
        end = NAME_END.search(text, place + 1)  # a "=" may be the first sign of a name
        if end is None:
            break
        name = text[place : end.start()]
        place = end.start()
        value = _spaces(text, place)
        if text[value : value + 1] != "=":
            found.append(Attribute(name if xml else name.lower(), place, place, None))
            continue
        start, stop, quote = _value(text, _spaces(text, value + 1))
        if stop < 0:
            break
        found.append(Attribute(name if xml else name.lower(), start, stop, quote))
        place = stop + len(quote)
    return found, None, False


def _spaces(text: str, place: int) -> int:
    while place < len(text) and text[place] in SPACE:
        place += 1
    return place


def _value(text: str, place: int) -> tuple[int, int, Literal["", '"', "'"]]:
    """First and last place of a value, and the quotes around it; the last is -1 where it never ends."""
    for quote in ('"', "'"):
        if text.startswith(quote, place):
            return place + 1, text.find(quote, place + 1), quote
    end = BARE_END.search(text, place)
    return place, end.start() if end else -1, ""


def _content(text: str, token: Token) -> Iterator[Token]:
    """What stands in an element in which there are no tags."""
    end = _content_end(text, token)
    if end > token.end:
        yield Token("text" if token.name in ESCAPABLE else "raw", token.end, end)


def _content_end(text: str, token: Token) -> int:
    if token.name == "plaintext":
        return len(text)
    if token.name not in RAW | ESCAPABLE:
        return token.end
    closing = re.compile(rf"</{token.name}(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII).search(text, token.end)
    return closing.start() if closing else len(text)
