"""An OpenAI-style chat endpoint, experimental: for tools that speak only that.

The `model` says the languages: "en-fr", "auto-fr", or "fr" alone, which is "auto-fr"; or the name of a model that is
served. The last message of the user is translated; instructions are not read, since a translator cannot follow any.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from calque.server import body, chat_spec, desk
from calque.server.health import bearer
from calque.server.presence import unless_gone
from calque.server.refusal import Refusal

router = APIRouter(prefix="/v1", tags=["OpenAI-style chat (experimental)"])


@router.get("/models", openapi_extra=chat_spec.MODELS)
async def models(request: Request) -> dict[str, Any]:
    """The models, by names that `chat/completions` takes."""
    request.app.state.gate.who(bearer(request), body.address(request))
    served = request.app.state.desk.polyglot.models
    return {
        "object": "list",
        "data": [{"id": model.name, "object": "model", "created": 0, "owned_by": "calque"} for model in served],
    }


@router.post("/chat/completions", openapi_extra=chat_spec.CHAT)
async def chat(request: Request) -> Response:
    """Translate the last message of the user."""
    state = request.app.state
    state.gate.who(bearer(request), body.address(request))  # who has no key is told so before a body is read
    asked = await body.fields(request)
    name = body.code(asked.get("model"), "model")
    if type(number := body.given(asked, "n", 1)) is not int or number != 1:
        raise Refusal("invalid", "'n' must be 1: /api/v1/translate gives alternatives")
    streamed = body.truth(body.given(asked, "stream", False), "stream")
    wanted = _wanted(asked, name, state)
    with state.gate.entered(bearer(request), wanted.characters, body.address(request)):
        (told,) = await unless_gone(request, state.desk.tell(wanted))
    begun = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": name}
    if streamed:
        return StreamingResponse(_events(begun, told.translation.text), media_type="text/event-stream")
    return JSONResponse(_whole(begun, wanted.texts[0], told.translation.text))


def _wanted(asked: dict[str, Any], name: str, state: Any) -> desk.Request:  # noqa: ANN401 - an app's state
    text = _last(asked.get("messages"))
    texts = body.texts(text, "messages", 1, state.serve.characters)
    for model in state.desk.polyglot.models:
        if model.name == name:
            return desk.Request(texts, model.source, model.target, model=name)
    source, _, target = name.rpartition("-") if name.count("-") == 1 else ("", "", name)
    known = {code for targets in state.desk.polyglot.languages().values() for code in targets}
    if name in known:
        source, target = "", name
    if target not in known:
        raise Refusal("not_found", "'model' must be the name of a model (see /v1/models) or languages, like en-fr")
    return desk.Request(texts, source or desk.AUTO, target)


def _last(messages: object) -> str:
    """The text of the user's last message; its content may be a text or a list of parts."""
    if not isinstance(messages, list):
        raise Refusal("invalid", "'messages' is no list")
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, list):
                parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
                content = "\n".join(body.text(part, "content") for part in parts)
            return body.text(content, "content")
    raise Refusal("invalid", "'messages' has none of the role user")


def _whole(begun: dict[str, Any], source: str, target: str) -> dict[str, Any]:
    """The answer; characters stand for tokens in `usage`."""
    return begun | {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": target}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": len(source),
            "completion_tokens": len(target),
            "total_tokens": len(source) + len(target),
        },
    }


def _events(begun: dict[str, Any], target: str) -> Iterator[str]:
    """The answer as server-sent events: it comes in one piece."""
    for delta, reason in (({"role": "assistant", "content": target}, None), ({}, "stop")):
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        event = begun | {"object": "chat.completion.chunk", "choices": [choice]}
        yield f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"
