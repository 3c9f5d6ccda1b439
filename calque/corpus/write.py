"""Writing parallel text in every form that `calque.corpus.read` reads: complete or not at all."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from calque.corpus.place import split_named, table_kind
from calque.corpus.table import load_polars
from calque.errors import CalqueError, DataError, MachineError, RecipeError
from calque.records import Pair
from calque.text.repair import SURROGATE

_UNFIT = {
    "text": re.compile("\n|\r$|\0|^\ufeff"),
    "tsv": re.compile("\n|\r$|\0|^\ufeff|\t"),
    "csv": re.compile("\r\n|\0"),
    "jsonl": re.compile("\0"),
    "parquet": re.compile("\0"),
}


def write(pairs: Iterable[Pair], place: str | Path, source: str, target: str) -> int:
    """Writes pairs so that `Corpus.open([place], source, target)` reads the same texts, and returns their number.

    Args:
        pairs: what to write; consumed one at a time (Parquet alone is gathered in memory).
        place: PREFIX (makes PREFIX.SOURCE and PREFIX.TARGET), FILE_A:FILE_B, or one .tsv, .csv, .jsonl or .parquet
            file; names that end in .gz are packed. Folders are made as needed.
        source: language code, the file's ending or the column's name.
        target: language code, likewise.

    Raises:
        RecipeError: a file is there already; nothing is overwritten.
        DataError: there is no pair, or a text cannot be held by this form, such as a line break in plain text.
        MachineError: the disk is full, or polars is not installed for Parquet.
    """
    kind, paths = _destination(str(place), source, target)
    for path in (*paths, *(path.with_name(f"{path.name}.gz") for path in paths)):
        if path.exists():
            raise RecipeError(f"{path} exists already; remove it or write elsewhere")
    with _replacing(paths) as temporary:
        if kind == "parquet":
            count = _write_parquet(_fitting(pairs, kind), temporary[0], (source, target))
        else:
            with ExitStack() as stack:
                packed = [path.suffix == ".gz" for path in paths]
                streams = [stack.enter_context(_text_file(*made)) for made in zip(temporary, packed, strict=True)]
                count = _write_lines(_fitting(pairs, kind), streams, kind, (source, target))
        if not count:
            raise DataError("there is not one pair to write", paths[0])
    return count


def _destination(place: str, source: str, target: str) -> tuple[str, list[Path]]:
    """The form to write, and the files to make."""
    kind = table_kind(place)
    if kind:
        return kind, [Path(place)]
    named = split_named(place)
    return "text", list(named) if named else [Path(f"{place}.{source}"), Path(f"{place}.{target}")]


def _fitting(pairs: Iterable[Pair], form: str) -> Iterator[Pair]:
    """The pairs, refused where this form could not give them back as they are."""
    unfit = _UNFIT[form]
    for pair in pairs:
        for text in (pair.source, pair.target):
            found = unfit.search(text)
            if found:
                better = (
                    "" if form in ("jsonl", "parquet") or found.group() == "\0" else "; write a .jsonl file instead"
                )
                raise DataError(f"{found.group()!r} cannot stand in {form}{better}", pair.origin, pair.line)
            if half := SURROGATE.search(text):
                raise DataError(f"{half.group()!r}, half a character, cannot be written", pair.origin, pair.line)
        yield pair


@contextmanager
def _replacing(paths: list[Path]) -> Iterator[list[Path]]:
    """Temporary names beside the paths, renamed to them at the end, or removed where something went wrong."""
    suffix = f".{os.getpid()}.tmp"
    temporary = [path.with_name(f".{path.name}{suffix}") for path in paths]
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        for made, path in zip(temporary, paths, strict=True):
            made.replace(path)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        kind: type[CalqueError] = MachineError if full else DataError
        raise kind(f"{paths[0]}: cannot be written: {error.strerror or error}") from None
    finally:
        for made in temporary:
            made.unlink(missing_ok=True)


@contextmanager
def _text_file(path: Path, packed: bool) -> Iterator[TextIO]:
    """A UTF-8 file to write; packed always to the same bytes, without name and time."""
    with ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(path.open("wb"))
        if packed:
            stream = cast(BinaryIO, stack.enter_context(gzip.GzipFile("", "wb", fileobj=stream, mtime=0)))
        yield stack.enter_context(io.TextIOWrapper(stream, encoding="utf-8", newline=""))


def _write_lines(pairs: Iterable[Pair], streams: Sequence[TextIO], kind: str, languages: tuple[str, str]) -> int:
    if kind in ("tsv", "csv"):
        streams[0].write(_line(kind, *languages, languages)[0])
    count = 0
    for pair in pairs:
        count += 1
        for stream, line in zip(streams, _line(kind, pair.source, pair.target, languages), strict=True):
            stream.write(line)
    return count


def _line(kind: str, source: str, target: str, languages: tuple[str, str]) -> tuple[str, ...]:
    """What a pair adds to each file."""
    if kind == "text":
        return f"{source}\n", f"{target}\n"
    if kind == "tsv":
        return (f"{source}\t{target}\n",)
    if kind == "csv":
        return (f"{_cell(source)},{_cell(target)}\n",)
    return (json.dumps(dict(zip(languages, (source, target), strict=True)), ensure_ascii=False) + "\n",)


def _cell(text: str) -> str:
    """A cell of CSV, quoted where it must be."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n\r') else text


def _write_parquet(pairs: Iterable[Pair], path: Path, languages: tuple[str, str]) -> int:
    gathered = [(pair.source, pair.target) for pair in pairs]
    load_polars().DataFrame(gathered, schema=list(languages), orient="row").write_parquet(path)
    return len(gathered)
