"""Runs the examples in docstrings; those of the Markdown pages are run by tests/test_docs.py."""

from __future__ import annotations

from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser

pytest_collect_file = Sybil(
    parsers=[DocTestParser()], patterns=["calque/**/*.py"], document_types={".py": PythonDocStringDocument}
).pytest()
