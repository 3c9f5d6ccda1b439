"""Who wins, and in which words."""

from __future__ import annotations

from calque.evaluation.verdict import Verdict, verdict


def row(one, other, difference, p, metric="chrF2", identical=False):
    better = None if p >= 0.05 or not difference else one if (difference > 0) == (metric != "TER") else other
    names = [one, other]
    return {
        "systems": names,
        "metric": metric,
        "difference": difference,
        "p": p,
        "identical": identical,
        "better": better,
    }


def test_a_winner_of_two():
    found = verdict({"A": 58.214, "B": 56.3}, {"A": 9, "B": 1}, [row("A", "B", 1.9, 0.001)], "chrF2")
    assert found == Verdict("A", "A", "A is better than B: chrF2 58.21 against 56.30, p = 0.0010")


def test_a_lower_ter_is_better():
    found = verdict({"A": 50.0, "B": 40.0}, {"A": 9, "B": 1}, [row("A", "B", 10.0, 0.01, "TER")], "TER")
    assert found.winner == "B"


def test_no_difference_takes_the_smallest():
    tests = [row("A", "B", 0.3, 0.4)]
    found = verdict({"A": 58.3, "B": 58.0}, {"A": 120_000_000, "B": 31_200_000}, tests, "chrF2")
    assert found == Verdict(
        None,
        "B",
        "no winner: A and B are not told apart (chrF2 differs by 0.30, p = 0.4000); take the smallest: B (31.2 MB)",
    )


def test_sizes_that_are_alike_or_unknown():
    tests = [row("A", "B", 0.0, 1.0, identical=True)]
    values = {"A": 58.0, "B": 58.0}
    assert verdict(values, {"A": 5, "B": 5}, tests, "chrF2") == Verdict(
        None, "A", "no winner: A and B say the same in every sentence; take either, they have the same size"
    )
    assert verdict(values, {"A": None, "B": None}, tests, "chrF2").choice is None
    assert "their sizes are not known" in verdict(values, {"A": None, "B": None}, tests, "chrF2").why
    some = verdict(values, {"A": None, "B": 2_000_000}, tests, "chrF2")
    assert (some.choice, some.why[-51:]) == ("B", "; take the smallest whose size is known: B (2.0 MB)")


def test_a_winner_of_three_beats_each():
    values = {"A": 50.0, "B": 55.0, "C": 53.0}
    sizes = dict.fromkeys(values, 1)
    tests = [row("A", "B", -5.0, 0.003), row("A", "C", -3.0, 0.003), row("B", "C", 2.0, 0.02)]
    assert verdict(values, sizes, tests, "chrF2") == Verdict(
        "B",
        "B",
        "B is better than every other system in chrF2: than A by 5.00 (p = 0.0030), than C by 2.00 (p = 0.0200); "
        "p is corrected for several comparisons (Holm)",
    )


def test_the_best_must_be_told_from_all_others():
    values = {"A": 50.0, "B": 55.0, "C": 54.0}
    tests = [row("A", "B", -5.0, 0.003), row("A", "C", -3.0, 0.003), row("B", "C", 1.0, 0.2)]
    found = verdict(values, {"A": 1, "B": 3_000_000, "C": 2_000_000}, tests, "chrF2")
    assert (found.winner, found.choice) == (None, "C")
    assert found.why == (
        "no winner: B and C are not told apart (chrF2 differs by 1.00, p = 0.2000); B is better than A; "
        "take the smallest: C (2.0 MB)"
    )


def test_another_metric_may_object():
    tests = [row("A", "B", 2.0, 0.01), row("A", "B", -1.0, 0.02, "BLEU")]
    found = verdict({"A": 50.0, "B": 48.0}, {"A": 2, "B": 1}, tests, "chrF2")
    assert (found.winner, found.choice) == (None, "B")
    assert "A has the better chrF2, but B the significantly better BLEU" in found.why
