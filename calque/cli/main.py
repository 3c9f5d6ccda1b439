"""`calque`: the commands, and what happens to errors on their way to the user.

Every error is one line on standard error, `calque: error: ...` (the trace comes with `--debug`), and with `--json`
also one object on standard output: `{"error": {"type", "message", "path", "line"}}`.

Exit codes: 0 done, 1 a bug of ours, 2 recipe or command line (also an output that exists), 3 data (also a path that is
not there, and `calque check` with a red finding), 4 model, 5 engine, 6 machine (disk full, memory, device),
130 interrupted, 141 the reader of the output left.
"""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError, UnusedCliTokensError

import calque
from calque.cli.interrupt import Interrupt
from calque.errors import CalqueError, DataError, Interrupted, MachineError, RecipeError, is_out_of_memory

COMMANDS = {
    "demo": "See the whole way once: a generated corpus and a pretrained BERT become a translator.",
    "check": "Look at a corpus and a pretrained model before training: leaks, lengths, spelling, forecast.",
    "pretrain": "Turn one-language text into a language model, from scratch or from a checkpoint that learns on.",
    "finetune": "Turn a pretrained model and parallel text into a translator.",
    "evaluate": "Score a translator on a test set.",
    "compare": "Test which of several translators is better, and say where they differ.",
    "select": "Train several candidates within a time budget, and keep the better one.",
    "export": "Make a translator fast on CPUs, with proof that it says the same.",
    "translate": "Translate texts, files or standard input.",
    "serve": "Serve translators over HTTP: the LibreTranslate and DeepL APIs, calque's own, and a page.",
    "key": "Make a key for the server.",
    "merge": "Make one translator of an adapter and its base.",
    "push": "Upload a translator or an adapter to the Hugging Face hub.",
    "comet": "Make the environment of its own that COMET scores need.",
    "doctor": "Tell what this machine offers: devices, precision, memory, versions, extras.",
}
BROKEN_PIPE = 141
_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EFBIG}

app = App(
    name="calque",
    help="Turn a pretrained model and parallel text into a translator you own.",
    version=calque.__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
for _rank, (_name, _line) in enumerate(COMMANDS.items()):
    app.command(f"calque.cli.{_name}:{_name}", name=_name, help=_line, sort_key=_rank)


def main(tokens: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (by default the process's own) and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # text is UTF-8 whatever the locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    signal.signal(signal.SIGINT, Interrupt())
    code = run(sys.argv[1:] if tokens is None else tokens)
    gc.freeze()  # the process ends: to look once more for cycles among all that was imported takes an eighth of it
    sys.exit(code)


def run(tokens: Sequence[str]) -> int:
    """Run one command line and answer its exit code; no exception comes out."""
    asked = list(tokens)[: list(tokens).index("--")] if "--" in tokens else list(tokens)
    try:
        code = app(list(tokens), print_error=False, exit_on_error=False, result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
        return BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where everything ends
        return _tell(error, as_json="--json" in asked, trace="--debug" in asked)
    return code if isinstance(code, int) else 0


def _tell(error: BaseException, as_json: bool, trace: bool) -> int:
    from calque.cli import terminal

    told = explained(error)
    code = 1 if told is None else told.exit_code
    message = _bug(error) if told is None else terminal.one_line(str(told))
    if trace:
        traceback.print_exception(error, file=sys.stderr)
    print(f"calque: error: {message}", file=sys.stderr)
    if as_json:
        shown = error if told is None else told
        path, line = (shown.path, shown.line) if isinstance(shown, DataError) else (None, None)
        record = {"type": type(shown).__name__, "message": message, "path": path, "line": line}
        try:
            terminal.print_json({"error": record})
            sys.stdout.flush()
        except OSError:  # standard output may be what is broken
            _silence()
    return code


def explained(error: BaseException) -> CalqueError | None:
    """The error as one of calque's own, or None where it can only be a bug."""
    if isinstance(error, CalqueError):
        return error
    if isinstance(error, UnusedCliTokensError):
        return RecipeError(f"unexpected argument '{(error.unused_tokens or ['?'])[0]}'; --help lists what can be given")
    if isinstance(error, CycloptsError):
        return RecipeError(str(error))
    if isinstance(error, KeyboardInterrupt):
        return Interrupted("interrupted")
    if is_out_of_memory(error):
        return MachineError("out of memory: translate or train with fewer tokens at once, or use a smaller model")
    if isinstance(error, OSError) and error.errno is not None:
        return _from_system(error)
    return None


def _from_system(error: OSError) -> CalqueError | None:
    reason = os.strerror(error.errno or 0)
    if error.errno in _MACHINE:
        where = "" if error.filename is None else f"{error.filename}: "
        advice = ": free some space and run again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        return MachineError(f"{where}{reason}{advice}")
    return None if error.filename is None else DataError(reason, error.filename)


def _bug(error: BaseException) -> str:
    from calque.cli import terminal

    what = terminal.one_line(f"{type(error).__name__}: {error}")
    return f"{what} (this is a bug of calque: please report it with what --debug prints)"


def _silence() -> None:
    """Let standard output go nowhere, so that the interpreter's own last flush has nothing to complain of."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
