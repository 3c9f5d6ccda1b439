"""Markup and glossaries through our own API."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest
import requests
from fake_aligned import Aligned
from fake_polyglot import FakePolyglot
from http_server import serving, settings

from calque.formats.document import Segment
from calque.formats.reader import Rules
from calque.server.desk import Desk
from calque.server.measures import Measures
from calque.server.wording import Wording, tell, translated
from calque.text.glossary import Entry, Glossary


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with serving(settings(tmp_path_factory.mktemp("wording")), Aligned()) as address:
        yield address


def ask(address: str, key: str = "one", **fields):
    headers = {"Authorization": f"Bearer {key}"}
    return requests.post(f"{address}/api/v1/translate", json={"target": "fr"} | fields, headers=headers, timeout=10)


def test_html_and_a_glossary(address):
    headers = {"Authorization": "DeepL-Auth-Key one"}
    made = {"name": "g", "source_lang": "en", "target_lang": "fr", "entries": "ground floor\trez-de-chaussée"}
    name = requests.post(f"{address}/v2/glossaries", json=made, headers=headers, timeout=10).json()["glossary_id"]
    text = "<p>The <b>ground floor</b> is <a href=x onclick=go()>open</a>.</p>"
    answer = ask(address, text=text, source="en", format="html", glossary=name).json()["translations"][0]
    assert answer["text"] == '<p>THE <b>rez-de-chaussée</b> IS <a href="x">OPEN</a>.</p>'
    assert ask(address, key="other", text="a", source="en", glossary=name).status_code == 404
    assert ask(address, text="a", source="auto", glossary=name).status_code == 422
    for more in ({"format": "html", "explain": True}, {"glossary": name, "alternatives": 2}):
        assert ask(address, text="a", source="en", **more).status_code == 422


def at_work(polyglot, work, folder):
    async def run():
        async with Desk(settings(folder), polyglot, Measures()).at_work() as desk:
            return await work(desk)

    return asyncio.run(run())


def test_only_what_needs_an_alignment_is_explained(tmp_path):
    polyglot = Aligned()
    segments = [Segment("a"), Segment("b", marked=True), Segment(" "), Segment("c d")]
    terms = Glossary((Entry("d", "e"),))
    found = at_work(polyglot, lambda desk: translated(desk, segments, "en", "fr", Wording(glossary=terms)), tmp_path)
    assert [one.text for one in found] == ["A", "B", " ", "C e"]
    assert [one.alignment is not None for one in found] == [False, True, False, True]
    assert sorted(polyglot.batches) == [["a"], ["b", "c d"]]


def test_terms_of_a_long_text_are_looked_for_once_and_off_the_event_loop(tmp_path, monkeypatch):
    asked: list[tuple[str, bool]] = []
    matches = Glossary.matches

    def watched(terms, text):
        asked.append((text, threading.current_thread() is threading.main_thread()))
        return matches(terms, text)

    monkeypatch.setattr(Glossary, "matches", watched)
    terms = Glossary((Entry("dog", "chien"),))
    text = "A dog runs. " * 500
    wording = Wording(glossary=terms)
    (said,) = at_work(Aligned(), lambda desk: translated(desk, [Segment(text)], "en", "fr", wording), tmp_path)
    assert said.text == "A chien RUNS. " * 500
    assert "".join(part for part, _ in asked) == text
    assert max(len(part) for part, _ in asked) <= 400
    assert not any(on_the_loop for _, on_the_loop in asked)
    asked.clear()
    many = Glossary(tuple(Entry(f"a b{number}", "c") for number in range(6000)))
    at_work(Aligned(), lambda desk: translated(desk, [Segment("a")], "en", "fr", Wording(glossary=many)), tmp_path)
    assert asked == [("a", False)]


def test_a_sentence_is_cut_only_where_it_has_very_many_terms(tmp_path):
    """Their time grows with their number times the length of what they are put into."""
    polyglot = Aligned()
    wording = Wording(glossary=Glossary((Entry("dog", "chien"),)))
    few, many = "the dog, " + "a cat, " * 100, "a dog, " * 101
    segments = [Segment(few), Segment(many)]
    said = at_work(polyglot, lambda desk: translated(desk, segments, "en", "fr", wording), tmp_path)
    assert [one.text for one in said] == ["THE chien, " + "A CAT, " * 100, "A chien, " * 101]
    assert [len(text) for texts in polyglot.batches for text in texts] == [len(few), 399, 308]


def test_a_model_without_alignment_is_asked_with_placeholders(tmp_path):
    class Plain(FakePolyglot):
        def _one(self, text, search, handling, prefix):
            from calque.records import Translation

            return Translation(re.sub("lose .*", "LOST", text.upper() if "lose" not in text else text), -1.0)

    terms = Glossary((Entry("dog", "chien"),))
    segments = [Segment("A dog."), Segment("lose a dog")]
    found = at_work(Plain(), lambda desk: translated(desk, segments, "en", "fr", Wording(glossary=terms)), tmp_path)
    assert [one.text for one in found] == ["A chien.", "LOST"]
    assert found[1].warnings == ("the glossary's 'chien' found no place in the translation",)


def test_each_text_is_read_in_its_own_language(tmp_path):
    told = at_work(
        Aligned(),
        lambda desk: tell(desk, ["<p>été", "<p>dog</p><p>cat", "<br>"], "auto", "fr", Wording(rules=Rules())),
        tmp_path,
    )
    assert [(one.source, one.translation.text) for one in told] == [
        ("fr", "<p>été"),
        ("en", "<p>DOG</p><p>CAT"),
        ("en", "<br>"),
    ]
    assert told[1].translation.score == -0.5
