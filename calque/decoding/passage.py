"""A text cut into parts that the model takes at once, and the answers to the parts put together again."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from calque import warning
from calque.records import Translation
from calque.text import shield
from calque.text.normal import blank
from calque.text.repair import SURROGATE
from calque.text.split import cut

_LOOSE = frozenset({"emoji", "tag", "mention", "hashtag"})
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo", "yue", "wuu", "lzh"})


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text without the white space around it, and that white space."""

    before: str
    body: str
    after: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a text and its translation, with the places at which they begin."""

    at: int
    text: str
    said_at: int
    said: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said to a part, or to several together.

    score: log-probability per token; of several, the mean weighted by `tokens`.
    tokens: target tokens, the end token counted; 0 where the text was only copied.
    alternatives: the other hypotheses, best first; of several parts, the next best ways to choose one of each.
    unknown, pieces: how many source pieces the vocabulary could not spell, out of how many.
    parts: in how many parts the longest line was translated.
    ended: whether the model came to an end by itself.
    notes: what else there is to warn of, in plain sentences.
    """

    text: str
    score: float = 0.0
    tokens: int = 0
    alternatives: tuple[tuple[str, float], ...] = ()
    unknown: int = 0
    pieces: int = 0
    parts: int = 1
    ended: bool = True
    notes: tuple[str, ...] = ()


def bare(text: str) -> Part:
    """The text with its white space set apart; a text with nothing to read is all `before`."""
    if blank(text):
        return Part(text, "", "")
    body = text.strip()
    start = text.index(body)
    return Part(text[:start], body, text[start + len(body) :])


def lines(text: str) -> list[Part]:
    r"""The lines of a text; only \n ends one.

    >>> lines("  a\nb")
    [Part(before='  ', body='a', after='\n'), Part(before='', body='b', after='')]
    """
    return [bare(line) for line in _LINE.findall(text)]


def sentences(text: str, language: str) -> list[Part]:
    r"""The sentences of a text's lines; none is cut within something that must not change.

    >>> [part.body for part in sentences("  A dog runs. See v. 2 at www.b.org.\nIt is fast.", "en")]
    ['A dog runs.', 'See v. 2 at www.b.org.', 'It is fast.']
    """
    return [bare(sentence) for line in _LINE.findall(text) for sentence in _in_line(line, language)]


def peeled(part: Part) -> Part:
    """The part without the emoji, tags, @mentions and #tags at its edges, which stand outside of its grammar. Where no
    word is left, only signs and what must not change, there is nothing to translate: all of it is `before`.

    >>> peeled(bare("@anna I am here. 😀 #home\\n"))
    Part(before='@anna ', body='I am here.', after=' 😀 #home\\n')
    >>> peeled(bare("- 12.50 -\\n"))
    Part(before='- 12.50 -\\n', body='', after='')
    """
    if not part.body:
        return part
    items = shield.items(part.body)
    if not _worded(part.body, items):
        return Part(part.before + part.body + part.after, "", "")
    start, end = 0, len(part.body)
    loose = [item for item in items if item.kind in _LOOSE]
    for item in loose:
        if part.body[start : item.start].strip():
            break
        start = item.end
    for item in reversed(loose):
        if item.start < start or part.body[item.end : end].strip():
            break
        end = item.start
    kept = bare(part.body[start:end])
    before, after = part.before + part.body[:start], part.body[end:] + part.after
    return Part(before + kept.before, kept.body, kept.after + after)


def _worded(text: str, items: Sequence[shield.Item]) -> bool:
    """Whether there is a letter outside of the items; or half a surrogate pair, which must not be passed over."""
    if SURROGATE.search(text):
        return True
    starts, ends = [0, *(item.end for item in items)], [*(item.start for item in items), len(text)]
    return any(any(map(str.isalpha, text[start:end])) for start, end in zip(starts, ends, strict=True))


def _in_line(line: str, language: str) -> list[str]:
    if blank(line):
        return [line]
    ends = list(itertools.accumulate(len(sentence) for sentence in cut(line, language)))
    places = [0, *shield.whole(line, ends[:-1]), len(line)]
    return [line[start:end] for start, end in itertools.pairwise(places)]


def glue(source: str, target: str) -> str:
    """What to put between two parts that had nothing between them: a space, where only the target language has spaces
    between sentences.

    >>> glue("zh-Hans", "en")
    ' '
    """
    return " " if _base(source) in _UNSPACED and _base(target) not in _UNSPACED else ""


