"""Parallel text in one file: TSV, CSV, JSONL and Parquet. Each reader yields (line, source text, target text)."""

from __future__ import annotations

import csv
import importlib
import importlib.util
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars

from calque.corpus import header
from calque.corpus.place import Table, opened
from calque.corpus.plain import lines
from calque.errors import DataError, MachineError

Row = tuple[int, str, str]
BATCH = 8192  # rows of a Parquet file held at once
MOST = 10  # broken lines named in one message


def rows(table: Table, source: str, target: str) -> Iterator[Row]:
    """The rows of a table, with the 1-based line on which each begins (the row's number in Parquet).

    Columns are found by a header that names both languages or roles (see `calque.corpus.header`), which is no row; TSV
    and CSV may instead have exactly two columns, source then target. JSONL has objects with both language codes as
    keys, at the top or under "translation"; Parquet has such columns, or a struct column "translation".

    Raises:
        DataError: lines that are no such rows, up to ten of them in one message; they are looked for to the end.
        MachineError: the file is Parquet and polars is not installed.
    """
    if table.kind == "parquet":
        return _parquet(table.path, source, target)
    if table.kind == "jsonl":
        wanted = f'Every line must be an object such as {{"{source}": "...", "{target}": "..."}}'
        return _sound(table.path, _json_rows(table.path, source, target), wanted)
    wanted = (
        f"Every row must have two columns, {source} and {target}, or as many as a header that names both "
        f"({source} and {target}, or source and target)"
    )
    return _sound(table.path, _columns(table, source, target), wanted)


def header_of(table: Table, source: str, target: str) -> header.Header | None:
    """The header of a TSV or CSV table that has one.

    Raises:
        DataError: the table cannot be read, or its header lacks one of the languages.
    """
    first = next(_cells(table), None) if table.kind in ("tsv", "csv") else None
    return None if first is None else header.find(first[1], source, target, table.path)


def load_polars() -> ModuleType:
    """The polars package.

    Raises:
        MachineError: it is not installed.
    """
    if importlib.util.find_spec("polars") is None:
        raise MachineError("Parquet needs the package polars: install it with `pip install 'calque[tables]'`")
    return importlib.import_module("polars")


class _RowError(Exception):
    """What is wrong with one row."""


Attempt = tuple[int, tuple[str, str] | _RowError]  # a line, and the pair on it or why there is none


def _sound(path: Path, found: Iterable[Attempt], wanted: str) -> Iterator[Row]:
    """Rows until the first broken one; then all broken ones are raised together (up to MOST), with
    what a row should be."""
    broken: list[tuple[int, str]] = []
    for line, content in found:
        if isinstance(content, _RowError):
            broken.append((line, str(content)))
            if len(broken) == MOST:
                break
        elif not broken:
            yield line, *content
    if broken:
        listed = "; ".join(f"line {line}: {what}" for line, what in broken)
        count = f"the first {MOST}" if len(broken) == MOST else str(len(broken))
        raise DataError(f"rows that cannot be read ({count}): {listed}. {wanted}", path, broken[0][0])


def _cells(table: Table) -> Iterator[tuple[int, list[str]]]:
    return _tabbed(table.path) if table.kind == "tsv" else _commas(table.path)


def _tabbed(path: Path) -> Iterator[tuple[int, list[str]]]:
    """TSV as it is used for corpora: quotation marks are text."""
    for line, text in enumerate(lines(path), start=1):
        yield line, text.split("\t")


def _commas(path: Path) -> Iterator[tuple[int, list[str]]]:
    """CSV, where a quoted cell may hold line breaks."""
    reader = csv.reader((line + "\n" for line in lines(path)), strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{error}; is a quotation mark left open or not doubled?", path, begins) from None
        if cells is None:
            return
        yield begins, cells
        begins = reader.line_num + 1


def _columns(table: Table, source: str, target: str) -> Iterator[Attempt]:
    """Picks the two columns out of each row; the first row may be a header."""
    width, at = 2, (0, 1)
    for line, row in _cells(table):
        if line == 1 and (found := header.find(row, source, target, table.path)):
            width, at = len(row), (found.source, found.target)
        elif len(row) == width:
            yield line, (row[at[0]], row[at[1]])
        else:
            yield line, _RowError(_ragged(row, width, table.kind))


def _ragged(row: Sequence[str], width: int, kind: str) -> str:
    hint = " (commas separate, not semicolons)" if kind == "csv" and len(row) == 1 and ";" in row[0] else ""
    return f"{len(row)} column{'' if len(row) == 1 else 's'} instead of {width}{hint}"


def _json_rows(path: Path, source: str, target: str) -> Iterator[Attempt]:
    for line, text in enumerate(lines(path), start=1):
        try:
            yield line, _json_pair(text, source, target)
        except _RowError as broken:
            yield line, broken


def _json_pair(text: str, source: str, target: str) -> tuple[str, str]:
    if not text.strip():
        raise _RowError("blank")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _RowError(f"not JSON ({error})") from None
    if isinstance(content, dict) and isinstance(content.get("translation"), dict):
        content = content["translation"]
    if not isinstance(content, dict):
        raise _RowError(f"{_named(content)} instead of an object")
    return _text(content, source), _text(content, target)


def _text(content: dict[str, object], language: str) -> str:
    if language not in content:
        raise _RowError(f"no '{language}' (it has {', '.join(map(str, list(content)[:6])) or 'nothing'})")
    return _string(content[language], language)


def _string(value: object, language: str) -> str:
    if not isinstance(value, str):
        raise _RowError(f"'{language}' is {_named(value)} instead of a string")
    if unfit := _unfit(value):
        raise _RowError(f"'{language}' has {unfit}")
    return value


def _unfit(text: str) -> str | None:
    """What a string has that no text file could, and no tokenizer takes."""
    if "\0" in text:
        return "a NUL"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "half a surrogate pair"
    return None


def _named(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _parquet(path: Path, source: str, target: str) -> Iterator[Row]:
    """Rows of a Parquet file, BATCH at a time."""
    pl = load_polars()
    with opened(path):
        pass
    try:
        columns = _parquet_columns(path, pl.scan_parquet(path).collect_schema(), source, target)
        batches = pl.scan_parquet(path).select(*columns).collect_batches(chunk_size=BATCH, maintain_order=True)
        number = 0
        for batch in batches:
            for one, other in batch.iter_rows():
                number += 1
                try:
                    yield number, _string(one, source), _string(other, target)
                except _RowError as broken:
                    raise DataError(str(broken), path, number) from None
    except pl.exceptions.PolarsError as error:
        raise DataError(f"not a sound Parquet file ({str(error).splitlines()[0]})", path) from None


def _parquet_columns(path: Path, schema: polars.Schema, source: str, target: str) -> list[polars.Expr]:
    pl = load_polars()
    if source in schema and target in schema:
        return [pl.col(source), pl.col(target)]
    nested = schema.get("translation")
    if isinstance(nested, pl.Struct) and {source, target} <= {field.name for field in nested.fields}:
        return [pl.col("translation").struct.field(code) for code in (source, target)]
    raise DataError(f"no columns '{source}' and '{target}' (it has {', '.join(schema)})", path)
