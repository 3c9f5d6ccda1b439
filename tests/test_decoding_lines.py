"""Files and streams through a translator that shouts."""

from __future__ import annotations

import errno
import gzip
import io

import pytest
from fake_translator import Shouting, make_folder

from calque.decoding import lines
from calque.decoding.translator import Translator
from calque.errors import DataError, RecipeError
from calque.recipes.translate import Translate
from calque.records import Translation


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = make_folder(tmp_path / "en-fr")
    engine = Shouting(path)
    monkeypatch.setattr(Translator, "engine", engine)
    return path


def translated(folder, given, **settings):
    """What comes out on standard output for this standard input."""
    answers = io.BytesIO()
    lines.translate(Translate(folder=folder, **settings), io.BytesIO(given.encode()), answers)
    return answers.getvalue().decode()


def test_as_many_lines_come_out_as_go_in(folder):
    assert translated(folder, "a cat\n\n  two birds\n \t\nend") == "A CAT\n\n  TWO BIRDS\n \t\nEND\n"


def test_line_ends_of_dos_and_foreign_separators(folder):
    assert translated(folder, "a cat\r\ntwo\u2028birds\x85\n").encode() == "A CAT\nTWO\u2028BIRDS\x85\n".encode()


def test_nothing_in_nothing_out(folder):
    assert translated(folder, "") == ""


def test_scores(folder):
    assert translated(folder, "a\n\n", scores=True) == "-0.5000\tA\n0.0000\t\n"
    assert translated(folder, "", text=("a\nb", "c"), scores=True) == "-0.5000\tA B\n-0.5000\tC\n"


def test_each_text_gives_as_many_rows_as_hypotheses_are_asked_for(folder):
    assert translated(folder, "a\n\n  b\n", n_best=2) == (
        "0 ||| A ||| -0.5000\n0 ||| A! ||| -1.0000\n"
        "1 |||  ||| 0.0000\n1 |||  ||| 0.0000\n"
        "2 |||   B ||| -0.5000\n2 |||   B! ||| -1.0000\n"
    )
    assert translated(folder, "a\n", n_best=2, scores=True) == translated(folder, "a\n", n_best=2)
    assert translated(folder, "", text=("a\nb",), n_best=2) == "0 ||| A B ||| -0.5000\n0 ||| A B! ||| -0.7500\n"


def test_rows_of_split_and_strange_texts_can_be_taken_apart(folder):
    given = ["dog " * 20, "", "a ||| b", "\t", "dog " * 20 + "a ||| cat", "1 ||| x ||| 2"]
    rows = translated(folder, "".join(f"{text}\n" for text in given), n_best=3).splitlines()
    assert len(rows) == 3 * len(given)
    taken = [(number, *rest.rsplit(" ||| ", 1)) for number, rest in (row.split(" ||| ", 1) for row in rows)]
    assert [int(number) for number, _, _ in taken] == [n for n in range(6) for _ in range(3)]
    assert [text.rstrip() for _, text, _ in taken[::3]] == [text.upper().rstrip() for text in given]
    for best in range(0, len(rows), 3):
        scores = [float(score) for _, _, score in taken[best : best + 3]]
        assert scores == sorted(scores, reverse=True)


def test_texts_come_from_the_recipe_first(folder):
    assert translated(folder, "not read", text=("a cat", " two birds")) == "A CAT\n TWO BIRDS\n"


@pytest.mark.parametrize("pack", [lambda raw: raw, gzip.compress])
def test_input_files_may_be_packed(folder, tmp_path, pack):
    (tmp_path / "in.txt").write_bytes(pack(b"a cat\ntwo birds\n"))
    assert translated(folder, "not read", input=tmp_path / "in.txt") == "A CAT\nTWO BIRDS\n"


def test_out_takes_its_name_when_all_is_done(folder, tmp_path):
    out = tmp_path / "new" / "out.txt"
    seen = []

    def progress(number):
        seen.append((number, out.exists()))

    recipe = Translate(folder=folder, out=out)
    done = lines.translate(recipe, io.BytesIO(b"a cat\ntwo birds\n"), None, progress)
    assert out.read_text() == "A CAT\nTWO BIRDS\n"
    assert seen == [(2, False)]
    assert (done.texts, done.warned, done.out) == (2, 0, out)
    assert "translations" not in done.to_json()
    assert list(out.parent.iterdir()) == [out]


def test_out_is_packed_where_its_name_says_so(folder, tmp_path):
    assert translated(folder, "a cat\n", out=tmp_path / "out.gz") == ""
    assert gzip.decompress((tmp_path / "out.gz").read_bytes()) == b"A CAT\n"


def test_existing_out_is_refused_before_anything_is_loaded(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(RecipeError, match="out exists already"):
        translated(tmp_path / "no folder", "a cat", out=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_missing_input_is_refused_before_the_model_is_loaded(tmp_path):
    with pytest.raises(DataError, match=r"absent\.txt: no such file"):
        translated(tmp_path / "no folder", "", input=tmp_path / "absent.txt")


def test_a_broken_line_leaves_no_output(folder, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"a cat\n\xff\n")
    with pytest.raises(DataError) as error:
        translated(folder, "", input=tmp_path / "in.txt", out=tmp_path / "out.txt")
    assert (error.value.path, error.value.line) == (str(tmp_path / "in.txt"), 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["en-fr", "in.txt"]


def test_a_full_disk_leaves_no_output(folder, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lines, "rows", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/out\.txt'"):
        translated(folder, "a cat", out=tmp_path / "out.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["en-fr"]


def test_translations_are_kept_where_nobody_takes_them(folder):
    done = lines.translate(Translate(folder=folder), io.BytesIO(b"a cat\n\n"))
    assert done.translations == (Translation("A CAT", -0.5), Translation("", 0.0))
    assert done.to_json()["translations"][0] == {
        "text": "A CAT",
        "score": -0.5,
        "alternatives": (),
        "warnings": (),
        "confidence": None,
        "alignment": None,
    }


def test_warnings_carry_the_number_of_the_text(folder):
    done = lines.translate(Translate(folder=folder), io.BytesIO(b"a\n" + b"dog " * 20 + b"\n"))
    assert done.warned == 1
    assert done.warnings == ((2, "longer than the 32 tokens that the model takes: translated in 3 parts"),)


class Terminal(io.BytesIO):
    """A stream somebody types into."""

    def isatty(self):
        return True


def test_a_person_is_answered_line_by_line(folder):
    answers = io.BytesIO()
    given = Terminal(b"a cat\ntwo birds\n")
    engine = Translator.engine
    lines.translate(Translate(folder=folder), given, answers)
    assert engine.batches == [["a cat"], ["two birds"]]
