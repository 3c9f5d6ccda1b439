"""Files through the LibreTranslate API: `/translate_file` answers when the file is translated, with its address."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import State
from starlette.responses import JSONResponse, Response

from calque.formats.format import ending
from calque.server import body, libre_spec
from calque.server.jobs import attachment
from calque.server.libre import TAG, key, need
from calque.server.presence import unless_gone
from calque.server.refusal import Refusal
from calque.server.store import Job

KIND = "libre"
KEPT_SECONDS = 1_800.0  # that a translated file may be fetched
MOST = 10_000  # addresses that are remembered
router = APIRouter(tags=[TAG])


@router.post("/translate_file", openapi_extra=libre_spec.FILE)
async def translate(request: Request) -> JSONResponse:
    """Translate a file, and tell where it lies for half an hour."""
    asked = await body.fields(request)
    request.app.state.gate.who(key(asked), body.address(request))
    need(asked, "file", "source", "target")
    job = await unless_gone(request, _translated(request.app.state, asked, body.address(request)))
    address = secrets.token_urlsafe(24)
    _addresses(request.app.state)[address] = job
    return JSONResponse({"translatedFileUrl": f"{request.base_url}download_file/{address}{ending(job.name)}"})


@router.get("/download_file/{name}", response_class=Response, openapi_extra=libre_spec.DOWNLOAD)
async def download(request: Request, name: str) -> Response:
    """A translated file. Whoever knows its address, which cannot be guessed, may fetch it."""
    state = request.app.state
    job = _addresses(state).get(name.partition(".")[0])
    content = None if job is None else state.jobs.store.content(job, "result")
    if job is None or content is None:
        raise Refusal("not_found", "there is no such file, or no longer")
    return attachment(content, job.name)


async def _translated(state: State, asked: dict[str, Any], address: str) -> Job:
    """The job of a file, which is done; given up where the client leaves."""
    owner = state.gate.who(key(asked), address)
    _sweep(state, owner.name)
    job: Job = await state.jobs.submit(owner, key(asked), address, *_job(asked))
    try:
        async for now in state.jobs.watch(job):
            job = now or job
    except BaseException:
        state.jobs.forget(job)
        raise
    if job.state != "done":
        state.jobs.forget(job)
        code, retry_after = ("invalid", None) if job.state == "failed" else ("draining", 5)
        raise Refusal(code, job.error or "the server ends: try again in a moment", retry_after)
    return job


def _job(asked: dict[str, Any]) -> tuple[Job, bytes]:
    """What is asked, and the file."""
    file = asked["file"]
    if not isinstance(file, body.File):
        raise Refusal("invalid", "'file' is no file: send a form of multipart/form-data")
    job = Job(
        id="",
        owner="",
        kind=KIND,
        name=PurePath(body.text(file.name, "file")).name[-200:],
        source=body.code(asked["source"], "source"),
        target=body.code(asked["target"], "target"),
        model=None,
        options="{}",
        state="queued",
        done=0,
        total=0,
        created=time.time(),
    )
    return job, file.content


def _addresses(state: State) -> OrderedDict[str, Job]:
    """Files by their addresses; a restart of the server forgets them."""
    if not hasattr(state, "addresses"):
        state.addresses = OrderedDict()
    found: OrderedDict[str, Job] = state.addresses
    while len(found) > MOST:
        found.popitem(last=False)
    return found


def _sweep(state: State, owner: str) -> None:
    """Forget an owner's files that have lain long enough; clients of this API never delete any."""
    for job in state.jobs.store.jobs(owner):
        if job.kind == KIND and job.created < time.time() - KEPT_SECONDS:
            state.jobs.forget(job)
