"""Why a request is refused, and how each API says so.

| code | status | meaning |
|---|---|---|
| bad_request | 400 | the body is no JSON, no form, or no text |
| no_key, wrong_key, forbidden | 401, 403, 403 | |
| not_found, wrong_method | 404, 405 | |
| too_slow | 408 | the body did not arrive in time |
| conflict | 409 | a model cannot do it |
| no_result | 409 | a job has no result (yet) |
| too_large, uri_too_long | 413, 414 | body, text or list are too long; the address is |
| invalid, unknown_language | 422 | a value does not fit |
| unknown_format, bad_file | 422 | no format has the ending of a file's name; the file is not what it says |
| too_often | 429 | the limit per minute; with Retry-After |
| quota | 456 | the characters of the month are used up |
| busy, late, draining | 503 | the queue is full, a deadline passed, the server ends; with Retry-After |
| not_ready | 503 | a document is not translated yet; with Retry-After |
| no_storage | 503 | the database cannot be written, as on a full disk; with Retry-After |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import JSONResponse

from calque.errors import CalqueError, EngineError, ModelError

STATUS: Mapping[str, int] = {
    "bad_request": 400,
    "no_key": 401,
    "wrong_key": 403,
    "forbidden": 403,
    "not_found": 404,
    "wrong_method": 405,
    "too_slow": 408,
    "conflict": 409,
    "no_result": 409,
    "too_large": 413,
    "uri_too_long": 414,
    "invalid": 422,
    "unknown_language": 422,
    "unknown_format": 422,
    "bad_file": 422,
    "too_often": 429,
    "quota": 456,
    "internal": 500,
    "busy": 503,
    "late": 503,
    "draining": 503,
    "not_ready": 503,
    "no_storage": 503,
}
LONGEST = 500  # characters of a message
Shape = Callable[["Refusal"], tuple[int, dict[str, Any]]]


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a mistake of ours
    """A request that is not done, with the reason that the client gets.

    Args:
        code: one of `STATUS`.
        message: a sentence: what is wrong and what to do. It never quotes a text of the user at length.
        retry_after: seconds after which asking again makes sense.
    """

    def __init__(self, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message.encode("utf-8", "replace").decode("utf-8")[:LONGEST]
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status of our own API."""
        return STATUS[self.code]


def of(error: CalqueError) -> Refusal:
    """The refusal that an error of the rooms below becomes."""
    if isinstance(error, EngineError):
        return Refusal("busy", str(error), retry_after=1)
    if isinstance(error, ModelError):
        return Refusal("conflict", str(error))
    return Refusal("invalid" if error.status == 422 else "internal", str(error))


def response(refusal: Refusal, path: str) -> JSONResponse:
    """The answer in the shape of the API that `path` belongs to."""
    status, body = _shape(path)(refusal)
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    return JSONResponse(body, status, headers)


def own(refusal: Refusal) -> tuple[int, dict[str, Any]]:
    """`/api/v1`: {"error": {"code", "message"}}."""
    return refusal.status, {"error": {"code": refusal.code, "message": refusal.message}}


def deepl(refusal: Refusal) -> tuple[int, dict[str, Any]]:
    """`/v2` and `/v3`: {"message"}; 403 for every matter of keys, 400 for what does not fit."""
    status = {401: 403, 422: 400, 409: 400}.get(refusal.status, refusal.status)
    return status, {"message": refusal.message}


def openai(refusal: Refusal) -> tuple[int, dict[str, Any]]:
    """`/v1`: {"error": {"message", "type", "code"}}."""
    status = {403: 401, 422: 400, 456: 429, 409: 400}.get(refusal.status, refusal.status)
    kind = "invalid_request_error" if status < 500 else "server_error"
    return status, {"error": {"message": refusal.message, "type": kind, "param": None, "code": refusal.code}}


def libre(refusal: Refusal) -> tuple[int, dict[str, Any]]:
    """LibreTranslate: {"error": sentence}; 403 for every matter of keys, 400 for what does not fit."""
    status = {401: 403, 422: 400, 409: 400, 456: 429}.get(refusal.status, refusal.status)
    return status, {"error": refusal.message}


SHAPES: tuple[tuple[str, Shape], ...] = (
    ("/api/", own),
    ("/admin/", own),
    ("/v2/", deepl),
    ("/v3/", deepl),
    ("/v1/", openai),
    ("/", libre),
)


def _shape(path: str) -> Shape:
    return next((shape for prefix, shape in SHAPES if path.startswith(prefix)), libre)
