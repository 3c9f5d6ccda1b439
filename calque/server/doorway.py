"""What surrounds every request: bounds before its body is read, a number, a line in the log, measures."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calque.server import journal, refusal
from calque.server.line import busy
from calque.server.refusal import Refusal

if TYPE_CHECKING:
    from calque.recipes.serve import Serve
    from calque.server.measures import Measures

FILES = frozenset({"/translate_file", "/v2/document", "/api/v1/jobs"})  # whose bodies may be as large as a file
TRANSLATING = frozenset({"/translate", "/v2/translate", "/api/v1/translate", "/v1/chat/completions"})
UNKNOWN = "(none)"  # the route of a path that is none: what clients make up must not become a label


class Doorway:
    """Every request comes in here, and every answer goes out.

    Where there is no room to wait, a request for a translation is told so before anything is done for it: refusing must
    stay cheap when most requests are refused. A body that says it is too large is refused before any of it is read; one
    that does not say is cut off where it becomes too large. Whatever goes wrong behind is answered in the shape of the
    API that was asked.
    """

    def __init__(self, app: ASGIApp, serve: Serve, measures: Measures, full: Callable[[], bool]) -> None:
        self._app = app
        self._full = full
        self._serve = serve
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(scope, send)
        largest = self._serve.file_bytes if scope["path"] in FILES else self._serve.body_bytes
        try:
            refused = self._refused(scope, largest)
            if refused is not None:
                scope["state"]["reason"] = refused.code
                await refusal.response(refused, scope["path"])(scope, receive, passage.send)
            else:
                await self._app(scope, _counting(receive, largest), passage.send)
        except Exception as error:  # noqa: BLE001 - the last place where a request can be answered
            journal.LOG.error("a bug of ours", exc_info=error, extra={"request": passage.number})
            if not passage.status:
                failure = Refusal("internal", f"a bug of ours: its number in the log is {passage.number}")
                await refusal.response(failure, scope["path"])(scope, receive, passage.send)
        self._note(scope, passage)

    def _refused(self, scope: Scope, largest: int) -> Refusal | None:
        """Why a request is not even looked at."""
        if _told_length(scope) > largest:
            return _too_large(largest)
        if scope["path"] in TRANSLATING and self._full():
            return busy()
        return None

    def _note(self, scope: Scope, passage: _Passage) -> None:
        path = scope["path"]
        pattern = path if path in TRANSLATING else getattr(scope.get("route"), "path", UNKNOWN)
        reason = scope.get("state", {}).get("reason")
        seconds = time.perf_counter() - passage.began
        method = scope["method"] if scope["method"] in _METHODS else UNKNOWN
        self._measures.request(method, pattern, passage.status, seconds)
        if reason is not None:
            self._measures.refused(reason)
        if self._serve.log_requests:
            journal.answered(passage.number, method, pattern, passage.status, passage.began, reason)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Passage:
    """One request on its way: its number, when it came, the status it left with (0: none)."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.number = secrets.token_hex(8)
        self.began = time.perf_counter()
        self.status = 0
        self._send = send
        scope.setdefault("state", {})["number"] = self.number

    async def send(self, message: Message) -> None:
        """Send on, with the request's number."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.number
            headers["X-Content-Type-Options"] = "nosniff"
        await self._send(message)


def _too_large(largest: int) -> Refusal:
    return Refusal("too_large", f"the body is larger than {largest} bytes: send less at once")


def _told_length(scope: Scope) -> int:
    told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(told[:18]) if told.isdigit() else 0


def _counting(receive: Receive, largest: int) -> Receive:
    left = largest

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        if message["type"] == "http.request":
            left -= len(message.get("body", b""))
            if left < 0:
                raise _too_large(largest)
        return message

    return counted
