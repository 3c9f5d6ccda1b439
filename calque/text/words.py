"""The words of a text, as a reader would point at them."""

from __future__ import annotations

import re

from calque.text import shield

_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    rf"[{_SPACELESS}]"  # where words have no spaces between them, a character
    r"|(?i:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['’](?=\w)"  # l'homme is two words, don't is one
    rf"|(?:(?![{_SPACELESS}])\w)+(?:['’\u2019.-](?:(?![{_SPACELESS}])\w)+)*"
    r"|[^\w\s]"
)


def words(text: str) -> list[tuple[int, int]]:
    """The places [start, end) of words and signs, in characters; an address, a placeholder, a number with its unit is
    one word.

    >>> text = "L'homme lit www.b.org, 3 km."
    >>> [text[start:end] for start, end in words(text)]
    ["L'", 'homme', 'lit', 'www.b.org', ',', '3 km', '.']
    """
    found: list[tuple[int, int]] = []
    place = 0
    for item in shield.items(text):
        found += _between(text, place, item.start)
        found.append((item.start, item.end))
        place = item.end
    return found + _between(text, place, len(text))


def _between(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [match.span() for match in _WORD.finditer(text, start, end)]
