from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from calque.model.batch import Ids
from calque.training.batches import Batching, cut, lengths_of


def lengths(rows: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Those of sentences: targets about as long as their sources."""
    chance = np.random.default_rng(seed)
    sources = np.clip(np.exp(chance.normal(2.8, 0.5, rows)), 3, 80)
    targets = np.clip(sources * np.exp(chance.normal(0.1, 0.2, rows)), 3, 80)
    return sources.astype(np.uint32), targets.astype(np.uint32)


def slowly(order, lengths, tokens):
    """Another implementation of `cut`, row by row."""
    runs, run, longest = [], [], [0, 0]
    for row in order:
        longest = [max(most, int(side[row])) for most, side in zip(longest, lengths, strict=True)]
        if run and (len(run) + 1) * sum(longest) > tokens:
            runs.append(run)
            run, longest = [], [int(side[row]) for side in lengths]
        run.append(row)
    return [*runs, run] if run else runs


def padded(step, lengths):
    return len(step) * sum(int(side[step].max()) for side in lengths)


def test_cut_keeps_rows_times_longest_within_the_budget():
    sides = np.array([2, 2, 5, 1]), np.array([2, 3, 5, 1])
    assert cut([0, 1, 2, 3], sides, tokens=10) == [[0, 1], [2], [3]]
    assert cut([], sides, tokens=10) == []
    assert cut([2], sides, tokens=1) == [[2]]


@pytest.mark.parametrize("tokens", [1, 40, 300, 100_000])
def test_cut_does_what_a_loop_over_rows_would(tokens):
    sides = lengths(500)
    order = np.random.default_rng(2).permutation(500).tolist()
    assert cut(order, sides, tokens) == slowly(order, sides, tokens)


def test_an_epoch_has_every_row_once_and_depends_on_seed_and_number_only():
    sides = lengths(1000)
    batching = Batching(sides, tokens=200, micro_tokens=100, seed=5)
    first = list(batching.epoch(0))
    assert sorted(row for step in first for row in step) == list(range(1000))
    assert first == list(Batching(sides, 200, 100, 5).epoch(0))
    assert first not in (list(batching.epoch(1)), list(Batching(sides, 200, 100, 6).epoch(0)))
    for step in first:
        assert padded(step, sides) <= 200
        assert [row for micro in batching.micro(step) for row in micro] == step
        assert all(padded(micro, sides) <= 100 or len(micro) == 1 for micro in batching.micro(step))


def test_an_epoch_is_the_same_in_all_versions():
    sides = np.array([3, 9, 4, 8, 3, 9, 5, 7]), np.array([4, 8, 4, 9, 3, 9, 5, 8])
    batching = Batching(sides, tokens=36, micro_tokens=36, seed=1)
    assert list(batching.epoch(0)) == [[4, 2, 0], [3], [5, 1], [6, 7]]
    assert list(batching.epoch(1)) == [[1], [2, 7], [5, 3], [0, 4, 6]]


def test_an_epoch_is_a_sequence():
    epoch = Batching(lengths(100), 200, 200, 1).epoch(3)
    steps = list(epoch)
    assert len(epoch) == len(steps)
    assert epoch[-1] == steps[-1]
    assert epoch[2:5] == steps[2:5]
    assert all(type(row) is int for step in steps for row in step)
    with pytest.raises(IndexError):
        epoch[len(epoch)]


@pytest.mark.parametrize(("rows", "tokens"), [(3000, 1024), (20_000, 4096)])
def test_similar_lengths_are_together_and_rows_meet_others_in_each_epoch(rows, tokens):
    sides = lengths(rows)
    batching = Batching(sides, tokens, tokens, 1)
    steps = list(batching.epoch(0))
    assert sum(padded(step, sides) for step in steps) < 1.15 * sum(int(side.sum()) for side in sides)
    met = [{pair for step in batching.epoch(n) for pair in combinations(sorted(step), 2)} for n in (0, 1)]
    assert len(met[0] & met[1]) < 0.35 * len(met[0])


def test_steps_come_in_no_order_of_length():
    sides = lengths(5000)
    sizes = [len(step) for step in Batching(sides, 1000, 1000, 1).epoch(0)]
    assert abs(np.corrcoef(sizes, range(len(sizes)))[0, 1]) < 0.2


def test_texts_of_any_length_are_ordered():
    sides = np.array([1, 20_000, 3, 70_000], np.uint32), np.array([70_000, 1, 3, 20_000], np.uint32)
    steps = list(Batching(sides, 100, 100, 1).epoch(0))
    assert sorted(map(tuple, steps)) == [(0,), (1,), (2,), (3,)]


@pytest.mark.parametrize("micro_tokens", [None, 90])
def test_the_largest_part_is_known(micro_tokens):
    rows = [Ids([1] * int(a), [1] * int(b)) for a, b in zip(*lengths(200), strict=True)]
    batching = Batching.of(rows, 400, micro_tokens, 1)
    assert batching.micro_tokens == (micro_tokens or 400)
    step = max(batching.epoch(0), key=batching.padded)
    assert batching.padded(batching.largest()) == max(batching.padded(part) for part in batching.micro(step))


def test_a_target_that_is_not_there_has_no_length():
    assert [side.tolist() for side in lengths_of([Ids([1, 2]), Ids([1], [2, 3, 4])])] == [[2, 1], [0, 3]]