def _base(language: str) -> str:
    return re.split("[-_]", language)[0].lower()


def join(parts: Sequence[Part], answers: Mapping[str, Answer], between: str = "") -> Answer:
    """The answers to the parts as one answer, with all white space where it was.

    Args:
        parts: a text in order; a part without a body is only white space.
        answers: body to answer.
        between: put between two bodies that no white space parts.
    """
    if len(parts) == 1 and parts[0].body:
        return _around(parts[0], answers[parts[0].body])
    found = [answers[part.body] for part in parts if part.body]
    tokens = sum(answer.tokens for answer in found)
    best, *others = [(_text(parts, said, between), score / max(tokens, 1)) for said, score in _joint(found)]
    return Answer(
        text=best[0],
        score=best[1],
        tokens=tokens,
        alternatives=tuple(others),
        unknown=sum(answer.unknown for answer in found),
        pieces=sum(answer.pieces for answer in found),
        parts=max((answer.parts for answer in found), default=1),
        ended=all(answer.ended for answer in found),
        notes=tuple(dict.fromkeys(note for answer in found for note in answer.notes)),
    )


def _joint(answers: Sequence[Answer]) -> list[tuple[list[str], float]]:
    """The best ways to choose a hypothesis of each answer, as many as one of them has hypotheses, best first: what is
    said, and the sum of the scores, each times the tokens of its answer."""
    most = 1 + max((len(answer.alternatives) for answer in answers), default=0)
    sums = [0.0]
    steps: list[list[tuple[int, str]]] = []  # for each answer and each way: which way it goes on, and what is said
    for answer in answers:
        hypotheses = [(answer.text, answer.score), *answer.alternatives]
        longer = [
            (sum_ + score * answer.tokens, number, text)
            for number, sum_ in enumerate(sums)
            for text, score in hypotheses
        ]
        best = sorted(longer, key=lambda choice: -choice[0])[:most]
        sums = [sum_ for sum_, _, _ in best]
        steps.append([(number, text) for _, number, text in best])
    return [(_traced(steps, number), sum_) for number, sum_ in enumerate(sums)]


def _traced(steps: Sequence[Sequence[tuple[int, str]]], number: int) -> list[str]:
    """All that is said on one way, told from its end."""
    said: list[str] = []
    for step in reversed(steps):
        number, text = step[number]
        said.append(text)
    return said[::-1]


def _around(part: Part, answer: Answer) -> Answer:
    texts = [(part.before + text + part.after, score) for text, score in answer.alternatives]
    return replace(answer, text=part.before + answer.text + part.after, alternatives=tuple(texts))


def _text(parts: Sequence[Part], bodies: Iterable[str], between: str) -> str:
    """The parts with what is said for each that has a body."""
    said_of = iter(bodies)
    pieces: list[str] = []
    for part in parts:
        said = part.before + (next(said_of) if part.body else "") + part.after
        if said:
            touching = pieces and not pieces[-1][-1].isspace() and not said[0].isspace()
            pieces.append(between + said if touching else said)
    return "".join(pieces)


def placed(parts: Sequence[Part], answers: Mapping[str, Answer], between: str = "") -> Iterator[Segment]:
    """Each part that has a body, with the places at which the body begins in the text and its answer in the
    translation that `join` makes."""
    at, length, last = 0, 0, ""  # last: the last character so far
    for part in parts:
        said = part.before + (answers[part.body].text if part.body else "") + part.after
        if last and said and not last.isspace() and not said[0].isspace():
            length += len(between)
        if part.body:
            said_at = length + len(part.before)
            yield Segment(at + len(part.before), part.body, said_at, answers[part.body].text)
        length, last = length + len(said), said[-1:] or last
        at += len(part.before) + len(part.body) + len(part.after)


def translation(answer: Answer, longest: int) -> Translation:
    """The answer to a whole text as the record that the user gets; `longest` is what the model takes, in tokens."""
    return Translation(answer.text, answer.score, answer.alternatives, tuple(_warnings(answer, longest)))


def _warnings(answer: Answer, longest: int) -> list[str]:
    warnings = []
    if answer.parts > 1:
        warnings.append(warning.PARTS.format(longest=longest, parts=answer.parts))
    if answer.tokens == 0 and answer.text.strip():
        warnings.append(warning.UNSEEN)
    elif answer.unknown:
        warnings.append(warning.UNKNOWN.format(unknown=answer.unknown, pieces=answer.pieces))
    if not answer.ended:
        warnings.append(warning.CUT)
    return [*warnings, *answer.notes]
