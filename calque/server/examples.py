"""Examples of calque's own API, for OpenAPI: each call with a question, its answer, and what may go wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from calque.server.answer import Error
from calque.server.openapi import BEARER
from calque.server.question import Question

MODEL = {
    "name": "en-fr",
    "version": "xxh3-128:5d0f8e0c1c3b4a2f9e7d6c5b4a392817",
    "source": "en",
    "target": "fr",
    "engine": "ctranslate2 int8",
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "translate": {"text": "A dog runs.", "source": "auto", "target": "fr", "explain": True, "alternatives": 1},
    "complete": {"text": "A dog runs.", "source": "en", "target": "fr", "prefix": "Un chien ", "count": 5},
    "detect": {"text": ["A dog runs.", "Un chien court."]},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "translate": {
        "translations": [
            {
                "text": "Un chien court.",
                "source": "en",
                "detected": {"language": "en", "confidence": 0.97},
                "score": -0.21,
                "confidence": 0.91,
                "alternatives": [{"text": "Un chien est en train de courir.", "score": -0.4}],
                "alignment": {
                    "source": [[0, 1], [2, 5], [6, 10]],
                    "target": [[0, 2, 0.98], [3, 8, 0.95], [9, 14, 0.87]],
                    "links": [[0, 0], [1, 1], [2, 2]],
                },
                "warnings": [],
                "model": "en-fr",
            }
        ],
        "model": MODEL,
    },
    "complete": {
        "completions": [
            {"text": "Un chien court.", "next": "court", "score": -0.2, "confidence": 0.9},
            {"text": "Un chien galope.", "next": "galope", "score": -0.9, "confidence": 0.04},
        ],
        "model": MODEL,
    },
    "detect": {"detections": [{"language": "en", "confidence": 0.97}, {"language": "fr", "confidence": 0.99}]},
    "models": {"models": [MODEL | {"ready": True}]},
    "languages": {"languages": [{"code": "en", "name": "English", "targets": ["fr"]}]},
    "usage": {
        "used": 1200,
        "allowed": 500000,
        "requests": 31,
        "month": "2026-01",
        "text_limit": 50000,
        "file_limit": 20000000,
    },
}
_FAULTS: dict[int, tuple[str, str, str]] = {
    400: ("The body is no JSON.", "bad_request", "the body is no JSON: Expecting value at character 0"),
    401: ("A key is required.", "no_key", "a key is required: ask who runs this server for one"),
    403: ("The key is wrong.", "wrong_key", "this key is not known here"),
    404: ("It is not there, or it is somebody else's.", "not_found", "there is no such job"),
    408: ("The body did not arrive in time.", "too_slow", "the body did not arrive in time"),
    409: ("A model cannot do it, or a job has no result yet.", "no_result", "the job is not done yet"),
    413: (
        "The text is too long.",
        "too_large",
        "'text' has 60000 characters: at most 50000 go into a request",
    ),
    422: (
        "A value does not fit.",
        "unknown_language",
        "no model translates into 'frr'; did you mean 'fr'? (known: fr)",
    ),
    429: ("Asked too often; see Retry-After.", "too_often", "more than 60 requests a minute: slow down"),
    456: ("The quota of the key is used up.", "quota", "the 500000 characters of this month are used up"),
    503: ("The queue is full; see Retry-After.", "busy", "too much waits already: try again later"),
}
KEY = (401, 403)  # what every call may be refused with
TRANSLATING = (400, *KEY, 408, 409, 413, 422, 429, 456, 503)
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {
        "model": Error,
        "description": description,
        "content": {"application/json": {"example": {"error": {"code": code, "message": message}}}},
    }
    for status, (description, code, message) in _FAULTS.items()
}


def of(
    question: type[Question] | None, answered: type[BaseModel], name: str, refused: Iterable[int] = KEY
) -> dict[str, Any]:
    """What OpenAPI tells of a call: arguments of FastAPI's decorator.

    Args:
        question: the body, if there is one.
        answered: the answer.
        name: where its examples are.
        refused: with which status it may be refused.
    """
    content = {"application/json": {"example": ANSWERS[name]}}
    answers: dict[int | str, Any] = {200: {"model": answered, "description": "Done.", "content": content}}
    extra: dict[str, Any] = {"security": BEARER}
    if question is not None:
        schema = question.model_json_schema()
        body = {"schema": schema, "example": QUESTIONS[name]}
        extra["requestBody"] = {"required": True, "content": {"application/json": body}}
    return {"responses": answers | {status: ERRORS[status] for status in refused}, "openapi_extra": extra}
