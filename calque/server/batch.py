"""What the engine's threads do with the pieces of a batch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from calque.records import Translation
from calque.server.line import Piece


def computed(batch: Sequence[Piece]) -> tuple[list[Translation | BaseException], float]:
    """The translations of pieces of one lot, and the seconds that took. Where they fail
    together each is tried alone, so that a text on which the engine fails does not take its neighbours along."""
    began = time.monotonic()
    wanted = [piece for piece in batch if not piece.order.done.done()]
    answers: dict[Piece, Translation | BaseException] = {}
    try:
        answers |= zip(wanted, _translate(wanted), strict=True)
    except Exception as error:  # noqa: BLE001 - whatever an engine raises belongs to the request, not to the server
        answers |= {piece: error if len(wanted) == 1 else _alone(piece) for piece in wanted}
    gone = asyncio.CancelledError()
    return [answers.get(piece, gone) for piece in batch], time.monotonic() - began


def _alone(piece: Piece) -> Translation | BaseException:
    try:
        return _translate([piece])[0]
    except Exception as error:  # noqa: BLE001 - as above
        return error


def _translate(batch: Sequence[Piece]) -> list[Translation]:
    if not batch:
        return []
    lot = batch[0].order.lot
    return lot.served.polyglot.translate(
        [piece.text for piece in batch], lot.source, lot.target, lot.model, lot.search, lot.handling, lot.prefix
    )
