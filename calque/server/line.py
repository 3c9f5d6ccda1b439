"""Pieces of text that wait for the engine: bounded, in two priorities, in lots that can be computed together."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from typing import TYPE_CHECKING

from calque.server.refusal import Refusal

if TYPE_CHECKING:
    from calque.recipes.handling import Handling
    from calque.recipes.search import Search
    from calque.recipes.serve import Waiting
    from calque.records import Translation
    from calque.server.models import Served


class Priority(IntEnum):
    """Who goes first: people who wait, then documents and long lists."""

    INTERACTIVE = 0
    BACKGROUND = 1


@dataclass(frozen=True, slots=True)
class Lot:
    """What pieces have in common that are computed together."""

    served: Served
    source: str
    target: str
    model: str | None
    search: Search | None
    handling: Handling | None
    prefix: str | None


@dataclass(eq=False, slots=True)
class Order:
    """The pieces of one request and the translations found so far; `done` gets all of them."""

    lot: Lot
    done: asyncio.Future[list[Translation]]
    found: list[Translation | None]
    missing: int

    def deliver(self, place: int, translation: Translation) -> None:
        """Keep a translation; the last one completes the order."""
        self.found[place] = translation
        self.missing -= 1
        if self.missing == 0 and not self.done.done():
            self.done.set_result([found for found in self.found if found is not None])

    def fail(self, error: BaseException) -> None:
        """Give up the whole order."""
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(eq=False, slots=True)
class Piece:
    """A piece of text in its order."""

    text: str
    order: Order
    place: int
    priority: Priority
    number: int = 0


def busy() -> Refusal:
    """What is said where there is no room to wait."""
    return Refusal("busy", "too many texts are waiting: try again in a moment", retry_after=1)


class Line:
    """Where pieces wait.

    Args:
        waiting: the bounds.
    """

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._lots: tuple[OrderedDict[Lot, OrderedDict[int, Piece]], ...] = (OrderedDict(), OrderedDict())
        self._number = count()
        self.texts = [0, 0]  # by priority
        self.characters = [0, 0]

    def __len__(self) -> int:
        return sum(self.texts)

    @property
    def full(self) -> bool:
        """Whether not one interactive text more may wait."""
        return self.texts[Priority.INTERACTIVE] >= self._waiting.queue

    def put(self, pieces: Sequence[Piece]) -> None:
        """Let pieces of one request wait, all or none.

        Raises:
            Refusal: there is no room (busy).
        """
        priority = pieces[0].priority
        self._check_room(priority, len(pieces), sum(len(piece.text) for piece in pieces))
        for piece in pieces:
            piece.number = next(self._number)
            self._lots[priority].setdefault(piece.order.lot, OrderedDict())[piece.number] = piece
            self.texts[priority] += 1
            self.characters[priority] += len(piece.text)

    def _check_room(self, priority: Priority, texts: int, characters: int) -> None:
        limits = self._waiting
        most = limits.queue if priority is Priority.INTERACTIVE else limits.background_queue
        longest = limits.queue_characters if priority is Priority.INTERACTIVE else limits.background_queue_characters
        waiting = self.texts[priority]
        too_many = waiting + texts > most or self.characters[priority] + characters > longest
        if too_many and (waiting or texts > most or characters > longest):
            raise busy()

    def discard(self, pieces: Iterable[Piece]) -> None:
        """Forget those of the pieces that still wait."""
        for piece in pieces:
            lot = self._lots[piece.priority].get(piece.order.lot)
            if lot is not None and lot.pop(piece.number, None) is not None:
                self._left(piece, lot)

    def take(self, priority: Priority, longest: int) -> list[Piece]:
        """Pieces of the lot that has waited longest, as many as may be computed at once: one at least, where one waits,
        and of `longest` characters at most where there are several."""
        if not self._lots[priority]:
            return []
        lot = min(self._lots[priority].values(), key=lambda lot: next(iter(lot)))
        batch: list[Piece] = []
        characters = 0
        while lot and len(batch) < self._waiting.batch:
            piece = next(iter(lot.values()))
            if batch and characters + len(piece.text) > longest:
                break
            del lot[piece.number]
            self._left(piece, lot)
            batch.append(piece)
            characters += len(piece.text)
        return batch

    def _left(self, piece: Piece, lot: OrderedDict[int, Piece]) -> None:
        self.texts[piece.priority] -= 1
        self.characters[piece.priority] -= len(piece.text)
        if not lot:
            del self._lots[piece.priority][piece.order.lot]
