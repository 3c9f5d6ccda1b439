"""Translations that begin as they are told, and the different words with which one may go on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from calque.decoding.passage import Part, Segment, glue, lines, sentences
from calque.errors import DataError
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.records import Alignment, Translation, Word
from calque.text.words import words

if TYPE_CHECKING:
    from calque.decoding.engine import Engine
    from calque.decoding.translator import Translator
    from calque.model.folder import Folder
    from calque.model.hypothesis import Hypothesis
    from calque.text.codec import Codec

_WIDE = 4  # times as many tokens are looked at as words are wanted: several may begin the same word
_HEALING = 64  # tokens that are looked at to finish a word that was begun
_FULL_STOPS = frozenset(".!?…。！？")
_FINISHED = 3  # of them are gone on with


@dataclass(frozen=True, slots=True)
class Mouth:
    """A translator, with what it is made of."""

    translator: Translator
    engine: Engine
    folder: Folder
    adapter: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a translation is to go on.

    done: the beginning of the translation that is left as it is.
    at: where the sentence begins that is being translated, in the text.
    body: that sentence.
    begun: the beginning of its translation.
    space: what stands behind it in the text.
    behind: all that follows.
    """

    done: str
    at: int
    body: str
    begun: str
    space: str
    behind: str

    def after_done(self, made: Translation) -> Translation:
        """A translation of the sentence behind what is done."""
        return replace(
            made,
            text=self.done + made.text,
            alternatives=tuple((self.done + said, score) for said, score in made.alternatives),
        )

    def followed(self, made: Translation, rest: Translation, between: str) -> Translation:
        """A translation as far as the sentence goes, and that of what stands behind.

        Args:
            made: the translation of the text up to the end of the sentence.
            rest: the translation of what is behind.
            between: what stands between two sentences that the text does not part with anything.
        """
        space = self.space
        if self.behind.strip():
            space = space or between
        at = self.at + len(self.body) + len(self.space)
        return _longer(made, replace(rest, text=space + rest.text), at, len(space))


def begun(mouth: Mouth, text: str, prefix: str, search: Search, handling: Handling | None) -> Translation:
    """See `Translator.begun`."""
    place = _place_of(mouth, text, prefix, Handling() if handling is None else handling)
    best, *others = _started(mouth, place, search)
    made = Translation(
        place.done + best[0], best[1], tuple((place.done + said, score) for said, score in others[: search.n_best - 1])
    )
    if handling is not None and handling.explain:
        from calque.decoding.explanation import explained

        before = [Segment(0, text[: place.at], 0, place.done)] if place.done.strip() else []
        here = Segment(place.at, place.body, len(place.done), best[0])
        calibration = mouth.translator.calibration(mouth.adapter)
        (made,) = explained(mouth.engine, mouth.folder, calibration, [[*before, here]], [made])
    return place.followed(made, _behind(mouth, place, search, handling), _glue(mouth))


def complete(mouth: Mouth, text: str, prefix: str, count: int, search: Search) -> list[Translation]:
    """See `Translator.complete`."""
    place = _place_of(mouth, text, prefix, Handling())
    source = _encoded(mouth.folder.source_codec, place.body)
    able = _ahead(mouth, place, source, _WIDE * count)
    found: dict[str, tuple[float, str, float]] = {}
    plain = search.model_copy(update={"n_best": 1})
    went_on = _went_on(mouth, place, source, [ids for ids, _ in able], plain)
    for (_, chance), (said, score, _fits) in zip(able, went_on, strict=True):
        word = _next(said, len(place.begun))
        known = found.get(word)
        if known is None:
            found[word] = (chance, said, score)
        else:
            found[word] = (known[0] + chance, *known[1:])
    best = sorted((one for word, one in found.items() if word), key=lambda one: -one[0])[:count]
    if not best:
        return []
    rest, between = _behind(mouth, place, plain, None), _glue(mouth)
    return [
        place.followed(Translation(place.done + said, score, confidence=min(1.0, chance)), rest, between)
        for chance, said, score in best
    ]


