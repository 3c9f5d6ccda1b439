"""Reading the lines of one text file."""

from __future__ import annotations

import gzip
import io
import os
import random
import tracemalloc

import pytest

from calque.corpus import plain
from calque.corpus.plain import lines
from calque.errors import DataError


@pytest.fixture
def file(tmp_path):
    """Writes bytes and gives the path."""

    def written(content: bytes, name: str = "a.txt"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return written


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\r\nb\n\r\n", ["a", "b", ""]),
        (b"a\r\r\nb\r", ["a", "b"]),
        (b"a\rb\n", ["a\rb"]),
        (b"\xef\xbb\xbfa\nb\n", ["a", "b"]),
        (b"\xef\xbb\xbf", [""]),
        (b" a \t\n", [" a \t"]),
        (
            "a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i\nj".encode(),
            ["a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i", "j"],
        ),
        ("é\n日本\n👩‍👩‍👧\n".encode(), ["é", "日本", "👩‍👩‍👧"]),
    ],
)
def test_only_a_line_feed_ends_a_line(file, content, expected):
    assert list(lines(file(content))) == expected
    assert list(lines(file(gzip.compress(content)))) == expected
    assert list(lines(io.BytesIO(content))) == expected


def test_agrees_with_splitting_the_bytes(file):
    rng = random.Random(1)
    for _ in range(50):
        text = "".join(rng.choices("ab\n é\u2028\x85\x1c\u00a0\t'", k=200))
        assert list(lines(file(text.encode()))) == text.removesuffix("\n").split("\n")


def test_packed_files_are_known_by_their_first_bytes_not_their_names(file):
    assert list(lines(file(gzip.compress(b"a\n"), "plain.txt"))) == ["a"]
    assert list(lines(file(b"a\n", "named.gz"))) == ["a"]
    assert list(lines(file(gzip.compress(b"a\n") + gzip.compress(b"b\n"), "two.gz"))) == ["a", "b"]


def test_a_stream_is_left_open_and_gives_its_lines_as_they_come():
    readable, writable = os.pipe()
    with os.fdopen(readable, "rb") as stream, os.fdopen(writable, "wb", buffering=0) as feed:
        feed.write(b"first\n")
        found = lines(stream)
        assert next(found) == "first"
        feed.write(b"second\nthird\n")
        feed.close()
        assert list(found) == ["second", "third"]
        assert not stream.closed
    held = io.BytesIO(b"a\n")
    assert list(lines(held)) == ["a"]
    assert not held.closed


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"good\ncaf\xe9 noir\n", 2, "byte 0xE9 is not UTF-8 (offset 8 in the file, 3 in the line)"),
        (b"\xef\xbb\xbf\xff\n", 1, "byte 0xFF is not UTF-8 (offset 3 in the file, 0 in the line)"),
        (b"a\ncut \xe2\x82", 2, "byte 0xE2 is not UTF-8 (offset 6 in the file, 4 in the line)"),
        (b"\xed\xa0\x80\n", 1, "byte 0xED is not UTF-8"),
        (b"a\nb\0c\n", 2, "NUL byte at offset 3"),
    ],
)
def test_what_is_not_text_is_refused_with_its_place(file, content, line, message):
    path = file(content)
    with pytest.raises(DataError) as caught:
        list(lines(path))
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert message in str(caught.value)


def test_invalid_utf8_shows_how_it_reads_as_windows_1252(file):
    with pytest.raises(DataError, match=r"'un café noir'.*iconv -f WINDOWS-1252 -t UTF-8"):
        list(lines(file("un café noir\n".encode("cp1252"))))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\n".encode("utf-16"), "UTF-16"),
        (b"\xfd7zXZ\x00rest", "xz"),
        (b"BZh91AY", "bzip2"),
        (b"\x28\xb5\x2f\xfd\x00", "zstd"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"PAR1rest", "Parquet"),
    ],
)
def test_other_encodings_and_packings_are_named(file, content, message):
    with pytest.raises(DataError, match=message):
        list(lines(file(content)))


@pytest.mark.parametrize("content", [b"a\n\x93\xfe\n", b"a\0b\n"])
def test_what_is_only_called_gz_is_no_gzip_file(file, content):
    message = r"r\.en\.gz: is no gzip file although its name ends in \.gz.*\(line [12]\).*rename it"
    with pytest.raises(DataError, match=message):
        list(lines(file(content, "r.en.gz")))


def test_a_truncated_or_damaged_gzip_file_is_refused(file):
    packed = gzip.compress(b"".join(b"line %d\n" % n for n in range(5000)))
    with pytest.raises(DataError, match="cut short"):
        list(lines(file(packed[: len(packed) * 2 // 3])))
    with pytest.raises(DataError, match="cut short"):
        list(lines(file(packed[:-3])))
    with pytest.raises(DataError, match="damaged"):
        list(lines(file(packed[:-8] + b"\0\0\0\0" + packed[-4:])))
    with pytest.raises(DataError, match="damaged"):
        list(lines(file(packed + b"rubbish")))


def test_a_file_that_is_not_there_is_named_with_its_neighbours(file, tmp_path):
    file(b"", "train.en")
    with pytest.raises(DataError, match=r"no file .*trian\.en; in that folder: train\.en"):
        list(lines(tmp_path / "trian.en"))
    with pytest.raises(DataError, match="there is no folder"):
        list(lines(tmp_path / "nowhere" / "train.en"))
    with pytest.raises(DataError, match="directory"):
        list(lines(tmp_path))


def test_a_stream_is_called_what_the_caller_calls_it():
    with pytest.raises(DataError, match=r"^standard input:1: NUL"):
        list(lines(io.BytesIO(b"\0")))
    with pytest.raises(DataError, match=r"^the pipe:1: NUL"):
        list(lines(io.BytesIO(b"\0"), "the pipe"))


def test_a_line_without_end_is_refused(file, monkeypatch):
    monkeypatch.setattr(plain, "LONGEST", 10)
    assert list(lines(file(b"123456789\n"))) == ["123456789"]
    with pytest.raises(DataError, match="longer than 10 bytes"):
        list(lines(file(b"x\n12345678901\n")))


def test_memory_does_not_grow_with_the_file(file):
    path = file(b"a line of text that is repeated\n" * 30_000)
    tracemalloc.start()
    count = sum(1 for _ in lines(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 30_000
    assert peak < 500_000
