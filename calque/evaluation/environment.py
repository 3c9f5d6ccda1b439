"""The environment that COMET runs in: a virtual environment of its own in the user's cache, made on request.

`unbabel-comet` 2.2 wants transformers below 5 and numpy below 2, so it cannot lie beside calque's own libraries.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from calque.errors import MachineError, RecipeError
from calque.model import disk
from calque.model.folder import write_text
from calque.recipes.comet import Comet

MARKER = "calque.json"  # written last: an environment without it is none
REQUIREMENTS = Path(__file__).with_name("comet-requirements.txt")
NEEDED = 3 * 10**9  # bytes: the environment (1.5 GB) and what pip unpacks on the way
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
ADVICE = "make it once with `calque comet`, or name a Python that has unbabel-comet with --comet-python"
_LOOK = "import json, platform; from importlib import metadata; print(json.dumps({'python': platform.python_version(), "
_LOOK += "**{n: metadata.version(n) for n in ('unbabel-comet', 'torch', 'transformers')}})); import comet"
Progress = Callable[[str], None]


def where() -> Path:
    """The environment's folder, whether or not it is there: `calque/comet` in $XDG_CACHE_HOME, or ~/.cache."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache") / "calque" / "comet"


def python_in(folder: Path) -> Path:
    """The environment's Python."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def found() -> dict[str, Any] | None:
    """What lies in the environment: versions by name; None where there is none."""
    try:
        said: dict[str, Any] = json.loads((where() / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) and python_in(where()).exists() else None


def told() -> dict[str, str]:
    """What `calque doctor` says of it."""
    there = found()
    if there is None:
        return {"COMET": "not there: `calque comet` makes its environment"}
    return {"COMET": f"{there.get('unbabel-comet')} with torch {there.get('torch')}, in {where()}"}


def python(own: Path | None) -> Path:
    """The Python that can import comet: `own`, or that of the environment.

    Raises:
        MachineError: it is not there.
    """
    if own is not None:
        if not own.is_file():
            raise MachineError(f"--comet-python {own}: no such file: name the Python that has unbabel-comet")
        return own.absolute()
    if found() is None:
        raise MachineError(f"COMET needs an environment of its own, which is not there ({where()}): {ADVICE}")
    return python_in(where())


def make(recipe: Comet, progress: Progress | None = None) -> dict[str, Any]:
    """Make the environment, whole or not at all, and say where it is and what lies in it.

    Args:
        recipe: with which Python, and whether anew.
        progress: told what is done.

    Raises:
        RecipeError: `recipe.python` is no Python.
        MachineError: there is no room, or pip could not install something.
    """
    say = progress or _silence
    target, there = where(), found()
    if there is not None and not recipe.again:
        return {"folder": str(target), "made": False, **there}
    _refuse_full(target)
    with _aside(target) as folder:
        say(f"making {target}")
        _run([str(recipe.python or sys.executable), "-m", "venv", str(folder)], _no_python(recipe))
        inside = python_in(folder)
        _install(inside, say)
        versions = _versions(inside)
        write_text(folder / MARKER, json.dumps(versions, indent=1) + "\n")
    return {"folder": str(target), "made": True, **versions}


def _refuse_full(target: Path) -> None:
    free = disk.room(target)
    if free < NEEDED:
        raise MachineError(
            f"{target}: COMET's environment needs {disk.told(NEEDED)} while it is made, and {disk.told(free)} are "
            "free: free some space, or let XDG_CACHE_HOME name a larger disk"
        )


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A folder to fill beside `target`, whose place it takes when the block ends well; Python finds its way from the
    place where it lies, so an environment may be renamed."""
    disk.make(target.parent)
    for leftover in target.parent.glob(f".{target.name}.*-*"):  # of one that was killed
        if not _runs(leftover.name.rpartition("-")[2]):
            shutil.rmtree(leftover, ignore_errors=True)
    folder, old = (target.with_name(f".{target.name}.{part}-{os.getpid()}") for part in ("part", "old"))
    try:
        yield folder
        if target.exists():
            target.rename(old)
        folder.rename(target)
    finally:
        for leftover in (folder, old):
            shutil.rmtree(leftover, ignore_errors=True)


def _runs(number: str) -> bool:
    """Whether there is a process of this number, for all that can be told."""
    if os.name == "nt":
        return True
    try:
        os.kill(int(number), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _install(inside: Path, say: Progress) -> None:
    """What is pinned, and torch first, from where it comes without CUDA."""
    lines = [line.split("#")[0].strip() for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines()]
    torch = next(line for line in lines if line.startswith("torch=="))
    pip = [str(inside), "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
    source = _cpu_builds([*pip, "--dry-run", "--ignore-installed", "--report", "-", torch])
    say(f"installing {torch} (the CPU build: about 200 MB)")
    _run([*pip, *source, torch], f"pip could not install {torch}")
    say("installing unbabel-comet and what it needs (about 200 MB)")
    _run([*pip, "-r", str(REQUIREMENTS)], "pip could not install unbabel-comet")


def _cpu_builds(dry: Sequence[str]) -> list[str]:
    """How pip is told where torch comes without CUDA: nothing where it finds that by itself, as on a Mac."""
    done = subprocess.run(dry, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    brings_cuda = any(f'"name": "{name}' in done.stdout for name in ("nvidia", "cuda", "triton"))
    return ["--index-url", CPU_BUILDS] if brings_cuda else []


def _versions(inside: Path) -> dict[str, Any]:
    """Versions of what decides a score; that comet can be imported is tried, too."""
    said: dict[str, Any] = json.loads(_run([str(inside), "-I", "-c", _LOOK], "what was installed does not work"))
    return said


def _run(command: Sequence[str], trouble: str) -> str:
    """What a command prints; a MachineError with `trouble` and the last line of its errors where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    except OSError as error:
        raise RecipeError(f"{trouble} ({error.strerror})") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise MachineError(f"{trouble} ({lines[-1].strip() if lines else f'exit code {done.returncode}'})")
    return done.stdout


def _silence(_: str) -> None:
    """What is done is told to nobody."""


def _no_python(recipe: Comet) -> str:
    return f"{recipe.python or sys.executable}: no Python that makes virtual environments"
