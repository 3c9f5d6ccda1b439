"""What a translation must not be: nothing, a loop, endless, or the source again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from calque.corpus import language
from calque.recipes.search import Search
from calque.text.normal import folded
from calque.warning import COPY, EMPTY, LOOP, RUNAWAY

_WORDS = 6  # a phrase of so many words at most is looked for in loops
_TIMES = 4  # a word said so often in a row is a loop, a phrase one time fewer
_STUTTER = re.compile(r"(.{1,12}?)\1{5,}", re.DOTALL)  # within a word, or where words have no spaces
RATIO, MORE = 3, 40  # a translation longer than this many times its source, and so many characters more, ran away
_COPIED = 4  # words at least, for a copy to be wrong: names and titles may stay as they are


def faults(source: str, said: str, ended: bool, languages: tuple[str, str]) -> list[str]:
    """What is wrong with a translation, in plain sentences; empty where nothing shows.

    Args:
        source: the text that was translated.
        said: its translation.
        ended: whether the model came to an end by itself.
        languages: codes of source and target.
    """
    found = []
    if not said.strip() and source.strip():
        found.append(EMPTY)
    if _loops(said) and not _loops(source):
        found.append(LOOP)
    if not ended or len(said) > RATIO * len(source) + MORE:
        found.append(RUNAWAY)
    if _copied(source, said, languages):
        found.append(COPY)
    return found


def _loops(text: str) -> bool:
    words = text.casefold().split()
    if any(_repeats(words, size, _TIMES - (size > 1)) for size in range(1, _WORDS + 1)):
        return True
    return any(any(map(str.isalpha, match[1])) for match in _STUTTER.finditer(text))


def _repeats(words: Sequence[str], size: int, times: int) -> bool:
    """Whether some `size` words stand `times` times in a row."""
    run = 0
    for place in range(size, len(words)):
        run = run + 1 if words[place] == words[place - size] else 0
        if run >= size * (times - 1):
            return True
    return False


def _copied(source: str, said: str, languages: tuple[str, str]) -> bool:
    if language.primary(languages[0]) == language.primary(languages[1]):
        return False
    if said.split() not in (source.split(), source.lower().split()):  # some vocabularies have no capitals
        return False
    words = [word for word in source.split() if any(character.isalpha() for character in word)]
    lower = [word for word in words if word[0].islower()]
    return len(lower) >= _COPIED if words and len(source) > len(words) else len(folded(source)) >= 3 * _COPIED


def retries(search: Search) -> list[Search]:
    """Other ways to search where the first gave nothing good: a wider beam with all that it finds, and none."""
    wide = min(64, max(8, 2 * search.beam))
    return [
        search.model_copy(update={"beam": wide, "n_best": wide, "longest_ratio": 2.0}),
        search.model_copy(update={"beam": 1, "n_best": 1, "longest_ratio": 2.0}),
    ]
