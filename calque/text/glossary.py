"""Terms that have one translation: read from tables, found in a text, and put into its translation.

A term is put in after translating, where the alignment of the words says that its translation stands: any model that
has an alignment will do, and what it wrote around the term stays. Where the translation has the term already, nothing
is touched. Without an alignment a term can only be asked for by a placeholder (`shielded`), which every model that
keeps placeholders keeps, at the price of a hole in what it reads.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from calque import warning
from calque.errors import DataError
from calque.records import Alignment, Translation, Word
from calque.text.automaton import Automaton
from calque.text.window import window

LONGEST = 1024  # bytes of a term in UTF-8
SINGLE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0eff"  # written without spaces: characters one by one
TOKEN = re.compile(rf"[{SINGLE}]|(?:(?![{SINGLE}])[^\W_])+|[^\s]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
WORD = re.compile(r"[^\W\d_\u2e80-\u9fff]+")  # of alphabets
SHORT = 3  # letters of an article or a preposition: la, des, une, der, the
ENDS = ".!?…:\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """A term and its translation."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Match:
    """A term in a text: its characters [start, end), and the entry."""

    start: int
    end: int
    entry: Entry


@dataclass(frozen=True)
class Glossary:
    """The terms of one pair of languages. Those that differ only in small and capital letters may stand side by side;
    the one that is written as the text is wins.

    Raises:
        DataError: a term is empty, too long, has a control character or is there twice; `line` is its place, from 1.
    """

    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        _check(enumerate(self.entries, start=1))

    @cached_property
    def _by_words(self) -> dict[tuple[str, ...], list[Entry]]:
        found: dict[tuple[str, ...], list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(tuple(TOKEN.findall(entry.source.casefold())), []).append(entry)
        return found

    @cached_property
    def _automaton(self) -> Automaton:
        return Automaton(self._by_words)

    def matches(self, text: str) -> list[Match]:
        """The terms in a text, from left to right, the longest at each place; whole words, in any case. The first use
        reads all entries; after that the time grows with the text alone."""
        tokens = list(TOKEN.finditer(text))
        words = [token.group().casefold() for token in tokens]
        lengths = self._automaton.lengths(words)
        found: list[Match] = []
        place = 0
        while place < len(words):
            length = lengths[place]
            if length:
                start, end = tokens[place].start(), tokens[place + length - 1].end()
                written = " ".join(text[start:end].split())
                entries = self._by_words[tuple(words[place : place + length])]
                found.append(Match(start, end, next((one for one in entries if one.source == written), entries[0])))
            place += length or 1
        return found

    def to_tsv(self) -> str:
        """The entries as tab-separated lines, as `read_tsv` takes them."""
        return "\n".join(f"{entry.source}\t{entry.target}" for entry in self.entries)


def applied(matches: Sequence[Match], source: str, translation: Translation) -> Translation:
    """The translation of `source` with the terms of a glossary that were found there.

    A term stays away where the translation has none of the words that it should replace; a warning says so.
    """
    missing: list[str] = []
    for match, wanted in _wanted(matches, source, translation.text):
        found = None if translation.alignment is None else window(translation.alignment, match.start, match.end)
        if found is None:
            missing.append(match.entry.target)
        else:
            translation = _replaced(translation, match, _without_article(translation.text, found, wanted), wanted)
    if not missing:
        return translation
    told = warning.NO_PLACE.format(terms=", ".join(map(repr, missing)))
    return replace(translation, warnings=(*translation.warnings, told))


def _wanted(matches: Sequence[Match], source: str, text: str) -> Iterator[tuple[Match, str]]:
    """Terms of the source that the translation lacks, and how they are written there."""
    has: dict[str, int] = {}
    for match in matches:
        term = match.entry.target
        if term.casefold() not in has:
            has[term.casefold()] = _count(term, text)
        has[term.casefold()] -= 1
        if has[term.casefold()] < 0:
            yield match, _cased(match, source)


def shielded(matches: Sequence[Match], source: str) -> tuple[str, dict[str, str]]:
    """The text with a placeholder, such as {0}, for each term that was found there, and what each stands for."""
    pieces: list[str] = []
    terms: dict[str, str] = {}
    done = number = 0
    for match in matches:
        while (sign := f"{{{number}}}") in source:
            number += 1
        number += 1
        terms[sign] = _cased(match, source)
        pieces += [source[done : match.start], sign]
        done = match.end
    return "".join([*pieces, source[done:]]), terms


def read_tsv(text: str, name: str = "entries") -> Glossary:
    """A glossary of lines with a term, a tab and its translation; blank lines are skipped.

    Raises:
        DataError: a line has no such two parts, or a term cannot be one; with the line.
    """
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), start=1):
        if line.strip():
            rows.append((number, line.split("\t")))
    return _of_rows(rows, name, "a tab", most=2)


