"""Requests that must be refused, and how long a server takes for it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

TRIES = 5
HUGE = 50_000_000  # bytes that a body says it has


def requests(source: str, target: str) -> dict[str, bytes]:
    """Bodies by what is wrong with them."""
    good = {"q": "a", "source": source, "target": target}

    def of(**fields: Any) -> bytes:
        return json.dumps(good | fields).encode()

    return {
        "alternatives=10000": of(alternatives=10_000),
        "a word of a million characters": of(q="x" * 1_000_000),
        "a list of 10,000": of(q=["x"] * 10_000),
        "deep JSON": b"[" * 900_000,
        "NUL": of(q="a\0b"),
        "a lone surrogate": of(q="\ud800"),
        "a number": of(q=5),
        "an object": of(q={"a": [1]}),
        "no JSON": b"{" + b"a" * 900_000,
        "no UTF-8": b'{"q": "\xff"}',
        "an unknown language": of(target="xx-nonsense"),
        "an unknown format": of(format="pdf"),
    }


async def refused(address: str, source: str, target: str) -> dict[str, dict[str, float]]:
    """For each its status and the median milliseconds to the answer; a body of 50 MB is only announced."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    found = {}
    for name, body in (*requests(source, target).items(), ("a body of 50 MB", b"")):
        heard = [await _ask(host, int(port), body, len(body) or HUGE) for _ in range(TRIES)]
        status = {one for one, _ in heard}
        found[name] = {
            "status": status.pop() if len(status) == 1 else 0,
            "milliseconds": round(sorted(seconds for _, seconds in heard)[TRIES // 2] * 1000, 1),
        }
    return found


async def _ask(host: str, port: int, body: bytes, length: int) -> tuple[int, float]:
    """Status and seconds from the last byte that is sent."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"POST /translate HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n".encode("ascii") + body)
    await writer.drain()
    began = time.monotonic()
    answer = await reader.readline()
    seconds = time.monotonic() - began
    writer.close()
    return int(answer.split()[1]), seconds
