"""Whether the client still waits for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

T = TypeVar("T")


class Gone(Exception):  # noqa: N818 - nobody is left to be told of it
    """The client hung up; what it asked for was given up."""


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of some work, which is cancelled when the client hangs up. The body must have been read.

    Raises:
        Gone: the client hung up.
    """
    working = asyncio.current_task()
    left = False

    async def watch() -> None:
        nonlocal left
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left = True
        if working is not None:
            working.cancel()

    watching = asyncio.create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if left and working is not None:
            working.uncancel()
            raise Gone from None
        raise
    finally:
        watching.cancel()
