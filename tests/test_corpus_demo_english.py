"""English word forms."""

from __future__ import annotations

import pytest

from calque.corpus.demo import inflection


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        ("walk", "walks walked walked walking"),
        ("carry", "carries carried carried carrying"),
        ("play", "plays played played playing"),
        ("stop", "stops stopped stopped stopping"),
        ("close", "closes closed closed closing"),
        ("watch", "watches watched watched watching"),
        ("die", "dies died died dying"),
        ("go", "goes went gone going"),
        ("eat", "eats ate eaten eating"),
        ("begin", "begins began begun beginning"),
        ("read", "reads read read reading"),
        ("have", "has had had having"),
        ("forget", "forgets forgot forgotten forgetting"),
    ],
)
def test_verbs(verb, forms):
    found = [inflection.third_person(verb), inflection.past(verb), inflection.participle(verb)]
    assert [*found, inflection.progressive(verb)] == forms.split()


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        *[("dog", "dogs"), ("box", "boxes"), ("city", "cities"), ("boy", "boys"), ("man", "men"), ("leaf", "leaves")],
        *[("child", "children"), ("mouse", "mice"), ("watch", "watches"), ("piano", "pianos"), ("hero", "heroes")],
    ],
)
def test_plurals(noun, expected):
    assert inflection.plural(noun) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *[("apple", "an"), ("book", "a"), ("hour", "an"), ("honest", "an"), ("house", "a"), ("university", "a")],
        *[("useful", "a"), ("umbrella", "an"), ("English", "an"), ("old", "an")],
    ],
)
def test_the_article_goes_by_sound(word, expected):
    assert inflection.article(word) == expected


@pytest.mark.parametrize(
    ("adjective", "comparative", "superlative"),
    [
        ("tall", "taller", "tallest"),
        ("big", "bigger", "biggest"),
        ("happy", "happier", "happiest"),
        ("simple", "simpler", "simplest"),
        ("short", "shorter", "shortest"),
        ("slow", "slower", "slowest"),
        ("good", "better", "best"),
    ],
)
def test_comparison(adjective, comparative, superlative):
    assert (inflection.comparative(adjective), inflection.superlative(adjective)) == (comparative, superlative)