def _ahead(mouth: Mouth, place: Place, source: list[int], count: int) -> list[tuple[list[int], float]]:
    """Ids with which the sentence may go on, one token behind its beginning, each with its chance.

    Where the beginning ends within a word, that may also be the beginning of one piece: those that fit are beside them.
    """
    codec = mouth.folder.target_codec
    start = codec.encode_bare(place.begun.rstrip())
    head, fragment = _broken(place.begun)
    whole = codec.encode_bare(head) if fragment else start
    if not fragment or start[: len(whole)] != whole:
        (likeliest,) = mouth.engine.ahead([source], [start], count)
        able = [([*start, token], math.exp(chance)) for token, chance in likeliest if token not in codec.hidden]
        return [one for one in able if codec.decode(one[0]).startswith(place.begun)] or able
    (reading,) = mouth.engine.read([source], [start])
    spelled = math.exp(sum(reading.log_probs_T[len(whole) : len(start)]))
    behind, instead = mouth.engine.ahead([source, source], [start, whole], max(count, _HEALING))
    able = [([*start, token], spelled * math.exp(chance)) for token, chance in behind[:count]]
    able += [
        ([*whole, token], math.exp(chance))
        for token, chance in instead
        if token not in start[len(whole) :] and _longer_than(codec.decode([*whole, token]), place.begun)
    ]
    total = sum(chance for _, chance in able) or 1.0
    able = [(ids, chance / total) for ids, chance in able if ids[-1] not in codec.hidden]
    return sorted(able, key=lambda one: -one[1])[:count]


def _longer_than(said: str, begun: str) -> bool:
    return said.startswith(begun) and len(said) > len(begun)


def _place_of(mouth: Mouth, text: str, prefix: str, handling: Handling) -> Place:
    return place(text, prefix, mouth.folder.source, mouth.folder.target, handling)


def _glue(mouth: Mouth) -> str:
    return glue(mouth.folder.source, mouth.folder.target)


def place(text: str, prefix: str, source: str, target: str, handling: Handling) -> Place:
    """Which sentence of the text a beginning of its translation has come to: as many are done as it has.

    Args:
        text: in the language `source`.
        prefix: the beginning, in the language `target`.
        source, target: language codes.
        handling: whether lines are cut into sentences.

    Raises:
        DataError: there is nothing to translate.
    """
    cut = sentences(text, source) if handling.sentences else lines(text)
    starts = _starts(cut)
    bodies = [number for number, part in enumerate(cut) if part.body]
    if not bodies:
        raise DataError("there is nothing to translate in the text, so no translation of it can begin in any way")
    said = sentences(prefix, target) if handling.sentences else lines(prefix)
    finished = [number for number, part in enumerate(said) if part.body and (number + 1 < len(said) or _ended(part))]
    count = min(len(finished), len(bodies) - 1)
    left = _starts(said)[finished[count - 1] + 1] if count else 0
    number = bodies[count]
    at = starts[number] + len(cut[number].before)
    return Place(
        done=prefix[:left],
        at=at,
        body=cut[number].body,
        begun=prefix[left:],
        space=cut[number].after,
        behind=text[starts[number + 1] :],
    )


def _ended(part: Part) -> bool:
    """Whether what is said is a whole sentence or line, with more to come behind it."""
    return "\n" in part.after or (part.after != "" and part.body.rstrip("\"'”’»)] \u00a0\u202f")[-1:] in _FULL_STOPS)


def _starts(parts: Sequence[Part]) -> list[int]:
    """Where each part begins, and where the last ends."""
    places = [0]
    for part in parts:
        places.append(places[-1] + len(part.before) + len(part.body) + len(part.after))
    return places


def _encoded(codec: Codec, body: str) -> list[int]:
    ids = codec.encode(body)
    if len(ids) > codec.max_length:
        raise DataError(
            f"a sentence of {len(ids)} tokens is longer than the {codec.max_length} that the model takes: its "
            "translation cannot be begun"
        )
    return ids


