"""Masks over text: how many, what becomes of what is chosen, and whole words."""

from __future__ import annotations

import numpy as np
import pytest
from vocabularies import build

from calque.errors import ModelError
from calque.text.codec import Codec
from calque.text.learn import learn
from calque.text.masking import UNSCORED, Masking
from calque.text.special import special_ids, with_special

ROW = [0, *range(10, 110), 1]  # 100 places in a frame


def masking(share=0.15, begins=None):
    special = np.zeros(200, np.bool_)
    special[:5] = True
    return Masking(4, np.arange(5, 200), special, share, begins)


def drawn(masks, row, times, seed=1):
    chance = np.random.Generator(np.random.PCG64(seed))
    return [masks(row, chance) for _ in range(times)]


def test_fifteen_percent_are_told_and_the_rest_is_left_alone():
    for ids, labels in drawn(masking(), ROW, 50):
        told = [place for place, label in enumerate(labels) if label != UNSCORED]
        assert len(told) == 15
        assert not {0, 101} & set(told)
        assert all(labels[place] == ROW[place] for place in told)
        assert all(ids[place] == ROW[place] for place in range(102) if place not in told)


def test_eighty_ten_ten():
    masked = stayed = other = 0
    for ids, labels in drawn(masking(), ROW, 2000):
        for seen, label in zip(ids, labels, strict=True):
            if label != UNSCORED:
                masked += seen == 4
                stayed += seen == label
                other += seen not in (4, label)
    total = masked + stayed + other
    assert total == 30_000
    assert masked / total == pytest.approx(0.8, abs=0.01)
    assert other / total == pytest.approx(0.1, abs=0.01)


def test_one_place_at_least_and_none_where_there_is_none():
    ids, labels = drawn(masking(), [0, 50, 1], 1)[0]
    assert labels == [UNSCORED, 50, UNSCORED]
    assert len(ids) == 3
    assert drawn(masking(), [0, 3, 1], 1)[0] == ([0, 3, 1], [UNSCORED] * 3)


def test_the_same_chance_gives_the_same_masks():
    assert drawn(masking(), ROW, 3, seed=7) == drawn(masking(), ROW, 3, seed=7)
    assert drawn(masking(), ROW, 1, seed=7) != drawn(masking(), ROW, 1, seed=8)


def test_whole_words_are_told_whole():
    begins = np.arange(200) % 3 == 1  # words of three pieces: 10 11 12, 13 14 15, ...
    row = [0, *range(10, 100), 1]
    for _, labels in drawn(masking(0.2, begins), row, 50):
        told = {label for label in labels if label != UNSCORED}
        assert len(told) == 18
        assert all({first, first + 1, first + 2} <= told for first in told if first % 3 == 1)


def test_a_word_longer_than_wanted_is_told_in_part():
    begins = np.zeros(200, np.bool_)  # no spaces: the whole row is a word
    for _, labels in drawn(masking(0.1, begins), ROW, 20):
        told = [place for place, label in enumerate(labels) if label != UNSCORED]
        assert len(told) == 10
        assert told == list(range(told[0], told[0] + 10))


@pytest.mark.parametrize("kind", ["wordpiece", "byte_bpe", "unigram"])
def test_published_tokenizers_have_masks_and_words(tmp_path, kind):
    codec = Codec.load(build(kind, tmp_path))
    masks = Masking.of(codec, 0.15, whole_word=True)
    assert codec.pieces()[masks.mask] in ("[MASK]", "<mask>")
    ids = codec.encode("The little windows")
    pieces = [codec.pieces()[number] for number in ids[1:-1]]
    first = [piece for piece, number in zip(pieces, ids[1:-1], strict=True) if masks.begins_V[number]]
    words = [piece.replace("▁", "").replace("Ġ", "") for piece in first]
    assert [("little".startswith(w), "windows".startswith(w)) for w in words][-2:] == [(True, False), (False, True)]
    assert not masks.special_V[masks.others].any()


def test_a_codec_without_a_mask_is_refused():
    codec = learn(["un deux trois"] * 5, "unigram", 300)
    with pytest.raises(ModelError, match="has no mask token"):
        Masking.of(codec, 0.15)
    assert Masking.of(with_special(codec, ["<mask>"]), 0.15).mask == codec.size


def test_an_extended_codec_spells_as_before(tmp_path):
    codec = learn(["un deux trois"] * 5, "unigram", 300)
    longer = with_special(codec, ["<mask>", "fr_XX"])
    text = "un <mask> deux fr_XX trois"
    assert longer.size == codec.size + 2
    assert longer.encode(text) == codec.encode(text)  # text that spells a special token stays text
    assert longer.decode(longer.encode(text)) == text
    longer.save(tmp_path)
    assert Codec.load(tmp_path).mask == longer.mask == codec.size
    assert special_ids(Codec.load(tmp_path))["fr_XX"] == codec.size + 1
    assert "un" not in special_ids(longer)
