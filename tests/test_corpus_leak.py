"""Held-out text that the training text has too."""

from __future__ import annotations

import pytest

from calque.corpus.check import check
from calque.corpus.read import Corpus
from calque.records import Check

TRAIN = [("The dog sleeps.", "Le chien dort."), ("A cat eats.", "Un chat mange."), ("It rains.", "Il pleut.")]


@pytest.fixture
def leaks(tmp_path):
    """Checks corpora given as lists of pairs, and gives the leaks by name."""

    def found(**corpora: list[tuple[str, str]]) -> dict[str, Check]:
        opened = {}
        for role, pairs in corpora.items():
            path = tmp_path / f"{role}.tsv"
            path.write_text("en\tfr\n" + "".join(f"{source}\t{target}\n" for source, target in pairs))
            opened[role] = Corpus.open([str(path)], "en", "fr")
        return {finding.name: finding for finding in check(**opened) if "leak" in finding.name}

    return found


def counts(found: dict[str, Check], role: str = "dev") -> list[int]:
    return [found[f"{role} leak: {what}"].count for what in ("pairs", "sources", "targets")]


def test_nothing_leaks_from_different_text(leaks):
    found = leaks(train=TRAIN, dev=[("Snow falls.", "La neige tombe.")])
    assert counts(found) == [0, 0, 0]
    assert found["dev leak: pairs"].message == "dev pairs that the training text has too: none of 1."
    assert {finding.level for finding in found.values()} == {"green"}


def test_pairs_sources_and_targets_are_told_apart(leaks):
    dev = [TRAIN[0], ("It rains.", "La pluie tombe."), ("Rain falls.", "Il pleut."), ("A cat eats.", "Le chien dort.")]
    found = leaks(train=TRAIN, dev=dev)
    assert counts(found) == [1, 3, 3]
    assert found["dev leak: pairs"].level == "red"
    assert "1 of 4 (25.0%), 1 of them word for word" in found["dev leak: pairs"].message


def test_case_punctuation_and_spacing_do_not_hide_a_leak(leaks):
    dev = [("the DOG sleeps", "le chien dort\u202f!"), ("A cat  eats.", "Un chat mange.")]
    found = leaks(train=TRAIN, dev=dev)
    assert counts(found) == [2, 2, 2]
    assert "2 of 2 (100.0%), 0 of them word for word" in found["dev leak: sources"].message
    assert "1 of them word for word" in found["dev leak: targets"].message


def test_repeated_held_out_lines_count_each_time_and_training_lines_once(leaks):
    found = leaks(train=TRAIN * 5, dev=[TRAIN[0]] * 3 + [("Snow falls.", "La neige tombe.")])
    assert counts(found) == [3, 3, 3]
    assert found["dev leak: pairs"].total == 4


def test_examples_name_both_lines(leaks, tmp_path):
    found = leaks(train=TRAIN, dev=[("Snow falls.", "La neige tombe."), TRAIN[1]])
    assert found["dev leak: pairs"].examples == (
        f"{tmp_path}/train.tsv:3 and {tmp_path}/dev.tsv:3: A cat eats. | Un chat mange.",
    )


def test_test_text_is_compared_with_development_text_too(leaks):
    found = leaks(train=TRAIN[:1], dev=TRAIN[1:2], test=TRAIN)
    assert counts(found, "dev") == [0, 0, 0]
    assert counts(found, "test") == [2, 2, 2]
    assert found["test leak: pairs"].message.startswith(
        "test pairs that the training or development text has too: 2 of"
    )


def test_empty_lines_are_no_leak(leaks):
    found = leaks(train=[*TRAIN, ("", "vide")], dev=[("", "vide"), ("Snow falls.", "La neige tombe.")])
    assert counts(found) == [0, 0, 0]


def test_leaks_of_a_real_set(data):
    train, dev = (Corpus.open([str(data / "medical_tico19" / name)], "en", "fr") for name in ("train", "dev"))
    found = {finding.name: finding for finding in check(train, dev)}
    assert counts(found) == [0, 0, 21]
    sources = {pair.target for pair in train}
    assert sum(pair.target in sources for pair in dev) == 21  # the same count, found by plain membership
