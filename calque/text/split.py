"""Where a text that is too long may be split."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import sentencex

from calque.text.repair import SURROGATE

SHORT = 25  # characters: a sentence with fewer goes together with the next
CLAUSE = re.compile(r"(?<=[,;:–—])[^\S\u00a0\u202f]+|(?<=[，、；：،؛])\s*")  # where one may breathe
WINDOW = 4096  # characters that the segmenter sees at once, since its time grows with the square of them
TAIL = 64  # characters that are seen again where a window has no end of a sentence
GAP = re.compile(r"(?<=[^\S\u00a0\u202f\u2007])(?=\S)")  # white space, but for that which forbids a break

Fits = Callable[[str], bool]
Cutter = Callable[[str], list[str]]


def split(text: str, fits: Fits, language: str) -> list[str]:
    """Parts that each fit and give the text when joined, white space included; the text alone where it fits.

    One sentence a part, since models are trained on sentences; but a sentence of less than 25 characters goes together
    with the next where both fit. A sentence that is too long is split after commas and the like, then at white space,
    then between characters (within one, off its accents or in the middle of an emoji sequence, only where even that is
    too long), each time into as few parts as fit. A single code point is a part even where it does not fit. `language`
    is a code like "fr"; one that is not known gets common rules. `fits` is called a few times per part.
    """
    if fits(text):
        return [text]
    segment = partial(_sentences, language=language)
    cutters: list[Cutter] = [segment, _clauses, _words, _graphemes, list]
    parts = ([group] if fits(group) else _packed(group, fits, cutters) for group in _grouped(segment(text)))
    return list(itertools.chain.from_iterable(parts))


def sentences(text: str, language: str) -> list[str]:
    """The sentences of a text, without the white space between them; `language` as for `split`."""
    return [stripped for sentence in _sentences(text, language) if (stripped := sentence.strip())]


def cut(text: str, language: str) -> list[str]:
    """The sentences of a text with the white space after each; joined they give the text."""
    return _sentences(text, language)


def _grouped(sentences: Iterable[str]) -> Iterator[str]:
    """Sentences, the short ones joined with what follows; a short last one with what precedes."""
    previous = ""
    group = ""
    for sentence in sentences:
        group += sentence
        if len(group) >= SHORT:
            if previous:
                yield previous
            previous, group = group, ""
    if previous or group:
        yield previous + group


def _packed(text: str, fits: Fits, cutters: Sequence[Cutter]) -> list[str]:
    """A text that is too long as few parts that fit, made of what the first cutter gives; what is too long there is cut
    by the next."""
    if not cutters:
        return [text]
    atoms = cutters[0](text)
    parts: list[str] = []
    start, count = 0, 1
    while start < len(atoms):
        count = _longest(atoms, start, max(count, 1), fits)
        if count:
            parts.append("".join(atoms[start : start + count]))
        else:
            parts += _packed(atoms[start], fits, cutters[1:])
        start += max(count, 1)
    return parts


def _longest(atoms: Sequence[str], start: int, guess: int, fits: Fits) -> int:
    """How many atoms from `start` on fit together: away from a guess in doubling steps, then bisecting."""
    most = len(atoms) - start
    low, high = 0, most + 1  # `low` atoms fit, `high` do not
    count, step = min(guess, most), 1
    while low < count < high:
        if fits("".join(atoms[start : start + count])):
            low, count = count, min(count + step, most)
        else:
            high, count = count, count - step
        step *= 2
        if not low < count < high or (low and high <= most):
            count = (low + high) // 2
    return low


def _cut(text: str, ends: Iterable[int]) -> list[str]:
    """The stretches of a text between positions, which ascend."""
    places = [0, *ends, len(text)]
    return [text[start:end] for start, end in itertools.pairwise(places) if start < end]


def _sentences(text: str, language: str) -> list[str]:
    """Sentences with the white space after them; what the segmenter leaves out stays with the sentence before.

    Of a long text a window is seen at a time. The next begins with the last sentence that begins in the first half, so
    that what decides on an end, such as a quotation that goes on, is seen as far as half a window away.
    """
    ends: list[int] = []
    place = 0
    while len(text) - place > WINDOW:
        window = text[place : place + WINDOW]
        found = [end for end in _ends(window, language) if end < len(window)]
        kept = [end for end in found if end <= WINDOW // 2] or found[:1]
        ends += [place + end for end in kept]
        place += kept[-1] if kept else (window.rfind(" ", WINDOW // 2, -TAIL) + 1 or WINDOW - TAIL)
    return _cut(text, [*ends, *(place + end for end in _ends(text[place:], language))])


def _ends(text: str, language: str) -> list[int]:
    """Where the sentences of a text end, the white space after each included."""
    text = SURROGATE.sub("\ufffd", text)  # the segmenter takes whole characters only
    ends: list[int] = []
    place = 0
    for sentence in sentencex.segment(language, text):
        found = text.find(sentence, place)
        if found < 0:
            break
        place = found + len(sentence)
        while place < len(text) and text[place].isspace():
            place += 1
        ends.append(place)
    return ends


def _clauses(text: str) -> list[str]:
    return _cut(text, (match.end() for match in CLAUSE.finditer(text)))


def _words(text: str) -> list[str]:
    return _cut(text, (match.end() for match in GAP.finditer(text)))


def _graphemes(text: str) -> list[str]:
    """Characters as a reader sees them, by the main rules of Unicode's text segmentation (UAX 29)."""
    ends: list[int] = []
    flags = 0
    for place, (before, after) in enumerate(itertools.pairwise(text), start=1):
        flags = flags + 1 if _is_flag_letter(before) else 0
        half_flag = flags % 2 == 1 and _is_flag_letter(after)
        if not (_continues(after) or _demands(before) or half_flag or before + after == "\r\n"):
            ends.append(place)
    return _cut(text, ends)


def _continues(character: str) -> bool:
    """Whether it belongs to the character before: an accent, a joiner, a skin colour, the rest of a Korean syllable."""
    if character.isascii():
        return False
    return (
        unicodedata.category(character)[0] == "M"
        or character in "\u200c\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or "\u1160" <= character <= "\u11ff"
    )


def _demands(character: str) -> bool:
    """Whether the next one belongs to it: a joiner, or a sign that binds two consonants."""
    return character == "\u200d" or (not character.isascii() and unicodedata.combining(character) == 9)


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
