"""Plots as SVG, to stand in a page: no scripts, no fonts, colours by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from calque.evaluation import markup

COLOURS = 6  # classes k1 to k6 of the frame's style
_WIDTH, _HEIGHT = 340, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 12, 42  # margins, which hold the axes' labels


@dataclass(frozen=True, slots=True)
class Point:
    """A system in a plot: its number in the legend, its cost or speed, and its score with the interval."""

    number: int
    x: float
    y: float
    low: float
    high: float


def colour(number: int) -> str:
    """The class of a system's colour; they come round again after COLOURS."""
    return f"k{(number - 1) % COLOURS + 1}"


def frontier(points: Sequence[Point], smaller_x: bool, smaller_y: bool) -> list[Point]:
    """The points to which none is preferable: none that is as good in both and better in one (Pareto).

    Args:
        points: in any order.
        smaller_x: whether a smaller x is better.
        smaller_y: whether a smaller y is better.
    """

    def at_most(one: Point, other: Point) -> bool:
        return (one.x <= other.x if smaller_x else one.x >= other.x) and (
            one.y <= other.y if smaller_y else one.y >= other.y
        )

    kept = [
        point
        for point in points
        if not any(at_most(other, point) and (other.x, other.y) != (point.x, point.y) for other in points)
    ]
    return sorted(kept, key=lambda point: point.x)


def pareto(points: Sequence[Point], x: str, y: str, smaller_x: bool, smaller_y: bool) -> str:
    """A plot of score against cost on a logarithmic axis, with the frontier as a line and intervals as whiskers."""
    across = _Axis.logarithmic([point.x for point in points], _LEFT, _WIDTH - _RIGHT)
    up = _Axis.linear([end for point in points for end in (point.low, point.high)], _HEIGHT - _BOTTOM, _TOP)
    best = frontier(points, smaller_x, smaller_y)
    line = " ".join(f"{across.at(point.x):.1f},{up.at(point.y):.1f}" for point in best)
    told = "; ".join(f"{point.number}: {point.x:.4g}, {point.y:.2f}" for point in points)
    return (
        f'<svg class=plot viewBox="0 0 {_WIDTH} {_HEIGHT}" role=img aria-label="{markup.html(f"{y} by {x}: {told}")}">'
        f"{_grid(across, up)}{_titles(x, y)}"
        f'<polyline class=frontier points="{line}" />{"".join(_point(point, across, up) for point in points)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """From values to places on the drawing."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    is_log: bool = False

    @classmethod
    def linear(cls, values: Sequence[float], start: float, end: float) -> _Axis:
        low, high = min(values), max(values)
        margin = (high - low) * 0.1 or max(abs(high) * 0.05, 1.0)
        low, high = low - margin, high + margin
        step = _nice((high - low) / 4)
        first = floor(low / step) + 1
        ticks = tuple(step * i for i in range(first, floor(high / step) + 1))
        return cls(low, high, start, end, ticks)

    @classmethod
    def logarithmic(cls, values: Sequence[float], start: float, end: float) -> _Axis:
        low, high = log10(min(values)), log10(max(values))
        margin = max((high - low) * 0.15, 0.15)
        low, high = low - margin, high + margin
        decades = range(floor(low) - 1, floor(high) + 1)
        for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7), (1, 1.2, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)):
            ticks = tuple(m * 10.0**e for e in decades for m in steps if low <= log10(m * 10.0**e) <= high)
            if len(ticks) >= 3:
                break
        ticks = ticks[:: len(ticks) // 6 + 1]
        return cls(low, high, start, end, ticks, is_log=True)

    def at(self, value: float) -> float:
        part = ((log10(value) if self.is_log else value) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


def _nice(step: float) -> float:
    """The next larger of 1, 2, 5, 10, 20, ..., or their tenths."""
    whole: float = 10.0 ** floor(log10(step))
    return next(m * whole for m in (1, 2, 5, 10) if m * whole >= step * (1 - 1e-9))


def _short(value: float) -> str:
    """A tick's label: 1,500, 20, 0.5."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"


def _grid(across: _Axis, up: _Axis) -> str:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    drawn = [f"<path class=axis d='M{_LEFT} {_TOP}V{bottom}H{right}' />"]
    for tick in across.ticks:
        drawn.append(f"<path class=grid d='M{across.at(tick):.1f} {_TOP}V{bottom}' />")
        drawn.append(f"<text x='{across.at(tick):.1f}' y='{bottom + 14}' text-anchor=middle>{_short(tick)}</text>")
    for tick in up.ticks:
        drawn.append(f"<path class=grid d='M{_LEFT} {up.at(tick):.1f}H{right}' />")
        drawn.append(f"<text x='{_LEFT - 5}' y='{up.at(tick) + 4:.1f}' text-anchor=end>{_short(tick)}</text>")
    return "".join(drawn)


def _titles(x: str, y: str) -> str:
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    return (
        f"<text x='{(_LEFT + _WIDTH - _RIGHT) / 2}' y='{_HEIGHT - 8}' text-anchor=middle>{markup.html(x)}</text>"
        f"<text transform='translate(11 {middle}) rotate(-90)' text-anchor=middle>{markup.html(y)}</text>"
    )


def _point(point: Point, across: _Axis, up: _Axis) -> str:
    x, y = across.at(point.x), up.at(point.y)
    return (
        f"<path class=whisker d='M{x:.1f} {up.at(point.low):.1f}V{up.at(point.high):.1f}' />"
        f"<circle class={colour(point.number)} cx='{x:.1f}' cy='{y:.1f}' r=6 />"
        f"<text x='{x + 9:.1f}' y='{y - 6:.1f}'>{point.number}</text>"
    )
