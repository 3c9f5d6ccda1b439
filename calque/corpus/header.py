"""The header row of a table of parallel text: which columns hold the two languages, and whether there is one at all.

A row is a header only where one of its cells names the source and another the target, by language or by role. Names of
two languages, or of two roles, are never one another's translation, so no pair of real text looks like that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from calque.corpus.language import primary
from calque.errors import DataError

_ROLES = {"source": {"source", "src", "original", "原文"}, "target": {"target", "tgt", "trg", "translation", "译文"}}
_TEXT = {word + ending for word in ("text", "sentence", "segment", "string", "word", "phrase") for ending in ("", "s")}
_KIND = {"lang", "language"}
_NAMES = """
af:afrikaans sq:albanian am:amharic ar:arabic hy:armenian az:azerbaijani eu:basque be:belarusian bn:bengali bs:bosnian
bg:bulgarian my:burmese ca:catalan zh:chinese hr:croatian cs:czech da:danish nl:dutch en:english eo:esperanto
et:estonian fa:persian fi:finnish fr:french gl:galician ka:georgian de:german el:greek gu:gujarati ha:hausa he:hebrew
hi:hindi hu:hungarian is:icelandic ig:igbo id:indonesian ga:irish it:italian ja:japanese kn:kannada kk:kazakh km:khmer
rw:kinyarwanda ko:korean ku:kurdish lo:lao la:latin lv:latvian ln:lingala lt:lithuanian lb:luxembourgish mk:macedonian
mg:malagasy ms:malay ml:malayalam mt:maltese mr:marathi mn:mongolian ne:nepali no:norwegian oc:occitan ps:pashto
pl:polish pt:portuguese pa:punjabi ro:romanian ru:russian sr:serbian si:sinhala sk:slovak sl:slovenian so:somali
es:spanish sw:swahili sv:swedish tl:tagalog ta:tamil te:telugu th:thai tr:turkish uk:ukrainian ur:urdu ug:uyghur
uz:uzbek vi:vietnamese cy:welsh wo:wolof xh:xhosa yo:yoruba zu:zulu
"""  # in English: a language's own name does stand in real text, as the translation of another's ("English": "Deutsch")
_CALLED = {name: code for code, name in (pair.split(":") for pair in _NAMES.split())}
_WORD = re.compile(r"[^\W_]+")
_SUBTAG = re.compile(r"[a-z]{4}|[a-z]{2}|[0-9]{3}")  # a script or a region, in lower case
_CODE = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Header:
    """A header row: its cells, and the 0-based columns of both sides."""

    cells: tuple[str, ...]
    source: int
    target: int

    def __str__(self) -> str:
        return (
            f"header row skipped, source in column {self.source + 1} ({self.cells[self.source]}), "
            f"target in column {self.target + 1} ({self.cells[self.target]})"
        )


def find(row: Sequence[str], source: str, target: str, path: Path) -> Header | None:
    """What a table's first row says as a header, or None where it is text.

    A language's code counts most ('fr', 'fr-CA'), then its other codes and its English name ('fra', 'french'), then the
    role ('source', 'src', 'target', 'tgt'); words such as 'text' or 'sentence' may stand beside.

    Args:
        row: the cells.
        source: code of the source language.
        target: code of the target language.
        path: the table, for messages.

    Raises:
        DataError: several columns are named equally well, or the row names languages but lacks one of ours.
    """
    cells = tuple(cell.strip().strip('"').strip() for cell in row)
    sides = [_columns(cells, side, code) for side, code in (("source", source), ("target", target))]
    found = sorted((one + other, i, j) for (i, one), (j, other) in product(*(side.items() for side in sides)) if i != j)
    if not found:
        _refuse_other_languages(cells, (source, target), path)
        return None
    if len(found) > 1 and found[0][0] == found[1][0]:
        told = " or ".join(f"{cells[i]} and {cells[j]}" for cost, i, j in found if cost == found[0][0])
        raise DataError(f"the header is ambiguous: {told} could be meant; name them {source} and {target}", path, 1)
    return Header(cells, *found[0][1:])


def _columns(cells: Sequence[str], side: str, code: str) -> dict[int, int]:
    """The columns that may be this side's, with what speaks against each (the less the better)."""
    costs = {column: _cost(cell, side, code) for column, cell in enumerate(cells)}
    return {column: cost for column, cost in costs.items() if cost is not None}


def _cost(cell: str, side: str, code: str) -> int | None:
    words = _WORD.findall(cell.casefold())
    telling = [word for word in words if word not in _TEXT]
    roles = {role for role, names in _ROLES.items() if not names.isdisjoint(telling)}
    language = [word for word in telling if word not in _KIND and not any(word in names for names in _ROLES.values())]
    beside = len(words) - len(telling)
    if language:
        far = _distance(language, cell, code)
        return None if far is None else 10 * far + beside
    return (30 if _KIND & set(telling) else 20) + beside if roles == {side} else None


def _distance(words: Sequence[str], cell: str, code: str) -> int | None:
    """0 where the words are this very code, 1 where they mean its language; a role beside them costs nothing."""
    asked, given = code.casefold().replace("_", "-"), "-".join(words)
    if given not in cell.casefold().replace("_", "-"):  # words apart are no code: 'is it'
        return None
    if given == asked:
        return 0
    same = _CALLED.get(words[0], primary(words[0])) == primary(asked)
    wider = "-" not in asked and all(map(_SUBTAG.fullmatch, words[1:]))
    return 1 if same and (len(words) == 1 or wider) else None


def _refuse_other_languages(cells: Sequence[str], codes: tuple[str, str], path: Path) -> None:
    """A first row of language codes which lacks one of ours would be read as text, or as the wrong language."""
    named = [code for code in codes if any(_is(cell, code) for cell in cells)]
    if named and all(_CODE.fullmatch(cell) or cell.casefold() in _CALLED for cell in cells):
        lacking = next((code for code in codes if code not in named), codes[1])
        raise DataError(
            f"the header names {', '.join(cells)}: there is no column '{lacking}'. If that row is text, put a row "
            f"with {codes[0]} and {codes[1]} above it",
            path,
            1,
        )


def _is(cell: str, code: str) -> bool:
    return _distance(_WORD.findall(cell.casefold()) or [""], cell, code) is not None
