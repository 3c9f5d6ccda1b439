"""The LibreTranslate API, at the root: a face over the desk and the gate.

Fields come as JSON, as a form, or in the query string; the key is the field `api_key`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from calque.corpus import language
from calque.formats.format import FORMATS
from calque.formats.reader import Rules
from calque.recipes.search import Search
from calque.server import body, desk, libre_spec
from calque.server.presence import unless_gone
from calque.server.refusal import Refusal
from calque.server.wording import Wording, tell

if TYPE_CHECKING:
    from calque.recipes.serve import Serve

TAG = "LibreTranslate"
FRONTEND_MILLISECONDS = 500  # that a page waits after the last key
router = APIRouter(tags=[TAG])


@router.post("/translate", openapi_extra=libre_spec.TRANSLATE)
async def translate(request: Request) -> JSONResponse:
    """Translate a text, or a list of texts."""
    asked = await body.fields(request, several=("q",))
    state = request.app.state
    state.gate.who(key(asked), body.address(request))
    wanted = _wanted(asked, state.serve)
    html = _is_html(asked)
    with state.gate.entered(key(asked), wanted.characters, body.address(request)):
        told = await unless_gone(request, _marked(state.desk, wanted) if html else state.desk.tell(wanted))
    return JSONResponse(_answer(asked, wanted, told))


@router.post("/detect", openapi_extra=libre_spec.DETECT)
async def detect(request: Request) -> JSONResponse:
    """Tell the language of a text; of a list, one answer for each text."""
    asked = await body.fields(request, several=("q",))
    state = request.app.state
    state.gate.who(key(asked), body.address(request))
    need(asked, "q")
    texts = body.texts(asked["q"], "q", state.serve.texts, state.serve.characters)
    with state.gate.entered(key(asked), 0, body.address(request)):
        found = await state.desk.detect(texts)
    return JSONResponse([_detected(one) for one in found])


@router.get("/languages")
async def languages(request: Request) -> list[dict[str, Any]]:
    """From which language into which."""
    served = request.app.state.desk.polyglot.languages()
    return [
        {"code": source, "name": language.name(source), "targets": list(targets)} for source, targets in served.items()
    ]


@router.post("/suggest", openapi_extra=libre_spec.SUGGEST)
async def suggest(request: Request) -> dict[str, bool]:
    """Keep a better translation, where the server was started with --suggestions."""
    asked = await body.fields(request)
    state = request.app.state
    if not state.serve.suggestions:
        raise Refusal("forbidden", "suggestions are not taken on this server")
    state.gate.who(key(asked), body.address(request))
    need(asked, "q", "s", "source", "target")
    longest = state.serve.characters
    text, suggestion = (body.texts(asked[name], name, 1, longest)[0] for name in ("q", "s"))
    source, target = body.code(asked["source"], "source"), body.code(asked["target"], "target")
    state.desk.route(source, target)
    with state.gate.entered(key(asked), 0, body.address(request)) as who:
        state.gate.ledger.suggest(who.name, source, target, text, suggestion)
    return {"success": True}


@router.get("/frontend/settings")
async def settings(request: Request) -> dict[str, Any]:
    """What a page needs to know."""
    state = request.app.state
    served = state.desk.polyglot.languages()
    source = next(iter(served))
    return {
        "apiKeys": state.gate.keyed,
        "keyRequired": state.gate.keyed,
        "charLimit": state.serve.characters,
        "frontendTimeout": FRONTEND_MILLISECONDS,
        "suggestions": state.serve.suggestions,
        "filesTranslation": True,
        "supportedFilesFormat": list(FORMATS),
        "language": {
            "source": {"code": "auto", "name": "Auto Detect"},
            "target": {"code": served[source][0], "name": language.name(served[source][0])},
        },
    }


@router.get("/spec")
async def spec(request: Request) -> dict[str, Any]:
    """This API as OpenAPI."""
    told: dict[str, Any] = request.app.openapi()
    paths = {
        path: calls
        for path, calls in told["paths"].items()
        if any(TAG in call.get("tags", ()) for call in calls.values())
    }
    return told | {"paths": paths}


def key(asked: dict[str, Any]) -> str | None:
    """The key among the fields."""
    return body.code(body.given(asked, "api_key", ""), "api_key") or None


def need(asked: dict[str, Any], *names: str) -> None:
    """Refuse a request in which one of these fields is not there or empty."""
    for name in names:
        if asked.get(name) in (None, "", []):
            raise Refusal("invalid", f"Invalid request: missing {name} parameter")


def _wanted(asked: dict[str, Any], serve: Serve) -> desk.Request:
    need(asked, "q", "source", "target")
    alternatives = body.number(body.given(asked, "alternatives", 0), "alternatives", 0, serve.alternatives)
    return desk.Request(
        texts=body.texts(asked["q"], "q", serve.texts, serve.characters),
        source=body.code(asked["source"], "source"),
        target=body.code(asked["target"], "target"),
        search=Search(beam=max(serve.beam, alternatives + 1), n_best=alternatives + 1) if alternatives else None,
    )


def _is_html(asked: dict[str, Any]) -> bool:
    form = body.text(body.given(asked, "format", "text"), "format")
    if form not in ("text", "html"):
        raise Refusal("invalid", f"{form[:20]} format is not supported")
    return form == "html"


async def _marked(at: desk.Desk, wanted: desk.Request) -> list[desk.Told]:
    """The translations of texts with markup in them; they have no alternatives."""
    return await tell(at, wanted.texts, wanted.source, wanted.target, Wording(search=wanted.search, rules=Rules()))


def _answer(asked: dict[str, Any], wanted: desk.Request, told: list[desk.Told]) -> dict[str, Any]:
    answer: dict[str, list[Any]] = {"translatedText": [one.translation.text for one in told]}
    if wanted.source == desk.AUTO:
        answer["detectedLanguage"] = [_detected(one.detected) for one in told]
    if wanted.search is not None:
        answer["alternatives"] = [[text for text, _ in one.translation.alternatives] for one in told]
    return answer if isinstance(asked["q"], list) else {name: values[0] for name, values in answer.items()}


def _detected(found: Any) -> dict[str, Any]:  # noqa: ANN401 - a Detection
    return {"confidence": round(100 * found.confidence, 1), "language": found.language}
