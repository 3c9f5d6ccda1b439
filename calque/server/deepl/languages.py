"""/v2/languages and /v2/usage."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from calque.corpus.language import name, primary
from calque.server import body
from calque.server.deepl import asking, spec

router = APIRouter(tags=["DeepL"])
ANY = 10**12  # characters: what DeepL calls unlimited
REGIONS = {  # targets that DeepL's clients ask for by region only
    "en": (("EN-GB", "English (British)"), ("EN-US", "English (American)")),
    "pt": (("PT-BR", "Portuguese (Brazilian)"), ("PT-PT", "Portuguese (European)")),
}


@router.get("/v2/languages", openapi_extra=spec.LANGUAGES)
@router.post("/v2/languages", include_in_schema=False)
async def languages(request: Request) -> JSONResponse:
    """The languages that are read, or with type=target written."""
    call = await asking.asked(request, ("type",))
    kind = asking.one_of(body.given(call.fields, "type", "source"), "type", "source", "target")
    if kind == "source":
        codes = sorted(request.app.state.desk.polyglot.languages())
        return JSONResponse([{"language": code.upper(), "name": name(code)} for code in codes])
    offered = [entry for code in asking.targets(request) for entry in _written(code)]
    return JSONResponse([{"language": code, "name": called, "supports_formality": False} for code, called in offered])


def _written(code: str) -> tuple[tuple[str, str], ...]:
    """DeepL's codes and names for a language that is written."""
    if code.lower() in REGIONS:
        return REGIONS[code.lower()]
    return ((code.upper(), name(code)),)


@router.get("/v2/usage", openapi_extra=spec.USAGE)
@router.post("/v2/usage", include_in_schema=False)
async def usage(request: Request) -> JSONResponse:
    """Characters of this month, used and allowed."""
    call = await asking.asked(request)
    used = request.app.state.gate.usage(call.who)
    return JSONResponse(
        {"character_count": used.characters, "character_limit": ANY if used.limit is None else used.limit}
    )


@router.get("/v2/glossary-language-pairs", openapi_extra=spec.PAIRS)
async def glossary_pairs(request: Request) -> JSONResponse:
    """The pairs of languages that a glossary may have."""
    await asking.asked(request)
    return JSONResponse({"supported_languages": [_pair(*one) for one in sorted(pairs(request))]})


def pairs(request: Request) -> set[tuple[str, str]]:
    """Pairs of languages, without regions, that are translated."""
    served: Any = request.app.state.desk.polyglot.languages()
    return {(primary(source), primary(target)) for source, some in served.items() for target in some}


def _pair(source: str, target: str) -> dict[str, str]:
    return {"source_lang": source, "target_lang": target}
