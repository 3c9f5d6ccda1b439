"""What every format gives: segments to translate, and the file again with their translations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from calque.records import Translation


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a document that is translated at once: one line, without markup, white space around it left out.

    `marked` says that something inside (a link, bold words) has to find its place in the translation: an alignment of
    the words puts it there, and without one it is placed by proportion.
    """

    text: str
    marked: bool = False


class Document(Protocol):
    """An opened file. What lies outside its segments is kept as it is."""

    @property
    def segments(self) -> Sequence[Segment]:
        """What is to be translated, in the order of the file."""

    def write(self, translations: Sequence[Translation]) -> bytes:
        """The file with one translation for each segment. A segment whose translation is its own text keeps its bytes,
        so that the file comes back as it was where all do.

        Raises:
            ValueError: there are not as many translations as segments.
        """
