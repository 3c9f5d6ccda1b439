"""What is a header, and above all what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from calque.corpus import header
from calque.errors import DataError

PATH = Path("x.tsv")


def columns(*cells, source="en", target="fr"):
    """The columns of source and target, or None where the row is text."""
    found = header.find(cells, source, target, PATH)
    return None if found is None else (found.source, found.target)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("en", "fr"), (0, 1)),
        (("fr", "en"), (1, 0)),
        (("source", "target"), (0, 1)),
        (("src", "tgt"), (0, 1)),
        (("trg", "src"), (1, 0)),
        (("Source", " TARGET "), (0, 1)),
        (('"source"', '"target"'), (0, 1)),
        (("#src", "tgt"), (0, 1)),
        (("EN", "FR"), (0, 1)),
        (("en-GB", "fr_FR"), (0, 1)),
        (("eng", "fra"), (0, 1)),
        (("English", "French"), (0, 1)),
        (("French sentence", "English sentence"), (1, 0)),
        (("English words/sentences", "French words/sentences"), (0, 1)),
        (("text_fr", "text_en"), (1, 0)),
        (("source_en", "target_fr"), (0, 1)),
        (("source_fr", "target_en"), (1, 0)),  # the language says more than the role
        (("source text", "target text"), (0, 1)),
        (("source_language", "target_language"), (0, 1)),
        (("en", "target"), (0, 1)),
        (("original", "translation"), (0, 1)),
        (("原文", "译文"), (0, 1)),
        (("id", "source", "target", "score"), (1, 2)),
        (("src_lang", "src", "tgt_lang", "tgt"), (1, 3)),
        (("source", "target", "fr", "en"), (3, 2)),
        (("en-GB", "en", "fr"), (1, 2)),
    ],
)
def test_headers(cells, expected):
    assert columns(*cells) == expected


@pytest.mark.parametrize(
    ("source", "target", "cells", "expected"),
    [
        ("pt-BR", "zh-Hans", ("zh_hans", "pt-br"), (1, 0)),
        ("pt-BR", "zh-Hans", ("Portuguese", "zh"), (0, 1)),
        ("pt-BR", "pt-PT", ("pt-PT", "pt-BR"), (1, 0)),
        ("zh", "en", ("zh-Hant", "English"), (0, 1)),
        ("fra", "deu", ("de", "fr"), (1, 0)),
        ("mfe", "fon", ("fon", "mfe"), (1, 0)),
    ],
)
def test_headers_of_other_languages(source, target, cells, expected):
    assert columns(*cells, source=source, target=target) == expected


@pytest.mark.parametrize(
    ("source", "target", "cells"),
    [
        ("en", "fr", ("Hello.", "Bonjour.")),
        ("en", "fr", ("source", "source")),
        ("fr", "en", ("source", "spring")),
        ("en", "fr", ("target", "cible")),
        ("en", "fr", ("English", "Anglais")),
        ("en", "de", ("English", "Deutsch")),  # how a program names the language it speaks
        ("en", "fr", ("French", "Français")),
        ("en", "fr", ("text", "texte")),
        ("en", "fr", ("Translation", "Traduction")),
        ("en", "fr", ("source and target", "source et cible")),
        ("en", "fr", ("The source is English.", "La cible est le français.")),
        ("it", "de", ("it is", "de la")),  # words, not codes with a region
        ("is", "de", ("is it", "de er")),
        ("de", "da", ("da es", "de er")),
        ("en", "fr", ("", "")),
        ("en", "fr", ("zh", "ja")),
    ],
)
def test_text_is_no_header(source, target, cells):
    assert columns(*cells, source=source, target=target) is None


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (("en_GB", "en_US", "fr"), "ambiguous: en_GB and fr or en_US and fr could be meant; name them en and fr"),
        (("source", "src", "tgt"), "ambiguous: source and tgt or src and tgt"),
        (
            ("en", "de"),
            "the header names en, de: there is no column 'fr'. If that row is text, put a row with en and fr",
        ),
        (("English", "German"), "there is no column 'fr'"),
        (("id", "fr", "de"), "there is no column 'en'"),
    ],
)
def test_a_header_that_does_not_say_enough_is_refused(cells, message):
    with pytest.raises(DataError) as caught:
        columns(*cells)
    assert message in str(caught.value)
    assert (caught.value.path, caught.value.line) == ("x.tsv", 1)


def test_a_header_says_in_words_what_became_of_it():
    found = header.find(["id", "fr", "en"], "en", "fr", PATH)
    assert str(found) == "header row skipped, source in column 3 (en), target in column 2 (fr)"
