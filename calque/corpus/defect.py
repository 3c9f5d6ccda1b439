"""What can be wrong with one text, or with one pair taken alone."""

from __future__ import annotations

import math
import re
import unicodedata

from calque.records import Pair
from calque.text.normal import numbers, same_numbers

LONG = 1000  # characters; about 250 tokens, over the length limit of most models
FAR = math.log(2.5)  # how far from the usual ratio the lengths of a pair may be
SPELLED = 2  # digits of a number that people may well spell out
_SMOOTH = 10  # characters added to both lengths, because short texts differ much by nature
_LOOKED_AT = 5000  # characters of a text that are searched
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufff9-\ufffb]")
_CODED = re.compile(r"&#?\w+;")  # HTML entities, whose digits are no numbers
_REPLACED = "\ufffd"
# a byte that begins a UTF-8 character and one that goes on with it, both read as Windows-1252 or Latin-1
_READ_WRONG = re.compile("[Â-ô][\x80-¿€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|[ÂÃ] ")


def broken(text: str) -> bool:
    """Whether characters were lost or read in the wrong encoding ('Ã©' for 'é')."""
    if text.isascii():
        return False
    seen = text[:_LOOKED_AT]
    if _REPLACED in seen:
        return True
    if not _READ_WRONG.search(seen):
        return False
    import ftfy
    from ftfy import badness

    return bool(badness.is_bad(seen)) and ftfy.fix_encoding(seen) != seen


def controlled(text: str) -> bool:
    """Whether there is a control character, a Unicode line separator or a stray byte order mark (a tab is none)."""
    return _CONTROL.search(text) is not None


def too_long(text: str) -> bool:
    """Whether most models could not take the text whole."""
    return len(text) > LONG


def copied(pair: Pair) -> bool:
    """Whether the target is the source, and not for being a number, a URL or a single mark."""
    source = pair.source.strip()
    return source == pair.target.strip() and any(map(str.isalpha, source)) and "://" not in source


def ratio(source: str, target: str) -> float:
    """Logarithm of how many times longer the target is, smoothed."""
    return math.log((len(target) + _SMOOTH) / (len(source) + _SMOOTH))


def numbers_differ(source: str, target: str) -> bool | None:
    """Whether the digits disagree, or None where there are none, or only ones that a side may have spelled out."""
    one, other = numbers(_CODED.sub(" ", source)), numbers(_CODED.sub(" ", target))
    if not one and not other:
        return None
    if same_numbers(one, other):
        return False
    spelled = not (one and other) and all(len(number) <= SPELLED for number in one + other)
    return None if spelled else True


def shown(text: str, width: int = 80) -> str:
    """The beginning of a text on one line, with invisible characters written as escapes."""
    cut = text if len(text) <= width else text[: width - 3] + "..."
    return "".join(letter if _visible(letter) else letter.encode("unicode_escape").decode() for letter in cut)


def _visible(letter: str) -> bool:
    return letter.isprintable() or (unicodedata.category(letter) in ("Zs", "Cf") and letter != "\ufeff")
