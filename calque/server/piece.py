"""A long text as pieces that wait each for itself, and their translations as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest

from calque.decoding.passage import glue, lines, sentences
from calque.records import Alignment, Translation, Word
from calque.text.normal import blank
from calque.text.split import SHORT, split

LONGEST = 4_000  # characters of a piece: far more than a sentence has, or than a model takes at once


def cut(text: str, longest: int, language: str, by_sentence: bool = True) -> list[str]:
    r"""The text itself where it has at most `longest` characters, else its lines, and of them the sentences.

    They are those into which a translator cuts it, so that the same is said (but where a sentence begins with an
    initial or a sign, which may be read otherwise without what is before); a sentence of less than 25 characters goes
    together with the next of its line where both have at most `longest`. Only what has more than 4,000 characters
    without an end is cut further, so that no piece holds the engine for long. The pieces joined are the text. One
    without anything to read is joined with the one before it (or after it, at the beginning), since a translator
    answers nothing to white space alone.

    Args:
        text: any text.
        longest: characters of a text that is left whole.
        language: its code.
        by_sentence: whether lines are cut into sentences.

    >>> cut("One. \n\nTwo three.", 10, "en")
    ['One. \n\n', 'Two three.']
    """
    if len(text) <= longest:
        return [text]
    most = max(longest, LONGEST)

    def fits(part: str) -> bool:
        return len(part) <= most

    passage = sentences(text, language) if by_sentence else lines(text)
    parts = [part.before + part.body + part.after for part in passage]
    return _readable([one for part in parts for one in split(part, fits, language)], longest)


def _readable(parts: Sequence[str], longest: int) -> list[str]:
    pieces: list[list[str]] = [[]]
    readable, ended, length = False, False, 0  # of the last piece
    for part in parts:
        enough = ended or length >= SHORT or length + len(part) > longest
        if readable and enough and not blank(part):
            pieces.append([])
            readable, length = False, 0
        pieces[-1].append(part)
        length += len(part)
        readable, ended = readable or not blank(part), part.endswith("\n")
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
