"""The manifest: a folder's complete-marker. It names every file with its size and checksum and is written last, so that
what was cut short, lost or changed afterwards is known as such."""

from __future__ import annotations

import json
from pathlib import Path

import xxhash

NAME = "complete.json"
_CHUNK = 2**20


def write(folder: Path) -> None:
    """Describe all files that `folder` holds. Marker and files may reach the disk in any order: checksums tell."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    said = {file.relative_to(folder).as_posix(): {"bytes": file.stat().st_size, "xxh3": digest(file)} for file in files}
    (folder / NAME).write_text(json.dumps({"files": said}, indent=1) + "\n", encoding="utf-8")


def damage(folder: Path) -> str | None:
    """What is wrong with a folder that `write` described, as a clause; None where every byte is as it was."""
    try:
        files = json.loads((folder / NAME).read_text(encoding="utf-8"))["files"]
        described = {str(name): (int(said["bytes"]), str(said["xxh3"])) for name, said in files.items()}
    except FileNotFoundError:
        return f"{NAME} is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{NAME} cannot be read"
    if not described:
        return f"{NAME} names no files"
    for name, (size, checksum) in described.items():
        wrong = _wrong(folder / name, size, checksum)
        if wrong:
            return f"{name} {wrong}"
    return None


def _wrong(file: Path, size: int, checksum: str) -> str | None:
    try:
        if not file.is_file():
            return "is missing"
        if file.stat().st_size != size:
            return f"has {file.stat().st_size:,} bytes instead of {size:,}"
        return None if digest(file) == checksum else "has other content than was written"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def digest(file: Path) -> str:
    """The 128-bit xxHash of a file's bytes."""
    state = xxhash.xxh3_128()
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()
