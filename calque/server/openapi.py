"""The description of all calls as OpenAPI: what their routes tell, with how keys are sent and without what is never
answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from fastapi import FastAPI

BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
DEEPL: list[dict[str, list[str]]] = [{"deepl": []}]
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key that `calque key` made; where the server has no file of keys any will do, or none.",
    },
    "deepl": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`DeepL-Auth-Key KEY`. One is always needed; where the server has no file of keys any will do.",
    },
}
_NEVER = ("HTTPValidationError", "ValidationError")  # FastAPI's own, which it names wherever a path has a name in it


def described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """What tells of all calls of an application; it is made when it is asked for first."""
    plain = app.openapi

    @cache
    def openapi() -> dict[str, Any]:
        told = plain()
        for calls in told["paths"].values():
            for call in calls.values():
                if _NEVER[0] in str(call["responses"].get("422")):
                    del call["responses"]["422"]
        for name in _NEVER:
            told["components"]["schemas"].pop(name, None)
        told["components"]["securitySchemes"] = _SCHEMES
        return told

    return openapi
