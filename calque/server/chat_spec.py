"""How the OpenAI-style calls are described in OpenAPI, with examples."""

from __future__ import annotations

from typing import Any

from calque.server.openapi import BEARER

_TEXT = {"type": "string"}
_ERROR = {
    "description": "refused, with a sentence that says why",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"error": {"type": "object"}}, "required": ["error"]},
            "example": {
                "error": {
                    "message": "what is wrong",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "invalid",
                }
            },
        }
    },
}
_MESSAGE = {
    "type": "object",
    "properties": {
        "role": _TEXT,
        "content": {"oneOf": [_TEXT, {"type": "array", "items": {"type": "object"}}]},
    },
    "required": ["role", "content"],
}
_FIELDS = {
    "model": _TEXT | {"description": "the name of a model, or languages: en-fr, auto-fr, fr"},
    "messages": {"type": "array", "items": _MESSAGE, "description": "the last one of the user is translated"},
    "stream": {"type": "boolean", "default": False},
    "n": {"type": "integer", "minimum": 1, "maximum": 1, "default": 1},
}
_ASKED = {"model": "en-fr", "messages": [{"role": "user", "content": "A dog runs."}]}
_ANSWER = {
    "id": "chatcmpl-7f0c",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "en-fr",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Un chien court."}, "finish_reason": "stop"},
    ],
    "usage": {"prompt_tokens": 11, "completion_tokens": 15, "total_tokens": 26},
}
_EVENTS = 'data: {"object": "chat.completion.chunk", "choices": [...]}\n\ndata: [DONE]\n\n'
_MODEL = {"id": "en-fr", "object": "model", "created": 0, "owned_by": "calque"}


def _answers(content: dict[str, Any], *refused: str) -> dict[str, Any]:
    return {"200": {"description": "done", "content": content}} | dict.fromkeys(refused, _ERROR)


MODELS = {
    "security": BEARER,
    "responses": _answers({"application/json": {"example": {"object": "list", "data": [_MODEL]}}}, "401"),
}
CHAT = {
    "security": BEARER,
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": _FIELDS, "required": ["model", "messages"]},
                "example": _ASKED,
            }
        },
    },
    "responses": _answers(
        {"application/json": {"example": _ANSWER}, "text/event-stream": {"example": _EVENTS}},
        *("400", "401", "404", "408", "413", "429", "503"),
    ),
}
