"""A long text as pieces that wait each for itself, and their translations as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest

from calque.decoding.passage import glue
from calque.records import Alignment, Translation, Word
from calque.text.normal import blank
from calque.text.split import split

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def cut(text: str, longest: int, language: str) -> list[str]:
    r"""The text itself where it has at most `longest` characters, else its lines, and of longer lines the sentences.

    The pieces joined are the text. A piece without anything to read is joined with the one before it (or after it, at
    the beginning), since a translator answers nothing to white space alone.

    >>> cut("One. \n\nTwo three.", 10, "en")
    ['One. \n\n', 'Two three.']
    """
    if len(text) <= longest:
        return [text]

    def fits(part: str) -> bool:
        return len(part) <= longest

    parts = [part for line in _LINE.findall(text) for part in split(line, fits, language)]
    return _readable(parts)


def _readable(parts: Sequence[str]) -> list[str]:
    pieces: list[list[str]] = [[]]
    begun = False  # whether the last piece has something to read
    for part in parts:
        if begun and not blank(part):
            pieces.append([])
        begun = begun or not blank(part)
        pieces[-1].append(part)
    return ["".join(piece) for piece in pieces]


def joined(pieces: Sequence[str], translations: Sequence[Translation], source: str, target: str) -> Translation:
    """The translations of the pieces of a text as the translation of the text.

    The score is the mean weighted by the pieces' lengths, the confidence likewise; the k-th alternative has the k-th
    one of each piece (the best where it has fewer), and a warning appears once.
    """
    if len(pieces) == 1:
        return translations[0]
    between = _between(translations, glue(source, target))
    weights = [max(len(said.text), 1) for said in translations]
    texts = [said.text for said in translations]
    return Translation(
        text=_text(texts, between),
        score=_mean([said.score for said in translations], weights),
        alternatives=_alternatives(translations, between, weights),
        warnings=tuple(dict.fromkeys(warning for said in translations for warning in said.warnings)),
        confidence=_confidence(translations, weights),
        alignment=_alignment(pieces, translations, between),
    )


def _between(translations: Sequence[Translation], gap: str) -> list[str]:
    """What comes after each translation: `gap`, where no white space parts it from the next."""

    def needed(one: Translation, other: Translation) -> bool:
        return bool(one.text and other.text) and not one.text[-1].isspace() and not other.text[0].isspace()

    return [gap if gap and needed(one, other) else "" for one, other in pairwise(translations)] + [""]


def _text(texts: Sequence[str], between: Sequence[str]) -> str:
    return "".join(text + gap for text, gap in zip(texts, between, strict=True))


def _mean(values: Sequence[float], weights: Sequence[int]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _confidence(translations: Sequence[Translation], weights: Sequence[int]) -> float | None:
    known = [(said.confidence, weight) for said, weight in zip(translations, weights, strict=True)]
    told = [(confidence, weight) for confidence, weight in known if confidence is not None]
    return _mean([c for c, _ in told], [w for _, w in told]) if told else None


def _alternatives(
    translations: Sequence[Translation], between: Sequence[str], weights: Sequence[int]
) -> tuple[tuple[str, float], ...]:
    ranks = list(zip_longest(*(said.alternatives for said in translations)))
    found = []
    for rank in ranks:
        chosen = [
            (said.text, said.score) if other is None else other for said, other in zip(translations, rank, strict=True)
        ]
        found.append((_text([text for text, _ in chosen], between), _mean([score for _, score in chosen], weights)))
    return tuple(found)


def _alignment(pieces: Sequence[str], translations: Sequence[Translation], between: Sequence[str]) -> Alignment | None:
    if all(said.alignment is None for said in translations):
        return None
    source: list[Word] = []
    target: list[Word] = []
    links: list[tuple[int, int]] = []
    read = written = 0
    for piece, said, gap in zip(pieces, translations, between, strict=True):
        if said.alignment is not None:
            links += [(one + len(source), other + len(target)) for one, other in said.alignment.links]
            source += [_shifted(word, read) for word in said.alignment.source]
            target += [_shifted(word, written) for word in said.alignment.target]
        read += len(piece)
        written += len(said.text) + len(gap)
    return Alignment(tuple(source), tuple(target), tuple(links))


def _shifted(word: Word, places: int) -> Word:
    return replace(word, start=word.start + places, end=word.end + places)
