"""Glossaries of one pair of languages (/v2/glossaries), and what translating takes from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from calque.errors import DataError
from calque.server import body
from calque.server.deepl import asking, spec
from calque.server.deepl.languages import pairs
from calque.server.refusal import Refusal
from calque.server.store import Dictionary, Kept, Store
from calque.server.terms import terms
from calque.text.glossary import Glossary, read_csv, read_tsv

router = APIRouter(tags=["DeepL"])
PARTS = ("source_lang", "target_lang", "entries", "entries_format")
TSV = "text/tab-separated-values"
MOST = 5  # glossaries of one request
NAME = 1024  # characters


@router.post("/v2/glossaries", status_code=201, openapi_extra=spec.GLOSSARY_MADE)
async def create(request: Request) -> JSONResponse:
    """Make a glossary."""
    call = await asking.asked(request, ("name", *PARTS))
    made = dictionary(request, call.fields)
    kept = keep(request, call, checked_name(call.fields), (made,))
    return JSONResponse(_told(kept), 201)


@router.get("/v2/glossaries", openapi_extra=spec.answering({"glossaries": [spec.GLOSSARY]}))
async def several(request: Request) -> JSONResponse:
    """One's own glossaries; those of several pairs of languages are seen through version 3."""
    call = await asking.asked(request)
    some = [one for one in store(request).glossaries(call.who.name) if len(one.dictionaries) == 1]
    return JSONResponse({"glossaries": [_told(one) for one in some]})


@router.get("/v2/glossaries/{name}", openapi_extra=spec.answering(spec.GLOSSARY, "404"))
async def one(request: Request, name: str) -> JSONResponse:
    """A glossary, without its terms."""
    return JSONResponse(_told(await _single(request, name)))


@router.get("/v2/glossaries/{name}/entries", response_class=Response, openapi_extra=spec.LINES)
async def entries(request: Request, name: str) -> Response:
    """The terms of a glossary, a line each."""
    return Response((await _single(request, name)).dictionaries[0].entries, media_type=TSV)


@router.delete("/v2/glossaries/{name}", status_code=204, response_class=Response, openapi_extra=spec.GONE)
async def delete(request: Request, name: str) -> Response:
    """Forget a glossary."""
    call = await asking.asked(request)
    if not store(request).drop(call.who.name, name):
        raise missing()
    return Response(status_code=204)


async def _single(request: Request, name: str) -> Kept:
    call = await asking.asked(request)
    kept = found(request, call, name)
    if len(kept.dictionaries) != 1:
        raise Refusal("not_found", "this glossary has several pairs of languages: ask /v3/glossaries for it")
    return kept


def store(request: Request) -> Store:
    """Where glossaries are kept."""
    kept: Store = request.app.state.jobs.store
    return kept


def found(request: Request, call: asking.Asked, name: str) -> Kept:
    """The caller's glossary of that name.

    Raises:
        Refusal: not_found; also where it is somebody else's.
    """
    kept = store(request).glossaries(call.who.name, name)
    if not kept:
        raise missing()
    return kept[0]


def missing() -> Refusal:
    """There is no such glossary, or it is not the caller's."""
    return Refusal("not_found", "there is no such glossary")


def keep(request: Request, call: asking.Asked, name: str, dictionaries: tuple[Dictionary, ...]) -> Kept:
    """A new glossary.

    Raises:
        Refusal: invalid, where the caller has too many.
    """
    most = request.app.state.serve.glossaries
    kept = store(request).keep(call.who.name, name, dictionaries, most)
    if kept is None:
        raise Refusal("invalid", f"there are {most} glossaries already: delete one")
    return kept


def checked_name(fields: Mapping[str, Any]) -> str:
    """The name of a glossary, which is required.

    Raises:
        Refusal: invalid.
    """
    name = body.text(asking.need(fields, "name"), "name").strip()
    if not name or len(name) > NAME:
        raise Refusal("invalid", f"'name' must have 1 to {NAME} characters")
    return name


def pair(request: Request, fields: Mapping[str, Any]) -> tuple[str, str]:
    """The pair of languages of a dictionary.

    Raises:
        Refusal: invalid, also where it is not translated here.
    """
    codes = (
        asking.base(asking.need(fields, "source_lang"), "source_lang"),
        asking.base(asking.need(fields, "target_lang"), "target_lang"),
    )
    if codes not in pairs(request):
        raise Refusal("invalid", f"unsupported glossary source and target language pair: {codes[0]}, {codes[1]}")
    return codes


def dictionary(request: Request, fields: Mapping[str, Any]) -> Dictionary:
    """A dictionary as a client sends it.

    Raises:
        Refusal: invalid, with the line of the entry that cannot be one.
    """
    codes = pair(request, fields)
    kind = asking.one_of(body.given(fields, "entries_format", "tsv"), "entries_format", "tsv", "csv")
    text = body.text(asking.need(fields, "entries"), "entries")
    try:
        terms = read_tsv(text) if kind == "tsv" else read_csv(text)
    except DataError as error:
        raise Refusal("invalid", f"invalid glossary entries: {error}") from error
    return written(request, codes, terms)


def written(request: Request, codes: tuple[str, str], terms: Glossary) -> Dictionary:
    """Terms as they are kept.

    Raises:
        Refusal: invalid, where there are none or too many.
    """
    most = request.app.state.serve.glossary_entries
    if not 0 < len(terms.entries) <= most:
        raise Refusal("invalid", f"a glossary has 1 to {most} entries, this one {len(terms.entries)}")
    return Dictionary(*codes, len(terms.entries), terms.to_tsv())


def moment(seconds: float) -> str:
    """A time as DeepL writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def _told(kept: Kept) -> dict[str, Any]:
    one = kept.dictionaries[0]
    return {
        "glossary_id": kept.id,
        "name": kept.name,
        "ready": True,
        "source_lang": one.source,
        "target_lang": one.target,
        "creation_time": moment(kept.created),
        "entry_count": one.count,
    }


def glossary_of(request: Request, call: asking.Asked, source: str, target: str) -> Glossary | None:
    """The terms for a translation, those of the first glossary before those of the next; None where none is asked for.

    Raises:
        Refusal: invalid, not_found.
    """
    given = call.fields.get("glossary_ids")
    some = list(asking.names(given, "glossary_ids")) if given not in (None, "", []) else []
    only = body.code(body.given(call.fields, "glossary_id", ""), "glossary_id")
    if only and some:
        raise Refusal("invalid", "'glossary_id' and 'glossary_ids' cannot go together")
    if only:
        some = [only]
    if not some:
        return None
    if len(some) > MOST:
        raise Refusal("invalid", f"'glossary_ids' has more than {MOST} glossaries")
    return terms(store(request), call.who.name, some, source, target)
