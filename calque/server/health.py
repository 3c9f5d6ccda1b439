"""Whether the server lives, whether it is ready, what it counted; and models loaded anew."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from calque.server.measures import CONTENT_TYPE
from calque.server.openapi import BEARER
from calque.server.refusal import Refusal

router = APIRouter(tags=["server"])
_NOT_LOADED: dict[int | str, dict[str, Any]] = {
    401: {"description": "A key is required."},
    403: {"description": "The key is wrong, or may not load models anew."},
    **{status: {"description": "Not loaded: the old models and keys go on."} for status in (409, 422, 500)},
}


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def health() -> dict[str, str]:
    """The process lives and answers."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False)
@router.get("/ready", responses={503: {"description": "Not now; see Retry-After."}})
async def ready(request: Request) -> JSONResponse:
    """Requests are computed; 503 while the server ends, where its engine hangs, or its database cannot be written."""
    desk = request.app.state.desk
    if desk.ready and request.app.state.gate.ledger.is_writable():
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "draining" if desk.draining else "not ready"}, 503, {"Retry-After": "5"})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Measures for Prometheus."""
    return Response(request.app.state.measures.text(), headers={"Content-Type": CONTENT_TYPE})


@router.post("/admin/reload", responses=_NOT_LOADED, openapi_extra={"security": BEARER})
async def reload(request: Request) -> dict[str, Any]:
    """Load the models (and the file of keys) anew without a pause; needs a key with `admin`."""
    state = request.app.state
    who = state.gate.who(bearer(request))
    if not who.admin:
        raise Refusal("forbidden", "this needs a key with admin = true; the owner of the process may send it SIGHUP")
    await state.reload()
    return {"models": [{"name": model.name, "version": model.version} for model in state.desk.polyglot.models]}


def bearer(request: Request) -> str | None:
    """The key in the header `Authorization: Bearer KEY`."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if kind.lower() == "bearer" else None
