"""How the calls about jobs are described in OpenAPI, with examples."""

from __future__ import annotations

from typing import Any

from calque.server import examples

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


def _answers(kind: str, example: object) -> dict[int | str, dict[str, Any]]:
    """What a call without a body answers."""
    told: dict[int | str, dict[str, Any]] = {status: examples.ERRORS[status] for status in (401, 403)}
    told[200] = {"description": "Done.", "content": {kind: {"example": example}}}
    return told


def _body(properties: dict[str, Any], first: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [first, "source", "target"]}


CREATE: dict[str, Any] = {
    "responses": {
        202: {"description": "Accepted.", "content": {"application/json": {"example": JOB}}},
        **{status: examples.ERRORS[status] for status in (400, 401, 403, 413, 422, 429, 456, 503)},
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": _body({"texts": {"type": "array", "items": _TEXT}} | _LANGUAGES, "texts"),
                    "example": {"texts": ["A dog runs.", "It is fast."], "source": "en", "target": "fr"},
                },
                "multipart/form-data": {
                    "schema": _body({"file": {"type": "string", "format": "binary"}} | _LANGUAGES, "file")
                },
            },
        }
    },
}
LIST: dict[str, Any] = {"responses": _answers("application/json", {"jobs": [JOB]})}
ONE: dict[str, Any] = {"responses": _answers("application/json", JOB)}
RESULT: dict[str, Any] = {
    "responses": _answers(
        "application/json",
        {"translations": [{"text": "Un chien court.", "score": -0.21, "warnings": []}]},
    )
}
EVENTS: dict[str, Any] = {"responses": _answers("text/event-stream", _EVENTS)}