def read_csv(text: str, name: str = "entries") -> Glossary:
    """A glossary of comma-separated values: a term, its translation, and perhaps both languages' codes, which are not
    looked at; blank lines are skipped.

    Raises:
        DataError: as `read_tsv`.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"no comma-separated values: {error}", name, reader.line_num) from None
    return _of_rows(rows, name, "a comma", most=4)


def _of_rows(rows: Iterable[tuple[int, list[str]]], name: str, between: str, most: int) -> Glossary:
    entries: list[tuple[int, Entry]] = []
    for number, row in rows:
        if len(row) < 2 or len(row) > most or len(row) == 3:
            raise DataError(f"expected a term, {between} and its translation, found {len(row)} parts", name, number)
        entries.append((number, Entry(row[0].strip(), row[1].strip())))
    _check(entries, name)
    return Glossary(tuple(entry for _, entry in entries))


def _check(entries: Iterable[tuple[int, Entry]], name: str = "entries") -> None:
    seen: dict[str, int] = {}
    for number, entry in entries:
        for term in (entry.source, entry.target):
            if not term.strip():
                raise DataError("a term is empty: a term and its translation are both required", name, number)
            if CONTROL.search(term):
                raise DataError("a term has a control character or a line break: take it out", name, number)
            if len(term.encode()) > LONGEST:
                raise DataError(f"a term is longer than {LONGEST} bytes: it is no term", name, number)
        if entry.source in seen:
            raise DataError(f"the term '{entry.source[:50]}' is there already: see {seen[entry.source]}", name, number)
        seen[entry.source] = number


def _without_article(text: str, found: tuple[int, int], term: str) -> tuple[int, int]:
    """The stretch without short words at its beginning, where it has more words than the term: an article or a
    preposition that was aligned with the noun ("a bicycle", "du vélo") stays before the new one."""
    words = [match.span() for match in WORD.finditer(text, *found)]
    wanted = len(WORD.findall(term))
    while len(words) > wanted and words[0][1] - words[0][0] <= SHORT < words[-1][1] - words[-1][0]:
        del words[0]
    return (words[0][0], found[1]) if words and words[0][0] > found[0] else found


def _count(term: str, text: str) -> int:
    """How often a term stands in a text, as whole words, in any case."""
    before = r"(?<!\w)" if re.match(r"[^\W\u2e80-\u9fff\uac00-\ud7af]", term) else ""
    after = r"(?!\w)" if re.search(r"[^\W\u2e80-\u9fff\uac00-\ud7af]$", term) else ""
    return len(re.findall(before + re.escape(term.casefold()) + after, text.casefold()))


def _cased(match: Match, source: str) -> str:
    """The translation of a term, in capitals where the text has it in capitals and the glossary has not."""
    written, term = source[match.start : match.end], match.entry.target
    shouted = written.isupper() and not match.entry.source.isupper() and len(written) > 1
    return term.upper() if shouted else term


def _replaced(translation: Translation, match: Match, found: tuple[int, int], term: str) -> Translation:
    """The translation with a term for the characters `found`, and its alignment as it is then."""
    start, end = found
    text = translation.text
    begins = not text[:start].rstrip(" \"'«“([") or text[:start].rstrip(" \"'«“([")[-1] in ENDS
    if begins and text[start].isupper():
        term = term[:1].upper() + term[1:]
    alignment = translation.alignment
    assert alignment is not None
    return replace(
        translation,
        text=text[:start] + term + text[end:],
        alignment=_realigned(alignment, match, found, len(term)),
    )


def _realigned(alignment: Alignment, match: Match, found: tuple[int, int], length: int) -> Alignment:
    """The alignment after the characters `found` became one word of that length, which goes with the whole term."""
    start, end = found
    shift = length - (end - start)
    before = [place for place, word in enumerate(alignment.target) if word.end <= start]
    after = [place for place, word in enumerate(alignment.target) if word.start >= end]
    kept = {place: number for number, place in enumerate(before)}
    kept |= {place: number for number, place in enumerate(after, start=len(before) + 1)}
    words = [alignment.target[place] for place in before]
    words.append(Word(start, start + length))
    for place in after:
        word = alignment.target[place]
        words.append(replace(word, start=word.start + shift, end=word.end + shift))
    own = [place for place, word in enumerate(alignment.source) if word.start < match.end and word.end > match.start]
    links = {(source, kept[target]) for source, target in alignment.links if target in kept}
    links |= {(source, len(before)) for source in own}
    return Alignment(alignment.source, tuple(words), tuple(sorted(links)))
