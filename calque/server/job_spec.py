"""How the calls about jobs are described in OpenAPI, with examples."""

from __future__ import annotations

from typing import Any

from calque.server import examples
from calque.server.openapi import BEARER

JOB = {
    "id": "7f0c0a9be2d14f6c8f0d3a5b9c1e2f47",
    "state": "queued",
    "done": 0,
    "total": 2,
    "created": "2026-01-01T00:00:00Z",
    "name": "texts.json",
    "source": "en",
    "target": "fr",
    "error": None,
}
_TEXT = {"type": "string"}
_LANGUAGES = {"source": _TEXT | {"description": 'a code, or "auto"'}, "target": _TEXT, "model": _TEXT}
_EVENTS = (
    'event: progress\ndata: {"id": "7f0c...", "state": "running", "done": 1, "total": 2}\n\n'
    'event: end\ndata: {"id": "7f0c...", "state": "done", "done": 2, "total": 2}\n\n'
)


def _answering(kind: str, example: object, *refused: int) -> dict[str, Any]:
    """A call without a body, with what it answers."""
    told: dict[int | str, Any] = {200: {"description": "Done.", "content": {kind: {"example": example}}}}
    told |= {status: examples.ERRORS[status] for status in (*examples.KEY, *refused, 503)}
    return {"responses": told, "openapi_extra": {"security": BEARER}}


def _body(properties: dict[str, Any], first: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [first, "source", "target"]}


CREATE: dict[str, Any] = {
    "responses": {
        202: {"description": "Accepted.", "content": {"application/json": {"example": JOB}}},
        **{status: examples.ERRORS[status] for status in (400, *examples.KEY, 408, 413, 422, 429, 456, 503)},
    },
    "openapi_extra": {
        "security": BEARER,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": _body({"texts": {"type": "array", "items": _TEXT}} | _LANGUAGES, "texts"),
                    "example": {"texts": ["A dog runs.", "It is fast."], "source": "en", "target": "fr"},
                },
                "multipart/form-data": {
                    "schema": _body({"file": {"type": "string", "format": "binary"}} | _LANGUAGES, "file"),
                    "example": {"file": "A dog runs.", "source": "en", "target": "fr"},
                },
            },
        },
    },
}
LIST = _answering("application/json", {"jobs": [JOB]})
ONE = _answering("application/json", JOB, 404)
RESULT = _answering(
    "application/json", {"translations": [{"text": "Un chien court.", "score": -0.21, "warnings": []}]}, 404, 409
)
EVENTS = _answering("text/event-stream", _EVENTS, 404)
