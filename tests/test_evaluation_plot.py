"""The frontier of quality and cost, and its drawing."""

from __future__ import annotations

import re

import pytest

from calque.evaluation import plot
from calque.evaluation.plot import Point
from tests.test_evaluation_page import parsed


def points(*places: tuple[float, float]) -> list[Point]:
    return [Point(number, x, y, y - 1, y + 1) for number, (x, y) in enumerate(places, 1)]


def numbers(found) -> list[int]:
    return [point.number for point in found]


def test_the_frontier_leaves_out_what_is_worse_in_both():
    some = points((10, 50), (100, 60), (50, 45), (200, 60), (5, 40))
    assert numbers(plot.frontier(some, smaller_x=True, smaller_y=False)) == [5, 1, 2]
    assert numbers(plot.frontier(some, smaller_x=False, smaller_y=False)) == [4]
    assert numbers(plot.frontier(some, smaller_x=True, smaller_y=True)) == [5]


def test_equal_points_are_both_kept():
    assert numbers(plot.frontier(points((1, 1), (1, 1)), smaller_x=True, smaller_y=False)) == [1, 2]


@pytest.mark.parametrize("places", [[(9.0, 70.0)], [(9.0, 70.0), (11.2, 75.7)], [(0.5, 0.0), (90_000.0, 100.0)]])
def test_a_drawing_stays_within_its_frame(places):
    text = plot.pareto(points(*places), "speed <x>", "chrF2", smaller_x=False, smaller_y=False)
    outline = parsed(text)
    assert outline.tags.count("circle") == len(places)
    for x, y in re.findall(r"cx='([\d.]+)' cy='([\d.]+)'", text):
        assert 46 <= float(x) <= 326
        assert 12 <= float(y) <= 198
    assert outline.tags.count("text") >= 3 + 2 + len(places)
    assert "<x>" not in text


def test_colours_come_round_again():
    assert [plot.colour(number) for number in (1, 6, 7)] == ["k1", "k6", "k1"]
