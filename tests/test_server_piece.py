"""Long texts in pieces, and translations of pieces put together."""

from __future__ import annotations

import random

import pytest

from calque.records import Alignment, Translation, Word
from calque.server.piece import cut, joined


def test_a_short_text_is_its_own_piece():
    assert cut("One. Two.\nThree.", 100, "en") == ["One. Two.\nThree."]


def test_a_long_text_is_cut_into_lines_and_sentences():
    text = "The first sentence is here. The second one follows it.\n\n  A line.\n"
    assert cut(text, 30, "en") == ["The first sentence is here. ", "The second one follows it.\n\n", "  A line.\n"]


def test_a_sentence_stays_whole_whatever_its_length():
    """Else the server would say something else than the library and the command line."""
    long = "The dog runs, " + "and the cat sleeps, " * 60 + "and that is all."
    text = f"One. {long} See v. 2 at www.b.org. Two.\nThree, four."
    assert cut(text, 400, "en") == ["One. ", f"{long} ", "See v. 2 at www.b.org. Two.\n", "Three, four."]
    assert cut(text, 400, "en", by_sentence=False) == [text[:-12], "Three, four."]


def test_what_has_no_end_is_bounded():
    text = "word " * 2_000
    assert [len(part) for part in cut(text, 400, "en")] == [4_000, 4_000, 2_000]
    assert [len(part) for part in cut(text, 400, "en", by_sentence=False)] == [4_000, 4_000, 2_000]


def test_white_space_goes_with_what_can_be_read():
    assert cut("\n\n \nword word word\n\n\nother", 10, "en") == ["\n\n \nword word word\n\n\n", "other"]
    assert cut(" \n" * 20, 10, "en") == [" \n" * 20]


def test_many_empty_lines_go_with_what_stands_before():
    """What copied the piece for each of them took the square of their number."""
    text = "A dog." + "\n" * 300_000 + "Two."
    assert cut(text, 400, "en") == [text[:-4], "Two."]


def test_pieces_joined_are_the_text():
    dice = random.Random(1)
    for _ in range(100):
        text = "".join(dice.choice(["a dog runs", ". ", "\n", " ", "一。", "é", "!? ", "x" * 30]) for _ in range(40))
        assert "".join(cut(text, 25, "en")) == text


def test_one_piece_keeps_its_translation():
    said = Translation("a", -1.0, (("b", -2.0),))
    assert joined(["x"], [said], "en", "fr") is said


def test_translations_of_pieces_become_one():
    first = Translation("Un. ", -1.0, (("Une. ", -2.0),), ("odd",), 0.5)
    second = Translation("Deux", -3.0, (), ("odd", "long"), 1.0)
    whole = joined(["One. ", "Two"], [first, second], "en", "fr")
    assert whole.text == "Un. Deux"
    assert whole.score == pytest.approx(-2.0)
    assert whole.alternatives == (("Une. Deux", -2.5),)
    assert whole.warnings == ("odd", "long")
    assert whole.confidence == pytest.approx(0.75)
    assert whole.alignment is None


def test_sentences_without_spaces_get_one_between_them():
    pieces = ["一。", "二。"]
    said = [Translation("One.", -1.0), Translation("Two.", -1.0)]
    assert joined(pieces, said, "zh", "en").text == "One. Two."
    assert joined(pieces, said, "en", "fr").text == "One.Two."


def test_alignments_move_with_their_pieces():
    one = Alignment((Word(0, 3),), (Word(0, 2, 0.9),), ((0, 0),))
    two = Alignment((Word(0, 3), Word(3, 4)), (Word(0, 4, 0.8),), ((0, 0), (1, 0)))
    said = [Translation("Un.", -1.0, alignment=one), Translation("Deux", -1.0, alignment=two)]
    whole = joined(["一二三", "四五六七"], said, "zh", "fr").alignment
    assert whole == Alignment(
        (Word(0, 3), Word(3, 6), Word(6, 7)), (Word(0, 2, 0.9), Word(4, 8, 0.8)), ((0, 0), (1, 1), (2, 1))
    )
