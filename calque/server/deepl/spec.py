"""How the calls of the DeepL API are described in OpenAPI, with examples."""

from __future__ import annotations

from typing import Any

from calque.server.openapi import DEEPL

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_FLAG = {"type": "boolean"}
_SOURCE = {"type": "string", "description": "code of the source language; without it it is detected", "example": "EN"}
_TARGET = {"type": "string", "description": "code of the target language", "example": "FR"}
_ERROR = {
    "description": "refused, with a sentence that says why",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"message": _TEXT}, "required": ["message"]},
            "example": {"message": "what is wrong"},
        }
    },
}
_KEY: dict[str, Any] = {"security": DEEPL}
_READ = ("400", "403", "414", "503")  # with what a call without a body may be refused
_SENT = (*_READ, "408", "413")
_NOT_THERE = ("404",)
_CHARGED = ("404", "429", "456")  # and besides one that translates


def _call(
    fields: dict[str, Any],
    required: tuple[str, ...],
    example: object,
    answered: object,
    form: str = "application/x-www-form-urlencoded",
    status: str = "200",
    refused: tuple[str, ...] = (),
) -> dict[str, Any]:
    """A call with a body, with what it answers."""
    schema = {"type": "object", "properties": fields, "required": list(required)}
    content: dict[str, Any] = {form: {"schema": schema, "example": example}}
    if form != "multipart/form-data":
        content["application/json"] = {"schema": schema, "example": example}
    answers = _answers(answered, status, (*_SENT, *refused))
    return _KEY | {"requestBody": {"required": True, "content": content}, "responses": answers}


def answering(answered: object, *refused: str) -> dict[str, Any]:
    """A call without a body, with what it answers and with what it may be refused besides."""
    return _KEY | {"responses": _answers(answered, "200", (*_READ, *refused))}


def _answers(answered: object, status: str, refused: tuple[str, ...]) -> dict[str, Any]:
    done = {"description": "done", "content": {"application/json": {"schema": {}, "example": answered}}}
    return {status: done} | dict.fromkeys(refused, _ERROR)


def _query(name: str, required: bool, example: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": _TEXT, "example": example}


GLOSSARY = {
    "glossary_id": "7f0c", "name": "house style", "ready": True, "source_lang": "en", "target_lang": "fr",
    "creation_time": "2026-01-01T00:00:00.000000+00:00", "entry_count": 1,
}  # fmt: skip
_PAIR = {"source_lang": _TEXT, "target_lang": _TEXT}
_ENTRIES = _PAIR | {"entries": _TEXT, "entries_format": {"type": "string", "enum": ["tsv", "csv"]}}
_TERMS = {"source_lang": "en", "target_lang": "fr", "entries": "dog\tchien", "entries_format": "tsv"}
_COUNT = {"source_lang": "en", "target_lang": "fr", "entry_count": 1}
MANY = {"glossary_id": "7f0c", "name": "house style", "creation_time": GLOSSARY["creation_time"],
        "dictionaries": [_COUNT]}  # fmt: skip
_DICTIONARIES = {"type": "array", "items": {"type": "object", "properties": _ENTRIES}}

TRANSLATE = _call(
    {
        "text": _TEXTS, "source_lang": _SOURCE, "target_lang": _TARGET, "context": _TEXT,
        "split_sentences": {"type": "string", "enum": ["0", "1", "nonewlines"]}, "preserve_formatting": _FLAG,
        "formality": {"type": "string", "enum": ["default", "prefer_less", "prefer_more"]},
        "model_type": {"type": "string"}, "glossary_id": _TEXT, "glossary_ids": _TEXTS,
        "tag_handling": {"type": "string", "enum": ["html", "xml"]}, "outline_detection": _FLAG,
        "splitting_tags": _TEXTS, "non_splitting_tags": _TEXTS, "ignore_tags": _TEXTS, "show_billed_characters": _FLAG,
    },
    ("text", "target_lang"),
    {"text": ["A dog runs."], "target_lang": "FR"},
    {"translations": [{"detected_source_language": "EN", "text": "Un chien court."}]},
    refused=_CHARGED,
)  # fmt: skip
LANGUAGES = answering([{"language": "FR", "name": "French", "supports_formality": False}]) | {
    "parameters": [_query("type", False, "target")]
}
USAGE = answering({"character_count": 1200, "character_limit": 500000})
PAIRS = answering({"supported_languages": [{"source_lang": "en", "target_lang": "fr"}]})
UPLOAD = _call(
    {"file": {"type": "string", "format": "binary"}, "source_lang": _SOURCE, "target_lang": _TARGET,
     "filename": _TEXT, "glossary_id": _TEXT, "output_format": _TEXT, "formality": _TEXT},
    ("file", "target_lang"),
    {"file": "A dog runs.", "target_lang": "FR"},
    {"document_id": "7f0c", "document_key": "91ab"},
    "multipart/form-data",
    refused=_CHARGED,
)  # fmt: skip
STATUS = _call(
    {"document_key": _TEXT},
    ("document_key",),
    {"document_key": "91ab"},
    {"document_id": "7f0c", "status": "translating", "seconds_remaining": 20},
    refused=_NOT_THERE,
)
RESULT = _call({"document_key": _TEXT}, ("document_key",), {"document_key": "91ab"}, None, refused=_NOT_THERE)
RESULT["responses"]["200"] = {"description": "the file", "content": {"application/octet-stream": {}}}
GLOSSARY_MADE = _call({"name": _TEXT} | _ENTRIES, ("name", *_ENTRIES), {"name": "house style"} | _TERMS, GLOSSARY,
                      status="201")  # fmt: skip
MANY_MADE = _call(
    {"name": _TEXT, "dictionaries": _DICTIONARIES},
    ("name", "dictionaries"),
    {"name": "house style", "dictionaries": [_TERMS]},
    MANY,
    "application/json",
    "201",
)
CHANGED = _call({"name": _TEXT, "dictionaries": _DICTIONARIES}, (), {"name": "another name"}, MANY,
                "application/json", refused=_NOT_THERE)  # fmt: skip
PUT = _call(_ENTRIES, tuple(_ENTRIES), _TERMS, _COUNT, refused=_NOT_THERE)
_OF_PAIR = {"parameters": [_query("source_lang", True, "en"), _query("target_lang", True, "fr")]}
ENTRIES = answering({"dictionaries": [_TERMS]}, *_NOT_THERE) | _OF_PAIR
LINES = answering(None, *_NOT_THERE)
LINES["responses"]["200"] = {
    "description": "a line for each term",
    "content": {"text/tab-separated-values": {"example": _TERMS["entries"]}},
}
GONE = _KEY | {"responses": {"204": {"description": "done"}, **dict.fromkeys((*_READ, *_NOT_THERE), _ERROR)}}
GONE_PAIR = GONE | _OF_PAIR
