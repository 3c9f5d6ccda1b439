"""The segments of a text that is cut into tokens: what lies between two boundaries, its markup taken out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from calque.formats.document import Segment
from calque.formats.entity import unescaped
from calque.formats.placing import Inline
from calque.formats.tag import Token, tokens

INLINE = frozenset(  # what a reader sees as part of a sentence
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd mark nobr output q rb rp rt rtc ruby s "  # noqa: SIM905 - a list of them takes fifty lines
    "samp small span strike strong sub sup time tt u var wbr math svg x g".split()
)
UNTOUCHED = frozenset(
    "script style code pre kbd samp var tt textarea svg math xmp iframe noembed noframes noscript plaintext".split()  # noqa: SIM905
)
SPOKEN = frozenset(("alt", "title", "placeholder", "aria-label"))  # attributes that are text
PICTURES = frozenset(("img", "svg"))  # at the ends of a sentence they are no part of it
SPACES = re.compile(r"[ \t\n\f\r]+")
MOST = 200  # marks in one segment; beyond it every mark is a boundary, since placing them takes the square of it
PLACEHOLDER = re.compile(r"\{(?:0|[1-9][0-9]*)\}")
LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Rules:
    """How elements are seen.

    Attributes:
        xml: the text is XML: names as they are written, no element is known.
        splitting: names of elements that end a segment, beside those that are known to.
        whole: names of elements that do not.
        ignored: names of elements that are not translated.
        outline: of XML, whether an element that never stands beside text ends a segment.
    """

    xml: bool = False
    splitting: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    outline: bool = True


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute's value that is a segment."""

    start: int
    end: int
    quote: str
    segment: Segment


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text and inline markup that is a segment; its inlines' markup is yet without translated values."""

    start: int
    end: int
    segment: Segment
    inlines: tuple[Inline, ...]
    marks: tuple[tuple[tuple[int, int], tuple[int, int]], ...]  # of each inline, where `before` and `after` stand


@dataclass(slots=True)
class _Item:
    """A token inside a run. `partner` is the number of the tag that closes or opens it."""

    kind: str  # text, open, close, point or hole
    start: int
    end: int
    name: str = ""
    partner: int | None = None


def units(text: str, rules: Rules) -> list[Value | Run]:
    """What of a text is to be translated, in its order; a run stands before the values of attributes inside it."""
    found = _Reader(text, rules, list(tokens(text, rules.xml))).units()
    return sorted(found, key=lambda unit: (unit.start, -unit.end))


