"""Jobs of our own API (/api/v1/jobs): a file or many texts in the background, with progress as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from calque.errors import nearest
from calque.recipes.key import ANONYMOUS
from calque.server import body, job_spec
from calque.server.gate import Who
from calque.server.health import bearer
from calque.server.jobs import Jobs, attachment
from calque.server.refusal import Refusal
from calque.server.store import OPEN, Job

router = APIRouter(tags=["calque"])
KINDS = ("file", "texts")
FORM = ("file", "source", "target", "model")
TEXTS = ("texts", "source", "target", "model")
LARGE = 200_000  # bytes of JSON that are read off the event loop


@router.post("/api/v1/jobs", status_code=202, **job_spec.CREATE)
async def create(request: Request) -> JSONResponse:
    """Translate a file, or many texts, in the background."""
    key = bearer(request)
    who = request.app.state.gate.who(key, body.address(request))
    form = request.headers.get("content-type", "").startswith("multipart/form-data")
    fields: dict[str, Any] = dict(await body.form(request)) if form else await _json(request)
    _check_names(fields, FORM if form else TEXTS)
    kind, name, content = _file(fields) if form else _texts(fields, request.app.state.serve.job_texts)
    model = fields.get("model")
    job = Job(
        id="",
        owner="",
        kind=kind,
        name=name,
        source=body.code(_need(fields, "source"), "source"),
        target=body.code(_need(fields, "target"), "target"),
        model=None if model in (None, "") else body.code(model, "model"),
        options="{}",
        state="queued",
        done=0,
        total=0,
        created=time.time(),
    )
    return JSONResponse(told(await _jobs(request).submit(who, key, body.address(request), job, content)), 202)


@router.get("/api/v1/jobs", **job_spec.LIST)
async def several(request: Request) -> JSONResponse:
    """One's own jobs, the newest first."""
    who = _who(request)
    if who.name == ANONYMOUS:
        raise Refusal("no_key", "a list of jobs needs a key: without one a job is known by its id alone")
    return JSONResponse({"jobs": [told(job) for job in _jobs(request).store.jobs(who.name) if job.kind in KINDS]})


@router.get("/api/v1/jobs/{name}", **job_spec.ONE)
async def one(request: Request, name: str) -> JSONResponse:
    """A job as it stands."""
    return JSONResponse(told(_job(request, name)))


@router.delete("/api/v1/jobs/{name}", **job_spec.ONE)
async def delete(request: Request, name: str) -> JSONResponse:
    """Stop a job and forget it."""
    jobs = _jobs(request)
    stopped = jobs.cancel(_job(request, name))
    jobs.forget(stopped)
    return JSONResponse(told(stopped))


@router.get("/api/v1/jobs/{name}/result", **job_spec.RESULT)
async def result(request: Request, name: str) -> Response:
    """The translated file; of texts a JSON object with them."""
    job = _job(request, name)
    content = await asyncio.to_thread(_jobs(request).store.content, job, "result")
    if content is None:
        why = "is not done yet" if job.state in OPEN else f"has no result: it {job.state}"
        raise Refusal("no_result", f"the job {why}")
    if job.kind == "texts":
        return Response(content, media_type="application/json")
    return attachment(content, job.name)


@router.get("/api/v1/jobs/{name}/events", response_class=StreamingResponse, **job_spec.EVENTS)
async def events(request: Request, name: str) -> StreamingResponse:
    """Progress as server-sent events: "progress" each time something has changed, and "end" at last."""
    return StreamingResponse(
        _events(_jobs(request), _job(request, name)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(jobs: Jobs, job: Job) -> AsyncIterator[str]:
    async for now in jobs.watch(job):
        if now is None:
            yield ": still at it\n\n"
        else:
            yield f"event: {'progress' if now.state in OPEN else 'end'}\ndata: {json.dumps(told(now))}\n\n"


def told(job: Job) -> dict[str, Any]:
    """A job as a client sees it."""
    made = datetime.fromtimestamp(job.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    shown = {"id": job.id, "state": job.state, "done": job.done, "total": job.total, "created": made}
    return shown | {"name": job.name, "source": job.source, "target": job.target, "error": job.error}


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


def _who(request: Request) -> Who:
    who: Who = request.app.state.gate.who(bearer(request), body.address(request))
    return who


def _job(request: Request, name: str) -> Job:
    """One's own job.

    Raises:
        Refusal: not_found; also where it is somebody else's.
    """
    job = _jobs(request).store.job(name, _who(request).name)
    if job is None or job.kind not in KINDS:
        raise Refusal("not_found", "there is no such job")
    return job


async def _json(request: Request) -> dict[str, Any]:
    raw = await body.read(request)
    return body.parse(raw) if len(raw) < LARGE else await asyncio.to_thread(body.parse, raw)


def _file(fields: Mapping[str, Any]) -> tuple[str, str, bytes]:
    file = _need(fields, "file")
    if not isinstance(file, body.File) or not file.name:
        raise Refusal("invalid", "'file' is no file with a name")
    name = body.text(file.name, "file").replace("\\", "/").rpartition("/")[2][-200:]
    return "file", name, file.content


def _texts(fields: Mapping[str, Any], most: int) -> tuple[str, str, bytes]:
    given = _need(fields, "texts")
    if not isinstance(given, list):
        raise Refusal("invalid", "'texts' must be a list of texts")
    texts = body.texts(given, "texts", most, 2**62)
    return "texts", "texts.json", json.dumps(texts).encode()


def _need(fields: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - as the client sent it
    if fields.get(name) in (None, "", []):
        raise Refusal("invalid", f"'{name}' is missing")
    return fields[name]


def _check_names(fields: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in fields:
        if name not in known:
            raise Refusal("invalid", f"unknown field '{name[:50]}'{nearest(name[:50], known)}")
