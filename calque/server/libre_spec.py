"""How the calls of the LibreTranslate API are described in OpenAPI, with examples."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_TEXTS = {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_KEY = {"type": "string", "description": "a key, where the server asks for one"}
_SOURCE = {"type": "string", "description": "code of the source language, or auto", "example": "en"}
_TARGET = {"type": "string", "description": "code of the target language", "example": "fr"}
_DETECTED = {
    "type": "object",
    "properties": {"language": _TEXT, "confidence": {"type": "number", "minimum": 0, "maximum": 100}},
}


def _object(properties: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


_ERROR = {
    "description": "refused, with a sentence that says why",
    "content": {
        "application/json": {"schema": _object({"error": _TEXT}, ("error",)), "example": {"error": "what is wrong"}}
    },
}


_REFUSED = dict.fromkeys(("400", "403", "408", "413", "429", "503"), _ERROR)


def _call(fields: dict[str, Any], example: dict[str, Any], answer: dict[str, Any], answered: object) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": fields, "example": example},
                "application/x-www-form-urlencoded": {"schema": fields, "example": example},
            },
        },
        "responses": {
            "200": {"description": "done", "content": {"application/json": {"schema": answer, "example": answered}}},
            **_REFUSED,
        },
    }


TRANSLATE = _call(
    _object(
        {
            "q": _TEXTS,
            "source": _SOURCE,
            "target": _TARGET,
            "format": {"type": "string", "enum": ["text", "html"], "default": "text"},
            "alternatives": {"type": "integer", "minimum": 0, "default": 0},
            "api_key": _KEY,
        },
        ("q", "source", "target"),
    ),
    {"q": "A dog runs.", "source": "auto", "target": "fr", "alternatives": 1},
    _object(
        {
            "translatedText": _TEXTS,
            "detectedLanguage": {"oneOf": [_DETECTED, {"type": "array", "items": _DETECTED}]},
            "alternatives": {"type": "array", "items": _TEXTS},
        },
        ("translatedText",),
    ),
    {
        "translatedText": "Un chien court.",
        "detectedLanguage": {"language": "en", "confidence": 97.0},
        "alternatives": ["Le chien court."],
    },
)
FILE = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": _object(
                    {
                        "file": {"type": "string", "format": "binary"},
                        "source": _SOURCE,
                        "target": _TARGET,
                        "api_key": _KEY,
                    },
                    ("file", "source", "target"),
                ),
                "example": {"file": "A dog runs.", "source": "en", "target": "fr"},
            }
        },
    },
    "responses": {
        "200": {
            "description": "done",
            "content": {
                "application/json": {
                    "schema": _object({"translatedFileUrl": _TEXT}, ("translatedFileUrl",)),
                    "example": {"translatedFileUrl": "http://localhost:5000/download_file/Zm9v.txt"},
                }
            },
        },
        **_REFUSED,
    },
}
DOWNLOAD = {
    "responses": {
        "200": {"description": "the file", "content": {"application/octet-stream": {}}},
        **dict.fromkeys(("404", "503"), _ERROR),
    }
}
DETECT = _call(
    _object({"q": _TEXTS, "api_key": _KEY}, ("q",)),
    {"q": "A dog runs."},
    {"type": "array", "items": _DETECTED},
    [{"language": "en", "confidence": 97.0}],
)
SUGGEST = _call(
    _object(
        {"q": _TEXT, "s": {"type": "string", "description": "the better translation"}, "source": _SOURCE,
         "target": _TARGET, "api_key": _KEY},
        ("q", "s", "source", "target"),
    ),
    {"q": "A dog runs.", "s": "Un chien court.", "source": "en", "target": "fr"},
    _object({"success": {"type": "boolean"}}, ("success",)),
    {"success": True},
)  # fmt: skip
