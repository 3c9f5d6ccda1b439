"""The server's log: a JSON object a line on standard error. No text of a user, no key and no query is ever in it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

LOG = logging.getLogger("calque.server")
MOMENT_SECONDS = 0.05
_KEPT = ("event", "request", "method", "route", "status", "milliseconds", "reason", "who")


class AsJson(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        told |= {name: getattr(record, name) for name in _KEPT if hasattr(record, name)}
        if record.exc_info:
            told |= _where(*record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def _where(kind: type[BaseException] | None, _error: object, trace: TracebackType | None) -> dict[str, Any]:
    """What was raised and where; its message is left out, since it may quote a text."""
    return {"error": "" if kind is None else kind.__name__, "trace": traceback.format_tb(trace)}


class Gathered(logging.Handler):
    """Writes what came within a moment at once: each write lets the engine's thread in, so that many small ones would
    hold up the event loop."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write now, or soon where an event loop runs."""
        self._lines.append(self.format(record))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if len(self._lines) == 1:
            loop.call_later(MOMENT_SECONDS, self.flush)

    def flush(self) -> None:
        """Write now."""
        lines, self._lines = self._lines, []
        if lines:
            self._stream.write("".join(line + "\n" for line in lines))
            self._stream.flush()


def start() -> None:
    """Let this server's and uvicorn's messages, and other libraries' warnings, go to standard error as JSON."""
    handler = Gathered(sys.stderr)
    handler.setFormatter(AsJson())
    logging.captureWarnings(True)
    for name in ("calque.server", "uvicorn", "asyncio", "py.warnings"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # the client is told what is wrong with its form


def answered(request: str, method: str, route: str, status: int, began: float, reason: str | None) -> None:
    """A request was answered; `began` is by `time.perf_counter`, `route` the pattern of its path."""
    extra: dict[str, Any] = {"event": "request", "request": request, "method": method, "route": route}
    extra |= {"status": status, "milliseconds": round((time.perf_counter() - began) * 1000, 1)}
    LOG.info("answered", extra=extra if reason is None else extra | {"reason": reason})
