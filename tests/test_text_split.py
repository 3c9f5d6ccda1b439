"""Splitting what is too long."""

from __future__ import annotations

import random
import unicodedata

import pytest
import sentencex
import vocabularies

from calque.text import split as split_room
from calque.text.split import split


def shorter_than(limit):
    return lambda text: len(text) <= limit


def test_a_text_that_fits_stays_whole():
    assert split("One. Two. Three.", shorter_than(100), "en") == ["One. Two. Three."]
    assert split("", shorter_than(0), "en") == [""]


def test_sentences_come_first():
    text = "Mr. Smith saw the dog run away.  He did not run after it at all.\nThe dog came back by itself."
    assert split(text, shorter_than(60), "en") == [
        "Mr. Smith saw the dog run away.  ",
        "He did not run after it at all.\n",
        "The dog came back by itself.",
    ]


def test_short_sentences_go_with_the_next_one_and_the_last_with_the_one_before():
    text = "Oui. Non. Le chien court dans l'herbe haute. Il revient vers son maître. Voilà."
    assert split(text, shorter_than(50), "fr") == [
        "Oui. Non. Le chien court dans l'herbe haute. ",
        "Il revient vers son maître. Voilà.",
    ]
    assert split("Oui. Non. Peut-être.", shorter_than(10), "fr") == ["Oui. Non. ", "Peut-être."]


def test_then_clauses_then_words_then_characters():
    text = "the dog, which was small, ran"
    assert split(text, shorter_than(20), "en") == ["the dog, ", "which was small, ran"]
    assert split("one two three four", shorter_than(9), "en") == ["one two ", "three ", "four"]
    assert split("一二三四，五六，七八九十", shorter_than(8), "zh") == ["一二三四，五六，", "七八九十"]
    assert split("abcdefgh", shorter_than(3), "en") == ["abc", "def", "gh"]


def test_no_break_spaces_hold():
    assert split("il dit\u00a0: oui", shorter_than(7), "fr") == ["il ", "dit\u00a0: ", "oui"]


def test_characters_stay_whole_where_they_fit():
    assert split("e\u0301e\u0301e\u0301", shorter_than(3), "fr") == ["e\u0301", "e\u0301", "e\u0301"]
    assert split("👨‍👩‍👧👨‍👩‍👧", shorter_than(6), "en") == ["👨‍👩‍👧", "👨‍👩‍👧"]
    assert split("🇫🇷🇩🇪🇪🇸", shorter_than(3), "en") == ["🇫🇷", "🇩🇪", "🇪🇸"]
    assert split("👍🏽👍🏽", shorter_than(3), "en") == ["👍🏽", "👍🏽"]
    assert split("क्षिक्षि", shorter_than(5), "hi") == ["क्षि", "क्षि"]
    jamo = unicodedata.normalize("NFD", "각각")
    assert split(jamo, shorter_than(4), "ko") == [jamo[:3], jamo[3:]]
    assert split("👨‍👩‍👧", shorter_than(2), "en") == ["👨\u200d", "👩\u200d", "👧"]


def test_a_code_point_that_does_not_fit_is_a_part_nevertheless():
    assert split("ab c", lambda text: text == "", "en") == ["a", "b", " ", "c"]


@pytest.mark.parametrize("language", ["en", "fr", "fr-CA", "zh-Hans", "xx", "", "Klingon"])
def test_every_language_is_accepted(language):
    text = "A first sentence that is long. A second one, as long as that."
    assert "".join(split(text, shorter_than(40), language)) == text
    assert len(split(text, shorter_than(40), language)) == 2


@pytest.mark.parametrize("limit", [1, 2, 7, 30])
def test_nothing_is_lost_and_all_parts_fit(limit):
    pieces = vocabularies.random_texts(300)
    texts = [". ".join(pieces[i : i + 5]) for i in range(0, 300, 5)] + [
        "\n" * 50,
        " " * 50,
        "\n\n.\n \n" * 20,
        "?!" * 40,
    ]
    for text in texts:
        parts = split(text, shorter_than(limit), "fr")
        assert "".join(parts) == text
        assert all(1 <= len(part) <= limit for part in parts) or text == ""


@pytest.mark.parametrize(
    "unit", ["A man is walking there. ", "word ", "word, and ", "x", " ", "\n", "Hi. ", "\u0301", "你好，世界", "a.\n"]
)
def test_a_megabyte_is_split_without_looking_at_it_again_and_again(unit):
    text = unit * (300_000 // len(unit))
    looked_at = 0

    def fits(part: str) -> bool:
        nonlocal looked_at
        looked_at += len(part)
        return len(part) <= 400

    parts = split(text, fits, "en")
    assert "".join(parts) == text
    assert max(map(len, parts)) <= 400
    assert looked_at < 10 * len(text)


PROSE = [
    "Mr. Smith saw the dog run away at 3.5 km/h.  ",
    "“It ran. It did not stop,” he said. ",
    "What happened (see p. 3) then? ",
    "They left:\nnobody came back! ",
    "彼は行った。「はい。」",
]


@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_a_long_text_has_the_sentences_that_it_has_when_it_is_seen_at_once(language, monkeypatch):
    dice = random.Random(1)
    text = "".join(dice.choice(PROSE) for _ in range(600)) + "word " * 3000 + "ends. " + "".join(PROSE)
    windowed = split_room.cut(text, language)
    monkeypatch.setattr(split_room, "WINDOW", len(text))
    assert windowed == split_room.cut(text, language)
    assert len(windowed) > 600


@pytest.mark.parametrize("unit", ["一。", "“Oh. ", "A. ", "a", " ", "word ", '("'])
def test_the_segmenter_sees_a_window_of_a_text_at_a_time(unit, monkeypatch):
    seen = []
    segment = sentencex.segment
    monkeypatch.setattr(sentencex, "segment", lambda language, text: seen.append(len(text)) or segment(language, text))
    text = unit * (100_000 // len(unit))
    assert "".join(split_room.cut(text, "en")) == text
    assert max(seen) <= split_room.WINDOW
    assert sum(seen) < 3 * len(text)


def test_half_a_surrogate_pair_ends_no_sentence():
    assert split_room.cut("A \ud800 dog. Two\udc00 birds.", "en") == ["A \ud800 dog. ", "Two\udc00 birds."]
