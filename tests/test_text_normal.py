"""What counts as equal, as blank, as the same numbers."""

from __future__ import annotations

import pytest
import xxhash

from calque.text.normal import blank, digest, folded, numbers, same_numbers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, World!", "hello world"),
        ("C'est vrai\u202f?", "C’est vrai?"),
        ("  two   spaces ", "two spaces"),
        ("ﬁn", "FIN"),
        ("ＡＢＣ１", "abc1"),
        ("Straße", "STRASSE"),
        ("Où est-ce ?", "OÙ EST CE"),
    ],
)
def test_texts_that_differ_in_case_punctuation_or_spacing_fold_alike(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("été", "ete"), ("10 km", "100 km"), ("---", "***"), ("la mer", "la mère"), ("किताब", "कताब"), ("1.5", "15")],
)
def test_texts_that_differ_otherwise_do_not_fold_alike(one, other):
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    "text", ["", " ", "\t", "\u00a0\u202f", "\u200b", "\ufeff", "\u2028", " \x0b\x85 ", "\u200e\u200f"]
)
def test_text_without_anything_visible_is_blank(text):
    assert blank(text)


@pytest.mark.parametrize("text", ["a", " . ", "\u200b-", "👩‍👩‍👧", "\u0301"])
def test_text_with_anything_visible_is_not_blank(text):
    assert not blank(text)


def test_digest_is_xxh64_of_the_utf8_bytes():
    assert digest("") == 0xEF46DB3751D8E999
    assert digest("é") == xxhash.xxh64("é".encode()).intdigest()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no digits", ()),
        ("1,000.50 and 7", ("1", "000", "50", "7")),
        ("٣٫٥ كم", ("3", "5")),
        ("२०२०", ("2020",)),
        ("x² ½", ()),  # superscripts and fractions are no decimal digits
    ],
)
def test_numbers_are_runs_of_digits_in_ascii(text, expected):
    assert numbers(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1,000 books", "1 000 livres", True),
        ("1,000 books", "1.000 livres", True),
        ("1,000 books", "1\u202f000 livres", True),
        ("3.5 km", "3,5 km", True),
        ("03/14/2020", "14.03.2020", True),
        ("in 2020, 300 people", "300 personnes en 2020", True),
        ("10 km", "100 km", False),
        ("10 km", "dix km", False),
        ("2:30 pm", "14 h 30", False),
    ],
)
def test_numbers_agree_however_they_are_grouped(one, other, same):
    assert same_numbers(numbers(one), numbers(other)) is same
