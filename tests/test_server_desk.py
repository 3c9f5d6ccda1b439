"""The desk: what waits together is computed together, bounded and in turn."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from fake_polyglot import FakePolyglot

from calque import warning
from calque.formats.reader import Rules
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.recipes.serve import Serve
from calque.records import Translation
from calque.server.desk import FAIR, Desk, Request
from calque.server.line import Priority
from calque.server.measures import Measures
from calque.server.refusal import Refusal
from calque.server.wording import Wording, tell
from calque.text.glossary import Entry, Glossary


def at_desk(work, polyglot=None, **settings):
    """The result of `work(desk)` at a desk that computes."""

    async def main():
        desk = Desk(Serve.of({"folders": (Path("m"),)} | settings), polyglot or FakePolyglot(), Measures())
        async with desk.at_work():
            return await asyncio.wait_for(work(desk), 30)

    return asyncio.run(main())


def english(*texts, **more) -> Request:
    return Request(texts, "en", "fr", **more)


async def gathered(desk, count, polyglot):
    """Requests while the engine is held up by one text: all wait when this returns."""
    polyglot.open_.clear()
    first = asyncio.create_task(desk.translate(english("first")))
    await asyncio.sleep(0.01)
    tasks = [asyncio.create_task(desk.translate(english(f"t{number}"))) for number in range(count)]
    await asyncio.sleep(0.01)
    return first, tasks


def test_texts_are_translated_in_their_order():
    found = at_desk(lambda desk: desk.translate(english("b", "a", "")))
    assert [one.text for one in found] == ["B", "A", ""]
    assert at_desk(lambda desk: desk.translate(Request((), "en", "fr"))) == []


def test_what_waits_is_computed_together():
    polyglot = FakePolyglot()

    async def work(desk):
        first, tasks = await gathered(desk, 5, polyglot)
        polyglot.open_.set()
        await asyncio.gather(first, *tasks)

    at_desk(work, polyglot, batch=3)
    assert polyglot.batches == [["first"], ["t0", "t1", "t2"], ["t3", "t4"]]


def test_what_differs_is_computed_apart():
    polyglot = FakePolyglot()

    async def work(desk):
        first, _ = await gathered(desk, 0, polyglot)
        requests = [
            english("a"),
            english("b", search=Search(n_best=2)),
            Request(("c",), "en", "de"),
            english("d", handling=Handling(explain=True)),
            english("e", prefix="E"),
            english("f"),
        ]
        tasks = [asyncio.create_task(desk.translate(one)) for one in requests]
        await asyncio.sleep(0.01)
        polyglot.open_.set()
        await first
        return [(await task)[0] for task in tasks]

    found = at_desk(work, polyglot)
    assert polyglot.batches == [["first"], ["a", "f"], ["b"], ["c"], ["d"], ["e"]]
    assert found[1].alternatives == (("B!", -1.5),)
    assert found[3].confidence == 0.75
    assert found[4].text == "EE"


def test_texts_are_handled_with_care_where_nothing_is_said():
    """Else a model that learnt from single sentences leaves out all but the first of a text."""
    polyglot = FakePolyglot()
    plain = Handling(sentences=False)

    async def work(desk):
        await desk.translate(english("One. Two."))
        await desk.translate(english("One. Two.", handling=plain))

    at_desk(work, polyglot)
    assert polyglot.handled == [Handling(), plain]


def test_a_full_queue_refuses_and_recovers():
    polyglot = FakePolyglot()

    async def work(desk):
        first, tasks = await gathered(desk, 4, polyglot)
        with pytest.raises(Refusal) as refused:
            await desk.translate(english("one more"))
        assert (refused.value.code, refused.value.status, refused.value.retry_after) == ("busy", 503, 1)
        polyglot.open_.set()
        await asyncio.gather(first, *tasks)
        return await desk.translate(english("one more"))

    assert at_desk(work, polyglot, queue=4)[0].text == "ONE MORE"


def test_characters_are_bounded_too():
    polyglot = FakePolyglot()

    async def work(desk):
        first, tasks = await gathered(desk, 2, polyglot)
        with pytest.raises(Refusal, match="too many texts"):
            await desk.translate(english("x" * 17))
        polyglot.open_.set()
        await asyncio.gather(first, *tasks)

    at_desk(work, polyglot, queue_characters=20)


def test_a_cancelled_request_is_never_computed():
    polyglot = FakePolyglot()

    async def work(desk):
        first, tasks = await gathered(desk, 50, polyglot)
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks[1:], return_exceptions=True)
        assert (desk.line.texts, desk.line.characters) == ([1, 0], [2, 0])
        polyglot.open_.set()
        await asyncio.gather(first, tasks[0])
        await asyncio.sleep(0.01)

    at_desk(work, polyglot)
    assert polyglot.batches == [["first"], ["t0"]]


def test_a_deadline_is_kept_and_leaves_nothing_behind():
    polyglot = FakePolyglot()

    async def work(desk):
        first, tasks = await gathered(desk, 3, polyglot)
        refused = await asyncio.gather(*tasks, return_exceptions=True)
        assert [(one.code, one.status) for one in refused] == [("late", 503)] * 3
        assert len(desk.line) == 0
        polyglot.open_.set()
        with pytest.raises(Refusal, match=r"not done after 0\.1 seconds"):
            await first

    at_desk(work, polyglot, deadline=0.1)
    assert polyglot.batches == [["first"]]


def test_people_go_before_documents_and_documents_are_computed_in_small_batches():
    polyglot = FakePolyglot()

    async def work(desk):
        first, _ = await gathered(desk, 0, polyglot)
        document = english(*(f"line number {number}" for number in range(6)))
        slow = asyncio.create_task(desk.translate(document, Priority.BACKGROUND))
        await asyncio.sleep(0.01)
        quick = asyncio.create_task(desk.translate(english("quick")))
        await asyncio.sleep(0.01)
        polyglot.open_.set()
        await asyncio.gather(first, quick, slow)

    at_desk(work, polyglot, background_characters=30)
    assert polyglot.batches[1] == ["quick"]
    assert polyglot.batches[2:] == [[f"line number {n}", f"line number {n + 1}"] for n in (0, 2, 4)]


def test_a_document_alone_is_computed_in_large_batches():
    polyglot = FakePolyglot()
    document = english(*(f"line number {number}" for number in range(6)))
    at_desk(lambda desk: desk.translate(document, Priority.BACKGROUND), polyglot, background_characters=30)
    assert [len(batch) for batch in polyglot.batches] == [6]


def test_documents_do_not_starve():
    polyglot = FakePolyglot()

    async def work(desk):
        first, tasks = await gathered(desk, 3 * FAIR, polyglot)
        slow = asyncio.create_task(desk.translate(english("document"), Priority.BACKGROUND))
        await asyncio.sleep(0.01)
        polyglot.open_.set()
        await asyncio.gather(first, slow, *tasks)

    at_desk(work, polyglot, batch=1)
    assert ["document"] in polyglot.batches[: FAIR + 2]


def test_a_long_list_goes_to_the_background_by_itself():
    polyglot = FakePolyglot()

    async def work(desk):
        first, _ = await gathered(desk, 0, polyglot)
        task = asyncio.create_task(desk.translate(english(*(["x"] * 9))))
        await asyncio.sleep(0.01)
        waiting = list(desk.line.texts)
        polyglot.open_.set()
        await asyncio.gather(first, task)
        return waiting

    assert at_desk(work, polyglot, batch=8) == [0, 9]


def test_a_long_text_is_cut_and_put_together_again():
    polyglot = FakePolyglot()
    text = "The first sentence is here. The second one follows it.\n\nThe end."
    found = at_desk(lambda desk: desk.translate(english(text, "b")), polyglot, piece=30)
    assert [one.text for one in found] == [text.upper(), "B"]
    assert polyglot.batches == [["The first sentence is here. ", "The second one follows it.\n\n", "The end.", "b"]]


def test_without_sentences_only_lines_are_cut():
    polyglot = FakePolyglot()
    request = english("One is here. Two.\nThree.", handling=Handling(sentences=False))
    at_desk(lambda desk: desk.translate(request), polyglot, piece=20)
    assert polyglot.batches == [["One is here. Two.\n", "Three."]]


def test_one_text_that_breaks_the_engine_fails_alone():
    polyglot = FakePolyglot()

    async def work(desk):
        first, tasks = await gathered(desk, 2, polyglot)
        broken = asyncio.create_task(desk.translate(english("broken")))
        await asyncio.sleep(0.01)
        polyglot.open_.set()
        with pytest.raises(ValueError, match="the engine broke"):
            await broken
        await first
        return [(await task)[0].text for task in tasks]

    assert at_desk(work, polyglot) == ["T0", "T1"]


def test_a_swap_leaves_what_was_accepted_with_its_models():
    polyglot = FakePolyglot()

    async def work(desk):
        first, tasks = await gathered(desk, 2, polyglot)
        desk.swap(FakePolyglot(version=2, pairs=[("en", "de")]))
        german = asyncio.create_task(desk.translate(Request(("t0",), "en", "de")))
        with pytest.raises(Refusal, match="no model translates from 'en' into 'fr'"):
            await desk.translate(english("x"))
        polyglot.open_.set()
        await first
        return [(await task)[0].text for task in (*tasks, german)]

    assert at_desk(work, polyglot) == ["T0", "T1", "2:T0"]


def test_who_computed_is_told_whatever_is_loaded_meanwhile():
    polyglot = FakePolyglot()

    async def work(desk):
        polyglot.open_.clear()
        tasks = [
            asyncio.create_task(one)
            for one in (
                desk.tell(english("a")),
                desk.tell(Request(("a",), "auto", "fr")),
                desk.complete(english("a", prefix=""), 1),
                tell(desk, ["<p>a dog"], "en", "fr", Wording(rules=Rules(), glossary=terms)),
            )
        ]
        await asyncio.sleep(0.05)
        desk.swap(FakePolyglot(version=2, pairs=[("en", "de")]))
        polyglot.open_.set()
        plain, detected, ways, worded = [await task for task in tasks]
        (after,) = await desk.tell(Request(("a",), "en", "de"))
        return [*plain, *detected, ways, *worded, after]

    terms = Glossary((Entry("dog", "chien"),))  # without an alignment it is asked for once more, with a placeholder
    found = at_desk(work, polyglot)
    assert [(one.model.name, one.model.version) for one in found] == [("en-fr", "1")] * 4 + [("en-de", "2")]


LONG = "The first sentence is here. The second one follows it. The third is behind. And that was all."


def test_of_a_long_text_that_begins_as_told_only_one_sentence_is_gone_on_with():
    polyglot = FakePolyglot()
    begun = english(LONG, prefix="LA PREMIÈRE. LA ", search=Search(n_best=2))
    (said,) = at_desk(lambda desk: desk.translate(begun), polyglot, piece=30)
    before = LONG[:54]
    assert sorted(polyglot.batches) == [
        ["The first sentence is here. The second one follows it."],
        [LONG[55:76], LONG[76:]],
    ]
    whole = f"LA PREMIÈRE. LA {before.upper()}"
    behind = LONG[54:].upper()
    assert (said.text, said.alternatives) == (whole + behind, ((f"{whole}!{behind}", -1.5),))


def test_on_a_way_through_a_third_language_only_that_sentence_is_translated():
    class Through(FakePolyglot):
        def route(self, source, target, model=None):
            return (self.models[0], self.models[1])

    polyglot = Through()
    begun = english(LONG, prefix="LA PREMIÈRE. LA ")
    (said,) = at_desk(lambda desk: desk.translate(begun), polyglot, piece=30)
    assert sorted(polyglot.batches) == [[LONG[28:54]], [LONG[55:76], LONG[76:]]]
    assert said.text == f"LA PREMIÈRE. LA {LONG[28:].upper()}"


def test_of_completions_what_follows_waits_like_any_text_and_is_translated_once():
    polyglot = FakePolyglot()
    ways = at_desk(lambda desk: desk.complete(english(LONG, prefix="LA PREMIÈRE. LA "), 2), polyglot, piece=30)
    assert polyglot.completed == ["The second one follows it."]
    assert polyglot.batches == [[LONG[55:76], LONG[76:]]]
    assert [one.text for one in ways.translations] == [
        f"LA PREMIÈRE. LA {word}.{LONG[54:].upper()}" for word in ("THE", "SECOND")
    ]


class Held(FakePolyglot):
    """Translates at once, but completes only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def complete(self, *asked, **more):
        self.completed.append(asked[0])
        assert self.may.wait(30)
        return [Translation(asked[0], 0.0)]


