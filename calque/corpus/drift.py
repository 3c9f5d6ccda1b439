"""Where two sides stop being translations of each other line by line."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from calque.corpus.likeness import Traits, likeness, mean_length, traits
from calque.records import Pair

REACH = 8  # shifts tried on each side of 0 and of the difference in length
MOST = 200_000  # lines looked at
HEAD = 1_000  # lines that tell how much longer one language is than the other
CHANGE = 12.0  # likeness (nats) that a change of shift must outweigh
BELIEF = 40  # lines in a row away from shift 0 after which the break is believed
ALARM = 30.0  # likeness (nats) that a stretch must lack before it is called unpaired
LAG = 97  # lines between a source and the target that it is compared with as a stranger
ENOUGH = 100  # strangers that must be compared before a whole corpus is judged
SIGNIFICANT = 4.0  # standard errors by which pairs must be more alike than strangers


def first_break(source: Iterable[str], target: Iterable[str], surplus: int) -> int | None:
    """The 1-based target line from which the pairing of two sides of different lengths looks wrong, or None where it
    looks sound to the end of the shorter one (or as far as MOST lines).

    The lines are aligned by a search over *shifts* (target line i belongs to source line i + shift): shift 0 is the
    pairing as it stands, and every change of shift costs as much as the likeness of some pairs. Memory is constant: a
    window of lines, and for each shift the score of the best alignment that ends there and where that left shift 0.

    Args:
        source: lines of one side.
        target: lines of the other.
        surplus: how many lines more the source has (negative: fewer).
    """
    search = _Search(sorted({near + centre for centre in (0, surplus) for near in range(-REACH, REACH + 1)}))
    for this, others in _windows(source, target, search.shifts):
        search.step([0.0 if other is None else likeness(other, this) for other in others])
        if search.away == BELIEF:
            break
    return search.broken


class _Search:
    """The best alignment that ends at each shift, one target line at a time.

    Args:
        shifts: the shifts that are tried, 0 among them.
    """

    def __init__(self, shifts: Sequence[int]) -> None:
        self.shifts = shifts
        self.away = 0  # lines in a row for which another shift has been best
        self._home = self._winner = shifts.index(0)
        self._scores = [0.0 if shift == 0 else -CHANGE for shift in shifts]
        self._left = [1] * len(shifts)  # line at which the best alignment to each shift left shift 0
        self._lines = 0
        self._alike = self._strange = 0.0  # likeness at shift 0, and mean likeness at all shifts, summed over the lines
        self._margin = self._most = 0.0  # what lines at shift 0 are above the middle, summed, and its maximum
        self._sound = 0  # the line of that maximum

    @property
    def broken(self) -> int | None:
        """The line at which the best alignment leaves shift 0, or where the lines there ceased to be alike if that was
        earlier; None where it does not leave."""
        return None if self._winner == self._home else min(self._left[self._winner], self._sound + 1)

    def step(self, alike: Sequence[float]) -> None:
        """The next target line, by its likeness to the source line at each shift."""
        self._lines += 1
        floor = self._scores[self._winner] - CHANGE
        departure = self._lines if self._winner == self._home else self._left[self._winner]
        for at, evidence in enumerate(alike):
            if self._scores[at] < floor:
                self._scores[at], self._left[at] = floor, departure
            self._scores[at] += evidence
        self._winner = max(range(len(alike)), key=self._scores.__getitem__)
        self.away = 0 if self._winner == self._home else self.away + 1
        self._follow(alike[self._home], sum(alike) / len(alike))

    def _follow(self, home: float, mean: float) -> None:
        """Keeps the line up to which lines at shift 0 were alike: where the sum of what they are above the middle
        between pairs and strangers was highest."""
        self._alike += home
        self._strange += mean
        self._margin += home - min(0.0, (self._alike + self._strange) / 2 / self._lines)
        if self._margin > self._most:
            self._most, self._sound = self._margin, self._lines


def _windows(
    source: Iterable[str], target: Iterable[str], shifts: Sequence[int]
) -> Iterator[tuple[Traits, list[Traits | None]]]:
    """For each target line, its traits and those of the source lines at every shift (None past either end)."""
    sources, source_mean = _measured(source)
    targets, target_mean = _measured(target)
    lines = (traits(line, source_mean) for line in sources)
    back, ahead = max(0, -shifts[0]), max(0, shifts[-1])
    window: deque[Traits | None] = deque([None] * (back + 1), maxlen=back + 1 + ahead)
    window.extend(next(lines, None) for _ in range(ahead))
    for text in islice(targets, MOST):
        window.append(next(lines, None))
        yield traits(text, target_mean), [window[back + shift] for shift in shifts]


def _measured(lines: Iterable[str]) -> tuple[Iterator[str], float]:
    """The same lines, and the mean length of the first ones."""
    rest = iter(lines)
    head = list(islice(rest, HEAD))
    return chain(head, rest), mean_length(head)


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual in a corpus, learned from its first pairs.

    Attributes:
        lengths: mean length of source and target, for `traits`.
        least: likeness half way between pairs and strangers (a source and a target some lines away), at most 0.
        paired: whether pairs are more alike than strangers at all; None where there were too few to tell.
        shift: how many lines further down the target is that sources are most like; 0 as it should be.
    """

    lengths: tuple[float, float]
    least: float = 0.0
    paired: bool | None = None
    shift: int = 0

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Usual:
        """Learns from pairs of texts, in the order of the corpus."""
        lengths = mean_length(source for source, _ in pairs), mean_length(target for _, target in pairs)
        measured = [(traits(source, lengths[0]), traits(target, lengths[1])) for source, target in pairs]
        alike, strange = _compared(measured, min(LAG, len(pairs) // 2))
        if len(alike) < ENOUGH:
            return cls(lengths)
        least = min(0.0, (sum(alike) + sum(strange)) / 2 / len(alike))
        return cls(lengths, least, _stands_out(alike, strange), _better_shift(measured[:HEAD]))


def _compared(pairs: Sequence[tuple[Traits, Traits]], shift: int) -> tuple[list[float], list[float]]:
    """For each source, its likeness to its target and to the one `shift` lines further down (from the first again
    behind the last), unless these are the same text."""
    alike, other = [], []
    for at, (source, target) in enumerate(pairs):
        stranger = pairs[(at + shift) % len(pairs)][1]
        if stranger != target:
            alike.append(likeness(source, target))
            other.append(likeness(source, stranger))
    return alike, other


def _better_shift(pairs: Sequence[tuple[Traits, Traits]]) -> int:
    """The shift near 0 at which lines are most alike, if they are clearly more so than at 0; else 0."""
    better = {}
    for shift in (*range(-REACH, 0), *range(1, REACH + 1)):
        alike, other = _compared(pairs, shift)
        if len(alike) >= ENOUGH and _stands_out(other, alike):
            better[shift] = sum(other) / len(other) - sum(alike) / len(alike)
    return max(better, key=better.__getitem__, default=0)


def _stands_out(these: Sequence[float], those: Sequence[float]) -> bool:
    """Whether these are above those, compared one by one, by more than chance explains."""
    differences = [this - that for this, that in zip(these, those, strict=True)]
    mean = sum(differences) / len(differences)
    deviation = math.sqrt(sum((difference - mean) ** 2 for difference in differences) / len(differences))
    return mean > SIGNIFICANT * deviation / math.sqrt(len(differences))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Pairs in a row that look unpaired."""

    first: Pair
    last: Pair
    count: int


class Watch:
    """Watches pairs go by, and gathers the stretches where source and target are unlike for long (a cumulative sum of
    the likeness that they lack, after Page 1954): a lost line, or lines in another order.

    Args:
        usual: what is usual in this corpus.
    """

    def __init__(self, usual: Usual) -> None:
        self.stretches: list[Stretch] = []
        self._usual = usual
        self._lack = self._most = 0.0
        self._first: Pair | None = None
        self._last: Pair | None = None
        self._count = self._worst = 0

    def see(self, pair: Pair) -> None:
        """The next pair."""
        source, target = traits(pair.source, self._usual.lengths[0]), traits(pair.target, self._usual.lengths[1])
        if not self._lack:
            self._first, self._count = pair, 0
        self._count += 1
        self._lack = max(0.0, self._lack + self._usual.least - likeness(source, target))
        if self._lack > self._most:
            self._most, self._last, self._worst = self._lack, pair, self._count
        elif not self._lack or self._lack < self._most - ALARM:
            self.finish()

    def finish(self) -> None:
        """Ends a stretch that is still open; to be called after the last pair too."""
        if self._most > ALARM and self._first is not None and self._last is not None:
            self.stretches.append(Stretch(self._first, self._last, self._worst))
        self._lack = self._most = 0.0
