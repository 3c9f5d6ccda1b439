"""Broken text made whole again, and nothing else: what the writer meant stays as it was written."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftfy import TextFixerConfig


SURROGATE = re.compile("[\ud800-\udfff]")  # half a pair: no character, but Python's strings may hold it


@cache
def _gently() -> TextFixerConfig:
    """Only what nobody writes on purpose: text decoded with the wrong encoding, lone halves of surrogate pairs, control
    characters, letters apart from their accents. Quotes, ligatures, wide letters, entities and line ends stay."""
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        uncurl_quotes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        fix_line_breaks=False,
        normalization="NFC",
        explain=False,
    )


def paired(text: str) -> str:
    """The text with halves of surrogate pairs put together, and U+FFFD for one that is alone: with any of them it is no
    Unicode, and nobody can take it."""
    if not SURROGATE.search(text):
        return text
    from ftfy.fixes import fix_surrogates

    return fix_surrogates(text)


def repaired(text: str) -> str:
    """The text with what is broken repaired, composed (NFC).

    >>> repaired("la cafeÌ\\x81tÃ©ria")
    'la cafétéria'
    """
    if text.isascii() and text.isprintable():
        return text
    from ftfy import fix_text_segment

    return fix_text_segment(text, _gently())
