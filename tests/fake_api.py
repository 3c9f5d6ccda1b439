"""A server for the page, with literal answers in the words of docs/api.md: what it is asked is kept, and it can be made
slow, busy or cross."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from calque.server.static import page_routes

SENTENCES = "A black dog runs along the quiet street. It is faster than the old tram, and nobody can say why."
KNOWN = {  # (text, target): translation, per cent of its words, links
    ("A dog runs.", "fr"): ("Un chien court.", "98 62 31", "0-0 1-1 2-2"),
    (SENTENCES, "fr"): (
        "Un chien noir court le long de la rue tranquille. "
        "Il est plus rapide que le vieux tram, et personne ne peut dire pourquoi.",
        "98 97 95 93 71 90 92 95 93 66 97 96 90 94 95 97 94 41 97 93 90 92 91 88",
        "0-0 1-2 2-1 3-3 4-4 4-5 4-6 5-7 6-9 7-8 8-10 9-11 10-12 10-13 11-14 12-15 13-16 14-17 15-18 16-19 16-20 17-21 "
        "18-22 19-23",
    ),
    ("A dog runs.", "ar"): ("كلب يركض.", "90 70", "0-0 1-0 2-1"),
    ("Un chien court.", "en"): ("A dog runs.", "97 96 90", "0-0 1-1 2-2"),
}
BEGUN = {  # (text, prefix): translation
    ("A dog runs.", "Un chat"): ("Un chat court.", "98 40 90", "0-0 1-1 2-2"),
}
LANGUAGES = [
    {"code": "en", "name": "English", "targets": ["fr", "ar"]},
    {"code": "fr", "name": "French", "targets": ["en"]},
    {"code": "ar", "name": "Arabic", "targets": ["en"]},
]


def model(name: str, source: str, target: str) -> dict[str, Any]:
    return {"name": name, "version": "xxh3-128:0a1b", "source": source, "target": target, "engine": "ctranslate2 int8"}


MODELS = [
    model("en-fr", "en", "fr"),
    model("en-ar", "en", "ar"),
    model("fr-en", "fr", "en"),
    model("ar-en", "ar", "en"),
]


def places(text: str) -> list[list[int]]:
    return [[found.start(), found.end()] for found in re.finditer(r"\w+|<[^>]*>?", text)]


class FakeApi:
    """The server; `asked` are the bodies of /translate, `failures` the answers that come before any other."""

    def __init__(self) -> None:
        self.reset()
        self.app = Starlette(
            routes=[
                *page_routes(),
                Route("/api/v1/translate", self.translate, methods=["POST"]),
                Route("/api/v1/complete", self.complete, methods=["POST"]),
                Route("/api/v1/languages", self.of(lambda: {"languages": LANGUAGES})),
                Route("/api/v1/models", self.of(lambda: {"models": [{**one, "ready": True} for one in self.models]})),
                Route("/api/v1/usage", self.of(lambda: self.usage)),
                Route("/api/v1/jobs", self.job, methods=["POST"]),
                Route("/api/v1/jobs/{id}", self.one_job),
                Route("/api/v1/jobs/{id}", self.stop_job, methods=["DELETE"]),
                Route("/api/v1/jobs/{id}/events", self.events),
                Route("/api/v1/jobs/{id}/result", self.result),
            ]
        )

    def reset(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.completed: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.failures: list[Response] = []
        self.delays: dict[str, float] = {}  # seconds for a text; for the other ways to go on: of "complete"
        self.hung_up: list[str] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.models = list(MODELS)
        self.usage = {"used": 1200, "allowed": 50000, "text_limit": 400, "file_limit": 100000}
        self.warnings: list[str] = []
        self.whole = False  # whether translations come without alignment
        self.streams = True
        self.fate: dict[str, Any] = {}  # what jobs come to, instead of an end
        self.pace = 0.05

    def of(self, answer):
        async def endpoint(request: Request) -> Response:
            return self.failures.pop(0) if self.failures else JSONResponse(answer())

        return endpoint

    async def translate(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("authorization"))
        if self.failures:
            return self.failures.pop(0)
        end = time.monotonic() + self.delays.get(body["text"], 0)
        while time.monotonic() < end:
            if await request.is_disconnected():
                self.hung_up.append(body["text"])
                return PlainTextResponse("gone")
            await asyncio.sleep(0.01)
        return JSONResponse(self.answer(body))

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        text, target = body["text"], body["target"]
        source = "fr" if text.startswith("Un ") else "en"
        begun = BEGUN.get((text, body.get("prefix") or ""))
        found = begun or KNOWN.get((text, target))
        if found is None:  # an unknown text is its own translation
            words = places(text)
            found = (text, "50 " * len(words), " ".join(f"{place}-{place}" for place in range(len(words))))
        text_out, sureties = found[0], [int(one) / 100 for one in found[1].split()]
        if body.get("model") == "en-fr-large":
            text_out, sureties = text_out.replace("court", "galope"), [min(1.0, one + 0.2) for one in sureties]
        target_words = [[*place, sure] for place, sure in zip(places(text_out), sureties, strict=True)]
        translation = {
            "text": text_out,
            "source": source,
            "score": -0.21,
            "confidence": round(sum(sureties) / max(1, len(sureties)), 2),
            "alternatives": [],
            "alignment": {
                "source": places(text),
                "target": target_words,
                "links": [[int(place) for place in link.split("-")] for link in found[2].split()],
            },
            "warnings": [*self.warnings, *([f"as it is: {text}"] if "<" in text else [])],
        }
        if self.whole:
            translation["alignment"] = None
        if body["source"] == "auto":
            translation["detected"] = {"language": source, "confidence": 0.97}
        return {
            "translations": [translation],
            "model": model(body.get("model") or f"{source}-{target}", source, target),
        }

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.completed.append(body)
        if self.failures:
            return self.failures.pop(0)
        await asyncio.sleep(self.delays.get("complete", 0))
        ways = [("chien", " court."), ("chat", " court."), ("cheval", " au galop dans la prairie.")]
        if "<" in body["text"]:
            ways = [(body["text"], "")]
        completions = [
            {"text": body["prefix"] + next_ + rest, "next": next_, "score": -0.2, "confidence": 0.9 - place / 4}
            for place, (next_, rest) in enumerate(ways)
        ]
        return JSONResponse({"completions": completions, "model": MODELS[0]})

    async def job(self, request: Request) -> Response:
        async with request.form() as form:
            file, fields = form["file"], {name: value for name, value in form.items() if name != "file"}
            content = (await file.read()).decode()
        if self.failures:
            return self.failures.pop(0)
        job = {"id": f"7f{len(self.jobs)}", "state": "queued", "done": 0, "total": len(content.splitlines())}
        job |= {"created": "2026-01-01T00:00:00Z", "name": file.filename, "error": None}
        self.jobs[job["id"]] = job | {"content": content, "form": fields}
        return JSONResponse(job)

    def step(self, id_: str) -> dict[str, Any]:
        """The job, a line further."""
        job = self.jobs[id_]
        if job["state"] in ("queued", "running"):
            job["done"] += job["state"] == "running"
            job["state"] = "done" if job["done"] == job["total"] else "running"
            job |= self.fate
        return {name: value for name, value in job.items() if name not in ("content", "form")}

    async def one_job(self, request: Request) -> Response:
        if request.path_params["id"] not in self.jobs:
            return JSONResponse({"error": {"code": "not_found", "message": "no such job"}}, 404)
        return JSONResponse(self.step(request.path_params["id"]))

    async def stop_job(self, request: Request) -> Response:
        del self.jobs[request.path_params["id"]]
        return Response(status_code=204)

    async def events(self, request: Request) -> Response:
        if not self.streams:
            return PlainTextResponse("no streams here", status_code=502)

        async def lines():
            id_ = request.path_params["id"]
            while id_ in self.jobs:
                now = self.step(id_)
                yield f"event: progress\r\ndata: {json.dumps(now)}\r\n\r\n"
                if now["state"] not in ("queued", "running"):
                    break
                await asyncio.sleep(self.pace)
            yield "event: end\ndata: {}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def result(self, request: Request) -> Response:
        return PlainTextResponse(self.jobs[request.path_params["id"]]["content"].upper())


class Running:
    """An ASGI application on a free port of this machine, in a thread."""

    def __init__(self, app: Any) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        self.server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        )
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)

    def __enter__(self) -> Running:
        self.thread.start()
        while not self.server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *raised: object) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()
