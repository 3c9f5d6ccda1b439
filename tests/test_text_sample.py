from __future__ import annotations

import pytest

from calque.text.sample import evenly


@pytest.mark.parametrize(
    ("count", "most", "kept"),
    [
        (0, 3, []),
        (3, 3, [0, 1, 2]),
        (4, 3, [0, 2]),
        (5, 3, [0, 2, 4]),
        (7, 3, [0, 4]),
        (9, 3, [0, 4, 8]),
        (13, 3, [0, 8]),
        (5, 1, [0]),
    ],
)
def test_every_nth_item_is_kept(count, most, kept):
    sample = evenly(iter(range(count)), most)
    assert (sample.items, sample.total, sample.whole) == (kept, count, len(kept) == count)


def test_never_more_than_asked_for_and_never_less_than_half():
    for count in range(200):
        for most in (1, 2, 5, 50):
            kept = evenly(range(count), most).items
            stride = kept[1] - kept[0] if len(kept) > 1 else 1
            assert len(kept) == count or most / 2 < len(kept) <= most
            assert kept == list(range(0, count, stride))[: len(kept)]


def test_items_count_by_their_size():
    texts = ["aaaa", "b", "cc", "d", "ee", "f"]
    assert evenly(texts, 11, len).items == texts
    assert evenly(texts, 10, len).items == ["aaaa", "cc", "ee"]
    assert evenly(texts, 3, len).items == ["aaaa"]
    assert evenly(texts, 3, len).total == 6
