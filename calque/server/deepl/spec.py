"""How the calls of the DeepL API and of jobs are described in OpenAPI, with examples."""

from __future__ import annotations

from typing import Any

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
_KEYS = {"parameters": [{"name": "Authorization", "in": "header", "schema": _TEXT, "example": "DeepL-Auth-Key KEY"}]}


def _call(
    fields: dict[str, Any],
    required: tuple[str, ...],
    example: object,
    answered: object,
    form: str = "application/x-www-form-urlencoded",
    status: str = "200",
) -> dict[str, Any]:
    """A call with a body, with what it answers."""
    schema = {"type": "object", "properties": fields, "required": list(required)}
    content: dict[str, Any] = {form: {"schema": schema}}
    if form != "multipart/form-data":
        content["application/json"] = {"schema": schema, "example": example}
    return _KEYS | {"requestBody": {"required": True, "content": content}, "responses": _answers(answered, status)}


def answering(answered: object) -> dict[str, Any]:
    """A call without a body, with what it answers."""
    return _KEYS | {"responses": _answers(answered, "200")}


def _answers(answered: object, status: str) -> dict[str, Any]:
    done = {"description": "done", "content": {"application/json": {"schema": {}, "example": answered}}}
    return {status: done} | dict.fromkeys(("400", "403", "404", "413", "429", "456", "503"), _ERROR)


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
)  # fmt: skip
LANGUAGES = answering([{"language": "FR", "name": "French", "supports_formality": False}])
USAGE = answering({"character_count": 1200, "character_limit": 500000})
PAIRS = answering({"supported_languages": [{"source_lang": "en", "target_lang": "fr"}]})
UPLOAD = _call(
    {"file": {"type": "string", "format": "binary"}, "source_lang": _SOURCE, "target_lang": _TARGET,
     "filename": _TEXT, "glossary_id": _TEXT, "output_format": _TEXT, "formality": _TEXT},
    ("file", "target_lang"),
    None,
    {"document_id": "7f0c", "document_key": "91ab"},
    "multipart/form-data",
)  # fmt: skip
STATUS = _call(
    {"document_key": _TEXT},
    ("document_key",),
    {"document_key": "91ab"},
    {"document_id": "7f0c", "status": "translating", "seconds_remaining": 20},
)
GLOSSARY_MADE = _call({"name": _TEXT} | _ENTRIES, ("name", *_ENTRIES), {"name": "house style"} | _TERMS, GLOSSARY,
                      status="201")  # fmt: skip
MANY_MADE = _call(
    {"name": _TEXT, "dictionaries": _DICTIONARIES},
    ("name", "dictionaries"),
    {"name": "house style", "dictionaries": [_TERMS]},
    MANY,
    status="201",
)
CHANGED = _call({"name": _TEXT, "dictionaries": _DICTIONARIES}, (), {"name": "another name"}, MANY)
PUT = _call(_ENTRIES, tuple(_ENTRIES), _TERMS, _COUNT)
ENTRIES = answering({"dictionaries": [_TERMS]})
