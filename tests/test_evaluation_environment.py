"""COMET's environment is made whole or not at all, and without CUDA; pip is a stand-in here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from calque.errors import MachineError, RecipeError
from calque.evaluation import environment
from calque.recipes.comet import Comet

VERSIONS = {"python": "3.11.7", "unbabel-comet": "2.2.7", "torch": "2.13.0+cpu", "transformers": "4.57.6"}


class Pip:
    """What is run instead of venv, pip and Python: remembers how it was called."""

    def __init__(self, report: str = "{}", fails: str = "nothing") -> None:
        self.calls: list[list[str]] = []
        self.report, self.fails = report, fails

    def __call__(self, command, **how) -> SimpleNamespace:
        self.calls.append(list(command))
        if "venv" in command:
            python = environment.python_in(Path(command[-1]))
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)
        if self.fails in command:
            return SimpleNamespace(returncode=1, stdout="", stderr="WARNING: x\nERROR: No matching distribution\nhm\n")
        answer = self.report if "--dry-run" in command else json.dumps(VERSIONS) if "-c" in command else ""
        return SimpleNamespace(returncode=0, stdout=answer, stderr="")


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(environment, "NEEDED", 0)
    return tmp_path / "calque"


def made(monkeypatch, pip: Pip, **settings):
    monkeypatch.setattr(subprocess, "run", pip)
    return environment.make(Comet.of(settings))


def installs(pip: Pip) -> list[list[str]]:
    return [call[call.index("install") + 1 :] for call in pip.calls if "install" in call and "--dry-run" not in call]


def test_it_is_made_once(cache, monkeypatch):
    pip = Pip()
    assert made(monkeypatch, pip) == {"folder": str(cache / "comet"), "made": True, **VERSIONS}
    torch, rest = installs(pip)
    assert torch == ["--quiet", "--no-compile", "torch==2.13.0"]
    assert rest[:3] == ["--quiet", "--no-compile", "-r"]
    assert environment.found() == VERSIONS
    again = Pip()
    assert made(monkeypatch, again)["made"] is False
    assert again.calls == []
    assert made(monkeypatch, again, again=True)["made"] is True
    assert [path.name for path in cache.iterdir()] == ["comet"]


def test_where_pip_would_bring_cuda_torch_comes_from_its_own_index(cache, monkeypatch):
    pip = Pip(report='{"install": [{"metadata": {"name": "nvidia-cublas-cu12"}}]}')
    made(monkeypatch, pip)
    assert installs(pip)[0][2:] == ["--index-url", "https://download.pytorch.org/whl/cpu", "torch==2.13.0"]


def test_what_pip_cannot_install_is_told_and_nothing_stays(cache, monkeypatch):
    with pytest.raises(MachineError, match=r"could not install unbabel-comet \(ERROR: No matching distribution\)"):
        made(monkeypatch, Pip(fails="-r"))
    with pytest.raises(MachineError, match="what was installed does not work"):
        made(monkeypatch, Pip(fails="-c"))
    assert list(cache.iterdir()) == []
    assert environment.found() is None


def test_what_a_killed_one_left_is_cleared(cache, monkeypatch):
    (cache / ".comet.part-999999999").mkdir(parents=True)
    made(monkeypatch, Pip())
    assert [path.name for path in cache.iterdir()] == ["comet"]


def test_no_room_and_no_python(cache, monkeypatch):
    with pytest.raises(RecipeError, match="/no/python: no Python that makes virtual environments"):
        environment.make(Comet(python=Path("/no/python")))
    monkeypatch.setattr(environment, "NEEDED", 10**18)
    with pytest.raises(MachineError, match=r"needs 1000000000.0 GB while it is made"):
        environment.make(Comet())


def test_what_is_installed_is_pinned():
    lines = environment.REQUIREMENTS.read_text().splitlines()
    pins = [line.split("#")[0].strip() for line in lines if line and not line.startswith("#")]
    assert all(pin.count("==") == 1 for pin in pins)
    assert "unbabel-comet==2.2.7" in pins
    assert "setuptools==80.10.2" in pins  # newer ones have no pkg_resources
