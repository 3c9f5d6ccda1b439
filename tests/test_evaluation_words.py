"""Words in any script, and where two texts differ."""

from __future__ import annotations

import pytest

from calque.evaluation.words import differences, is_word, words


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("C'est l’homme.", ["C'", "est", "l’", "homme", "."]),
        ("the dogs' 'bowl'", ["the", "dogs", "'", "'", "bowl", "'"]),
        ("हिन्दी में।", ["हिन्दी", "में", "।"]),
        ("你好, GPT4 世界!", ["你", "好", ",", "GPT4", "世", "界", "!"]),
        ("3.5 %", ["3", ".", "5", "%"]),
        (" \t\u2003", []),
    ],
)
def test_words(text, pieces):
    assert words(text) == pieces


def test_punctuation_is_no_word():
    assert [piece for piece in words("Oui, l'été : 3 €!") if is_word(piece)] == ["Oui", "l'", "été", "3"]


def test_differences_mark_what_the_other_side_lacks():
    said, wanted = differences("Le chat noir dort.", "Le chien dort bien.")
    assert said == [("Le ", False), ("chat noir", True), (" dort.", False)]
    assert wanted == [("Le ", False), ("chien", True), (" dort ", False), ("bien", True), (".", False)]


@pytest.mark.parametrize(("said", "wanted"), [("", "a b"), ("a b", ""), ("  a\tb ", "b  a"), ("你好", "好你")])
def test_differences_keep_every_character(said, wanted):
    for text, stretches in zip((said, wanted), differences(said, wanted), strict=True):
        assert "".join(part for part, _ in stretches) == text


def test_texts_too_long_to_align_stay_whole():
    long = "a " * 2001
    assert differences(long, "b " + long) == ([(long, False)], [("b " + long, False)])