def test_nobody_waits_for_a_completion_and_one_that_nobody_waits_for_is_not_begun():
    polyglot = Held()

    async def work(desk):
        ways = [asyncio.create_task(desk.complete(english(name), 1)) for name in ("first", "gone", "late")]
        await asyncio.sleep(0.01)
        ways[1].cancel()
        assert [one.text for one in await desk.translate(english("quick"))] == ["QUICK"]
        with pytest.raises(Refusal, match=r"not done after 0\.1 seconds"):
            await ways[2]
        await asyncio.gather(*ways, return_exceptions=True)
        polyglot.may.set()
        return await desk.complete(english("next"), 1)

    (way,) = at_desk(work, polyglot, deadline=0.1).translations
    assert way.text == "next"
    assert polyglot.completed == ["first", "next"]


def test_an_engine_that_hangs_is_told(monkeypatch):
    polyglot = FakePolyglot()

    async def work(desk):
        seen = [desk.ready]
        first, _ = await gathered(desk, 0, polyglot)
        seen.append(desk.ready)
        monkeypatch.setattr("calque.server.desk.STUCK_SECONDS", 0.0)
        seen.append(desk.ready)
        polyglot.open_.set()
        await first
        return [*seen, desk.ready]

    assert at_desk(work, polyglot) == [True, True, False, True]


