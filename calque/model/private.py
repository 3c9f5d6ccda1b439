"""What is private about a path: where a file lies on somebody's machine. Its name is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_WHOLE = re.compile(r"^(?:~?[\\/]|\.\.[\\/]|[A-Za-z]:[\\/])")
_WITHIN = re.compile(
    r"""(?<![\w./~\\-])(?:~/|\.\./|[A-Za-z]:[\\/]|/(?=[^\s'"`,;:()<>|*/]+/))"""
    r"""(?:[^\s'"`,;:()<>|*\\/]*[\\/])*[^\s'"`,;:()<>|*\\/]*"""
)
_PLACES = re.compile(r"(?<!^[A-Za-z]):(?![\\/]{2})(?<!:[A-Za-z]:)")


def bare(text: str) -> str:
    """The text with each absolute path, and each that leads out of the current directory, reduced to its last part.

    >>> bare("/home/ada/corpus/train.en:/home/ada/corpus/train.fr")
    'train.en:train.fr'
    >>> bare("alone, over ../models/base")
    'alone, over base'
    >>> bare("corpus/train"), bare("facebook/nllb-200-distilled-600M"), bare("km/h")
    ('corpus/train', 'facebook/nllb-200-distilled-600M', 'km/h')
    """
    if _WHOLE.match(text):
        return ":".join(_last(place) if _WHOLE.match(place) else place for place in _PLACES.split(text))
    home = str(Path.home())
    if len(home) > 2:
        text = text.replace(f"{home}/", "~/")
    return _WITHIN.sub(lambda found: _last(found[0]), text)


def without_paths(value: Any) -> Any:  # noqa: ANN401
    """Plain JSON types with every text, keys too, made `bare`."""
    if isinstance(value, str):
        return bare(value)
    if isinstance(value, dict):
        return {bare(str(key)): without_paths(part) for key, part in value.items()}
    return [without_paths(part) for part in value] if isinstance(value, list | tuple) else value


def _last(path: str) -> str:
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1] or path
