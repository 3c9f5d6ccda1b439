"""What must not change in translation: web and e-mail addresses, placeholders, tags, @mentions, #tags, numbers (with
their units) and emoji; where they are in a text, and whether another text has them all."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

_LETTER = "A-Za-z\u00c0-\u024f\u0370-\u052f"  # of alphabets in which a number may be part of a word: 21st, MP3
_UNITS = (
    "km/h|m/s|km²|m²|m³|km|cm|mm|µm|nm|kg|mg|µg|ml|cl|dl|kWh|kW|MW|GW|kHz|MHz|GHz|Hz|kB|MB|GB|TB|KB|px|pt|dB|°C|°F|°|"
    "%|‰|€|\\$|£|¥|min|ms|m|g|l|L|h|W|V|A|K"
)
_PICTURE = "\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\U0001f300-\U0001f64f\U0001f680-\U0001faff"
_MAILED = r"[\w.+-]"
_AT = r"@[\w-]++(?:\.[\w-]++)++"
# Each pattern takes time in proportion to the text, whatever the text: possessive quantifiers give nothing back, and
# what may be long begins only where nothing like it stands before.
_PATTERNS = {
    "address": r"(?:https?|ftp)://[^\s<>\"“”«»]+|www\.[^\s<>\"“”«»]+\.[^\s<>\"“”«»]+"
    r"|(?<![\w@.-])[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:com|org|net|edu|gov|io|eu|fr|de|uk|ca)(?:/[^\s<>\"“”«»]*)?(?![\w@])",
    "mail": rf"(?<!{_MAILED})(?:{_MAILED})++{_AT}",
    "placeholder": r"\{\{[^{}\n]*\}\}|\$?\{[^{}\n]*\}|%\([^()\s]+\)[-+#0]*+\d*+(?:\.\d++)?+[a-zA-Z]"
    rf"|(?<![\d%])%(?:\d++\$)?+[-+#0]*+\d*+(?:\.\d++)?+[sdifgxXeEc@](?![{_LETTER}\d])"
    r"|(?<![\w:/]):[a-z_]\w*(?:-\w+)*:?",
    "tag": r"</?[A-Za-z][^<>\n]*>|&(?:[a-zA-Z]+|#\d+|#x[0-9a-fA-F]+);",
    "mention": r"(?<![\w@])@\w+(?:\.\w+)*",
    "hashtag": r"(?<![\w&#])#\w+",
    "emoji": rf"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3"
    rf"|[{_PICTURE}](?:\ufe0f|[\U0001f3fb-\U0001f3ff]|\u200d[{_PICTURE}]|[\U000e0020-\U000e007f])*",
    "number": rf"(?<![{_LETTER}\d_])(?<![.,]\d)(?:[$€£¥]\s?|(?<![\w)])[-+−])?\d+(?:[.,:/'’\u00a0\u202f-]\d+)*"
    rf"(?:[ \u00a0\u202f]?(?:{_UNITS}))?(?![{_LETTER}\d_])",
}
_ALL = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items()))
_MAIL = re.compile(rf"(?<!{_MAILED})(?:{_MAILED})++(?=({_AT}))")
_ADDRESS = re.compile(_PATTERNS["address"])
_BEHIND = ".,;:!?'\"’”»)]}…"  # punctuation that ends a sentence, not an address


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch [start, end) of a text that must not change: what it says, and of which kind it is."""

    start: int
    end: int
    text: str
    kind: str


def items(text: str) -> list[Item]:
    """All that must not change, from left to right.

    >>> [item.text for item in items("Mail a@b.org or see https://b.org/x (3 km, 10:30).")]
    ['a@b.org', 'https://b.org/x', '3 km', '10:30']
    """
    found: list[Item] = []
    begun = _Begun(text)
    place = 0
    while one := begun.mail(place) or _found(text, place):
        place = one.end if one.text else one.start + 1
        if one.text:
            found.append(one)
    return found


def _found(text: str, place: int) -> Item | None:
    """The first item from a place on; it is empty where it is an address of punctuation alone."""
    match = _ALL.search(text, place)
    if match is None:
        return None
    said, kind = match[0], str(match.lastgroup)
    if kind == "address":
        said = _trimmed(said)
    return Item(match.start(), match.start() + len(said), said, kind)


