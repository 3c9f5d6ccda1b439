"""How texts are worded beside their language: with which search, with a glossary, with markup in them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from calque.formats.document import Segment
from calque.formats.html import fragment
from calque.formats.markup import Markup
from calque.formats.reader import Rules
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.records import Translation
from calque.server.desk import AT_ONCE, AUTO, CARE, DETECTED, Desk, Request, Told
from calque.server.gathering import gathered
from calque.server.line import Priority
from calque.server.models import Served
from calque.server.piece import cut, joined
from calque.text.glossary import Glossary, Match, applied, shielded
from calque.text.normal import blank
from calque.text.split import split

TERMS = 100  # of a glossary in one sentence: one with more, which is a list of words, is cut into smaller parts


@dataclass(frozen=True)
class Wording:
    """What is asked for beside languages; with `rules` the texts are HTML or XML. Without `served` it is asked of the
    translators of the moment in which it comes."""

    model: str | None = None
    search: Search | None = None
    handling: Handling | None = None
    glossary: Glossary | None = None
    rules: Rules | None = None
    served: Served | None = None


async def tell(desk: Desk, texts: Sequence[str], source: str, target: str, wording: Wording) -> list[Told]:
    """The translations of texts, whose source may be "auto"; markup in them is kept where `wording` has rules.

    Raises:
        Refusal: as `Desk.translate` raises it.
    """
    served = wording.served or desk.served
    wording = replace(wording, served=served)
    rules = wording.rules
    opened: list[Markup | None] = [None] * len(texts)
    if rules is not None:
        opened = await _opened(texts, rules)
    segments = [
        [Segment(text)] if page is None else list(page.segments) for text, page in zip(texts, opened, strict=True)
    ]
    shown = [" ".join(segment.text for segment in some)[:DETECTED] for some in segments]
    detections = await desk.detect(shown, served) if source == AUTO else [None] * len(texts)
    languages = [source if one is None else one.language for one in detections]
    found = await gathered(
        translated(desk, _of(languages, language, segments), language, target, wording)
        for language in dict.fromkeys(languages)
    )
    answers = {language: iter(some) for language, some in zip(dict.fromkeys(languages), found, strict=True)}
    told: list[Told] = []
    for page, some, language, detection in zip(opened, segments, languages, detections, strict=True):
        said = [next(answers[language]) for _ in some]
        whole = said[0] if page is None else Translation(page.render(said), _mean(some, said))
        told.append(Told(whole, language, detection, served.writer(language, target, wording.model)))
    return told


async def _opened(texts: Sequence[str], rules: Rules) -> list[Markup | None]:
    """Texts with markup, read off the event loop where that takes long."""

    def read() -> list[Markup | None]:
        return [fragment(text, rules) for text in texts]

    return read() if sum(map(len, texts)) <= AT_ONCE else await asyncio.to_thread(read)


def _of(languages: Sequence[str], language: str, segments: Sequence[Sequence[Segment]]) -> list[Segment]:
    return [one for code, some in zip(languages, segments, strict=True) if code == language for one in some]


def _mean(segments: Sequence[Segment], translations: Sequence[Translation]) -> float:
    """The score of a whole: the mean of its segments' by their lengths; 0 without any."""
    weights = [len(segment.text) for segment in segments]
    scores = (one.score * weight for one, weight in zip(translations, weights, strict=True))
    return sum(scores) / max(sum(weights), 1)


