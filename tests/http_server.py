"""A server of tests: uvicorn in a thread, on a free port of this machine, which ends with the block."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from calque.recipes.serve import Serve
from calque.server.app import create_app
from calque.server.wire import Wire


def settings(folder: Path, **settings) -> Serve:
    """Settings of a server whose files lie in a folder of the test."""
    return Serve.of({"folders": (folder,), "database": folder / "serve.sqlite", "log_requests": False} | settings)


@contextlib.contextmanager
def serving(serve: Serve, polyglot, reopen=None) -> Iterator[str]:
    """The address of a running server."""
    with running(create_app(serve, polyglot, reopen or (lambda _: polyglot))) as address:
        yield address


@contextlib.contextmanager
def running(app) -> Iterator[str]:
    """The address of a running application."""
    place = socket.socket()
    place.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, ws="none", log_config=None, http=Wire)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield f"http://127.0.0.1:{place.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
