"""Which systems the words of a command line name, and what they cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from calque.errors import ModelError, RecipeError
from calque.evaluation.footprint import Footprint, Memory
from calque.evaluation.system import Run, System, direction, systems
from calque.model.adapter_folder import Adaptation, describe_adapter
from calque.model.folder import Folder
from tests.fake_translator import make_folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current directory with two translators and two files."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        make_folder(tmp_path / name)
    for name in ("x.txt", "y,z=1.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    return tmp_path


def test_places_names_and_runs(here):
    folder = ("en", "fr")
    assert systems(["a", "mine=b", "files=x.txt,y,z=1.txt"[:11], "y,z=1.txt"]) == [
        System("a", (Run("a", folder),)),
        System("mine", (Run("b", folder),)),
        System("files", (Run("x.txt", None),)),
        System("y,z=1.txt", (Run("y,z=1.txt", None),)),
    ]
    assert systems(["a,b", "x.txt"])[0] == System("a,b", (Run("a", folder), Run("b", folder)))
    assert systems(["n=y,z=1.txt", "a"])[0] == System("n", (Run("y,z=1.txt", None),))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a"], "'a' alone is nothing to compare: name two systems or more"),
        (["a", "a"], "a is named twice: a system does not differ from itself"),
        (["a", "b=./a/"], r"\./a/ is named twice \(as a too\)"),
        (["m=a,b,a", "x.txt"], "a is named twice"),
        (["m=a", "m=b"], "two systems are called 'm'"),
        (["m=", "a"], "'m=' names no system"),
        (["=b", "a"], "'=b' names no system"),
        (["m=b,,x.txt", "a"], "names no system"),
    ],
)
def test_what_is_no_comparison_is_refused(here, words, message):
    with pytest.raises(RecipeError, match=message):
        systems(words)


def test_what_is_not_there_is_told_with_a_near_name(here):
    with pytest.raises(ModelError, match=r"aa: no such translator folder or file of translations; did you mean 'a'"):
        systems(["aa", "b"])
    (here / "plain").mkdir()
    with pytest.raises(ModelError, match=r"plain: this is no model folder"):
        systems(["plain", "b"])


def test_many_runs_make_no_path_too_long(here):
    for number in range(60):
        (here / f"run{number}.txt").write_text("", encoding="utf-8")
    words = ",".join(f"run{number}.txt" for number in range(60))
    assert len(systems([f"many={words}", "a"])[0].runs) == 60


def test_an_adapter_counts_with_its_base(here):
    (here / "adapter").mkdir()
    save_file({"x": np.zeros(3, np.float32)}, here / "a" / "model.safetensors")
    save_file({"x": np.zeros(7, np.float32)}, here / "adapter" / "adapter_model.safetensors")
    (here / "a" / "README.md").write_text("---\nlicense: mit\n---\n")
    describe_adapter(here / "adapter", Folder.open("a"), "a", Adaptation("bitfit", 1, 1.0, 0.0, 1, ("x",)))
    assert Run.open("adapter") == Run("adapter", ("en", "fr"))
    found = Footprint.of(here / "adapter")
    assert (found.parameters, found.licence) == (10, "mit")
    assert found.size == Footprint.of(here / "a").size + sum(file.stat().st_size for file in Path("adapter").iterdir())


def test_directions(here):
    make_folder(here / "other", target="de")
    both = systems(["a", "b", "x.txt"])
    assert direction(both, None, None) == ("en", "fr")
    assert direction(both, "en", None) == ("en", "fr")
    with pytest.raises(RecipeError, match="other translates en to de, but a en to fr"):
        direction(systems(["a", "other"]), None, None)
    with pytest.raises(RecipeError, match="a translates en to fr, not en to de: leave out"):
        direction(both, None, "de")
    files = systems(["x.txt", "y,z=1.txt"])
    assert direction(files, "en", "fi") == ("en", "fi")
    with pytest.raises(RecipeError, match="give --source and --target"):
        direction(files, "en", None)


def test_a_footprint(here):
    folder = here / "a"
    before = Footprint.of(folder)
    assert (before.parameters, before.licence) == (None, None)  # its weights are an empty file
    save_file({"x": np.zeros((3, 4), np.float32), "y": np.zeros(5, np.float16)}, folder / "model.safetensors")
    (folder / "README.md").write_text("---\nlanguage: fr\nlicense: apache-2.0\n---\n# Card\nlicense: mit\n")
    found = Footprint.of(folder)
    assert (found.parameters, found.licence) == (17, "apache-2.0")
    assert found.size == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_memory_is_that_from_now_on():
    memory = Memory()
    before = memory.peak()
    if before is None:
        pytest.skip("this system does not tell the largest memory")
    held = bytearray(64 << 20)
    assert memory.peak() >= before + (48 << 20)
    del held
    assert Memory().peak() < memory.peak() + (1 << 20)
