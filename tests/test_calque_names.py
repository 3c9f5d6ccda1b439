"""The library's face: its public names, loaded when they are first used."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import calque

ROOT = Path(calque.__file__).parent


def test_public_names():
    assert sorted(calque.__all__) == [
        *(
            "CalqueError",
            "Check",
            "Client",
            "Comparison",
            "Corpus",
            "DataError",
            "EngineError",
            "Interrupted",
            "MachineError",
            "ModelError",
        ),
        *("Pair", "ProbeError", "RecipeError", "Report", "Score", "Search", "Translation", "Translator"),
        *("check", "compare", "evaluate", "export", "finetune", "pretrain", "push", "select"),
    ]


@pytest.mark.parametrize("name", calque.__all__)
def test_every_public_name_is_there(name):
    assert callable(getattr(calque, name))
    assert name in dir(calque)


def test_names_are_those_of_their_rooms():
    from calque.decoding.translator import Translator
    from calque.errors import DataError

    assert (calque.Translator, calque.DataError) == (Translator, DataError)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'calque' has no attribute 'translate'"):
        _ = calque.translate


def test_the_types_agree_with_the_names():
    """What a type checker sees is what is loaded."""
    seen = set()
    for node in ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If):
            seen = {alias.asname or alias.name for line in node.body for alias in line.names}
    assert seen == set(calque.__all__)


def test_version_is_that_of_the_project():
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert calque.__version__ == project["version"]


def test_importing_calque_imports_nothing_heavy():
    code = (
        "import sys, calque; calque.Search, calque.DataError, calque.Pair, calque.Translator, calque.Corpus;"
        "print([m for m in ('torch', 'transformers', 'peft') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
