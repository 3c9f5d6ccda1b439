"""Words of running text, in any script, and where two texts differ in them."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import cache, lru_cache

_SOLO = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana and Chinese characters
_LONG = 4_000_000  # words times words beyond which two texts are not aligned
Marked = list[tuple[str, bool]]


@cache
def pattern() -> re.Pattern[str]:
    """What matches one word or one punctuation mark.

    A word keeps the apostrophe that it ends on before another word (l'|homme), and the combining marks of its script;
    scripts that write no spaces between words but one sign per syllable or morpheme count as one word per sign.
    """
    marks = "".join(sign for sign in map(chr, range(0x300, 0x1F000)) if unicodedata.category(sign)[0] == "M")
    letters = rf"[^\W{_SOLO}]"
    return re.compile(rf"{letters}+(?:[{marks}]{letters}*)*(?:['’](?=\w))?|\S")


def words(text: str) -> list[str]:
    """The words and punctuation marks of a text, in order."""
    return [piece for chunk in text.split() for piece in _pieces(chunk)]


@lru_cache(maxsize=100_000)
def _pieces(chunk: str) -> tuple[str, ...]:
    """The words and marks of a stretch without spaces; the same stretches come again and again."""
    return tuple(pattern().findall(chunk))


def is_word(piece: str) -> bool:
    """Whether a piece of `words` is a word, not a punctuation mark."""
    return piece[0].isalnum() or len(piece) > 1


def is_solo(piece: str) -> bool:
    """Whether a word is a sign that stands beside the next without a space."""
    return re.fullmatch(f"[{_SOLO}]", piece) is not None


def differences(said: str, wanted: str) -> tuple[Marked, Marked]:
    """Both texts cut into stretches, each with whether the other text lacks it.

    Joined, the stretches of a side are that text. The alignment is that of longest common stretches of words
    (Ratcliff and Obershelp 1988); texts too long to align are returned whole, marked as equal.
    """
    spans = [[match.span() for match in pattern().finditer(text)] for text in (said, wanted)]
    if len(spans[0]) * len(spans[1]) > _LONG:
        return [(said, False)], [(wanted, False)]
    matcher = SequenceMatcher(None, words(said), words(wanted), autojunk=False)
    changes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return (
        _marked(said, spans[0], [(code[1], code[2]) for code in changes]),
        _marked(wanted, spans[1], [(code[3], code[4]) for code in changes]),
    )


def _marked(text: str, spans: list[tuple[int, int]], changed: list[tuple[int, int]]) -> Marked:
    """The text cut at its changed stretches, which are given as words from and to."""
    stretches, done = [], 0
    for first, last in changed:
        if first == last:
            continue
        begin, end = spans[first][0], spans[last - 1][1]
        stretches += [(text[done:begin], False), (text[begin:end], True)]
        done = end
    return [stretch for stretch in [*stretches, (text[done:], False)] if stretch[0]]
