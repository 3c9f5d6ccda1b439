"""Numbers, names, negation and capitals, by literal examples."""

from __future__ import annotations

from collections import Counter

import pytest

from calque.evaluation import phenomena


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In 1998, 3 dogs", {"1998": 1, "3": 1}),
        ("1,000,000 and 1 000 000 and 1.000.000", {"1000000": 3}),
        ("2.5 or 2,5", {"25": 2}),
        ("12 34", {"12": 1, "34": 1}),
        ("in 2019 300 of 12 345.5", {"2019": 1, "300": 1, "123455": 1}),
        ("1 0000", {"1": 1, "0000": 1}),
        ("٣٤ and ３４", {"34": 2}),
        ("x² is no number", {}),
        ("", {}),
    ],
)
def test_numbers(text, found):
    assert phenomena.numbers(text) == Counter(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Yesterday Ann met Bob. Then they left.", {"Ann", "Bob"}),
        ("the l'Europe of NATO", {"Europe", "NATO"}),
        ('He said: "Come", and I went', set()),
        ("ALL OF IT", set()),
        ("我们去北京", set()),
    ],
)
def test_names(text, found):
    assert phenomena.names(text) == found


def test_languages_without_names_told_by_capitals():
    assert phenomena.has_names("en", ["A b"])
    assert not phenomena.has_names("de_DE", ["Ein Haus"])
    assert not phenomena.has_names("zho_Hans", ["我们"])


@pytest.mark.parametrize(
    ("code", "said", "denied"),
    [
        ("en", "There is a knot; nota bene", "I don't know"),
        ("eng", "The nose", "They CANNOT"),
        ("fr", "Nous passons", "il n'est plus là"),
        ("fra_Latn", "le rien-du-tout".replace("rien", "bien"), "elle ne dort pas"),
        ("de", "ein Keiler", "Das ist kein Haus"),
        ("es", "el nombre", "No hay"),
        ("zh-CN", "我知道", "我不知道"),
        ("it", "la nonna", "non so"),
        ("pt", "a mão", "não sei"),
    ],
)
def test_negation(code, said, denied):
    assert phenomena.negation(code).search(denied)
    assert not phenomena.negation(code).search(said)


def test_negation_of_other_languages_is_not_known():
    assert phenomena.negation("fi") is None


@pytest.mark.parametrize(
    ("said", "wanted", "count"),
    [("the Cat", "The cat", 2), ("a A", "A a", 0), ("a", "b", 0), ("PARIS", "Paris Paris", 1)],
)
def test_miscased(said, wanted, count):
    assert phenomena.miscased(said, wanted) == count
