"""Glossaries of several pairs of languages (/v3/glossaries)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from calque.errors import nearest
from calque.server.deepl import asking, spec
from calque.server.deepl.glossaries import (
    PARTS,
    checked_name,
    dictionary,
    found,
    keep,
    missing,
    moment,
    pair,
    store,
    written,
)
from calque.server.refusal import Refusal
from calque.server.store import Dictionary, Kept
from calque.text.glossary import Glossary, read_tsv

router = APIRouter(tags=["DeepL"])
PAIR = ("source_lang", "target_lang")
MOST = 200  # dictionaries in a glossary


@router.post("/v3/glossaries", status_code=201, openapi_extra=spec.MANY_MADE)
async def create(request: Request) -> JSONResponse:
    """Make a glossary."""
    call = await asking.asked(request, ("name", "dictionaries"))
    made = _dictionaries(request, asking.need(call.fields, "dictionaries"))
    return JSONResponse(_told(keep(request, call, checked_name(call.fields), made)), 201)


@router.get("/v3/glossaries", openapi_extra=spec.answering({"glossaries": [spec.MANY]}))
async def several(request: Request) -> JSONResponse:
    """One's own glossaries."""
    call = await asking.asked(request)
    return JSONResponse({"glossaries": [_told(one) for one in store(request).glossaries(call.who.name)]})


@router.get("/v3/glossaries/{name}", openapi_extra=spec.answering(spec.MANY, "404"))
async def one(request: Request, name: str) -> JSONResponse:
    """A glossary, without its terms."""
    return JSONResponse(_told(found(request, await asking.asked(request), name)))


@router.patch("/v3/glossaries/{name}", openapi_extra=spec.CHANGED)
async def change(request: Request, name: str) -> JSONResponse:
    """Give a glossary another name, or add terms to it: those that it has get the new translation."""
    call = await asking.asked(request, ("name", "dictionaries"))
    kept = found(request, call, name)
    called = checked_name(call.fields) if "name" in call.fields else None
    given = call.fields.get("dictionaries")
    if called is None and given in (None, []):
        raise Refusal("invalid", "nothing to change: give 'name' or 'dictionaries'")
    added = () if given in (None, []) else _dictionaries(request, given)
    joined = [_joined(request, kept, one) for one in added]
    store(request).change(call.who.name, name, called, joined)
    return JSONResponse(_told(found(request, call, name)))


@router.delete("/v3/glossaries/{name}", status_code=204, response_class=Response, openapi_extra=spec.GONE)
async def delete(request: Request, name: str) -> Response:
    """Forget a glossary."""
    call = await asking.asked(request)
    if not store(request).drop(call.who.name, name):
        raise missing()
    return Response(status_code=204)


@router.get("/v3/glossaries/{name}/entries", openapi_extra=spec.ENTRIES)
async def entries(request: Request, name: str) -> JSONResponse:
    """The terms of one pair of languages."""
    call = await asking.asked(request, PAIR)
    one = _of_pair(found(request, call, name), pair(request, call.fields))
    told = {"source_lang": one.source, "target_lang": one.target, "entries": one.entries, "entries_format": "tsv"}
    return JSONResponse({"dictionaries": [told]})


@router.put("/v3/glossaries/{name}/dictionaries", openapi_extra=spec.PUT)
async def put(request: Request, name: str) -> JSONResponse:
    """Replace the terms of one pair of languages."""
    call = await asking.asked(request, PARTS)
    made = dictionary(request, call.fields)
    if not store(request).change(call.who.name, name, dictionaries=[made]):
        raise missing()
    return JSONResponse(_summary(made))


@router.delete(
    "/v3/glossaries/{name}/dictionaries", status_code=204, response_class=Response, openapi_extra=spec.GONE_PAIR
)
async def drop(request: Request, name: str) -> Response:
    """Forget the terms of one pair of languages."""
    call = await asking.asked(request, PAIR)
    one = _of_pair(found(request, call, name), pair(request, call.fields))
    store(request).drop(call.who.name, name, (one.source, one.target))
    return Response(status_code=204)


def _dictionaries(request: Request, given: object) -> tuple[Dictionary, ...]:
    """The dictionaries that a client sends.

    Raises:
        Refusal: invalid.
    """
    if not isinstance(given, list) or not 0 < len(given) <= MOST or not all(isinstance(one, dict) for one in given):
        raise Refusal("invalid", f"'dictionaries' must be a list of 1 to {MOST} objects")
    for one in given:
        for name in one:
            if name not in PARTS:
                raise Refusal("invalid", f"unknown part '{name[:50]}' of a dictionary{nearest(name[:50], PARTS)}")
    made = tuple(dictionary(request, one) for one in given)
    if len({(one.source, one.target) for one in made}) < len(made):
        raise Refusal("invalid", "'dictionaries' has a pair of languages twice")
    return made


def _joined(request: Request, kept: Kept, added: Dictionary) -> Dictionary:
    """A dictionary with the terms of another."""
    old = [one for one in kept.dictionaries if (one.source, one.target) == (added.source, added.target)]
    if not old:
        return added
    terms = {entry.source: entry for one in (old[0], added) for entry in read_tsv(one.entries).entries}
    return written(request, (added.source, added.target), Glossary(tuple(terms.values())))


def _of_pair(kept: Kept, codes: tuple[str, str]) -> Dictionary:
    for one in kept.dictionaries:
        if (one.source, one.target) == codes:
            return one
    raise Refusal("not_found", f"this glossary has no terms from {codes[0]} into {codes[1]}")


def _told(kept: Kept) -> dict[str, Any]:
    return {
        "glossary_id": kept.id,
        "name": kept.name,
        "creation_time": moment(kept.created),
        "dictionaries": [_summary(one) for one in kept.dictionaries],
    }


def _summary(one: Dictionary) -> Mapping[str, Any]:
    return {"source_lang": one.source, "target_lang": one.target, "entry_count": one.count}
