"""Files of any size: resumed where they stopped, the same output byte for byte, here and on a cluster."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys

import pytest
from fake_translator import Shouting, make_folder

from calque.corpus.plain import placed
from calque.decoding import translator as translators
from calque.decoding.translator import Translator
from calque.errors import DataError, Interrupted, ModelError, RecipeError
from calque.model.fast_folder import FastFolder
from calque.recipes.translate import Translate
from calque.scale import file, window
from calque.scale.window import stretch, windows

LINES = ["a cat", "", "  two birds", "dog " * 20, "the end", "\tone", "more", "and more", "last"]
SHOUTED = "A CAT\n\n  TWO BIRDS\n" + "DOG " * 20 + "\nTHE END\n\tONE\nMORE\nAND MORE\nLAST\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = make_folder(tmp_path / "en-fr")
    monkeypatch.setattr(Translator, "engine", Shouting(path))
    monkeypatch.setattr(window, "WINDOW_TEXTS", 2)
    (tmp_path / "in.txt").write_text("".join(f"{line}\n" for line in LINES))
    return path


def run(folder, out="out.txt", given="in.txt", progress=None, resume=False, restart=False, **settings):
    place = folder.parent
    recipe = Translate(folder=folder, input=place / given, out=place / out, **settings)
    return file.translate(recipe, io.BytesIO(), None, progress, resume, restart)


def stopping_after(texts):
    """A listener that breaks off when so many texts are done."""

    def progress(done):
        if done >= texts:
            raise KeyboardInterrupt

    return progress


def test_a_file_goes_through_in_windows(folder, tmp_path):
    seen = []
    done = run(folder, progress=seen.append)
    assert (tmp_path / "out.txt").read_text() == SHOUTED
    assert seen == [2, 4, 6, 8, 9]
    assert (done.texts, done.warned, done.out) == (9, 1, tmp_path / "out.txt")
    assert done.warnings == ((4, "longer than the 32 tokens that the model takes: translated in 3 parts"),)
    assert not (tmp_path / "out.txt.part").exists()


@pytest.mark.parametrize("out", ["out.txt", "out.txt.gz"])
def test_what_was_stopped_goes_on_and_gives_the_same_bytes(folder, tmp_path, out):
    run(folder, out="whole-" + out, n_best=2)
    with pytest.raises(Interrupted, match=r"4 texts are translated in .*part: go on with the same command"):
        run(folder, out, progress=stopping_after(4), n_best=2)
    assert not (tmp_path / out).exists()
    with (tmp_path / f"{out}.part" / "rows").open("ab") as rows:
        rows.write(b"half a row that a crash left beh")
    Translator.engine.batches.clear()
    done = run(folder, out, resume=True, n_best=2)
    assert (tmp_path / out).read_bytes() == (tmp_path / f"whole-{out}").read_bytes()
    assert "a cat" not in str(Translator.engine.batches)
    assert (done.texts, done.warned, [number for number, _ in done.warnings]) == (9, 1, [4])


def test_an_output_under_way_is_neither_lost_nor_taken_for_another(folder, tmp_path):
    with pytest.raises(Interrupted, match=r"4 texts are translated in .*part: go on with the same command"):
        run(folder, progress=stopping_after(4))
    with pytest.raises(RecipeError, match=r"out\.txt\.part exists: --resume goes on with that output, --restart"):
        run(folder)
    with pytest.raises(RecipeError, match=r"same settings only \(beam was 4, is 2\)"):
        run(folder, resume=True, beam=2)
    with pytest.raises(RecipeError, match=r"same settings only \(protect was True, is False\)"):
        run(folder, resume=True, protect=False)
    (tmp_path / "in.txt").write_text("another cat\n" + "".join(f"{line}\n" for line in LINES[1:]))
    with pytest.raises(DataError, match=r"in\.txt: its first 4 lines have changed"):
        run(folder, resume=True)
    run(folder, restart=True, beam=2)
    assert (tmp_path / "out.txt").read_text().startswith("ANOTHER CAT\n")


def test_another_engine_does_not_go_on_and_a_stale_export_may_be_left_aside(folder, monkeypatch):
    with pytest.raises(Interrupted):
        run(folder, progress=stopping_after(4), engine="torch")
    made = FastFolder(folder / "fast", "int8", holds={"model.bin": "0"})
    monkeypatch.setattr(FastFolder, "find", lambda _: made)
    with pytest.raises(RecipeError, match=r"same settings only \(model was xxh3"):
        run(folder, resume=True)
    monkeypatch.setattr(FastFolder, "find", stale)
    with pytest.raises(ModelError, match="stale"):
        run(folder, resume=True)
    assert run(folder, resume=True, engine="torch").texts == len(LINES)


def stale(_):
    raise ModelError("stale")


def test_nothing_to_resume(folder, tmp_path):
    with pytest.raises(RecipeError, match="nothing to resume"):
        run(folder, resume=True)
    with pytest.raises(RecipeError, match="give one of them"):
        run(folder, resume=True, restart=True)
    assert not (tmp_path / "out.txt.part").exists()


def test_a_damaged_state_is_refused(folder, tmp_path):
    with pytest.raises(Interrupted, match=r"4 texts are translated in .*part: go on with the same command"):
        run(folder, progress=stopping_after(4))
    (tmp_path / "out.txt.part" / "rows").write_bytes(b"")
    with pytest.raises(RecipeError, match="rows is shorter than"):
        run(folder, resume=True)
    (tmp_path / "out.txt.part" / "state.json").write_text("{}")
    with pytest.raises(RecipeError, match=r"state\.json is damaged"):
        run(folder, resume=True)


def test_a_broken_line_keeps_what_is_before_it(folder, tmp_path):
    good = (tmp_path / "in.txt").read_bytes()
    (tmp_path / "in.txt").write_bytes(good[:-5] + b"\xff\n")
    with pytest.raises(DataError) as error:
        run(folder)
    assert error.value.line == 9
    (tmp_path / "in.txt").write_bytes(good)
    run(folder, resume=True)
    assert (tmp_path / "out.txt").read_text() == SHOUTED


def test_an_empty_file_gives_an_empty_file(folder, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert run(folder, given="empty").texts == 0
    assert (tmp_path / "out.txt").read_bytes() == b""
    run(folder, given="empty", out="out.gz")
    assert gzip.decompress((tmp_path / "out.gz").read_bytes()) == b""


def test_resume_and_ray_need_files(folder):
    for settings, how in (({}, {"resume": True}), ({"engine": "ray"}, {})):
        with pytest.raises(RecipeError, match="--input and --out"):
            file.translate(Translate(folder=folder, **settings), io.BytesIO(b"a\n"), None, None, **how)
    with pytest.raises(ValueError, match="do nothing without engine"):
        Translate(folder=folder, workers=2)


def test_windows_and_the_places_they_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(window, "WINDOW_TEXTS", 2)
    path = tmp_path / "in.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\nBZh two\n\xef\xbb\xbfthree\n\nlast")
    found = list(windows(path))
    assert [(w.first, w.start, w.end, w.texts) for w in found] == [
        (0, 0, 16, ("one", "BZh two")),
        (2, 16, 26, ("\ufeffthree", "")),
        (4, 26, 30, ("last",)),
    ]
    for one in found:
        assert stretch(path, one.first, one.start, one.end) == list(one.texts)
    assert list(placed(path, 8, 2)) == [("BZh two", 16), ("\ufeffthree", 25), ("", 26), ("last", 30)]


def test_a_killed_process_goes_on(tmp_path, folder):
    """A real process, killed while it translates; the one that goes on ends with the bytes of an undisturbed run."""
    (tmp_path / "in.txt").write_text("".join(f"line {n}\n" for n in range(60)))
    run(folder, out="whole")
    code = (
        "import sys, os, io, signal; from pathlib import Path; sys.path.insert(0, 'tests')\n"
        "from fake_translator import Shouting; from calque.decoding.translator import Translator\n"
        "from calque.recipes.translate import Translate; from calque.scale import file, window\n"
        "folder, place = Path(sys.argv[1]), Path(sys.argv[2]); Translator.engine = Shouting(folder)\n"
        "window.WINDOW_TEXTS = 2\n"
        "recipe = Translate(folder=folder, input=place / 'in.txt', out=place / 'out.txt')\n"
        "file.translate(recipe, io.BytesIO(), None, lambda n: n > 20 and os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(folder), str(tmp_path)], check=False)
    assert killed.returncode == -9
    assert json.loads((tmp_path / "out.txt.part" / "state.json").read_text())["state"]["texts"] == 22
    run(folder, resume=True)
    assert (tmp_path / "out.txt").read_bytes() == (tmp_path / "whole").read_bytes()


def test_window_sizes_are_those_of_the_translator():
    assert (window.WINDOW_TEXTS, window.WINDOW_CHARACTERS) == (1024, 400_000)
    assert translators.WINDOW_TEXTS == 1024
