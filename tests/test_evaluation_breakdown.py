"""Where a score comes from."""

from __future__ import annotations

from calque.evaluation.breakdown import by_length, histogram, worst
from calque.records import Pair


def pair(source: str, target: str, line: int) -> Pair:
    return Pair(source, target, line, "test.en")


def test_worst_sentences_come_first_and_ties_in_order():
    pairs = [pair("a", "A", 1), pair("b", "B", 2), pair("c", "C", 3), pair("", "", 4), pair("e", "E", 5)]
    found = worst(pairs, ["A", "x", "y", "", "E"], [100.0, 0.0, 0.0, 0.0, 50.0], 3)
    assert [row["line"] for row in found] == [2, 3, 5]
    assert found[0] == {
        "origin": "test.en",
        "line": 2,
        "chrF2": 0.0,
        "source": "b",
        "hypothesis": "x",
        "reference": "B",
    }
    assert worst(pairs, ["A", "x", "y", "", "E"], [100.0, 0.0, 0.0, 0.0, 50.0], 0) == []


def test_histogram_counts_every_sentence_once():
    found = histogram([0.0, 9.99, 10.0, 55.0, 99.9, 100.0])
    assert [row["sentences"] for row in found] == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]
    assert found[9] == {"from": 90, "to": 100, "sentences": 2}


def test_by_length_skips_blank_references_and_empty_stretches():
    found = by_length(["bonjour", "x", "a" * 30], ["bonjour", " ", "a" * 30])
    assert found == [
        {"from": 0, "to": 20, "sentences": 1, "chrF2": 100.0},
        {"from": 20, "to": 40, "sentences": 1, "chrF2": 100.0},
    ]
    assert by_length(["b" * 400], ["a" * 400]) == [{"from": 320, "to": None, "sentences": 1, "chrF2": 0.0}]
