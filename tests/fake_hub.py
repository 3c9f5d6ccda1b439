"""A Hugging Face hub on 127.0.0.1, as small as uploads and downloads need it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OID = "0a" * 20


@dataclass
class Hub:
    """What it holds (files by repository and branch), what it was asked, and how it answers.

    status: what every request that writes is answered with, where that is not 200.
    tokens: those that it knows.
    """

    repos: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    commits: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    endpoint: str = ""


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    """The hub, answering while the block lasts."""
    handler = type("Bound", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def do_HEAD(self) -> None:
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        hub, path = self.hub, self.path.split("?")[0]
        hub.asked.append(f"{self.command} {path}")
        if "/resolve/" in path:
            self._give(path.lstrip("/"))
        elif "/revision/" in path or ("/tree/" in path and self.public(path)):
            self._look(path.removeprefix("/api/models/").replace("/revision/main", ""))
        elif self.headers.get("Authorization") != "Bearer hf_right":
            self._say(401, {"error": "Invalid credentials"})
        elif path == "/api/whoami-v2":
            self._say(200, {"name": "ada", "type": "user"})
        elif path.startswith("/api/models/") and self.command == "GET":
            self._look(path.removeprefix("/api/models/"))
        elif path == "/api/validate-yaml":
            wrong = [{"message": '"license" must be one of ...'}] if b"license: home-made" in body else []
            self._say(400 if wrong else 200, {"errors": wrong, "warnings": []})
        elif hub.status != 200:
            self._say(hub.status, {"error": "no"})
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        else:
            self._write(path.removeprefix("/api/models/").split("/"), body)

    def public(self, path: str) -> bool:
        """Whether the repository that a path is about may be seen without a token."""
        return not self.hub.private.get("/".join(path.removeprefix("/api/models/").split("/")[:2]), True)

    def _give(self, path: str) -> None:
        """A file; its length, hash and commit in the headers, as the client's cache wants them."""
        name, _, rest = path.partition("/resolve/")
        content = self.hub.repos[name]["main"].get(rest.partition("/")[2])
        if content is None:
            self._say(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        self.send_response(200)
        told = {"Content-Length": str(len(content)), "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}
        for header, value in (told | {"X-Repo-Commit": OID}).items():
            self.send_header(header, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def _look(self, rest: str) -> None:
        name, _, what = rest.partition("/tree/")
        if name not in self.hub.repos:
            self._say(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        elif what:
            branch = what.split("/")[0]
            files = self.hub.repos[name].get("main" if branch == OID else branch, {})
            self._say(200, [{"type": "file", "path": path, "size": len(files[path]), "oid": OID} for path in files])
        else:
            files = [{"rfilename": path} for path in self.hub.repos[name]["main"]]
            private = self.hub.private.get(name, False)
            self._say(200, {"id": name, "_id": "1", "siblings": files, "private": private, "sha": OID})

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked.get('organization') or 'ada'}/{asked['name']}"
        self.hub.repos[name] = {"main": {".gitattributes": b""}}
        self.hub.private[name] = bool(asked.get("private") or asked.get("visibility") == "private")
        self._say(200, {"url": f"{self.hub.endpoint}/{name}", "name": name})

    def _write(self, parts: list[str], body: bytes) -> None:
        name, verb, branch = "/".join(parts[:2]), parts[2], parts[3]
        files = self.hub.repos[name]
        if verb == "branch":
            files[branch] = dict(files["main"])
            self._say(200, {})
        elif verb == "preupload":
            asked = json.loads(body)["files"]
            self._say(
                200, {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked]}
            )
        else:
            for line in map(json.loads, body.decode().splitlines()):
                if line["key"] == "header":
                    self.hub.commits.append(line["value"])
                elif line["key"] == "file":
                    files[branch][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
                elif line["key"] == "deletedFile":
                    del files[branch][line["value"]["path"]]
            self._say(200, {"commitUrl": f"{self.hub.endpoint}/{name}/commit/{OID}", "commitOid": OID, "success": True})

    def _say(self, status: int, record: Any, more: dict[str, str] | None = None) -> None:
        text = json.dumps(record).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(text)),
            **(more or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)
