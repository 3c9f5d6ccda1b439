from __future__ import annotations

import json

import numpy as np
import pytest

from calque.corpus.write import write
from calque.errors import DataError, RecipeError
from calque.model.batch import Ids
from calque.records import Pair
from calque.text.codec import Codec
from calque.text.learn import learn
from calque.training import rows as rows_module
from calque.training.rows import encode, read
from calque.training.store import Store

ROWS = [Ids([1, 65_535, 2], [1, 2]), Ids([1, 2], [1, 7, 8, 9, 2]), Ids([5])]


def written(folder, rows=ROWS, largest_id=65_535, origin="here"):
    with Store.writer(folder, largest_id, origin) as writer:
        writer.extend(rows[:2], [0, 3])
        writer.extend([], [])
        writer.extend(rows[2:], [8])
    return Store.open(folder)


def test_rows_come_back_as_they_were(tmp_path):
    store = written(tmp_path / "store")
    assert list(store) == [store[0], store[1], store[2]] == ROWS
    assert all(type(number) is int for number in store[0].source)
    assert [side.tolist() for side in store.lengths] == [[3, 2, 1], [2, 5, 0]]
    assert store.pairs.tolist() == [0, 3, 8]
    assert len(store) == 3


def test_a_store_is_a_sequence(tmp_path):
    store = written(tmp_path / "store")
    assert store[-1] == store[np.uint32(2)] == ROWS[2]
    assert store[1:] == ROWS[1:]
    assert store[:1] + store[5000:] == ROWS[:1]
    assert ROWS[1] in store
    for outside in (3, -4):
        with pytest.raises(IndexError):
            store[outside]


def test_an_empty_store_is_none_the_worse(tmp_path):
    with Store.writer(tmp_path / "store", 10):
        pass
    store = Store.open(tmp_path / "store")
    assert len(store) == 0
    assert list(store) == store[:5] == []
    assert [len(side) for side in store.lengths] == [0, 0]


@pytest.mark.parametrize(("largest_id", "size"), [(65_535, 2), (65_536, 4)])
def test_ids_take_two_bytes_where_they_fit(tmp_path, largest_id, size):
    written(tmp_path / "store", largest_id=largest_id)
    assert (tmp_path / "store" / "ids.bin").stat().st_size == 13 * size
    said = json.loads((tmp_path / "store" / "store.json").read_text())
    assert said == {"format": 1, "origin": "here", "rows": 3, "tokens": 13, "ids": f"<u{size}"}


def test_a_store_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(OverflowError):
        written(tmp_path / "store", [*ROWS[:2], Ids([70_000])])
    assert list(tmp_path.iterdir()) == []
    written(tmp_path / "store")
    with pytest.raises(RecipeError, match="exists already"):
        written(tmp_path / "store")


def cut(file):
    file.write_bytes(file.read_bytes()[:-1])


def flip(file):
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])


@pytest.mark.parametrize("damage", [cut, flip])
@pytest.mark.parametrize("name", ["ids", "starts", "sources", "targets", "pairs"])
def test_damage_is_noticed(tmp_path, name, damage):
    written(tmp_path / "store")
    damage(tmp_path / "store" / f"{name}.bin")
    with pytest.raises(DataError, match=f"damaged .*{name}.bin"):
        Store.open(tmp_path / "store")
    assert Store.kept(tmp_path / "store", "here") is None


def test_only_a_store_of_the_same_origin_and_format_is_kept(tmp_path):
    assert Store.kept(tmp_path / "store", "here") is None
    written(tmp_path / "store")
    assert list(Store.kept(tmp_path / "store", "here")) == ROWS
    assert Store.kept(tmp_path / "store", "elsewhere") is None
    for text in ('{"format": 2}', "[]", "{"):
        (tmp_path / "store" / "store.json").write_text(text)
        with pytest.raises(DataError, match="format 1"):
            Store.open(tmp_path / "store")
    with pytest.raises(DataError, match="no store of tokenised text"):
        Store.open(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def codecs() -> tuple[Codec, Codec]:
    words = ["one two three four five six seven eight nine ten"]
    return learn(words, pieces=300, max_length=40), learn(words, pieces=300, max_length=32)


@pytest.fixture
def text(tmp_path):
    pairs = [(f"one {number}", f"two {number}") for number in range(25)]
    pairs[3] = ("", "nothing")
    pairs[7] = ("short", "x" * 31)
    pairs[8] = ("y" * 38, "short")
    write([Pair(*pair, 1, "") for pair in pairs], str(tmp_path / "train"), "en", "fr")
    return read([str(tmp_path / "train")], "en", "fr")


def test_a_text_is_read_as_often_as_wanted(text):
    assert text.count == 24
    assert text.dropped == {"the source is empty": 1}
    assert list(text) == list(text) == list(zip(text.sources, text.targets, strict=True))
    assert list(text)[:4] == [("one 0", "two 0"), ("one 1", "two 1"), ("one 2", "two 2"), ("one 4", "two 4")]


def test_rows_that_fit_are_stored_with_the_numbers_of_their_pairs(text, codecs, tmp_path, monkeypatch):
    monkeypatch.setattr(rows_module, "CHUNK", 10)
    told = []
    store = encode(text, *codecs, tmp_path / "store", told.append)
    assert told == [10, 20, 24]
    assert store.pairs.tolist() == [*range(6), *range(8, 24)]
    pairs = list(text)
    assert list(store) == [Ids(codecs[0].encode(pairs[n][0]), codecs[1].encode(pairs[n][1])) for n in store.pairs]


def refuse(*_):
    raise AssertionError("tokenised again")


def test_a_store_that_is_there_is_used_again(text, codecs, tmp_path, monkeypatch):
    rows = list(encode(text, *codecs, tmp_path / "store"))
    monkeypatch.setattr(rows_module, "fitting", refuse)
    assert list(encode(text, *codecs, tmp_path / "store")) == rows
    with pytest.raises(AssertionError, match="tokenised again"):
        encode(text, *reversed(codecs), tmp_path / "store")


def test_a_damaged_store_is_made_anew(text, codecs, tmp_path):
    rows = list(encode(text, *codecs, tmp_path / "store"))
    cut(tmp_path / "store" / "ids.bin")
    assert list(encode(text, *codecs, tmp_path / "store")) == rows
    (tmp_path / "store" / "store.json").unlink()
    assert list(encode(text, *codecs, tmp_path / "store")) == rows


def test_a_text_that_grows_meanwhile_is_refused(text, codecs, tmp_path):
    for language in ("en", "fr"):
        with (tmp_path / f"train.{language}").open("a") as file:
            file.write("more\n")
    with pytest.raises(DataError, match="24 pairs when it was read first, 25 now"):
        encode(text, *codecs, tmp_path / "store")
    assert not (tmp_path / "store").exists()
