"""What a place of parallel text means: a prefix, two named files or one table; and what to say if nothing is there."""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from calque.errors import DataError

KINDS = ("tsv", "csv", "jsonl", "parquet")
FORMS = (
    "give PREFIX (for PREFIX.{source} and PREFIX.{target}, plain or .gz), FILE_A:FILE_B, "
    "or one .tsv, .csv, .jsonl or .parquet file"
)


@dataclass(frozen=True, slots=True)
class Files:
    """Two text files; line n of one translates line n of the other."""

    source: Path
    target: Path


@dataclass(frozen=True, slots=True)
class Table:
    """One file that holds both sides; `kind` is one of KINDS."""

    path: Path
    kind: str


def find(place: str, source: str, target: str) -> Files | Table:
    """The files that a place stands for.

    Raises:
        DataError: there is no such file (with what was looked for and near names), a prefix stands for a plain and a
            packed file at once, or both sides are one file.
    """
    kind = table_kind(place)
    if kind and Path(place).is_file():
        if source == target:
            raise DataError(f"both languages are '{source}': name two files as FILE_A:FILE_B", place)
        return Table(Path(place), kind)
    sides = [candidates(place, language) for language in (source, target)]
    if not any(sides) and (split := split_named(place)):
        return _distinct(_existing(split[0]), _existing(split[1]), place)
    if kind and not any(sides):
        return Table(_existing(Path(place)), kind)
    for found in sides:
        if len(found) > 1:
            raise DataError(f"ambiguous: both {found[0]} and {found[1]} exist; remove one, or name FILE_A:FILE_B")
    if not all(sides):
        raise DataError(_nothing_there(place, source, target))
    return _distinct(sides[0][0], sides[1][0], place)


def table_kind(place: str) -> str | None:
    """Which of KINDS a file name says it is, also when packed ('.tsv.gz'), or None."""
    suffix = place.removesuffix(".gz").rpartition(".")[2].lower()
    return suffix if suffix in KINDS else None


def candidates(prefix: str, language: str) -> list[Path]:
    """The files that exist of PREFIX.LANGUAGE and PREFIX.LANGUAGE.gz."""
    names = (Path(f"{prefix}.{language}"), Path(f"{prefix}.{language}.gz"))
    return [name for name in names if name.is_file()]


def split_named(place: str) -> tuple[Path, Path] | None:
    """The two files of FILE_A:FILE_B, or None. Of several colons (C:\\data) the one with files on both sides counts,
    else the middle one."""
    colons = [at for at, letter in enumerate(place) if letter == ":" and 0 < at < len(place) - 1]
    if not colons:
        return None
    splits = [(Path(place[:at]), Path(place[at + 1 :])) for at in colons]
    whole = [split for split in splits if split[0].is_file() and split[1].is_file()]
    return whole[0] if whole else splits[len(splits) // 2]


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """The file for reading bytes.

    Raises:
        DataError: it is not there (near names are told), is a folder, or may not be read.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise DataError(_missing(path)) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path) from None
    with stream:
        yield stream


def _existing(path: Path) -> Path:
    with opened(path):
        return path


def _distinct(source: Path, target: Path, place: str) -> Files:
    if source.resolve() == target.resolve():
        raise DataError(f"'{place}' names one file for both sides; name two files as FILE_A:FILE_B", source)
    return Files(source, target)


def _missing(path: Path) -> str:
    near = sorted(difflib.get_close_matches(path.name, names_in(path.parent), n=3, cutoff=0.5))
    if not path.parent.is_dir():
        return f"no file {path}: there is no folder {path.parent}"
    return f"no file {path}" + (f"; in that folder: {', '.join(near)}" if near else "")


def _nothing_there(place: str, source: str, target: str) -> str:
    """What to say of a prefix that lacks a side."""
    forms = FORMS.format(source=source, target=target)
    path = Path(place)
    if path.is_file():
        return f"{place} is a single file of no known kind: {forms}"
    if path.is_dir() or place.endswith("/"):
        return f"{place} is a folder: {forms}{_listing(path, '')}"
    if not path.parent.is_dir():
        return f"no parallel text at {place}: there is no folder {path.parent}"
    lacking = [f"{place}.{code} or {place}.{code}.gz" for code in (source, target) if not candidates(place, code)]
    return f"no parallel text at {place}: looked for {', and for '.join(lacking)}{_listing(path.parent, path.name)}"


def _listing(folder: Path, stem: str) -> str:
    """Names in the folder that begin with the stem, or else look like it."""
    names = names_in(folder)
    alike = [name for name in names if name.startswith(stem + "." if stem else "")]
    alike = alike or sorted(difflib.get_close_matches(stem, names, n=6, cutoff=0.5)) or near_stems(stem, names)
    return f"; that folder has {', '.join(alike[:6])}{' ...' if len(alike) > 6 else ''}" if alike else ""


def near_stems(stem: str, names: Sequence[str]) -> list[str]:
    """Names whose part before the first dot is close to the stem."""
    near = set(difflib.get_close_matches(stem, {name.partition(".")[0] for name in names}, n=2, cutoff=0.6))
    return [name for name in names if name.partition(".")[0] in near]


def names_in(folder: Path) -> list[str]:
    """Names of the files in a folder, sorted; none where it cannot be listed."""
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        return []