async def translated(
    desk: Desk,
    segments: Sequence[Segment],
    source: str,
    target: str,
    wording: Wording,
    priority: Priority = Priority.INTERACTIVE,
) -> list[Translation]:
    """The translations of segments: aligned where markup or a term of the glossary needs it, and with its terms.

    Raises:
        Refusal: as `Desk.translate` raises it.
    """
    served = wording.served or desk.served
    served.writer(source, target, wording.model)  # also where there is nothing to translate, it must be possible
    request = Request((), source, target, served=served)
    if wording.glossary is None:
        return await _apart(desk, segments, [one.marked for one in segments], request, wording, priority)
    parts = await _found(desk, wording.glossary, segments, source, wording.handling or CARE)
    stretches = [stretch for some in parts for stretch in some]
    said = iter(await _with_terms(desk, stretches, request, wording, priority))
    return [joined([one.text for one in some], [next(said) for _ in some], source, target) for some in parts]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A segment, or a part of a long one, with the terms in it."""

    text: str
    marked: bool
    matches: Sequence[Match]


async def _found(
    desk: Desk, terms: Glossary, segments: Sequence[Segment], source: str, care: Handling
) -> list[list[_Stretch]]:
    """The parts in which each segment waits, with their terms: the time that terms take grows with their number times
    the length of the text that they are put into, so both are never large."""

    def fits(part: str) -> bool:
        return len(part) <= desk.piece

    def stretches(segment: Segment) -> Iterator[_Stretch]:
        for part in cut(segment.text, desk.piece, source, care.sentences):
            matches = terms.matches(part)
            small = [part] if len(matches) <= TERMS else split(part, fits, source)
            for one in small:
                yield _Stretch(one, segment.marked, matches if len(small) == 1 else terms.matches(one))

    def find() -> list[list[_Stretch]]:
        return [list(stretches(one)) for one in segments]

    return await desk.aside(sum(len(one.text) for one in segments) + len(terms.entries), find)


async def _apart(
    desk: Desk,
    segments: Sequence[Segment],
    aligned: Sequence[bool],
    request: Request,
    wording: Wording,
    priority: Priority,
) -> list[Translation]:
    """The translations, those that need an alignment computed beside the others, which are cheaper."""
    found: dict[int, Translation] = {}
    work: list[Coroutine[Any, Any, list[Translation]]] = []
    groups: list[list[int]] = []
    for explain in (False, True):
        places = [place for place, wants in enumerate(aligned) if wants is explain and not blank(segments[place].text)]
        if places:
            texts = tuple(segments[place].text for place in places)
            groups.append(places)
            work.append(desk.translate(_asked(request, texts, wording, explain), priority))
    for places, answer in zip(groups, await gathered(work), strict=True):
        found |= dict(zip(places, answer, strict=True))
    return [found.get(place, Translation(one.text, 0.0)) for place, one in enumerate(segments)]


def _asked(request: Request, texts: tuple[str, ...], wording: Wording, explain: bool) -> Request:
    handling = wording.handling
    if explain:
        handling = (handling or Handling()).model_copy(update={"explain": True})
    return replace(request, texts=texts, model=wording.model, search=wording.search, handling=handling)


async def _with_terms(
    desk: Desk, stretches: Sequence[_Stretch], request: Request, wording: Wording, priority: Priority
) -> list[Translation]:
    """The translations with the glossary's terms. A model that gives no alignment is asked once more, with
    placeholders for the terms."""
    segments = [Segment(one.text) for one in stretches]
    aligned = [one.marked or bool(one.matches) for one in stretches]
    found = await _apart(desk, segments, aligned, request, wording, priority)

    def apply() -> list[Translation]:
        return [applied(one.matches, one.text, said) for one, said in zip(stretches, found, strict=True)]

    done = await desk.aside(sum(len(one.text) for one in stretches if one.matches), apply)
    lost = [
        place
        for place, (before, after) in enumerate(zip(found, done, strict=True))
        if before.alignment is None and len(after.warnings) > len(before.warnings)
    ]
    if not lost:
        return done
    shields = [shielded(stretches[place].matches, stretches[place].text) for place in lost]
    texts = tuple(text for text, _ in shields)
    again = await desk.translate(_asked(request, texts, wording, False), priority)
    for place, (_, signs), one in zip(lost, shields, again, strict=True):
        if all(one.text.count(sign) == 1 for sign in signs):
            text = one.text
            for sign, term in signs.items():
                text = text.replace(sign, term)
            done[place] = replace(one, text=text, alternatives=())
    return done
