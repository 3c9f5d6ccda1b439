"""The report as Markdown and as a page."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from calque.evaluation import page
from calque.evaluation.floor import learn
from calque.evaluation.score import Scored, score
from calque.recipes.evaluate import Measure
from calque.records import Pair, Report, Translation

EVIL = '<script>alert("x")</script> & *a* _b_ | `c` [d](e)'


class Parrot:
    source, target = "en", "fr_FR"

    def translate(self, texts, search):
        return [Translation("Le " + text, -0.5, warnings=("was <long>: split in two",)) for text in texts]


@pytest.fixture(scope="module")
def scored() -> Scored:
    pairs = [
        Pair("the house", "la maison d'été", 1, "a<b>.en"),
        Pair(EVIL, EVIL + " \x07", 2, "a<b>.en"),
        Pair("", "", 3, "a<b>.en"),
    ]
    return score(Parrot(), pairs, Measure(bootstrap=20, worst=5), learn(pairs[:1]))


@pytest.fixture
def report(scored) -> Report:
    return replace(scored.report, details={"folder": "models/<me>", "files": ["a<b>.en"], **scored.report.details})


class Outline(HTMLParser):
    """Counts tags, refuses unbalanced ones and gathers the text."""

    void = frozenset({"meta", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.open, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def parsed(text: str) -> Outline:
    outline = Outline()
    outline.feed(text)
    outline.close()
    assert outline.open == []
    return outline


def test_the_page_is_well_formed_and_shows_every_score(report):
    outline = parsed(page.html(report))
    for name, one in report.scores.items():
        assert f"{name}" in outline.text
        assert f"{one.value:.2f}" in outline.text
        assert one.signature in outline.text
    assert outline.tags.count("svg") == 5 * 3 + 10 + len(report.details["by_length"])
    assert "word lexicon" in outline.text
    assert "lower is better" in outline.text


def test_the_page_needs_nothing_from_outside_and_runs_nothing(report):
    text = page.html(report)
    assert "script" not in parsed(text).tags
    assert "http://" not in text
    assert "https://" not in text
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


def test_text_is_escaped_on_the_page(report):
    text = page.html(report)
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "models/&lt;me&gt;" in text
    assert "\x07" not in text
    assert 'lang="fr-FR"' in text


def test_the_page_marks_differences(report):
    text = page.html(report)
    assert "<del>Le the house</del>" in text
    assert "<ins>la maison d&#x27;été</ins>" in text


def test_markdown_literal_rows(report):
    text = page.markdown(report)
    bleu = report.scores["BLEU"]
    lines = text.splitlines()
    assert lines[0] == r"# models/\<me\>: en to fr\_FR"
    assert "| metric | value | 95 % interval | word lexicon | source copied | signature |" in lines
    row = next(line for line in lines if line.startswith("| BLEU |"))
    assert row.startswith(f"| BLEU | {bleu.value:.2f} | {bleu.low:.2f} to {bleu.high:.2f} | ")
    assert bleu.signature.replace("|", r"\|") in row
    assert "  - translation: <del>Le the house</del>" in lines
    assert r"  - source: \<script\>alert(\"x\")\</script\>".replace(r"\"", '"') in text
    assert r"- was \<long\>: split in two (3 sentences, first a\<b\>.en:1)" in lines
    assert "    bootstrap = 20" in lines


def test_no_interval_is_said_so(report):
    bare = {name: replace(one, signature=one.signature.replace("bs:20|", "")) for name, one in report.scores.items()}
    assert "95 % interval" not in page.html(replace(report, scores=bare)).replace("95&nbsp;%", "")
    assert " | – | " in page.markdown(replace(report, scores=bare))


def test_a_missing_floor_is_explained(report):
    details = report.details | {"floors": report.details["floors"] | {"lexicon": None}, "omitted": {"lexicon": "why"}}
    text = page.html(replace(report, details=details))
    assert "No word lexicon: why." in text
    assert "source copied" in text


def test_the_template_is_shipped():
    assert Path(page.__file__).with_name("page.html").is_file()