class _Begun:
    """Mail addresses that begin right behind an item, as in `%(name)s.b@c.org`: a mail address begins anywhere in its
    name, but only the name's beginning is looked for elsewhere."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._waiting = deque(_MAIL.finditer(text)) if "@" in text else deque[re.Match[str]]()

    def mail(self, place: int) -> Item | None:
        """The mail address that begins at a place within a name; None where there is none. Places only rise."""
        while self._waiting and self._waiting[0].end() <= place:
            self._waiting.popleft()
        if not self._waiting or self._waiting[0].start() >= place or _ADDRESS.match(self._text, place):
            return None
        end = self._waiting[0].end(1)
        return Item(place, end, self._text[place:end], "mail")


def _trimmed(address: str) -> str:
    """An address without the punctuation behind it; a bracket stays where it was opened within."""
    end = len(address)
    opened, closed = address.count("("), address.count(")")
    while end and address[end - 1] in _BEHIND:
        if address[end - 1] == ")":
            if opened >= closed:
                break
            closed -= 1
        end -= 1
    return address[:end]


def kept(wanted: Sequence[Item], text: str) -> bool:
    """Whether each of these stands in the text, as often as it is wanted and no more."""
    counts = Counter(item.text for item in wanted)
    return not counts or counts == Counter(item.text for item in items(text) if item.text in counts)


def whole(text: str, ends: Sequence[int]) -> list[int]:
    """Those of some places at which no item is cut in two."""
    inside = [(item.start, item.end) for item in items(text)]
    before = [bisect_left(inside, (end,)) - 1 for end in ends]  # the item that begins last before each
    return [end for end, number in zip(ends, before, strict=True) if number < 0 or inside[number][1] <= end]


_NAMES = (("Max", "Anna", "Paul", "Eva"), ("Paris", "Rome", "Berlin", "Madrid"), ("XX", "YY", "ZZ", "QQ"))
_FIGURES = (("7", "8", "9", "6"), ("2", "3", "4", "5"), ("20", "30", "40", "50"))


@dataclass(frozen=True, slots=True)
class Disguise:
    """A text in which every item has been replaced by something that a model rather copies."""

    text: str
    stands: tuple[tuple[str, str], ...]  # what stands there, and for which item

    def lifted(self, said: str) -> str | None:
        """What the model said with the items in their places; None where one cannot be told."""
        for stand, _ in self.stands:
            if len(re.findall(rf"(?<!\w){re.escape(stand)}(?!\w)", said)) != 1:
                return None
        known = dict(self.stands)
        alternatives = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
        return re.sub(rf"(?<!\w)(?:{alternatives})(?!\w)", lambda match: known[match[0]], said)


def disguises(text: str, wanted: Sequence[Item]) -> list[Disguise]:
    """Ways to disguise the items of a text: numbers as other numbers, everything else as names; none where there are
    more items than names, or where one is in the text already."""
    made = []
    for names, figures in zip(_NAMES, _FIGURES, strict=True):
        free = {False: iter(names), True: iter(figures)}
        stands = [(next(free[item.kind == "number"], ""), item) for item in wanted]
        if all(stand and stand not in text for stand, _ in stands):
            places = [0, *(place for item in wanted for place in (item.start, item.end)), len(text)]
            between = [text[start:end] for start, end in zip(places[::2], places[1::2], strict=True)]
            said = between[0] + "".join(stand + rest for (stand, _), rest in zip(stands, between[1:], strict=True))
            made.append(Disguise(said, tuple((stand, item.text) for stand, item in stands)))
    return made


@dataclass(frozen=True, slots=True)
class Gap:
    """A place in a text from which an item was taken: where it was, the item, and whether white space stood before and
    behind it."""

    place: int
    item: Item
    before: bool
    behind: bool


def without(text: str, wanted: Sequence[Item]) -> tuple[str, list[Gap]]:
    """The text without its items, and with no more than one space where each was."""
    left: list[str] = []
    length, place = 0, 0
    gaps = []
    for item in wanted:
        left.append(text[place : item.start])
        length += len(left[-1])
        place = item.end
        before, behind = text[item.start - 1 : item.start].isspace(), text[place : place + 1].isspace()
        if before and (behind or text[place : place + 1] in _BEHIND):
            length -= _strip_end(left)
        gaps.append(Gap(length, item, before, behind))
    return "".join([*left, text[place:]]), gaps


def _strip_end(pieces: list[str]) -> int:
    """Takes the white space off the end of what the pieces make together; gives its length."""
    taken = 0
    while pieces:
        last = pieces.pop()
        kept = last.rstrip()
        taken += len(last) - len(kept)
        if kept:
            pieces.append(kept)
            break
    return taken


def filled(text: str, gaps: Sequence[tuple[int, Gap]]) -> str:
    """A text with items put into it, each at a place, with white space around it as it had."""
    pieces: list[str] = []  # from the end to the beginning
    end, following = len(text), ""
    for place, gap in sorted(gaps, key=lambda one: one[0])[::-1]:
        pieces.append(text[place:end])
        following = pieces[-1][:1] or following
        preceding = text[place - 1 : place] if place else ""
        before = " " if gap.before and preceding and not preceding.isspace() else ""
        behind = " " if gap.behind and following and not following.isspace() and following not in _BEHIND else ""
        pieces.append(f"{before}{gap.item.text}{behind}")
        end, following = place, pieces[-1][:1]
    return "".join([*pieces, text[:end]][::-1])


def apart(text: str, wanted: Sequence[Item]) -> list[tuple[str, bool]]:
    """The text cut around its items: each stretch, and whether it is an item."""
    cut: list[tuple[str, bool]] = []
    place = 0
    for item in wanted:
        cut += [(text[place : item.start], False), (item.text, True)]
        place = item.end
    return [(stretch, is_item) for stretch, is_item in [*cut, (text[place:], False)] if stretch]
