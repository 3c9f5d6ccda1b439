"""How much two lines look like translations of each other, without a dictionary: their lengths, digits, final
punctuation, and words written alike."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from calque.text.normal import numbers

LOOKED_AT = 1000  # characters of a line whose words and digits are compared
_WORDS = re.compile(r"[^\W\d_]{4,}")
_STEM = 5  # letters of a word that are compared
_ENDS = str.maketrans("。．？！：；؟।", "..?!:;?.")
_TELLING_ENDS = frozenset('?!:;)"»')


@dataclass(frozen=True, slots=True)
class Traits:
    """What is compared of a line. `length` is the logarithm of its characters, above the mean of its side."""

    length: float
    digits: str
    end: str
    words: frozenset[str]


def traits(line: str, mean: float) -> Traits:
    """The traits of a line, on a side with this `mean_length`."""
    seen = line[:LOOKED_AT]
    words = frozenset(word[:_STEM].casefold() for word in _WORDS.findall(seen))
    return Traits(
        _length(line) - mean, "".join(sorted("".join(numbers(seen)))), line.rstrip()[-1:].translate(_ENDS), words
    )


def mean_length(lines: Iterable[str]) -> float:
    """The mean logarithm of the lines' lengths; 0 for none."""
    lengths = [_length(line) for line in lines]
    return sum(lengths) / len(lengths) if lengths else 0.0


def likeness(one: Traits, other: Traits) -> float:
    """Logarithm of how much likelier two lines are a pair than two lines picked at random: rough, and bounded so that
    no single pair decides."""
    apart = min(abs(one.length - other.length), 1.5)
    evidence = 0.7 - 4.0 * apart * apart
    if one.digits or other.digits:
        evidence += 2.5 if one.digits == other.digits else -1.5
    if one.end != other.end:
        evidence -= 0.8
    elif one.end in _TELLING_ENDS:
        evidence += 1.0
    alike = len(one.words & other.words)
    if alike:
        evidence += 4.0 * alike / math.sqrt((len(one.words) + 1) * (len(other.words) + 1))
    return max(-5.0, min(5.0, evidence))


def _length(line: str) -> float:
    return math.log(len(line) + 5)
