"""/v2/document: a file is sent, asked after, and fetched."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from calque.formats.format import ending
from calque.server import body
from calque.server.deepl import asking, spec
from calque.server.deepl.glossaries import glossary_of
from calque.server.deepl.translate import NEVER, check_formality
from calque.server.jobs import attachment
from calque.server.keys import digest
from calque.server.refusal import Refusal
from calque.server.store import Job

router = APIRouter(tags=["DeepL"])
KIND = "document"
KNOWN = (
    "file", "filename", "source_lang", "target_lang", "formality", "glossary_id", "glossary_ids", "output_format",
    "enable_beta_languages",
)  # fmt: skip
STATES = {"queued": "queued", "running": "translating", "done": "done"}


@router.post("/v2/document", openapi_extra=spec.UPLOAD)
async def upload(request: Request) -> JSONResponse:
    """Send a file to be translated."""
    call = await asking.asked(request, KNOWN, ("glossary_ids",), NEVER)
    fields = call.fields
    file = asking.need(fields, "file")
    if not isinstance(file, body.File):
        raise Refusal("invalid", "'file' is no file: send a form of multipart/form-data")
    name = PurePath(body.text(body.given(fields, "filename", file.name), "filename")).name[-200:]
    source = asking.source(request, fields.get("source_lang"))
    target = asking.target(request, asking.need(fields, "target_lang"))
    check_formality(fields)
    _check_output(fields, name)
    terms = glossary_of(request, call, source, target)
    key = secrets.token_hex(32)
    job = Job(
        id="",
        owner="",
        kind=KIND,
        name=name,
        source=source,
        target=target,
        model=None,
        options=json.dumps({} if terms is None else {"glossary": terms.to_tsv()}),
        state="queued",
        done=0,
        total=0,
        created=time.time(),
        secret=digest(key),
    )
    kept = await request.app.state.jobs.submit(call.who, call.key, call.address, job, file.content)
    return JSONResponse({"document_id": kept.id, "document_key": key})


def _check_output(fields: Any, name: str) -> None:  # noqa: ANN401 - as the client sent it
    """That no other format is asked for than the file's own.

    Raises:
        Refusal: invalid.
    """
    wanted = body.code(body.given(fields, "output_format", ""), "output_format")
    if wanted and "." + wanted.lower().lstrip(".") != ending(name):
        raise Refusal("invalid", f"'output_format' must be that of the file, '{ending(name)[1:]}'")


@router.post("/v2/document/{name}", openapi_extra=spec.STATUS)
@router.get("/v2/document/{name}", include_in_schema=False)
async def status(request: Request, name: str) -> JSONResponse:
    """How a document stands."""
    job = await _job(request, name)
    told: dict[str, Any] = {"document_id": job.id, "status": STATES.get(job.state, "error")}
    if job.state == "running" and job.done:
        told["seconds_remaining"] = round((time.time() - job.created) * (job.total - job.done) / job.done)
    if job.state == "done":
        told["billed_characters"] = job.characters
    if told["status"] == "error":
        told["error_message"] = job.error or "it was cancelled"
    return JSONResponse(told)


@router.post("/v2/document/{name}/result", response_class=Response, openapi_extra=spec.RESULT)
@router.get("/v2/document/{name}/result", include_in_schema=False)
async def result(request: Request, name: str) -> Response:
    """The translated file."""
    job = await _job(request, name)
    if job.state in ("queued", "running"):
        raise Refusal("not_ready", "the document is not translated yet: ask for its status", retry_after=1)
    content = request.app.state.jobs.store.content(job, "result")
    if content is None:
        raise Refusal("invalid", job.error or "the document was cancelled")
    return attachment(content, job.name)


async def _job(request: Request, name: str) -> Job:
    """The caller's document, whose key it knows.

    Raises:
        Refusal: not_found.
    """
    call = await asking.asked(request, ("document_key",))
    key = body.text(asking.need(call.fields, "document_key"), "document_key")
    job: Job | None = request.app.state.jobs.store.job(name, call.who.name)
    if job is None or job.kind != KIND or not hmac.compare_digest(job.secret or "", digest(key)):
        raise Refusal("not_found", "there is no such document")
    return job
