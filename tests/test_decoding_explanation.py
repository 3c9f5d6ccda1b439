"""Confidence and alignment, computed by hand."""

from __future__ import annotations

import math
import os
import random
from dataclasses import replace

import pytest

from calque.decoding import alignment, confidence
from calque.decoding.confidence import Calibration
from calque.errors import ModelError
from calque.model.folder import Folder


def test_links_follow_what_a_word_looks_at_more_than_others_do():
    attention = [[0.5, 0.1, 0.4], [0.1, 0.4, 0.5], [0.1, 0.1, 0.8]]  # everything looks at the full stop
    pieces = [(0, 3), (4, 7), (7, 8)]
    assert alignment.links(attention, (pieces, pieces), (pieces, pieces)) == [(0, 0), (1, 1), (2, 2)]


def test_pieces_are_summed_into_words():
    attention = [[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]]
    sides = [(0, 2), (2, 5), (5, 9)], [(0, 1), (1, 4), (5, 6)]
    assert alignment.links(attention, sides, ([(0, 5), (6, 9)], [(0, 4), (5, 6)])) == [(0, 0), (1, 1)]


def test_a_word_without_pieces_has_no_link():
    assert alignment.links([[1.0]], ([(0, 1)], [(0, 1)]), ([(0, 1)], [(0, 1), (2, 3)])) == [(0, 0)]


def test_features():
    assert confidence.features([-0.1, -0.3, -0.2], [0, 1]) == pytest.approx((-0.4, -0.3, -0.2))
    assert confidence.features([-30.0], []) == (-8.0, -8.0, -8.0)


def test_a_fit_finds_the_chances_that_were_drawn():
    dice = random.Random(0)
    true = Calibration(1.5, 0.5, 1.0, 2.0)
    examples = []
    for _ in range(1500):
        features = (-2 * dice.random(), -3 * dice.random(), -dice.random())
        examples.append((features, dice.random() < true.chance(features)))
    fitted = confidence.fit(examples)
    assert fitted.words == 1500
    errors = [abs(fitted.chance(features) - true.chance(features)) for features, _ in examples]
    assert max(errors) < 0.1
    mean = sum(fitted.chance(features) for features, _ in examples) / 1500
    assert mean == pytest.approx(sum(right for _, right in examples) / 1500, abs=1e-3)


def test_a_fit_of_what_is_always_right_is_finite():
    fitted = confidence.fit([((-0.1, -0.1, -0.1), True)] * 50)
    assert 0.9 < fitted.chance((-0.1, -0.1, -0.1)) < 1
    assert math.isfinite(fitted.constant)


def test_a_calibration_lies_in_its_folder(tmp_path):
    folder = Folder(tmp_path, "pair", "en", "fr", 128, {})
    assert confidence.of_folder(folder) == confidence.DEFAULT
    assert (confidence.DEFAULT.origin, confidence.DEFAULT.note[:29]) == ("common", "calibration.json is not there")
    kept = Calibration(1.0, 2.0, 3.0, 4.0, 5)
    kept.save(tmp_path)
    assert confidence.of_folder(folder) == kept
    assert (kept.origin, kept.note) == ("own", "")
    (tmp_path / confidence.FILE).write_text("{}")
    with pytest.raises(ModelError, match=r"calibration\.json: damaged"):
        confidence.of_folder(folder)


def test_a_calibration_is_not_used_with_other_weights_or_vocabularies(tmp_path):
    folder = Folder(tmp_path, "pair", "en", "fr", 128, {})
    (tmp_path / "source").mkdir()
    files = tmp_path / "model.safetensors", tmp_path / "source" / "tokenizer.json"
    for file in files:
        file.write_text("as fitted")
    kept = Calibration(1.0, 2.0, 3.0, 4.0, 5)
    kept.save(tmp_path)
    for file in files:
        os.utime(file, (1, 1))  # a copy: other times, the same contents
        assert confidence.of_folder(folder) == kept
        file.write_text("as changed")
        found = confidence.of_folder(folder)
        assert found == replace(confidence.DEFAULT, origin="stale")
        assert found.note.startswith("calibration.json was fitted with other weights, so confidence is by the common")
        file.write_text("as fitted")
    (tmp_path / "config.json").write_text("{}")  # of which a copy on the hub forgets a path
    assert confidence.of_folder(folder) == kept


def test_a_piece_may_stand_for_more_words_than_a_matrix_has_room_for():
    words = [(place, place + 1) for place in range(200_000)]
    assert alignment.links([[1.0]], ([(0, 200_000)], [(0, 200_000)]), (words, words)) == [(0, 0)]
    assert [alignment.owner((place, place + 1), words) for place in range(0, 200_000, 5)] == list(range(0, 200_000, 5))
