"""A server from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

from calque.errors import MachineError
from calque.server import journal, models
from calque.server.app import create_app
from calque.server.wire import Wire

if TYPE_CHECKING:
    from fastapi import FastAPI

    from calque.recipes.serve import Serve
    from calque.server.models import Polyglot

SWITCH_SECONDS = 0.001  # that the engine's thread may keep the interpreter while the event loop waits for it
KEEP_ALIVE_SECONDS = 65  # longer than proxies keep an idle connection, so that they close it and not we
BACKLOG = 2_048  # connections that the kernel holds until they are accepted


def run(
    serve: Serve, listening: Callable[[str], None] = print, reopen: Callable[[Serve], Polyglot] = models.open_all
) -> None:
    """Serve until SIGTERM or Ctrl-C, and then until open requests have ended. SIGHUP loads the models anew.

    Args:
        serve: the settings.
        listening: told the address once connections are accepted.
        reopen: how the translators are opened, at the start and anew.

    Raises:
        ModelError: a folder is no translator.
        DataError: the file of keys or the database cannot be used.
        MachineError: the address cannot be listened on.
    """
    journal.start()
    sys.setswitchinterval(SWITCH_SECONDS)
    place = _listen(serve)
    with contextlib.closing(place):
        app = create_app(serve, reopen(serve), reopen)
        config = uvicorn.Config(
            app,
            backlog=BACKLOG,
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=serve.connections,
            timeout_graceful_shutdown=max(1, round(serve.drain_seconds)),
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            http=Wire,
            ws="none",
        )
        listening(_address(place))
        Server(config, app, serve.linger_seconds).run(sockets=[place])


class Server(uvicorn.Server):
    """uvicorn's server, which says on /ready that it ends, may linger before it does, and loads anew on SIGHUP."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, linger_seconds: float) -> None:
        super().__init__(config)
        self._app = app
        self._linger_seconds = linger_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; from then on SIGHUP is understood."""
        await super().startup(sockets)
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # another system, another thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but the process ends by itself and not by the signal once more."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends the server gracefully, the second Ctrl-C at once."""
        if self._app.state.desk.draining or not self._linger_seconds:
            self._app.state.desk.draining = True
            super().handle_exit(sig, frame)
            return
        self._app.state.desk.draining = True
        asyncio.get_running_loop().call_later(self._linger_seconds, super().handle_exit, sig, frame)

    def _reload(self) -> None:
        task = asyncio.get_running_loop().create_task(self._quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self) -> None:
        with contextlib.suppress(Exception):  # told in the log; the old models go on
            await self._app.state.reload()


def _listen(serve: Serve) -> socket.socket:
    family = socket.AF_INET6 if ":" in serve.host else socket.AF_INET
    place = socket.socket(family, socket.SOCK_STREAM)
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind((serve.host, serve.port))
        place.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        place.close()
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise MachineError(f"cannot listen on {serve.host} port {serve.port}: {reason}") from error
    place.set_inheritable(False)
    return place


def _address(place: socket.socket) -> str:
    host, port, *_ = _name(place)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _name(place: socket.socket) -> Any:  # noqa: ANN401 - as the system gives it
    return place.getsockname()
