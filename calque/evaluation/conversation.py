"""A conversation with a worker process: one JSON object a line, one answer for each request, and an end to waiting."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from calque.errors import CalqueError, EngineError, MachineError, ModelError

_OUT_OF_MEMORY = -9  # what the kernel does to a process that takes too much
_ANSWER = "scoring process"


class Conversation:
    """A worker that has been started; leaving the block ends it, whatever it is doing.

    Args:
        command: the worker's command line.
        about: what it works for, named in errors.
        patience: seconds that an answer may take.
        environment: variables of its environment, beside those of this process.
    """

    def __init__(self, command: Sequence[str], about: str, patience: float, environment: Mapping[str, str]) -> None:
        self.about, self.patience = about, patience
        self._late = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
                env=variables | dict(environment), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self._errors.close()
            raise MachineError(f"{command[0]}: cannot be started ({error.strerror})") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with suppress(OSError):  # what was not sent is lost, as it should be
                    stream.close()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request.

        Raises:
            ModelError: the worker says that something is wrong; MachineError where that is a lack of memory.
            EngineError: it died, said something else than JSON, or took too long.
        """
        watchdog = threading.Timer(self.patience, self._give_up)
        watchdog.daemon = True
        watchdog.start()
        try:
            line = self._exchange(json.dumps(request) + "\n")
        finally:
            watchdog.cancel()
        if self._late:
            raise EngineError(
                f"{self.about}: no answer from the {_ANSWER} within {self.patience:g} seconds, so it was ended: give "
                "it more time with --comet-timeout, or less to read at once with --comet-batch"
            )
        if not line.endswith(b"\n"):
            raise self._death()
        return self._understood(line)

    def _exchange(self, request: str) -> bytes:
        """Send a line and wait for one; what came of the answer where the worker dies."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ValueError("the process was started without pipes")
        with suppress(OSError):  # it died before it had read everything; perhaps it said why
            stdin.write(request.encode("ascii"))
            stdin.flush()
        return stdout.readline()

    def _understood(self, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            shown = line[:80].decode("utf-8", "replace").strip()
            raise EngineError(f"{self.about}: the {_ANSWER} said what is no answer ({shown!r})")
        if "error" in answer:
            if answer.get("kind") == "memory":
                raise self._full()
            raise ModelError(
                f"{self.about}: COMET cannot use this checkpoint ({answer['error']}); its encoder's configuration and "
                "tokenizer must be on this disk or on the hub, too (docs/scores.md)"
            )
        return answer

    def _give_up(self) -> None:
        self._late = True
        self._end()

    def _end(self) -> None:
        """Kill the worker and whatever it has started."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):  # it ended by itself, just now
                if hasattr(os, "killpg"):
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
        self._process.wait()

    def _death(self) -> CalqueError:
        """What to raise of a worker that is no more."""
        code = self._process.wait()
        if code == _OUT_OF_MEMORY:
            return self._full()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        last = f"; its last words: {lines[-1].strip()[:200]}" if lines else ""
        return EngineError(f"{self.about}: the {_ANSWER} ended with code {code} before it answered{last}")

    def _full(self) -> MachineError:
        return MachineError(
            f"{self.about}: out of memory while scoring: let COMET read fewer sentences at once with --comet-batch, or "
            "take a smaller checkpoint"
        )
