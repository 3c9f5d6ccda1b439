"""Clients that ask a server, as cheaply as Python can, so that they take little of the machine that it runs on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

HUNG = 0  # the status of a request that got no answer


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: its status, when it came (by the monotonic clock), and seconds from request to answer."""

    status: int
    at: float
    seconds: float


class Client:
    """A connection that is kept, and opened anew when the server closes it."""

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("http://").rpartition(":")
        self._place = host, int(port)
        self._wire: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes, path: str = "/translate") -> Heard:
        """The answer to a JSON body."""
        began = time.monotonic()
        try:
            status = await self._ask(body, path)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.close()
            status = HUNG
        return Heard(status, time.monotonic(), time.monotonic() - began)

    async def _ask(self, body: bytes, path: str) -> int:
        if self._wire is None:
            self._wire = await asyncio.open_connection(*self._place)
        reader, writer = self._wire
        head = (
            f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode("ascii") + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = answer.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        if b"connection: close" in answer:
            self.close()
        return int(answer[9:12])

    def send_only(self, body: bytes) -> None:
        """Send a request whose answer nobody waits for; the connection must be open."""
        assert self._wire is not None
        self._wire[1].write(
            f"POST /translate HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n".encode("ascii") + body
        )

    async def open(self) -> None:
        """Connect."""
        self._wire = await asyncio.open_connection(*self._place)

    def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            self._wire[1].close()
            self._wire = None


def bodies(sentences: Sequence[str], source: str, target: str) -> Iterator[bytes]:
    """Requests for one sentence each, round and round."""
    return cycle([json.dumps({"q": one, "source": source, "target": target}).encode() for one in sentences])


async def closed(address: str, asked: Iterator[bytes], clients: int, seconds: float) -> list[Heard]:
    """Answers to so many clients of which each asks again as soon as it has its answer, for so many seconds."""
    end = time.monotonic() + seconds
    heard: list[Heard] = []

    async def one() -> None:
        client = Client(address)
        while time.monotonic() < end:
            heard.append(await client.ask(next(asked)))
        client.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return heard


async def paced(address: str, asked: Iterator[bytes], rate: float, seconds: float, clients: int) -> list[Heard]:
    """Answers to requests that come `rate` a second whatever the server does, over so many connections that are open
    before, and more where those do not suffice."""
    idle = [Client(address) for _ in range(clients)]
    for client in idle:
        await client.open()
    heard: list[Heard] = []

    async def one() -> None:
        client = idle.pop() if idle else Client(address)
        heard.append(await client.ask(next(asked)))
        idle.append(client)

    began = time.monotonic()
    tasks: list[asyncio.Task[None]] = []
    while (now := time.monotonic() - began) < seconds:
        tasks += [asyncio.create_task(one()) for _ in range(int(now * rate) - len(tasks))]
        await asyncio.sleep(0.002)
    await asyncio.gather(*tasks)
    for client in idle:
        client.close()
    return heard


async def unhurried(address: str, asked: Iterator[bytes], count: int, pause: float) -> list[Heard]:
    """Answers to one client that asks so many times and thinks for `pause` seconds in between."""
    client = Client(address)
    heard = []
    for _ in range(count):
        heard.append(await client.ask(next(asked)))
        await asyncio.sleep(pause)
    client.close()
    return heard
