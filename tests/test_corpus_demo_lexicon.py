"""The tables of the demo lexicon hold together."""

from __future__ import annotations

import pytest

from calque.corpus.demo import adjectives, lexicon, nouns
from calque.corpus.demo.agreement import feminine
from calque.corpus.demo.conjugation import conjugation
from calque.corpus.demo.lexeme import Gender
from calque.corpus.demo.verbs import parse, verb


def test_it_has_hundreds_of_lemmas():
    sizes = (len(nouns.ALL), len({frame.verb.name for frame in lexicon.FRAMES}), len(adjectives.ALL))
    assert sizes[0] > 250
    assert sizes[1] > 120
    assert sizes[2] > 70


def test_a_noun_has_one_translation():
    assert len({noun.english for noun in nouns.ALL}) == len(nouns.ALL)


def test_an_adjective_has_one_translation():
    assert len({adjective.english for adjective in adjectives.ALL}) == len(adjectives.ALL)


def test_every_tag_of_a_verb_and_of_an_adjective_finds_nouns():
    for frame in lexicon.FRAMES:
        assert lexicon.among(*frame.subjects)
        assert not frame.objects or lexicon.among(*frame.objects)
    for adjective in adjectives.ALL:
        assert lexicon.among(*sorted(adjective.tags | adjective.beside))


def test_an_unknown_tag_is_refused():
    with pytest.raises(ValueError, match="no noun of the demo lexicon is tagged 'unicorn'"):
        lexicon.among("dog unicorn")


def test_unknown_words_are_refused():
    with pytest.raises(ValueError, match="no noun 'unicorn'"):
        lexicon.noun("unicorn")
    with pytest.raises(ValueError, match="no adjective 'invisible'"):
        lexicon.adjective("invisible")


def test_an_unknown_verb_is_refused():
    with pytest.raises(ValueError, match=r"no verb \['levitate'\]"):
        lexicon.frames("read levitate")


def test_every_verb_conjugates():
    assert all(len(conjugation(frame.verb.french).present) == 6 for frame in lexicon.FRAMES)


def test_what_one_drinks_is_not_furniture():
    drinks = [frame for frame in lexicon.FRAMES if frame.verb.english == "drink"]
    drunk = {noun.english for frame in drinks for noun in lexicon.among(*frame.objects)}
    assert drunk == {"water", "milk", "coffee", "tea", "juice", "wine", "beer"}


def test_children_drink_no_wine():
    children = [frame for frame in lexicon.frames("drink") if "child" in frame.subjects]
    assert [frame.objects for frame in children] == [("water", "milk", "juice")]


def test_a_row_becomes_a_frame():
    frame = parse("turn ^on | allumer | person | lamp radio | simple definite")[0]
    assert (frame.verb.name, frame.verb.french, frame.verb.particle) == ("turn on", "allumer", ("on", ""))
    assert (frame.subjects, frame.objects, frame.style) == (("person",), ("lamp", "radio"), "definite")
    assert frame.verb.flags == {"simple"}


def test_prepositions_particles_and_reflexives_are_read():
    needing, resting = verb("need", "avoir ^besoin +de", "state"), verb("go ^to_bed", "se coucher")
    assert (needing.name, needing.particle, needing.preposition) == ("need", ("", "besoin"), ("", "de"))
    assert (resting.name, resting.french, resting.flags) == ("go to bed", "coucher", {"reflexive"})


def test_professions_have_a_feminine():
    pairs = {noun.english: (noun.french, noun.feminine) for noun in lexicon.among("job") if noun.feminine}
    assert pairs["baker"] == ("boulanger", "boulangère")
    assert pairs["musician"] == ("musicien", "musicienne")
    assert all(noun.gender is Gender.MASCULINE for noun in lexicon.among("job") if noun.feminine)


def test_adjectives_before_the_noun_are_the_few_that_french_has():
    before = {adjective.french for adjective in adjectives.ALL if adjective.before}
    assert before == {
        *(
            "beau",
            "joli",
            "bon",
            "mauvais",
            "nouveau",
            "vieux",
            "jeune",
            "petit",
            "grand",
            "long",
            "premier",
            "dernier",
        ),
    }


def test_feminines_of_all_adjectives_differ_only_where_they_should():
    same = {adjective.french for adjective in adjectives.ALL if feminine(adjective.french) == adjective.french}
    assert {word for word in same if not word.endswith("e")} == {"marron", "en retard"}
