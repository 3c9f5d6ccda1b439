"""Which files a place of parallel text stands for."""

from __future__ import annotations

import pytest

from calque.corpus.place import Files, Table, find
from calque.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """Makes empty files and gives their folder."""

    def made(*names: str):
        for name in names:
            (tmp_path / name).touch()
        return tmp_path

    return made


@pytest.mark.parametrize(
    ("names", "place"),
    [
        (["train.en", "train.fr"], "{}/train"),
        (["train.en.gz", "train.fr"], "{}/train"),
        (["a.txt", "b.txt"], "{}/a.txt:{}/b.txt"),
        (["a:b.en", "a:b.fr"], "{}/a:b"),
        (["a:b", "c"], "{}/a:b:{}/c"),
        (["x.tsv.en", "x.tsv.fr"], "{}/x.tsv"),
        (["a.tsv", "b.tsv"], "{}/a.tsv:{}/b.tsv"),
    ],
)
def test_two_files(folder, names, place):
    root = folder(*names)
    assert find(place.format(root, root), "en", "fr") == Files(root / names[0], root / names[1])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.tsv", "tsv"),
        ("x.csv", "csv"),
        ("x.jsonl", "jsonl"),
        ("x.parquet", "parquet"),
        ("x.TSV.gz", "tsv"),
        ("a.en.csv", "csv"),
    ],
)
def test_tables(folder, name, kind):
    root = folder(name)
    assert find(f"{root}/{name}", "en", "fr") == Table(root / name, kind)


@pytest.mark.parametrize(
    ("names", "place", "messages"),
    [
        (["train.en", "train.en.gz", "train.fr"], "train", ["ambiguous", "train.en", "train.en.gz"]),
        (["train.en", "train.de"], "train", ["looked for", "train.fr or", "train.fr.gz", "has train.de, train.en"]),
        (["train.en"], "train", ["train.fr"]),
        (["train.en", "train.fr"], "trian", ["trian.en", "trian.fr", "that folder has train.en, train.fr"]),
        (["train.en", "train.fr"], "", ["is a folder", "PREFIX.en", "train.en, train.fr"]),
        (["train.txt"], "train.txt", ["single file of no known kind", ".jsonl"]),
        (["a.en"], "a.en:{root}/a.fr", ["no file", "a.fr", "in that folder: a.en"]),
        (["a.en"], "a.en:{root}/a.en", ["one file for both sides"]),
        ([], "x.tsv", ["no file", "x.tsv"]),
        ([], "no/such/train", ["there is no folder", "no/such"]),
    ],
)
def test_what_is_not_there_is_said_with_what_is(folder, names, place, messages):
    root = folder(*names)
    with pytest.raises(DataError) as caught:
        find(f"{root}/{place.format(root=root)}", "en", "fr")
    for message in messages:
        assert message in str(caught.value)


def test_one_language_needs_two_named_files(folder):
    root = folder("a.en", "b.en", "t.tsv")
    with pytest.raises(DataError, match="one file for both sides"):
        find(f"{root}/a", "en", "en")
    with pytest.raises(DataError, match="both languages are 'en'"):
        find(f"{root}/t.tsv", "en", "en")
    assert find(f"{root}/a.en:{root}/b.en", "en", "en") == Files(root / "a.en", root / "b.en")
