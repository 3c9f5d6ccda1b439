"""One-language text: what is read, what is held out, what is refused."""

from __future__ import annotations

import gzip
import hashlib

import pytest

from calque.corpus.monolingual import Line, Monolingual, refuse_overlap, sampled
from calque.errors import DataError


def text(folder, lines, name="a.fr"):
    file = folder / name
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return Monolingual.read([str(file)], ["fr"])


def test_lines_keep_their_places(tmp_path):
    found = text(tmp_path, ["un", "", "deux ", " \t", "trois"])
    assert list(found) == [Line("un", 0, 1), Line("deux ", 0, 3), Line("trois", 0, 5)]
    assert (found.count, found.blank) == (3, 2)
    assert found.digest == {found.files[0]: hashlib.sha256(b"un\n\ndeux \n \t\ntrois\n").hexdigest()}
    assert list(found.texts) == ["un", "deux ", "trois"]


def test_files_follow_one_another_packed_or_not(tmp_path):
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"quatre\ncinq\n"))
    (tmp_path / "a").write_text("un\n")
    found = Monolingual.read([str(tmp_path / "a"), str(tmp_path / "b.gz")], ["", ""])
    assert [(line.file, line.number, line.text) for line in found] == [(0, 1, "un"), (1, 1, "quatre"), (1, 2, "cinq")]


def test_a_sample_is_even_and_small(tmp_path):
    found = text(tmp_path, [f"ligne {number}" for number in range(100)])
    assert [line.number for line in sampled(found, 1000)] == [11, 31, 51, 71, 91]
    assert [line.number for line in sampled(found, 2)] == [26, 76]
    with pytest.raises(DataError, match="19 lines are too few to hold some of them out"):
        sampled(text(tmp_path, ["x"] * 19, "b"), 5)


def test_held_out_lines_leave_the_text_wherever_they_are(tmp_path):
    found = text(tmp_path, ["un", "deux", " un ", "trois"])
    left = found.apart([Line("un", 0, 1)])
    assert [line.text for line in left] == ["deux", "trois"]
    assert (left.count, left.left_out) == (2, 2)
    with pytest.raises(DataError, match="all of its lines are held out too"):
        found.apart(list(found))


def test_the_wrong_file_is_refused_and_an_accident_is_not(tmp_path):
    train = text(tmp_path, [f"ligne {number}" for number in range(100)])
    dev = text(tmp_path, ["ligne 7", *(f"autre {number}" for number in range(19))], "dev")
    refuse_overlap(train, dev, list(dev))  # 5 %
    dev = text(tmp_path, ["neuf", "ligne 7", "ligne 9"], "dev")
    with pytest.raises(DataError) as raised:
        refuse_overlap(train, dev, list(dev))
    assert (raised.value.path, raised.value.line) == (dev.files[0], 2)
    assert "2 of 3 different held-out lines are in the training text too" in str(raised.value)
    assert f"{train.files[0]}:8" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"un\n\xe9t\xe9\n", r"text\.fr:2: byte 0xE9 is not UTF-8"), (b"\n \n", r"text\.fr: there is no text in it")],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path, content, message):
    (tmp_path / "text.fr").write_bytes(content)
    with pytest.raises(DataError, match=message):
        Monolingual.read([str(tmp_path / "text.fr")], [""])
    with pytest.raises(DataError, match=r"no file .*txt\.fr; in that folder: text\.fr"):
        Monolingual.read([str(tmp_path / "txt.fr")], [""])
