"""Entities of HTML and XML as the characters that they stand for."""

from __future__ import annotations

import html
import re

_ZEROS = re.compile(r"&#0+(?=[0-9])")
_BEYOND = re.compile(r"&#[0-9]{8,};?")  # Unicode ends with seven digits


def unescaped(text: str) -> str:
    """The text with its entities resolved as the HTML standard says. A number of any length is one: Python's own
    function raises an error where it has thousands of digits.

    >>> unescaped("R&amp;D &#" + "9" * 5000 + ";")
    'R&D \ufffd'
    """
    return html.unescape(_BEYOND.sub("\ufffd", _ZEROS.sub("&#", text)))