def test_auto_detects_each_text():
    async def work(desk):
        return await desk.tell(Request(("the dog", "l'été", "the cat"), "auto", "en", None))

    found = at_desk(work, FakePolyglot(pairs=[("fr", "en"), ("en", "fr")]))
    assert [(one.source, one.translation.text) for one in found] == [
        ("en", "the dog"),
        ("fr", "L'ÉTÉ"),
        ("en", "the cat"),
    ]
    assert found[0].translation.warnings == (warning.SAME,)
    assert found[1].detected.confidence == 0.9


def test_an_unknown_language_is_refused_with_the_nearest():
    with pytest.raises(Refusal, match="did you mean 'fr'") as refused:
        at_desk(lambda desk: desk.translate(Request(("x",), "en", "frr")))
    assert (refused.value.code, refused.value.status) == ("unknown_language", 422)


def test_an_unknown_language_is_not_copied_either():
    told = "no model reads or translates into 'zzz'"
    for asked in (Desk.translate, Desk.tell):
        with pytest.raises(Refusal, match=told) as refused:
            at_desk(lambda desk, asked=asked: asked(desk, Request(("x",), "zzz", "zzz")))
        assert refused.value.code == "unknown_language"
        (found,) = at_desk(lambda desk, asked=asked: asked(desk, Request(("x",), "de", "de")))
        assert getattr(found, "translation", found).warnings == (warning.SAME,)
