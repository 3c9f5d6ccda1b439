"""Tokens, spacing, alignment and draws of the demo corpus."""

from __future__ import annotations

from calque.corpus.demo.dice import Dice, Weighted
from calque.corpus.demo.word import Word, align, sentence, tokens


def test_english_tokens():
    text = "Marie's brother doesn't work, but it's five o'clock?"
    assert tokens(text, "en") == (
        ["Marie", "'s", "brother", "doesn't", "work", ",", "but", "it", "'s", "five", "o'clock", "?"]
    )


def test_french_tokens():
    text = "Aujourd'hui, qu'a-t-elle vu ? Est-ce que l'eau est froide ?"
    assert tokens(text, "fr") == (
        ["Aujourd'hui", ",", "qu'", "a", "-t-elle", "vu", "?", "Est", "-ce", "que", "l'", "eau", "est", "froide", "?"]
    )


def test_spacing_and_capital():
    assert sentence([Word("où"), Word("est"), Word("-il"), Word("?")], "fr") == "Où est-il ?"
    assert sentence([Word("il"), Word("l'"), Word("a"), Word(","), Word("."), Word("oui")], "fr") == "Il l'a,. oui"
    assert sentence([Word("where"), Word("is"), Word("Marie"), Word("'s"), Word("hat"), Word("?")], "en") == (
        "Where is Marie's hat?"
    )


def test_words_that_share_a_mark_are_aligned():
    thing, other = object(), object()
    source = [Word("not", frozenset({(thing, "negation")})), Word("any")]
    target = [Word("ne", frozenset({(thing, "negation"), (other, "x")})), Word("pas", frozenset({(thing, "negation")}))]
    assert align(source, target) == ((0, 0), (0, 1))


def test_the_same_seed_draws_the_same():
    dice = Dice(3)
    weighted = Weighted((("never", 0), ("rarely", 1), ("often", 9)))
    assert [dice.weigh(weighted) for _ in range(8)] == [
        *("often", "often", "often", "often", "often", "rarely", "rarely", "often"),
    ]
    assert [dice.pick("abc") for _ in range(8)] == list("aacbcbba")
    assert [dice.chance(0.5) for _ in range(4)] == [False, False, False, False]
