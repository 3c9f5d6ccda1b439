"""Text infilling and the order of sentences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from calque.text.infilling import Infilling

MASK, MARK = 4, 1


def infilling(**more):
    given = {"before": 1, "after": 1, "share": 0.3, "span": 3.0, "permute": False} | more
    return Infilling(MASK, MARK, **given)


def drawn(spoil, row, times=1, seed=1):
    chance = np.random.Generator(np.random.PCG64(seed))
    return [spoil(row, chance) for _ in range(times)]


def test_spans_are_masked_by_one_mask_each():
    row = [0, *range(10, 110), MARK]
    lost = masks = 0
    for spoiled, whole in drawn(infilling(), row, 300):
        assert whole == row
        assert (spoiled[0], spoiled[-1]) == (0, MARK)
        left = [number for number in spoiled if number != MASK]
        assert left == [0, *sorted(left[1:-1]), MARK]
        assert not any(a == b == MASK for a, b in pairwise(spoiled))
        lost += 102 - len(left)
        masks += spoiled.count(MASK)
    assert lost == 300 * 30  # 30 % of 100 tokens
    assert 9000 / masks == pytest.approx(3.0, abs=0.35)  # the last span of a row is cut off


def test_lengths_are_those_of_poisson():
    chance = np.random.Generator(np.random.PCG64(3))
    lengths = [length for _ in range(200) for length in infilling()._lengths(100, chance)[:-1]]
    assert np.mean(lengths) == pytest.approx(3.0, abs=0.1)
    assert np.mean([length == 0 for length in lengths]) == pytest.approx(np.exp(-3), abs=0.01)


def test_a_span_of_no_tokens_puts_a_mask_in_between():
    spoiled = {tuple(spoiled) for spoiled, _ in drawn(infilling(span=0.5), [0, 10, 11, 12, MARK], 300)}
    assert any(MASK in row and {10, 11} <= set(row) for row in spoiled)


def test_sentences_change_places_and_lose_their_marks():
    row = [0, 10, 11, MARK, 20, 21, MARK, 30, MARK]
    seen = set()
    for spoiled, whole in drawn(infilling(permute=True, share=0.01), row, 200):
        assert whole == [0, 10, 11, 20, 21, 30, MARK]
        order = tuple(number // 10 for number in spoiled[1:-1] if number != MASK)
        seen.add(tuple(dict.fromkeys(order)))
    assert len({order for order in seen if len(order) == 3}) == 6
    still = {tuple(spoiled) for spoiled, _ in drawn(infilling(share=0.01), row, 50)}
    assert all([n for n in row if n > MASK] == sorted(n for n in row if n > MASK) for row in still)


def test_the_frame_of_the_first_mbart():
    spoil = infilling(before=0, after=2, permute=True)
    for spoiled, whole in drawn(spoil, [10, 11, MARK, 12, MARK, 7], 20):
        assert whole == [10, 11, 12, MARK, 7]
        assert spoiled[-2:] == [MARK, 7]


def test_short_rows_lose_one_token():
    assert {tuple(spoiled) for spoiled, _ in drawn(infilling(), [0, 10, MARK], 50)} <= {
        (0, MASK, MARK), (0, MASK, 10, MARK), (0, 10, MASK, MARK)
    }  # fmt: skip
