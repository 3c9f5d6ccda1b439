"""Which language a line is in."""

from __future__ import annotations

import pytest

from calque.corpus.language import Judge, label
from calque.corpus.plain import lines


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", "en"),
        ("fr-CA", "fr"),
        ("eng_Latn", "en"),
        ("cmn", "zh"),
        ("PT_br", "pt"),
        ("nb", "no"),
        ("wol", None),
        ("xx", None),
    ],
)
def test_codes_of_all_kinds_are_understood(code, expected):
    assert label(code) == expected


def swapped(judge: Judge, source: str, target: str) -> bool:
    return judge.swapped(judge.scores(source), judge.scores(target))


def test_exchanged_languages_are_told_on_short_lines():
    judge = Judge("en", "fr")
    assert swapped(judge, "Je suis ici, mes amis.", "I'm here, my friends.")
    assert swapped(judge, "J'y pense souvent.", "I think about it often.")
    assert not swapped(judge, "I'm here, my friends.", "Je suis ici, mes amis.")


@pytest.mark.parametrize(
    ("source", "target"), [("OK", "OK"), ("12", "13"), ("Paris", "London"), ("", "Oui"), ("Menu", "File")]
)
def test_lines_without_evidence_are_not_called_exchanged(source, target):
    assert not swapped(Judge("en", "fr"), source, target)


def test_one_unknown_language_is_enough():
    judge = Judge("fr", "bam")
    assert judge.tells
    assert (judge.source, judge.target) == ("fr", None)
    french, bambara = "Le président est arrivé hier soir dans la capitale.", "Peresidan nana kunun wula fɛ faaba la."
    assert swapped(judge, bambara, french)
    assert not swapped(judge, french, bambara)
    assert judge.wrong(judge.scores(french), judge.target, french) is None  # nothing can be said of it


@pytest.mark.parametrize(("source", "target"), [("en", "en"), ("en-US", "en-GB"), ("ewe", "bam")])
def test_languages_that_cannot_be_told_apart(source, target):
    assert not Judge(source, target).tells


def test_another_language_is_named_only_when_it_is_clear():
    judge = Judge("en", "fr")

    def wrong(text: str, expected: str) -> str | None:
        return judge.wrong(judge.scores(text), expected, text)

    assert wrong("مرحبا بالعالم", "en") == "ar"
    assert wrong("Der Hund schläft unter dem alten Tisch.", "fr") == "de"
    assert wrong("The dog sleeps under the old table.", "fr") == "en"
    for text in ("Trinidad", "Ludwig van Beethoven", "OK!", "https://example.org/a", "12:30", "so go faaaaaster!", ""):
        assert wrong(text, "en") is None


@pytest.mark.parametrize(
    "code", ["fra_Latn", "cat_Latn", "por_Latn", "oci_Latn", "deu_Latn", "zul_Latn", "pes_Arab", "jpn_Jpan"]
)
def test_real_sentences_are_not_called_foreign(data, code):
    judge = Judge("eng_Latn", code)
    sources = list(lines(data / "flores200" / "dev.eng_Latn"))[:150]
    targets = list(lines(data / "flores200" / f"dev.{code}"))[:150]
    for source, target in zip(sources, targets, strict=True):
        scores = judge.scores(source), judge.scores(target)
        assert not judge.swapped(*scores)
        assert judge.swapped(*reversed(scores))
        assert judge.wrong(scores[0], judge.source, source) is None
        assert judge.wrong(scores[1], judge.target, target) is None
