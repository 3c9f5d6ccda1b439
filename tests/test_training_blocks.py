"""Lines as rows: cut, joined, streamed, and stored."""

from __future__ import annotations

import pytest
from language_models import counting, written

from calque.corpus.monolingual import Line, Monolingual
from calque.errors import DataError
from calque.text.learn import learn
from calque.training import blocks
from calque.training.blocks import Frame, Layout, cut_lines

PLAIN = Frame((1,), (2,))
LINES = [
    Line(text, file, number) for file, texts in enumerate((["abc", "de", "f"], ["ghij"]))
    for number, text in enumerate(texts, 1)
]  # fmt: skip


class Letters:
    """A codec with a letter a token: a is 10, b is 11, and so on; a space is 9."""

    def __init__(self, max_length):
        self.max_length, self.size = max_length, 40
        self.special = type("Special", (), {"eos": 2, "frame": ((1,), (2,))})

    def encode_all(self, texts):
        return [[1, *(9 if letter == " " else ord(letter) - 87 for letter in text), 2] for text in texts]

    def decode(self, ids):
        return "".join(" " if number == 9 else chr(number + 87) for number in ids)


def rows(max_length, continued=False, packs=False, lines=LINES, frames=(PLAIN, PLAIN), splits=False):
    layout = Layout(Letters(max_length), frames, ("", ""), continued, packs, splits)
    return list(layout.rows(lines))


def test_a_line_is_a_row():
    assert rows(8) == rows(8, continued=True) == [
        (0, [1, 10, 11, 12, 2]), (1, [1, 13, 14, 2]), (2, [1, 15, 2]), (3, [1, 16, 17, 18, 19, 2])
    ]  # fmt: skip


def test_long_lines_are_cut_with_a_frame_each():
    assert rows(4, lines=LINES[:1]) == [(0, [1, 10, 11, 2]), (0, [1, 12, 2])]


def test_a_causal_model_sees_every_token_once():
    assert rows(4, continued=True, lines=LINES[3:]) == [(0, [1, 16, 17, 18]), (0, [18, 19, 2])]
    assert rows(6, continued=True, lines=LINES[3:]) == [(0, [1, 16, 17, 18, 19, 2])]
    for longest in range(2, 9):
        cut = [row for _, row in rows(longest, continued=True)]
        assert [number for row in cut for number in row[1:]] == [10, 11, 12, 2, 13, 14, 2, 15, 2, 16, 17, 18, 19, 2]
        assert max(map(len, cut)) <= longest


def test_packed_lines_of_a_causal_model_are_one_stream_a_file():
    assert rows(6, continued=True, packs=True) == [
        (0, [1, 10, 11, 12, 2, 13]), (1, [13, 14, 2, 15, 2]), (3, [1, 16, 17, 18, 19, 2])
    ]  # fmt: skip


def test_packed_lines_fill_rows_with_a_mark_between_them():
    assert rows(9, packs=True) == [
        (0, [1, 10, 11, 12, 2, 9, 13, 14, 2]), (2, [1, 15, 2]), (3, [1, 16, 17, 18, 19, 2])
    ]  # fmt: skip
    assert rows(40, packs=True)[0] == (0, [1, 10, 11, 12, 2, 9, 13, 14, 2, 9, 15, 2])  # files stay apart


def test_frames_are_those_of_the_file():
    two = rows(9, frames=(Frame((), (2, 7)), Frame((), (2, 8))))
    assert [row[-2:] for _, row in two] == [[2, 7], [2, 7], [2, 7], [2, 8]]


def test_lines_are_split_into_sentences():
    codec = learn(counting(50), "unigram", 300, 64)
    layout = Layout(codec, (PLAIN,), ("fr",), continued=False, packs=False, splits=True)
    line = Line("Il pleut. Elle dort ici.", 0, 1)
    assert layout.units(line) == ["Il pleut.", "Elle dort ici."]
    assert [codec.decode(row) for _, row in layout.rows([line])] == ["Il pleut.", "Elle dort ici."]


def test_the_store_is_kept_and_made_anew(tmp_path):
    text = Monolingual.read([written(tmp_path / "a", ["un deux " * 40, *counting(20)])], [""])
    codec = learn(counting(50), "unigram", 300, 32)
    layout = Layout(codec, (PLAIN,), ("",), continued=True, packs=False, splits=False)
    told = []
    made = blocks.store(layout, text, [text.digest], tmp_path / "store", told.append)
    assert cut_lines(made) == 1
    assert [row.source for row in made] == [row for _, row in layout.rows(text)]
    assert told == [21]
    before = (tmp_path / "store" / "ids.bin").stat().st_mtime_ns
    blocks.store(layout, text, [text.digest], tmp_path / "store", told.append)
    assert (tmp_path / "store" / "ids.bin").stat().st_mtime_ns == before
    blocks.store(layout, text, ["other"], tmp_path / "store", told.append)
    assert (tmp_path / "store" / "ids.bin").stat().st_mtime_ns != before


def test_text_without_pieces_is_told(tmp_path):
    codec = learn(counting(50), "unigram", 300, 64)
    layout = Layout(codec, (PLAIN,), ("",), continued=False, packs=False, splits=True)
    with pytest.raises(DataError, match="not one line has a piece"):
        blocks.store(layout, [Line("", 0, 1)], [], tmp_path / "store")
