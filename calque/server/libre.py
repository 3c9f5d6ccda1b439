"""The LibreTranslate API, at the root."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from calque.recipes.search import Search
from calque.server import body, desk
from calque.server.presence import unless_gone
from calque.server.refusal import Refusal

router = APIRouter(tags=["LibreTranslate"])


@router.post("/translate")
async def translate(request: Request) -> JSONResponse:
    """Translate a text, or a list of texts."""
    asked = await body.fields(request, several=("q",))
    state = request.app.state
    wanted = _wanted(asked, state.serve)
    address = "" if request.client is None else request.client.host
    with state.gate.entered(_key(asked), wanted.characters, address):
        told = await unless_gone(request, state.desk.tell(wanted))
    return JSONResponse(_answer(asked, wanted, told))


def _key(asked: dict[str, Any]) -> str | None:
    key = asked.get("api_key")
    return None if not key else body.code(key, "api_key")


def _wanted(asked: dict[str, Any], serve: Any) -> desk.Request:  # noqa: ANN401
    for name in ("q", "source", "target"):
        if not asked.get(name):
            raise Refusal("invalid", f"Invalid request: missing {name} parameter")
    alternatives = body.number(asked.get("alternatives") or 0, "alternatives", 0, serve.alternatives)
    return desk.Request(
        texts=body.texts(asked["q"], "q", serve.texts, serve.characters),
        source=body.code(asked["source"], "source"),
        target=body.code(asked["target"], "target"),
        search=Search(beam=max(4, alternatives + 1), n_best=alternatives + 1) if alternatives else None,
    )


def _answer(asked: dict[str, Any], wanted: desk.Request, told: list[desk.Told]) -> dict[str, Any]:
    several = isinstance(asked["q"], list)
    answer: dict[str, Any] = {"translatedText": [one.translation.text for one in told]}
    if wanted.source == desk.AUTO:
        answer["detectedLanguage"] = [
            {"confidence": round(100 * one.detected.confidence, 1), "language": one.detected.language}
            for one in told
            if one.detected is not None
        ]
    if wanted.search is not None:
        answer["alternatives"] = [[text for text, _ in one.translation.alternatives] for one in told]
    return answer if several else {name: values[0] for name, values in answer.items()}
