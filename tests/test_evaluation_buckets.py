"""A damaged part of the output is found in its bucket."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from calque.evaluation import buckets, metrics
from calque.evaluation.buckets import Rarity, Spoken
from calque.records import Pair

COUNT, EVERY = 200, 20  # 5 % are damaged
NOUNS = ["chat", "chien", "oiseau", "cheval", "lapin"]
PLACES = ["Oslo", "Paris", "Rome"]


def corpus() -> list[Pair]:
    """English and French sentences of which some have a number, a name or a negation."""
    draw = random.Random(4)
    found = []
    for line in range(1, COUNT + 1):
        noun, number, place = draw.choice(NOUNS), draw.randrange(10, 99), draw.choice(PLACES)
        middle = " ".join(draw.choices(NOUNS, k=draw.randrange(3, 9)))
        english = [f"the {noun} sees {middle}", f"We see {number} dogs and {middle}"]
        french = [f"le {noun} voit {middle}", f"Nous voyons {number} chiens et {middle}"]
        english += [f"They are in {place} with {middle}", f"It does not like {middle}"]
        french += [f"Ils sont à {place} avec {middle}", f"Il ne aime pas {middle}"]
        found.append(Pair(english[line % 4], french[line % 4], line, "test.en"))
    return found


PAIRS = corpus()


def noisy(seed: int = 1) -> list[str]:
    """Translations with small errors all over, that leave numbers, names and negation alone."""
    draw = random.Random(seed)
    swap = dict(zip(NOUNS, NOUNS[1:] + NOUNS[:1], strict=True))
    return [
        " ".join(swap[word] if word in swap and draw.random() < 0.1 else word for word in pair.target.split())
        for pair in PAIRS
    ]


def damaged(said: list[str], kind: int | None, harm) -> list[str]:
    """The same with `harm` done to 5 % of it, in sentences of one of the four kinds or of any."""
    hit = [i for i, pair in enumerate(PAIRS) if kind is None or pair.line % 4 == kind][: None if kind is None else 10]
    if kind is None:
        hit = hit[::EVERY]
    return [harm(text) if i in hit else text for i, text in enumerate(said)]


def spoken(name: str, *runs: list[str]) -> Spoken:
    references = [pair.target for pair in PAIRS]
    return Spoken(name, runs, np.mean([metrics.by_sentence(run, references) for run in runs], axis=0))


def found(*systems: Spoken, languages=("en", "fr"), training=None):
    rarity = Rarity.of([pair.source for pair in PAIRS], training)
    return buckets.buckets(PAIRS, systems, languages, rarity, 1000, 1)


HARMS = [
    (1, lambda text: " ".join(w for w in text.split() if not w.isdigit()), "numbers", "a number is missing"),
    (1, lambda text: text + " 777", "numbers", "a number is added"),
    (2, lambda text: re.sub("Oslo|Paris|Rome", "ici", text), "names", "a name is missing"),
    (3, lambda text: text.replace("ne ", "").replace("pas ", ""), "negation", "negation is missing"),
    (0, lambda text: text + " ne pas", "negation", "negation is added"),
    (None, lambda text: text.upper(), "casing", "a word has other capitals than in the reference"),
    (None, lambda text: text[: len(text) // 2], "length ratio", "under 0.7 times as long as the reference"),
    (None, lambda text: f"{text} {text}", "length ratio", "over 1.4 times as long as the reference"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "harm", "family", "name"), HARMS, ids=[name for *_, name in HARMS])
def test_five_percent_of_damage_are_found_where_they_are(kind, harm, family, name):
    good = noisy()
    rows = found(spoken("good", good), spoken("bad", damaged(good, kind, harm)))
    most = buckets.most(rows, ("good", "bad"), 0.05)
    assert (most["family"], most["name"]) == (family, name)
    assert most["difference"] > 0
    assert most["corrected"] < 0.05
    errors = next(row for row in rows if row["name"] == name)["errors"]
    assert errors["bad"] >= errors["good"] + 8


def test_no_bucket_stands_out_between_systems_that_differ_everywhere_or_nowhere():
    good = noisy()
    for other in (good, noisy(2), noisy(3)):
        rows = found(spoken("a", good), spoken("b", other))
        assert buckets.most(rows, ("a", "b"), 0.05) is None
    same = found(spoken("a", good), spoken("b", list(good)))
    assert {row["tests"][0]["p"] for row in same} == {1.0}


def test_buckets_count_sentences_and_do_not_depend_on_who_is_who():
    a, b = spoken("a", noisy()), spoken("b", damaged(noisy(2), None, str.upper))
    forth, back = found(a, b), found(b, a)
    assert [row["sentences"] for row in forth] == [row["sentences"] for row in back]
    for one, other in zip(forth, back, strict=True):
        assert one["tests"][0]["p"] == other["tests"][0]["p"]
        assert one["tests"][0]["difference"] == pytest.approx(-other["tests"][0]["difference"])
    counts = {row["name"]: row["sentences"] for row in forth}
    assert (counts["a number in the source"], counts["no number in the source"]) == (50, 150)
    assert (counts["a name in the source"], counts["the source negates"]) == (50, 50)
    assert "a number is missing" not in counts


def test_errors_are_the_mean_over_runs():
    cut = damaged(noisy(), None, lambda text: "")
    rows = found(spoken("two", noisy(), cut), spoken("one", noisy()))
    row = next(row for row in rows if row["name"].startswith("under"))
    assert row["errors"] == {"two": 5.0, "one": 0.0}
    assert row["tests"][0]["sentences"] == 10


def test_rarity_by_training_text_and_by_the_test_text_itself():
    rarity = Rarity.of(["A dog, a cat 7", "a zebra"], ["a dog and a dog", "a cat"])
    assert rarity.trained
    assert [rarity.rarest(text) for text in ("A dog", "A Cat", "zebra dog", "7 !")] == [2, 1, 0, None]
    own = Rarity.of(["A dog, a cat 7", "a zebra"], None)
    assert (own.trained, own.rarest("a"), own.rarest("a zebra")) == (False, 3, 1)


def test_rare_words_are_buckets():
    a, b = spoken("a", noisy()), spoken("b", noisy(2))
    trained = found(a, b, training=[pair.source for pair in PAIRS if pair.line % 4 != 1] * 9)
    names = {row["name"]: row["sentences"] for row in trained if row["family"] == "rare words"}
    assert names == {"a word never seen in training": 50, "every word seen over 50 times in training": 150}
    assert {row["name"] for row in found(a, b) if row["family"] == "rare words"} == {
        "rarest word seen 6 to 50 times in the test text"
    }


def test_what_a_language_does_not_tell_is_left_out_and_said():
    a, b = spoken("a", noisy()), spoken("b", noisy(2))
    rows = found(a, b, languages=("de", "fi"))
    assert {row["family"] for row in rows} & {"names"} == set()
    rarity = Rarity.of([], None)
    left = buckets.omitted(("de", "fi"), ["Ein Haus"], rarity)
    assert left["names"] == "capitals do not tell names in 'de'"
    assert left["negation"] == "no list of negations is known for 'fi'"
    assert "no --train was given" in left["rare words by training frequency"]
    assert buckets.omitted(("en", "fr"), ["A house"], Rarity({}, trained=True)) == {}