class _Reader:
    """Finds the segments of a text that is cut into tokens."""

    def __init__(self, text: str, rules: Rules, read: Sequence[Token]) -> None:
        self._text = text
        self._rules = rules
        self._read = read
        self._ends = _ends(read)
        self._signs = _Signs(text)
        self._inline = _inline_names(text, read) if rules.xml and rules.outline else frozenset()

    def units(self) -> Iterator[Value | Run]:
        """Every attribute and run that is to be translated."""
        run: list[_Item] = []
        place = 0
        while place < len(self._read):
            number, token = place, self._read[place]
            after = self._untouched_until(place) if token.kind == "open" else None
            if after is not None:
                item = _Item("hole", token.start, self._read[after - 1].end, token.name)
                place = after
            else:
                item = _Item(self._kind(token), token.start, token.end, token.name)
                place += 1
                yield from self._values(token)
            endless = after is not None and not token.closed and after - 1 != self._ends.get(number)
            if endless or self._is_boundary(item, token):
                yield from self._runs(run)
                run = []
            else:
                run.append(item)
        yield from self._runs(run)

    def _kind(self, token: Token) -> str:
        if token.kind == "other":
            cdata = self._rules.xml and self._text.startswith("<![CDATA[", token.start)
            return "hole" if cdata else "point"
        if token.kind == "open" and (token.closed or (token.name == "img" and not self._rules.xml)):
            return "hole" if token.name == "img" else "point"
        return token.kind

    def _is_boundary(self, item: _Item, token: Token) -> bool:
        """Whether a segment ends here. Text never ends one, and a comment neither, unless it never ends itself."""
        if token.kind == "text":
            return False
        if token.kind == "other":
            return token.end == len(self._text)
        name, rules = item.name, self._rules
        if name in rules.whole:
            return False
        if name in rules.splitting:
            return True
        if token.kind == "raw":
            return True
        if rules.xml:
            return rules.outline and name not in self._inline and name not in rules.ignored
        return name not in INLINE and name not in rules.ignored and "-" not in name

    def _values(self, token: Token) -> Iterator[Value]:
        """The attributes of a tag that are text."""
        if self._rules.xml or token.kind != "open":
            return
        seen: set[str] = set()
        for one in token.attributes:
            if one.name in SPOKEN and one.name not in seen and one.quote is not None:
                text = SPACES.sub(" ", unescaped(self._text[one.start : one.end])).strip()
                if LETTER.search(text):
                    yield Value(one.start, one.end, one.quote, Segment(text))
            seen.add(one.name)

    def _untouched_until(self, place: int) -> int | None:
        """The number of the token after an element that is not translated; None where this begins none."""
        token = self._read[place]
        if not self._is_untouched(token):
            return None
        if token.closed:
            return place + 1
        return self._ends[place] + 1 if place in self._ends else self._next_block(place)

    def _next_block(self, place: int) -> int:
        """Where an element ends that is never closed: before the next tag that ends a segment."""
        for number in range(place + 1, len(self._read)):
            token = self._read[number]
            if token.kind in ("open", "close") and self._is_boundary(_Item("", 0, 0, token.name), token):
                return number
        return len(self._read)

    def _is_untouched(self, token: Token) -> bool:
        if token.name in self._rules.ignored or (token.name in UNTOUCHED and not self._rules.xml):
            return True
        first: dict[str, str] = {}
        for one in token.attributes:
            first.setdefault(one.name, unescaped(self._text[one.start : one.end]))
        return first.get("translate", "").lower() == "no" or "notranslate" in first.get("class", "").split()

    def _runs(self, run: list[_Item]) -> Iterator[Run]:
        """The segments of a stretch between boundaries; tags without a partner in it cut it once more, and
        where there are very many marks, all of them."""
        _pair(run)
        crowded = sum(item.kind != "text" for item in run) > MOST
        start = 0
        for number, item in enumerate([*run, _Item("close", 0, 0)]):
            if item.kind != "text" and (crowded or (item.kind in ("open", "close") and item.partner is None)):
                if found := self._segment(run, start, number):
                    yield found
                start = number + 1

    def _segment(self, run: Sequence[_Item], start: int, end: int) -> Run | None:
        """The segment of items [start, end) of a run; None where there is nothing to say in another language."""
        spoken = [number for number in range(start, end) if self._is_spoken(run[number])]
        words = [
            unescaped(self._text[run[number].start : run[number].end])
            for number in spoken
            if run[number].kind == "text"
        ]
        if not any(LETTER.search(word) for word in words):
            return None
        first, last = _closed_under_pairs(run, spoken[0], spoken[-1])
        builder = _Builder(self._text, self._rules.xml, self._signs)
        builder.add(run, first, last)
        return builder.run()

    def _is_spoken(self, item: _Item) -> bool:
        """Whether it is part of a sentence: words, or what stands for some."""
        if item.kind == "text":
            return bool(self._text[item.start : item.end].strip(" \t\n\f\r"))
        return item.kind == "hole" and item.name not in PICTURES


def _pair(run: Sequence[_Item]) -> None:
    """Tells opening and closing tags of each other. What is closed crosswise has no partner, nor has what stands around
    a tag without one: every stretch between such tags holds whole pairs only."""
    waiting: list[int] = []
    names: Counter[str] = Counter()
    torn = 0  # so many of those that wait have a tag without a partner inside
    for number, item in enumerate(run):
        if item.kind == "open":
            waiting.append(number)
            names[item.name] += 1
        elif item.kind == "close" and not names[item.name]:
            torn = len(waiting)
        elif item.kind == "close":
            while run[waiting[-1]].name != item.name:
                names[run[waiting.pop()].name] -= 1
                torn = len(waiting)
            other = waiting.pop()
            names[item.name] -= 1
            if torn > len(waiting):
                torn = len(waiting)
            else:
                run[other].partner, item.partner = number, other


def _closed_under_pairs(run: Sequence[_Item], first: int, last: int) -> tuple[int, int]:
    """The smallest stretch around [first, last] that holds no tag without its partner."""
    grown = True
    while grown:
        inside = [one.partner for one in run[first : last + 1] if one.partner is not None]
        low, high = min([first, *inside]), max([last, *inside])
        grown = (low, high) != (first, last)
        first, last = low, high
    return first, last


class _Signs:
    """Placeholders that nobody wrote in a text: the same ones for each of its segments."""

    def __init__(self, text: str) -> None:
        self._written = set(PLACEHOLDER.findall(text))
        self._free: list[str] = []
        self._next = 0

    def sign(self, number: int) -> str:
        """The one for a hole of that number, from 0."""
        while len(self._free) <= number:
            if (sign := f"{{{self._next}}}") not in self._written:
                self._free.append(sign)
            self._next += 1
        return self._free[number]


