"""A text and the beginning of its translation: what is gone on with, and what follows as any other text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calque.decoding.completion import Place, place
from calque.decoding.passage import glue
from calque.records import Translation
from calque.text.normal import blank

if TYPE_CHECKING:
    from calque.recipes.handling import Handling
    from calque.server.models import Model


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the beginning of a translation has come to in its text.

    place: the sentence in which it ends.
    between: what stands between two sentences of the translation that the text does not part with anything.
    before: the text up to the end of the sentence.
    """

    place: Place
    between: str
    before: str

    @classmethod
    def of(cls, text: str, prefix: str, route: Sequence[Model], handling: Handling) -> Beginning:
        """Where the beginning `prefix` of a translation ends.

        Raises:
            DataError: there is nothing to translate.
        """
        source, target = route[0].source, route[-1].target
        found = place(text, prefix, source, target, handling)
        return cls(found, glue(source, target), text[: found.at + len(found.body)])

    @property
    def behind(self) -> tuple[str, ...]:
        """What follows the sentence, where there is anything to read."""
        return () if blank(self.place.behind) else (self.place.behind,)

    def whole(self, made: Translation, rest: Sequence[Translation]) -> Translation:
        """The translation of the text, of those of `before` and of `behind`."""
        (behind,) = rest or (Translation(self.place.behind, 0.0),)
        return self.place.followed(made, behind, self.between)