def _started(mouth: Mouth, place: Place, search: Search) -> list[tuple[str, float]]:
    """Translations of the sentence that begin as they should, with their scores, best first."""
    if not place.begun:
        (plain,) = mouth.translator.translate([place.body], search, mouth.adapter)
        return [(plain.text, plain.score), *plain.alternatives]
    source, codec = _encoded(mouth.folder.source_codec, place.body), mouth.folder.target_codec
    starts = [codec.encode_bare(place.begun.rstrip())]
    head, fragment = _broken(place.begun)
    if fragment:  # the word that was begun may be one piece, which its beginning's pieces would never lead to
        known = codec.encode_bare(head)
        (likeliest,) = mouth.engine.ahead([source], [known], _HEALING)
        whole = [[*known, token] for token, _ in likeliest if token not in codec.hidden]
        starts += [ids for ids in whole if ids not in starts and codec.decode(ids).startswith(place.begun)][:_FINISHED]
    wide = search.model_copy(update={"n_best": search.beam})  # some go on with the last word, behind a space
    found = dict.fromkeys(_went_on(mouth, place, source, starts, wide))
    return [(said, score) for said, score, _ in sorted(found, key=lambda one: (not one[2], -one[1]))]


def _went_on(
    mouth: Mouth, place: Place, source: list[int], starts: Sequence[list[int]], search: Search
) -> list[tuple[str, float, bool]]:
    """For each start all hypotheses that go on with it, as text that begins as it should, and whether it does by
    itself."""
    codec = mouth.folder.target_codec
    found: list[list[Hypothesis]] = []
    size = max(1, search.search_tokens // len(source))  # no larger than other searches, for which somebody may wait
    for first in range(0, len(starts), size):
        some = starts[first : first + size]
        found += mouth.engine.generate([source] * len(some), search, some)
    told = [
        (codec.decode(one.ids).replace("\n", " "), start, one)
        for start, some in zip(starts, found, strict=True)
        for one in some
    ]
    return [
        (_fitted(codec, place.begun, said, start, one.ids), one.score, said.startswith(place.begun))
        for said, start, one in told
    ]


def _fitted(codec: Codec, begun: str, said: str, start: Sequence[int], ids: Sequence[int]) -> str:
    """What was said with exactly this beginning, whatever the vocabulary makes of it (case, spaces)."""
    if said.startswith(begun):
        return said.rstrip() if len(said.rstrip()) >= len(begun) else begun
    stripped = begun.rstrip()
    if said.startswith(stripped):
        return begun + said[len(stripped) :].strip()
    head = codec.decode(start)
    tail = said[len(head) :] if said.startswith(head) else codec.decode(ids[len(start) :])
    return begun + (tail.strip() if begun[-1:].isspace() else tail.rstrip())


def _broken(begun: str) -> tuple[str, str]:
    """A beginning without the word in the middle of which it may end, and that word."""
    if not begun or not begun[-1].isalnum():
        return begun.rstrip(), ""
    start, _ = words(begun)[-1]
    return begun[:start].rstrip(), begun[start:]


def _next(said: str, begun: int) -> str:
    """The first word that does not end within the beginning, in the way that it is told apart."""
    return next((said[start:end].casefold() for start, end in words(said) if end > begun), "")


def _behind(mouth: Mouth, place: Place, search: Search, handling: Handling | None) -> Translation:
    """The translation of what stands behind."""
    if not place.behind.strip():
        return Translation(place.behind, 0.0)
    care = Handling(guard=False, protect=False, normalise=False) if handling is None else handling
    (rest,) = mouth.translator.translate([place.behind], search.single, mouth.adapter, care)
    return rest


def _longer(made: Translation, rest: Translation, at: int, space: int = 0) -> Translation:
    """One translation behind another: `at` is where its source begins, and `space` characters stand before it."""
    return replace(
        made,
        text=made.text + rest.text,
        alternatives=tuple((said + rest.text, score) for said, score in made.alternatives),
        warnings=(*made.warnings, *rest.warnings),
        alignment=_joined(made.alignment, rest.alignment, at, len(made.text) + space),
    )


def _joined(one: Alignment | None, other: Alignment | None, at: int, said_at: int) -> Alignment | None:
    if one is None or other is None:
        return one
    source = tuple(Word(word.start + at, word.end + at) for word in other.source)
    target = tuple(replace(word, start=word.start + said_at, end=word.end + said_at) for word in other.target)
    links = tuple((left + len(one.source), right + len(one.target)) for left, right in other.links)
    return Alignment(one.source + source, one.target + target, one.links + links)
