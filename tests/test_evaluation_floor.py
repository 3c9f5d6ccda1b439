"""The floors: the source copied, and a dictionary from IBM model 1."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from pathlib import Path

import pytest

from calque.corpus.read import Corpus
from calque.evaluation.floor import Lexicon, floors, learn
from calque.evaluation.metrics import quick
from calque.evaluation.words import is_word, words
from calque.records import Pair

TEXT = [
    ("the house", "la maison"),
    ("the flower", "la fleur"),
    ("the blue house", "la maison bleue"),
    ("a house in Paris", "une maison à Paris"),
    ("the flower in the house", "la fleur à la maison"),
    ("a blue flower", "une fleur bleue"),
]


def pairs(rows: list[tuple[str, str]]) -> list[Pair]:
    return [Pair(source, target, line, "train.en") for line, (source, target) in enumerate(rows, 1)]


def slow_model_1(rows: list[tuple[str, str]], iterations: int) -> dict[str, str]:
    """IBM model 1 written with dictionaries, as Brown et al. (1993) state it."""
    sides = [["NULL", *filter(is_word, words(source.lower()))] for source, _ in rows]
    sides = list(zip(sides, ([w for w in words(target.lower()) if is_word(w)] for _, target in rows), strict=True))
    chance = {(s, t): 1.0 for source, target in sides for s in source for t in target}
    for _ in range(iterations):
        count, total = defaultdict(float), defaultdict(float)
        for source, target in sides:
            for t in target:
                norm = sum(chance[s, t] for s in source)
                for s in source:
                    count[s, t] += chance[s, t] / norm
                    total[s] += chance[s, t] / norm
        chance = {(s, t): value / total[s] for (s, t), value in count.items()}
    seen = list(dict.fromkeys(t for _, target in sides for t in target))
    best = {}
    for s, t in sorted(chance, key=lambda cell: (-round(chance[cell], 9), seen.index(cell[1]))):
        best.setdefault(s, t)
    del best["NULL"]
    return best


def test_learned_words_literal():
    assert learn(pairs(TEXT)).entries == {
        "the": "la",
        "house": "maison",
        "flower": "fleur",
        "blue": "bleue",
        "a": "une",
        "in": "à",
        "paris": "Paris",
    }


@pytest.mark.parametrize("iterations", [1, 2, 5, 10])
def test_agrees_with_model_1_written_slowly(iterations):
    rows = [*TEXT, ("the blue blue house", "la maison bleue bleue"), ("red tree", "arbre rouge"), ("red", "rouge")]
    ours = learn(pairs(rows), iterations=iterations).entries
    assert {word: said.lower() for word, said in ours.items()} == slow_model_1(rows, iterations)


def test_words_take_their_usual_capitals_away_from_the_first_place():
    rows = [("two cats in Paris", "Deux chats à Paris"), ("here two", "ici deux"), ("dogs in", "Chiens à")]
    lexicon = learn(pairs([*rows, ("two", "Deux"), ("dogs", "Chiens"), ("Paris", "Paris"), ("in", "à")]))
    assert lexicon.translate("here are two Dogs and dogs in paris") == "ici are deux Chiens and chiens à Paris"


def test_translation_keeps_punctuation_order_and_unknown_words():
    lexicon = Lexicon({"the": "le", "cat": "chat", "is": "est", "man": "l'", "hat": "homme", "don'": "ne"}, 1)
    assert lexicon.translate("The cat, however, is (still) 3.5 kg!") == "Le chat, however, est (still) 3.5 kg!"
    assert lexicon.translate("man hat") == "l'homme"
    assert lexicon.translate("don't") == "ne t"
    assert lexicon.translate("") == ""


def test_scripts_without_spaces_are_joined_and_parted():
    assert Lexicon({"hello": "好", "world": "世"}, 1).translate("hello world, GPT") == "好世, GPT"
    assert Lexicon({"你": "you", "好": "good"}, 1).translate("你好。") == "you good。"


def test_learning_passes_over_what_teaches_nothing():
    rows = pairs([("...", "!!!"), ("", "vide"), ("a " * 101, "un"), ("dog", "chien")])
    assert learn(rows) == Lexicon({"dog": "chien"}, 1)
    assert learn([]) == Lexicon({}, 0)


def test_learning_stops_at_its_bound():
    assert learn(pairs(TEXT), cells=12).pairs == 2  # (2 words + the empty one) x 2 words, twice


def test_floors_carry_every_metric_and_its_signature():
    sources, references = ["the house.", "Paris"], ["la maison.", "Paris"]
    found = floors(sources, references, "fr", learn(pairs(TEXT)))
    assert list(found) == ["copy", "lexicon"]
    assert list(found["copy"]) == ["BLEU", "chrF2", "chrF2++", "TER", "BLEU-lc-tok"]
    assert found["copy"]["BLEU"]["signature"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|")
    assert found["copy"]["chrF2"]["value"] == pytest.approx(quick(sources, references, "fr")["chrF2"])
    assert found["lexicon"]["chrF2"]["value"] == pytest.approx(100)
    assert found["lexicon"]["learned"] == {"pairs": 6, "words": 7}
    assert floors(sources, references, "fr", None)["lexicon"] is None


def real(prefix: Path, most: int | None = None) -> list[Pair]:
    return list(islice(Corpus.open([str(prefix)], "en", "fr"), most))


@pytest.mark.parametrize(
    ("name", "bleu", "chrf"),
    [("tatoeba_enfr/dev", 0.80, 15.82), ("it_ui/dev", 14.90, 27.88), ("python_docs/dev", 27.74, 37.17)],
)
def test_copy_floors_of_real_text(data, name, bleu, chrf):
    text = real(data / name)
    found = quick([pair.source for pair in text], [pair.target for pair in text], "fr")
    assert (round(found["BLEU"], 2), round(found["chrF2"], 2)) == (bleu, chrf)


def test_the_dictionary_of_real_text_is_far_above_the_copy(data):
    train = real(data / "multi30k" / "train", 3000)
    lexicon = learn(train)
    test = real(data / "multi30k" / "test_2016_flickr", 200)
    references = [pair.target for pair in test]
    assert quick([pair.source for pair in test], references, "fr")["BLEU"] < 1
    found = quick([lexicon.translate(pair.source) for pair in test], references, "fr")
    assert found["BLEU"] > 12
    assert found["chrF2"] > 45
    assert learn(train) == lexicon
