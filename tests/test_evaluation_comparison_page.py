"""The comparison as Markdown and as a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from calque.evaluation import comparison_page as page
from calque.evaluation import performance
from calque.evaluation.compare import compare
from calque.evaluation.footprint import Footprint
from calque.recipes.compare import Compare
from calque.records import Comparison
from tests.test_evaluation_page import EVIL, parsed

SOURCES = ["the house is 7 metres", EVIL, "Yes, Bob did not sleep.", "a cat", "the end"] * 4
REFERENCES = ["la maison fait 7 mètres", EVIL + " fin", "Oui, Bob n'a pas dormi.", "un chat", "la fin"] * 4


@pytest.fixture(scope="module")
def comparison(tmp_path_factory) -> Comparison:
    """Two systems, one of them of two runs, on two places with a strange name."""
    folder = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        texts = {"a<b>.en": SOURCES, "a<b>.fr": REFERENCES, "c.en": SOURCES[:4], "c.fr": REFERENCES[:4]}
        texts |= {"good": [*REFERENCES, *REFERENCES[:4]], "bad<1>": [text[:-3] for text in [*SOURCES, *SOURCES[:4]]]}
        texts["worse"] = [text[:-5] for text in [*SOURCES, *SOURCES[:4]]]
        for name, lines in texts.items():
            Path(name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        read = performance.Performance.read
        cost = {"seconds": 2.0, "memory": 700_000_000, "footprint": Footprint(31_200_000, 7_800_000, "cc-by-nc-4.0")}

        def fast(place, text):
            known = cost if place == "good" else {}
            return performance.Performance(place, read(place, text).said, **known)

        patched.setattr(performance.Performance, "read", fast)
        words = ("good", "<i>two</i>=bad<1>,worse")
        return compare(Compare(systems=words, test=("a<b>", "c"), source="en", target="fr", bootstrap=100, trials=100))


def test_the_page_is_well_formed_and_shows_every_score_and_test(comparison):
    outline = parsed(page.html(comparison))
    for one in comparison.systems:
        for name, score in one["scores"].items():
            assert name in outline.text
            assert f"{score.value:.2f}" in outline.text
            assert f"{score.low:.2f} to {score.high:.2f}" in outline.text
            assert score.signature in outline.text
    assert comparison.why in outline.text
    assert "standard deviation" in outline.text
    assert outline.tags.count("table") == 4
    assert outline.tags.count("circle") == 2
    assert "a name in the source" in outline.text
    assert "mark" in outline.tags


def test_the_page_needs_nothing_from_outside_and_runs_nothing(comparison):
    text = page.html(comparison)
    assert not {"script", "link", "img", "iframe"} & set(parsed(text).tags)
    assert "http://" not in text
    assert "https://" not in text
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text


def test_text_is_escaped_on_the_page_and_in_markdown(comparison):
    text = page.html(comparison)
    assert "<script>alert" not in text
    assert "<i>" not in text
    assert "&lt;i&gt;two&lt;/i&gt;" in text
    assert "a&lt;b&gt;.en" in text
    told = page.markdown(comparison)
    assert "<script>" not in told
    assert r"\<i\>two\</i\>" in told


def test_markdown_literal_rows(comparison):
    lines = page.markdown(comparison).splitlines()
    assert lines[0] == r"# good and \<i\>two\</i\>: en to fr"
    assert lines[4] == f"**{page.markup.plain(comparison.why)}**"
    assert "| test text | metric | first | second | difference | p bootstrap | p randomisation | p seeds | " in "".join(
        lines
    )
    assert "| good | 12.0 | 31.2 MB | 7.8 M | 700.0 MB | cc-by-nc-4.0 |" in lines
    assert r"| \<i\>two\</i\> | – | – | – | – | unknown |" in lines
    assert "### all" in lines
    assert r"### a\<b\>" in lines
    assert any(line.startswith("| numbers | a number in the source | 5 | 100.00 | ") for line in lines)
    assert r"- The licence of good (cc-by-nc-4.0) forbids commercial use." in lines


def test_words_of_a_test(comparison):
    row = {
        **comparison.tests[0],
        "difference": -1.5,
        "bootstrap": {"p": 0.25},
        "randomisation": {"p": 0.5},
        "seeds": None,
        "p": 0.5,
        "better": None,
    }
    assert page.tested(row) == [
        *["all", "BLEU", "good", "<i>two</i>", "-1.50"],
        *["0.2500", "0.5000", "–", "0.5000", "no difference"],
    ]


def test_a_page_of_files_alone_has_no_plots(comparison):
    bare = [{**one, "sentences_per_second": None, "size": None} for one in comparison.systems]
    text = page.html(replace(comparison, systems=tuple(bare)))
    assert "circle" not in parsed(text).tags
    assert "Speed and size of files of translations are not known." in text