class _Builder:
    """The text of a segment without its markup, white space as a browser shows it, and what was taken out."""

    def __init__(self, text: str, xml: bool, signs: _Signs) -> None:
        self._text = text
        self._xml = xml
        self._signs = signs
        self._said: list[str] = []  # pieces, none of them empty
        self._length = 0
        self._inlines: list[tuple[int, int, int, str, tuple[int, int], tuple[int, int]]] = []
        self._range = (0, 0)

    def add(self, run: Sequence[_Item], first: int, last: int) -> None:
        """Items [first, last] of a run, white space at both ends left out."""
        start, end = run[first].start, run[last].end
        if run[first].kind == "text":
            start += len(self._text[start:end]) - len(self._text[start:end].lstrip(" \t\n\f\r"))
        if run[last].kind == "text":
            end = start + len(self._text[start:end].rstrip(" \t\n\f\r"))
        self._range = (start, end)
        opened: list[int] = []
        holes = 0
        for number in range(first, last + 1):
            item = run[number]
            at = (item.start, item.end)
            if item.kind == "text":
                self._say(unescaped(self._text[max(item.start, start) : min(item.end, end)]))
            elif item.kind == "open":
                opened.append(len(self._inlines))
                self._inlines.append((self._length, -1, len(opened) - 1, "", at, at))
            elif item.kind == "close":
                begin, _, depth, hole, before, _ = self._inlines[opened[-1]]
                self._inlines[opened.pop()] = (begin, self._length, depth, hole, before, at)
            else:
                holes = self._add_point(item, len(opened), holes)

    def _add_point(self, item: _Item, depth: int, holes: int) -> int:
        """Takes out a point, or a hole, which leaves a placeholder; gives the number of holes."""
        at, none = (item.start, item.end), (item.end, item.end)
        hole = ""
        if item.kind == "hole" or (self._xml and self._stands_alone(item)):
            hole = self._signs.sign(holes)
            holes += 1
        self._inlines.append((self._length, self._length, depth, hole, at, none))
        self._add(hole)
        return holes

    def _stands_alone(self, item: _Item) -> bool:
        """Whether white space is on both sides: it stands for a word then, and is no mark between two."""
        around = self._text[item.start - 1 : item.start], self._text[item.end : item.end + 1]
        return all(one.isspace() for one in around) and self._text[item.start + 1 : item.start + 2] not in "!?"

    def _say(self, text: str) -> None:
        collapsed = SPACES.sub(" ", text)
        if collapsed.startswith(" ") and self._said and self._said[-1].endswith(" "):
            collapsed = collapsed[1:]
        self._add(collapsed)

    def _add(self, more: str) -> None:
        if more:
            self._said.append(more)
            self._length += len(more)

    def run(self) -> Run:
        """What was added, as a run."""
        whole = "".join(self._said)
        lead = len(whole) - len(whole.lstrip(" "))
        said = whole.strip(" ")

        def shifted(at: int) -> int:
            return min(max(at - lead, 0), len(said))

        inlines = tuple(
            Inline(shifted(start), shifted(end), "", "", depth, hole) for start, end, depth, hole, _, _ in self._inlines
        )
        marks = tuple((before, after) for *_, before, after in self._inlines)
        return Run(*self._range, Segment(said, bool(inlines)), inlines, marks)


def _ends(read: Sequence[Token]) -> dict[int, int]:
    """For each opening tag its closing tag, where there is one; other names between them do not matter."""
    waiting: dict[str, list[int]] = {}
    found: dict[int, int] = {}
    for number, token in enumerate(read):
        if token.kind == "open" and not token.closed:
            waiting.setdefault(token.name, []).append(number)
        elif token.kind == "close" and waiting.get(token.name):
            found[waiting[token.name].pop()] = number
    return found


def _inline_names(text: str, read: Sequence[Token]) -> frozenset[str]:
    """Names of XML elements that stand beside text somewhere: in a parent that has words of its own."""
    names: set[str] = set()
    parents: list[tuple[bool, set[str]]] = [(False, set())]
    for token in read:
        if token.kind == "text" and text[token.start : token.end].strip():
            parents[-1] = (True, parents[-1][1])
        elif token.kind == "open":
            parents[-1][1].add(token.name)
            if not token.closed:
                parents.append((False, set()))
        elif token.kind == "close" and len(parents) > 1:
            spoken, inner = parents.pop()
            names |= inner if spoken else set()
    for spoken, inner in parents:
        names |= inner if spoken else set()
    return frozenset(names)
