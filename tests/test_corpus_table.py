"""Parallel text in tables."""

from __future__ import annotations

import importlib.util
import json

import pytest

from calque.corpus.place import Table
from calque.corpus.read import Corpus
from calque.corpus.table import rows
from calque.errors import DataError, MachineError


@pytest.fixture
def read(tmp_path):
    """Writes a table and gives its rows."""

    def result(content: str | bytes, kind: str, source: str = "en", target: str = "fr"):
        path = tmp_path / f"x.{kind}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(rows(Table(path, kind), source, target))

    return result


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("one\tun\ntwo\tdeux\n", [(1, "one", "un"), (2, "two", "deux")]),
        ("en\tfr\none\tun\n", [(2, "one", "un")]),
        ("fr\tid\ten\nun\t7\tone\n", [(2, "one", "un")]),
        ("source\ttarget\none\tun\n", [(2, "one", "un")]),
        ("tgt\tsrc\nun\tone\nsrc\ttgt\n", [(2, "one", "un"), (3, "tgt", "src")]),
        ("source\tsource\none\tun\n", [(1, "source", "source"), (2, "one", "un")]),
        ("\ufeffen\tfr\r\none\tun\r\n", [(2, "one", "un")]),
        ('say "hi\tdis « salut »\n', [(1, 'say "hi', "dis « salut »")]),
        ("\tun\none\t\n", [(1, "", "un"), (2, "one", "")]),
        ("a\x85b\tc\u2028d\n", [(1, "a\x85b", "c\u2028d")]),
        ("en\tfr\n", []),
        ("", []),
    ],
)
def test_tsv(read, content, expected):
    assert read(content, "tsv") == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("one,un\n", [(1, "one", "un")]),
        ("fr,en\nun,one\n", [(2, "one", "un")]),
        ('"English","French"\none,un\n', [(2, "one", "un")]),
        ('"a, b","c ""d"""\n', [(1, "a, b", 'c "d"')]),
        ('en,fr\n"two\nlines","deux\r\nlignes"\n\ufeffx,y\n', [(2, "two\nlines", "deux\nlignes"), (5, "\ufeffx", "y")]),
        ("a\u2028b,c\n", [(1, "a\u2028b", "c")]),
    ],
)
def test_csv_with_the_line_where_each_row_begins(read, content, expected):
    assert read(content, "csv") == expected


