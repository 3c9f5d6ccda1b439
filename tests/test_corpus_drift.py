"""Where two sides stop being translations of each other."""

from __future__ import annotations

import random

import pytest

from calque.corpus.drift import ENOUGH, Usual, Watch, first_break
from calque.corpus.likeness import likeness, mean_length, traits
from calque.corpus.plain import lines
from calque.records import Pair

SETS = [
    ("multi30k/val", "en", "fr"),
    ("flores200/dev", "eng_Latn", "jpn_Jpan"),
    ("flores200/dev", "arb_Arab", "zho_Hans"),
    ("flores200/dev", "fra_Latn", "wol_Latn"),
]


@pytest.fixture(params=SETS, ids="-".join)
def sides(request, data):
    """Two aligned sides of a real set."""
    place, source, target = request.param
    return list(lines(data / f"{place}.{source}")), list(lines(data / f"{place}.{target}"))


def without(texts: list[str], lost: set[int]) -> list[str]:
    return [text for at, text in enumerate(texts) if at not in lost]


def unpaired(sources: list[str], targets: list[str]) -> list[tuple[int, int, int]]:
    """Stretches as (first line, last line, count)."""
    watch = Watch(Usual.of(list(zip(sources, targets, strict=True))))
    for line, (source, target) in enumerate(zip(sources, targets, strict=True), start=1):
        watch.see(Pair(source, target, line, "x"))
    watch.finish()
    return [(stretch.first.line, stretch.last.line, stretch.count) for stretch in watch.stretches]


def test_like_lines_are_likelier_pairs_than_unlike_ones():
    def score(source: str, target: str) -> float:
        return likeness(traits(source, 3.0), traits(target, 3.0))

    assert score("He was born in 1972 in Paris.", "Il est né en 1972 à Paris.") > 2
    assert score("He was born in 1972 in Paris.", "Non !") < -2
    assert score("Where is it?", "Où est-ce ?") > score("Where is it?", "C'est ici.")
    assert score("in 2020.", "en 2020.") > score("in 2020.", "en 2021.")
    assert score("他来吗？", "Il vient ?") > score("他来吗。", "Il vient ?")


def test_mean_length_of_nothing():
    assert mean_length([]) == 0.0


def test_sound_pairs_have_no_break(sides):
    sources, targets = sides
    assert first_break(sources, targets, 0) is None
    assert unpaired(sources, targets) == []
    assert Usual.of(list(zip(sources, targets, strict=True))).paired


@pytest.mark.parametrize("lost", [{150}, {150, 250}, set(range(150, 180)), {150, *range(200, 400, 9)}], ids=len)
def test_the_first_lost_line_is_found(sides, lost, request):
    near = 30 if "multi30k" in request.node.name else 10  # captions are all alike
    sources, targets = (side[:500] for side in sides)
    for broken in ((sources, without(targets, lost)), (without(sources, lost), targets)):
        found = first_break(*broken, len(broken[0]) - len(broken[1]))
        assert found is not None
        assert abs(found - 151) <= near


def test_a_stretch_that_is_off_by_one_is_found(sides):
    sources, targets = sides
    shifted = [*targets[:200], *targets[201:350], targets[200], *targets[350:]]
    ((first, last, count),) = unpaired(sources, shifted)
    assert abs(first - 201) <= 15
    assert abs(last - 350) <= 30
    assert count == last - first + 1


def test_shuffled_pairs_look_like_strangers(sides):
    sources, targets = sides
    shuffled = random.Random(2).sample(targets, len(targets))
    assert Usual.of(list(zip(sources, shuffled, strict=True))).paired is False


def test_few_or_repeated_pairs_are_not_judged():
    assert Usual.of([]).paired is None
    assert Usual.of([("same", "pareil")] * 1000).paired is None
    assert Usual.of([(f"{n}", f"{n}") for n in range(ENOUGH - 1)]).paired is None
    assert Usual.of([(f"{n}", f"{n}") for n in range(ENOUGH)]).paired


def test_misaligned_public_data_are_found(data):
    """The TICO-19 sample has stretches, checked by eye, in which English and French belong to different sentences."""
    sources, targets = (list(lines(data / "medical_tico19" / f"train.{code}")) for code in ("en", "fr"))
    (first, last, _), *_ = unpaired(sources, targets)
    assert (first, last) == (243, 395)
