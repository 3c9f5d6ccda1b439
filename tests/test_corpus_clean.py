"""Dropping pairs that nothing can be learned from."""

from __future__ import annotations

from calque.corpus.clean import Dropped, usable
from calque.records import Pair


def pairs(*texts: tuple[str, str]) -> list[Pair]:
    return [Pair(source, target, line, "x.en") for line, (source, target) in enumerate(texts, start=1)]


def test_pairs_with_an_empty_side_are_dropped_and_counted():
    given = pairs(("a", "b"), ("", "c"), (" d ", " e"), ("f", "\u00a0\t"), ("\u200b", ""), ("", "g"))
    dropped = Dropped()
    assert list(usable(given, dropped)) == [given[0], given[2]]
    assert dropped.total == 4
    assert dropped.counts() == {"the source is empty": 2, "the target is empty": 1, "both sides are empty": 1}
    assert str(dropped) == (
        "4 pairs dropped: 2 where the source is empty (first: x.en:2), 1 where the target is empty (first: x.en:4), "
        "1 where both sides are empty (first: x.en:5)"
    )


def test_nothing_dropped():
    dropped = Dropped()
    assert len(list(usable(pairs(("a", "b")), dropped))) == 1
    assert str(dropped) == "no pairs dropped"
    assert list(usable(pairs(("", "b")))) == []


def test_callers_add_reasons_of_their_own():
    dropped = Dropped()
    dropped.add("the source is too long", pairs(("a", "b"))[0])
    assert str(dropped) == "1 pair dropped: 1 where the source is too long (first: x.en:1)"