def test_jsonl_flat_and_nested(read):
    content = '{"en": "one", "fr": "un", "id": 3}\n{"translation": {"en": "two\\n2", "fr": "d\\u00e9ux"}}\n'
    assert read(content, "jsonl") == [(1, "one", "un"), (2, "two\n2", "déux")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"en": "a", "fr": "b"', "not JSON"),
        ("", "blank"),
        ("[1, 2]", "a list instead of an object"),
        ('"a"', "a string instead of an object"),
        ("3", "a number instead of an object"),
        ('{"en": "a"}', "no 'fr' (it has en)"),
        ("{}", "no 'en' (it has nothing)"),
        ('{"en": "a", "fr": null}', "'fr' is null instead of a string"),
        ('{"en": 1, "fr": "b"}', "'en' is a number instead of a string"),
        ('{"en": ["a"], "fr": "b"}', "'en' is a list instead of a string"),
        ('{"en": true, "fr": "b"}', "'en' is true or false instead of a string"),
        ('{"en": "a\\u0000", "fr": "b"}', "'en' has a NUL"),
        ('{"en": "\\ud83d", "fr": "b"}', "'en' has half a surrogate pair"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_broken_jsonl_line_is_named(read, line, message):
    good = '{"en": "a", "fr": "b"}\n'
    with pytest.raises(DataError) as caught:
        read(f"{good}{line}\n{good}", "jsonl")
    assert caught.value.line == 2
    assert f"line 2: {message}" in str(caught.value)


def test_up_to_ten_broken_rows_are_named_in_one_message(read):
    with pytest.raises(
        DataError, match=r"\(3\): line 2: 1 column instead of 2; line 4: 3 columns instead of 2; line 5:"
    ):
        read("a\tb\nc\nd\te\nf\tg\th\n\n", "tsv")
    with pytest.raises(DataError, match=r"the first 10.*line 10: 1 column") as caught:
        read("x\n" * 50, "tsv")
    assert "line 11" not in str(caught.value)


def test_rows_before_the_first_broken_one_are_given(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\nc\td\ne\nf\tg\n")
    found = rows(Table(path, "tsv"), "en", "fr")
    assert [next(found), next(found)] == [(1, "a", "b"), (2, "c", "d")]
    with pytest.raises(DataError, match="line 3: 1 column instead of 2"):
        next(found)


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        ("en\tde\none\teins\n", "tsv", "names en, de: there is no column 'fr'"),
        ("de,fr\neins,un\n", "csv", "there is no column 'en'"),
        ("id\ten\tfr\n1\tone\n", "tsv", "2 columns instead of 3"),
        ("a\tb\tc\n", "tsv", "3 columns instead of 2.*a header that names both"),
        ("one;un\n", "csv", "commas separate, not semicolons"),
        ('a,"b\nc,d\n', "csv", "quotation mark left open"),
        ('a,"b"x\n', "csv", "quotation mark left open or not doubled"),
        ('"' + "long " * 30_000 + '",b\n', "csv", "field limit"),
        (b"a\tb\xff\n", "tsv", "x.tsv:1: byte 0xFF is not UTF-8"),
    ],
)
def test_other_tables_are_refused(read, content, kind, message):
    with pytest.raises(DataError, match=message):
        read(content, kind)


@pytest.fixture
def parquet(tmp_path):
    """Writes columns as Parquet and gives the path."""
    polars = pytest.importorskip("polars")

    def written(columns: dict[str, list], rows_per_group: int | None = None):
        path = tmp_path / "x.parquet"
        polars.DataFrame(columns, strict=False).write_parquet(path, row_group_size=rows_per_group)
        return path

    return written


def test_parquet_columns_and_struct(parquet):
    path = parquet({"id": [1, 2], "fr": ["un", "deux"], "en": ["one", "two"]})
    assert list(rows(Table(path, "parquet"), "en", "fr")) == [(1, "one", "un"), (2, "two", "deux")]
    path = parquet({"translation": [{"en": "one", "fr": "un"}, {"en": "two", "fr": "deux"}]})
    assert list(rows(Table(path, "parquet"), "en", "fr")) == [(1, "one", "un"), (2, "two", "deux")]


def test_parquet_of_many_batches_keeps_its_order(parquet):
    numbers = [str(n) for n in range(30_000)]
    path = parquet({"en": numbers, "fr": numbers[::-1]}, 7_000)
    found = list(rows(Table(path, "parquet"), "en", "fr"))
    assert found == [(n + 1, str(n), str(29_999 - n)) for n in range(30_000)]


def test_parquet_that_cannot_be_read(parquet, tmp_path):
    path = parquet({"en": ["a", "b"], "fr": ["c", None]})
    with pytest.raises(DataError, match=r"x.parquet:2: 'fr' is null instead of a string"):
        list(rows(Table(path, "parquet"), "en", "fr"))
    with pytest.raises(DataError, match=r"no columns 'en' and 'de' \(it has en, fr\)"):
        list(rows(Table(path, "parquet"), "en", "de"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="not a sound Parquet file"):
        list(rows(Table(path, "parquet"), "en", "fr"))


def test_parquet_without_polars_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "x.parquet").touch()
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "polars" else find_spec(name))
    with pytest.raises(MachineError, match=r"calque\[tables\]"):
        Corpus.open([str(tmp_path / "x.parquet")], "en", "fr")


def test_a_hugging_face_export_round_trips_through_json(read):
    pairs = [("“Quoted”\\", "«\u202fOui\u202f»"), ("\u2028", "😀")]
    content = "".join(json.dumps({"translation": {"en": one, "fr": other}}) + "\n" for one, other in pairs)
    assert [(one, other) for _, one, other in read(content, "jsonl")] == pairs
