"""The server as an ASGI application: routes, and what they share.

`app.state` holds what every route needs:

| name | what |
|---|---|
| `serve` | the settings |
| `desk` | `await desk.translate(...)`, `desk.tell(...)`, `desk.detect(...)`, `desk.route(...)`, `desk.polyglot` |
| `gate` | `gate.who(key)`, `with gate.entered(key, characters, address) as who:`, `gate.usage(who)`, `gate.ledger` |
| `jobs` | `await jobs.submit(...)`, `jobs.watch(job)`, `jobs.cancel(job)`, `jobs.store` (jobs and glossaries) |
| `measures` | what is counted |
| `reload` | `await reload()` loads models and keys anew |
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

import calque
from calque.errors import CalqueError, MachineError
from calque.server import chat, health, libre, libre_files, models, own, own_jobs, refusal
from calque.server.deepl import dictionaries, documents, glossaries, languages, translate
from calque.server.desk import Desk
from calque.server.doorway import Doorway
from calque.server.gate import Gate
from calque.server.jobs import Jobs
from calque.server.journal import LOG
from calque.server.measures import Measures
from calque.server.openapi import described
from calque.server.presence import Gone
from calque.server.refusal import Refusal
from calque.server.static import page_routes
from calque.server.store import Store

if TYPE_CHECKING:
    from calque.recipes.serve import Serve
    from calque.server.models import Polyglot

NO_STORAGE = 30  # seconds after which to ask again where the database cannot be written
ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    libre.router,
    libre_files.router,
    own.router,
    chat.router,
    translate.router,
    languages.router,
    documents.router,
    glossaries.router,
    dictionaries.router,
    own_jobs.router,
)


def create_app(serve: Serve, polyglot: Polyglot, reopen: Callable[[Serve], Polyglot] = models.open_all) -> FastAPI:
    """The application.

    Args:
        serve: the settings.
        polyglot: the translators.
        reopen: how to load them anew.

    Raises:
        DataError: the file of keys or the database cannot be used.
    """
    measures = Measures()
    desk = Desk(serve, polyglot, measures)
    app = FastAPI(
        title="calque",
        version=calque.__version__,
        lifespan=_lifespan,
        openapi_url="/openapi.json",
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        middleware=[Middleware(Doorway, serve=serve, measures=measures, full=lambda: desk.line.full), *_cors(serve)],
        exception_handlers=_HANDLERS,
    )
    app.state.serve = serve
    app.state.measures = measures
    app.state.gate = Gate(serve)
    app.state.desk = desk
    app.state.jobs = Jobs(serve, app.state.desk, app.state.gate, Store(serve.database))
    app.state.reload = _reloader(app, reopen)
    for router in ROUTERS:
        app.include_router(router)
    if serve.page:
        app.router.routes.extend(page_routes())
    app.openapi = described(app)  # type: ignore[method-assign] # as FastAPI wishes it
    _watch(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.desk.at_work(), app.state.jobs.at_work():
        yield
    app.state.jobs.store.close()
    app.state.gate.ledger.close()


def _cors(serve: Serve) -> list[Middleware]:
    if not serve.origins:
        return []
    return [
        Middleware(CORSMiddleware, allow_origins=list(serve.origins), allow_methods=["*"], allow_headers=["*"]),
    ]


def _watch(app: FastAPI) -> None:
    line, measures = app.state.desk.line, app.state.measures
    measures.watch("calque_waiting_texts", "Texts that wait", lambda: line.texts[0])
    measures.watch("calque_waiting_background_texts", "Texts that wait in the background", lambda: line.texts[1])
    measures.watch("calque_ready", "1 where requests are computed", lambda: float(app.state.desk.ready))


def _reloader(app: FastAPI, reopen: Callable[[Serve], Polyglot]) -> Callable[[], Awaitable[None]]:
    """Loads models and keys anew, one time after the other, beside those that go on; what fails changes nothing."""
    turn = asyncio.Lock()

    async def reload() -> None:
        state = app.state
        async with turn:
            try:
                keys = await asyncio.to_thread(state.gate.read)
                polyglot = await asyncio.to_thread(reopen, state.serve)
            except Exception as error:
                state.measures.swap("failed")
                told = error if isinstance(error, CalqueError) else repr(error)
                LOG.error("not loaded: %s", told, exc_info=told is not error, extra={"event": "swap"})
                if isinstance(error, OSError):
                    raise MachineError(f"not loaded, what was there goes on: {error}") from error
                raise
            state.gate.swap(keys)
            state.desk.swap(polyglot)
            state.measures.swap("done")
            LOG.info("loaded anew", extra={"event": "swap"})

    return reload


async def _refused(request: Request, error: Exception) -> Response:
    """The answer to what went wrong, in the shape of the API that was asked."""
    told = _refusal(error)
    request.state.reason = told.code
    return refusal.response(told, request.url.path)


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, HTTPException) and isinstance(error.__cause__, Refusal):
        return error.__cause__  # FastAPI wraps what is raised while it reads a body
    if isinstance(error, Refusal):
        return error
    if isinstance(error, sqlite3.Error):
        LOG.error("the database cannot be used: %s", error, extra={"event": "storage"})
        return Refusal("no_storage", "nothing can be kept at the moment (a full disk?): try again later", NO_STORAGE)
    if isinstance(error, CalqueError):
        return refusal.of(error)
    if isinstance(error, RequestValidationError):
        mistake = error.errors()[0]
        where = ".".join(str(part) for part in mistake["loc"][1:]) or "the body"
        code = "bad_request" if mistake["type"] == "json_invalid" else "invalid"
        return Refusal(code, f"'{where}': {mistake['msg']}")
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "not_found", 405: "wrong_method"}.get(status, "bad_request" if status < 500 else "internal")
    return Refusal(code, str(getattr(error, "detail", error)))


async def _gone(request: Request, _error: Exception) -> Response:
    request.app.state.measures.hung_up()
    return Response(status_code=499)  # nobody reads it


_HANDLERS: dict[int | type[Exception], Any] = {
    Refusal: _refused,
    CalqueError: _refused,
    sqlite3.Error: _refused,
    RequestValidationError: _refused,
    HTTPException: _refused,
    Gone: _gone,
    ClientDisconnect: _gone,
}
