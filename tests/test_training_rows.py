"""Corpora as they are read, and what was left out of them."""

from __future__ import annotations

import pytest

from calque.training.rows import read


@pytest.mark.parametrize(("tables", "expected"), [(1, {"header row": 1}), (2, {"header rows": 2})])
def test_header_rows_are_counted_among_what_was_dropped(tmp_path, tables, expected):
    places = [str(tmp_path / f"{number}.tsv") for number in range(tables)]
    for number in range(tables):
        (tmp_path / f"{number}.tsv").write_text("src\ttgt\none\tun\n\tvide\n")
    text = read(places, "en", "fr")
    assert list(text) == [("one", "un")] * tables
    assert text.dropped == {"the source is empty": tables} | expected


def test_no_header_is_not_counted(tmp_path):
    (tmp_path / "x.csv").write_text("one,un\n")
    assert read([str(tmp_path / "x.csv")], "en", "fr").dropped == {}
