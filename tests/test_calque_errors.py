"""What errors say."""

from __future__ import annotations

import difflib

from calque.errors import nearest


def test_the_nearest_known_word_is_named():
    assert nearest("glossary", ["glossary_id", "text"]) == "; did you mean 'glossary_id'?"
    assert nearest("xyz", ["glossary_id", "text"]) == nearest("", ["text"]) == nearest("text", []) == ""


def test_a_word_that_is_far_too_long_is_not_even_compared(monkeypatch):
    """A million characters from outside would hold up a server for a third of a second."""
    monkeypatch.delattr(difflib, "get_close_matches")
    assert nearest("x" * 1_000_000, ["text", "xx"]) == ""
