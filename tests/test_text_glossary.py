from __future__ import annotations

import random

import pytest

from calque.errors import DataError
from calque.records import Alignment, Translation, Word
from calque.text import glossary as module
from calque.text.automaton import Automaton
from calque.text.glossary import Entry, Glossary, read_csv, read_tsv, shielded


def words(text: str) -> tuple[Word, ...]:
    found, place = [], 0
    for word in text.split():
        place = text.index(word, place)
        found.append(Word(place, place + len(word)))
        place += len(word)
    return tuple(found)


def said(source: str, text: str, *links: tuple[int, int]) -> Translation:
    return Translation(text, -0.1, alignment=Alignment(words(source), words(text), links))


TERMS = Glossary((Entry("ground floor", "rez-de-chaussée"), Entry("floor", "plancher"), Entry("US", "États-Unis")))


def applied(glossary: Glossary, source: str, translation: Translation) -> Translation:
    return module.applied(glossary.matches(source), source, translation)


def found(glossary: Glossary, text: str) -> list[tuple[str, str]]:
    return [(text[one.start : one.end], one.entry.target) for one in glossary.matches(text)]


def test_the_longest_term_of_whole_words_is_found():
    text = "The Ground  floor, the floor and the floorboard."
    assert found(TERMS, text) == [("Ground  floor", "rez-de-chaussée"), ("floor", "plancher")]


def test_the_spelling_of_the_text_decides_between_terms_of_other_case():
    both = Glossary((Entry("Apple", "Apple"), Entry("apple", "pomme")))
    assert found(both, "An apple from Apple, an APPLE") == [("apple", "pomme"), ("Apple", "Apple"), ("APPLE", "Apple")]


def test_terms_without_spaces_between_words_are_found():
    assert found(Glossary((Entry("人工智能", "IA"),)), "研究人工智能的人") == [("人工智能", "IA")]


def test_the_longest_term_is_found_as_by_trying_all():
    chance = random.Random(5)
    for _ in range(200):
        terms = {" ".join(chance.choices("abc", k=chance.randint(1, 4))) for _ in range(chance.randint(1, 6))}
        text = chance.choices("abc", k=12)
        expected, place = [], 0
        while place < len(text):
            fitting = [term for term in terms if text[place:][: len(term.split())] == term.split()]
            longest = max(fitting, key=len, default="")
            expected += [(longest, longest)] if longest else []
            place += len(longest.split()) or 1
        assert found(Glossary(tuple(Entry(term, term) for term in sorted(terms))), " ".join(text)) == expected


def test_terms_are_found_in_time_that_grows_with_the_text_alone():
    """Each word of a text is looked at a few times, however many terms begin with it and however far they fit."""
    looks = 0

    class Counting(dict):
        def __contains__(self, key):
            nonlocal looks
            looks += 1
            return super().__contains__(key)

    automaton = Automaton([*(["a", f"b{number}"] for number in range(1000)), [*["a"] * 500, "c"], ["c", *["a"] * 500]])
    automaton._onward = Counting(automaton._onward)
    assert automaton.lengths(["a"] * 1000 + ["b7"]) == [0] * 999 + [2, 0]
    assert looks < 3 * 1001


def test_a_term_replaces_the_words_that_are_aligned_with_its_own():
    source = "the ground floor is open"
    text = "le niveau du sol est ouvert"
    done = applied(TERMS, source, said(source, text, (0, 0), (1, 3), (2, 1), (3, 4), (4, 5)))
    assert done.text == "le rez-de-chaussée est ouvert"
    assert done.warnings == ()
    assert done.alignment == Alignment(
        words(source),
        (Word(0, 2), Word(3, 18), Word(19, 22), Word(23, 29)),
        ((0, 0), (1, 1), (2, 1), (3, 2), (4, 3)),
    )


def test_an_article_that_was_aligned_with_the_noun_stays():
    bike = Glossary((Entry("bicycle", "bécane"), Entry("a car", "une auto")))
    source = "rides a bicycle"
    assert applied(bike, source, said(source, "fait du vélo", (0, 0), (2, 1), (2, 2))).text == "fait du bécane"
    source = "a car"
    assert applied(bike, source, said(source, "une voiture", (0, 0), (1, 1))).text == "une auto"


def test_a_term_that_is_there_already_is_not_touched():
    source = "the ground floor"
    there = said(source, "au Rez-de-chaussée", (0, 0), (2, 1))
    assert applied(TERMS, source, there) is there


def test_a_term_that_comes_twice_is_there_twice():
    source = "floor , floor"
    done = applied(TERMS, source, said(source, "plancher , sol", (0, 0), (1, 1), (2, 2)))
    assert done.text == "plancher , plancher"


def test_capitals():
    source = "Floor !"
    assert applied(TERMS, source, said(source, "Sol !", (0, 0))).text == "Plancher !"
    source = "the FLOOR"
    assert applied(TERMS, source, said(source, "le SOL", (0, 0), (1, 1))).text == "le PLANCHER"
    source = "the US"
    assert applied(TERMS, source, said(source, "les USA", (0, 0), (1, 1))).text == "les États-Unis"


def test_what_finds_no_place_is_told():
    done = applied(TERMS, "the floor", Translation("le sol", 0.0))
    assert done.text == "le sol"
    assert done.warnings == ("the glossary's 'plancher' found no place in the translation",)


def test_placeholders_stand_for_terms():
    text = "The floor of {0}, the US."
    assert shielded(TERMS.matches(text), text) == (
        "The {1} of {0}, the {2}.",
        {"{1}": "plancher", "{2}": "États-Unis"},
    )


def test_tables_are_read():
    entries = (Entry("node", "nœud"), Entry('a, "b"', "c"))
    assert read_tsv('\ufeffnode\tnœud\r\n\r\n a, "b" \t c\n').entries == entries
    assert read_csv('node,nœud,en,fr\n\n"a, ""b""",c\n').entries == entries
    assert read_tsv(Glossary(entries).to_tsv()).entries == entries
    assert read_tsv("").entries == ()


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_tsv, "a\tb\n\nc d", "entries:3: expected a term, a tab and its translation, found 1 parts"),
        (read_tsv, "a\tb\tc", "entries:1: expected a term, a tab and its translation, found 3 parts"),
        (read_tsv, "a\tb\na\tc", "entries:2: the term 'a' is there already: see 1"),
        (read_tsv, "a\t ", "entries:1: a term is empty"),
        (read_tsv, "a\x07\tb", "entries:1: a term has a control character"),
        (read_tsv, "a\t" + "b" * 1025, "entries:1: a term is longer than 1024 bytes"),
        (read_csv, "a,b\nc,d,e", "entries:2: expected a term, a comma and its translation, found 3 parts"),
        (read_csv, 'a,"b', "entries:1: no comma-separated values"),
        (read_csv, "a,b\n,c", "entries:2: a term is empty"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(read, text, message):
    with pytest.raises(DataError, match=message):
        read(text)
