"""The page: its files as they lie in the package, with the headers that keep a browser from running anything else."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

import xxhash
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from starlette.requests import Request

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",  # a browser may keep it, and asks each time whether it is still this one
}
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".css": "text/css",
}


def page_routes() -> list[Route]:
    """`/` and `/page/...`: the page's files, read once."""
    folder = files("calque.server") / "page"
    return [
        Route("/" if path == "index.html" else f"/page/{path}", _endpoint(path, text), include_in_schema=False)
        for path, text in _walk(folder)
    ]


def _walk(folder: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    """Each file below `folder`: its path there, and what is in it."""
    for entry in sorted(folder.iterdir(), key=lambda found: found.name):
        path = f"{above}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        else:
            yield path, entry.read_bytes()


def _endpoint(path: str, text: bytes) -> Callable[[Request], Awaitable[Response]]:
    """What answers for one file; a browser that has it already is told so (304)."""
    media = _TYPES[path[path.rfind(".") :]]
    tag = f'"{xxhash.xxh3_128_hexdigest(text)}"'
    headers = {**HEADERS, "ETag": tag}

    async def answer(request: Request) -> Response:
        known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
        if tag in known or known == ["*"]:
            return Response(status_code=304, headers=headers)
        return Response(text, headers=headers, media_type=media)

    return answer
