"""One text file, one line at a time, strictly: only a line feed ends a line, and nothing is repaired in silence."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from calque.corpus.place import opened
from calque.errors import DataError

LONGEST = 1 << 26  # bytes of one line; beyond this a file is not one sentence per line
BOM = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
FOREIGN = {
    b"\xff\xfe": "is UTF-16: convert it with `iconv -f UTF-16 -t UTF-8`",
    b"\xfe\xff": "is UTF-16: convert it with `iconv -f UTF-16 -t UTF-8`",
    b"\xfd7zXZ": "is packed with xz: unpack it, or pack it with gzip",
    b"BZh": "is packed with bzip2: unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "is packed with zstd: unpack it, or pack it with gzip",
    b"PK\x03\x04": "is a zip archive (or an office document): extract plain text from it",
    b"PAR1": "is a Parquet table: name it with the ending .parquet",
}


def lines(source: str | Path | BinaryIO, name: str | None = None) -> Iterator[str]:
    """The lines of a UTF-8 text file or binary stream, in constant memory, without their ends.

    Only a line feed ends a line; carriage returns before it and a byte order mark are dropped, and every other
    character stays, Unicode line separators included. A gzip-packed source is recognised by its first bytes.

    Args:
        source: a path, or a binary stream such as `sys.stdin.buffer`, which is left open.
        name: what messages call the source; by default its path, or 'standard input'.

    Raises:
        DataError: there is no such file, it is packed or encoded otherwise, its gzip data are damaged or cut, or a
            line is not UTF-8 or has a NUL; with the line's number.
    """
    if isinstance(source, str | Path):
        with opened(Path(source)) as stream:
            yield from _decoded(stream, name or str(source))
    elif isinstance(source, io.BufferedReader):
        yield from _decoded(source, name or "standard input")
    else:
        buffered = io.BufferedReader(cast(io.RawIOBase, source))  # any readable binary stream will do
        try:
            yield from _decoded(buffered, name or "standard input")
        finally:
            with suppress(ValueError):  # the stream may be closed by now, where the caller stopped early
                buffered.detach()


def placed(path: Path, offset: int = 0, line: int = 1) -> Iterator[tuple[str, int]]:
    """The lines of a file as `lines` gives them, each with the place in the (unpacked) file at which the next begins.

    Args:
        path: a text file.
        offset: where to begin, such a place; only in a file that is not packed.
        line: the number of the line that begins there, for messages.

    Raises:
        DataError: as `lines`.
    """
    with opened(path) as stream:
        if offset:
            stream.seek(offset)
        yield from _placed(stream, str(path), offset, line)


def _decoded(stream: io.BufferedReader[Any], name: str) -> Iterator[str]:
    return (text for text, _ in _placed(stream, name, 0, 1))


def _placed(stream: io.BufferedReader[Any], name: str, offset: int, line: int) -> Iterator[tuple[str, int]]:
    start = b"" if offset else stream.peek(8)
    misnamed = name.endswith(".gz") and bool(start) and not start.startswith(GZIP)
    for number, raw in enumerate(_raw_lines(stream, name, start), start=line):
        said = raw.removeprefix(BOM) if number == 1 else raw
        said = said.rstrip(b"\n").rstrip(b"\r")
        try:
            text = said.decode("utf-8")
        except UnicodeDecodeError as error:
            if misnamed:
                raise _no_gzip(name, number) from None
            at = offset + raw.index(said) + error.start
            raise DataError(_not_utf8(said, error.start, at), name, number) from None
        if "\0" in text and misnamed:
            raise _no_gzip(name, number)
        if "\0" in text:
            at = offset + raw.index(b"\0")
            raise DataError(f"NUL byte at offset {at:,}; remove such bytes with `tr -d '\\000'`", name, number)
        offset += len(raw)
        yield text, offset


def _raw_lines(stream: io.BufferedReader[Any], name: str, start: bytes) -> Iterator[bytes]:
    """Lines as bytes with their ends, unpacked; the first bytes of a file, `start`, tell what it is."""
    for magic, advice in FOREIGN.items():
        if start.startswith(magic):
            raise DataError(advice, name)
    packed = start.startswith(GZIP)
    unpacked = io.BufferedReader(gzip.GzipFile(fileobj=stream)) if packed else stream
    number = 0
    try:
        while line := unpacked.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                raise DataError(f"the line is longer than {LONGEST:,} bytes: not one sentence per line", name, number)
            yield line
    except EOFError:
        raise DataError("the gzip file is cut short: copy or download it again", name, number + 1) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"the gzip file is damaged ({error}): copy it again", name, number + 1) from None
    except OSError as error:
        raise DataError(f"cannot be read: {os.strerror(error.errno or 0)}", name, number + 1) from None


def _no_gzip(name: str, line: int) -> DataError:
    """What to say of a file that is neither packed, as its name says, nor text."""
    return DataError(
        f"is no gzip file although its name ends in .gz, and no UTF-8 text either (line {line}): copy or download it "
        "again; or, if it is a text in another encoding, rename it without .gz and convert it with `iconv`",
        name,
    )


def _not_utf8(line: bytes, start: int, at: int) -> str:
    """What to say of a line whose byte `start` is wrong; `at` counts from the beginning of the (unpacked) file."""
    around = line[max(0, start - 20) : start + 20].decode("cp1252", "replace")
    return (
        f"byte 0x{line[start]:02X} is not UTF-8 (offset {at:,} in the file, {start:,} in the line). If it should read "
        f"{around!r}, convert the file with `iconv -f WINDOWS-1252 -t UTF-8`"
    )
