from __future__ import annotations

from calque.records import Alignment, Word
from calque.text.window import window

# "the red car" -> "la voiture rouge"
SOURCE = (Word(0, 3), Word(4, 7), Word(8, 11))
TARGET = (Word(0, 2), Word(3, 10), Word(11, 16))
CROSSED = Alignment(SOURCE, TARGET, ((0, 0), (1, 2), (2, 1)))


def test_words_that_change_places_are_found():
    assert window(CROSSED, 4, 7) == (11, 16)
    assert window(CROSSED, 8, 11) == (3, 10)
    assert window(CROSSED, 4, 11) == (3, 16)


def test_part_of_a_word_stands_for_it():
    assert window(CROSSED, 5, 6) == (11, 16)


def test_a_word_without_links_is_taken_in_between_two_and_left_out_at_the_ends():
    gap = Alignment(SOURCE, TARGET, ((1, 0), (1, 2)))
    assert window(gap, 4, 7) == (0, 16)
    assert window(Alignment(SOURCE, TARGET, ((1, 1),)), 4, 7) == (3, 10)


def test_words_of_others_keep_two_stretches_apart():
    torn = Alignment(SOURCE, TARGET, ((0, 1), (1, 0), (1, 2)))
    assert window(torn, 4, 7) == (0, 2)


def test_a_word_with_two_owners_belongs_to_both():
    shared = Alignment(SOURCE, TARGET, ((1, 1), (2, 1)))
    assert window(shared, 4, 7) == (3, 10)
    assert window(shared, 8, 11) == (3, 10)


def test_nothing_is_found_where_nothing_is_linked():
    assert window(Alignment(SOURCE, TARGET, ()), 0, 11) is None
    assert window(CROSSED, 4, 7, within=(0, 10)) is None
