"""The page in a browser, and its files without one."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_api import LANGUAGES, MODELS, SENTENCES, FakeApi, Running, model
from fake_polyglot import FakePolyglot
from http_server import serving, settings
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

import calque
from calque import warning
from calque.client import Client

PAGE = Path(calque.__file__).parent / "server" / "page"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TONGUES = {"en": "en-US", "fr": "fr-FR", "zh": "zh-CN"}
XSS = [
    "<script>window.ran = 1</script>",
    "<img src=x onerror=window.ran=1>",
    "<svg/onload=window.ran=1>",
    '"><script>window.ran=1</script>',
    "' onmouseover=window.ran=1 autofocus onfocus=window.ran=1 x='",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<a href='javascript:window.ran=1' id=text>x</a>",
    "javascript:window.ran=1",
    "<style>@import 'javascript:window.ran=1'</style><link rel=stylesheet href=//x.invalid>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.ran=1>",
    "<template><script>window.ran=1</script></template><base href=//x.invalid/>",
    "{{constructor.constructor('window.ran=1')()}}${window.ran=1}",
    "<details open ontoggle=window.ran=1><meta http-equiv=refresh content='0;javascript:window.ran=1'>",
    "\u202e<script>window.ran=1</script>\u2028<input autofocus onfocus=window.ran=1>",
]
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[FakeApi, str]]:
    fake = FakeApi()
    with Running(fake.app) as running:
        yield fake, running.address


@pytest.fixture
def fake(served) -> FakeApi:
    served[0].reset()
    return served[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is absent: run `make setup`")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: on Debian, `apt install chromium`")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def show(browser, served, fake) -> Iterator[Open]:
    """Opens the page in a context of its own; what it writes to the console as an error fails the test, unless `quiet`
    is taken away."""
    contexts, wrong = [], []

    def open_page(width=1200, quiet=True, **context) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **{"locale": "en-US", **context}))
        contexts[-1].set_default_timeout(30_000)
        page = contexts[-1].new_page()
        page.add_init_script(
            "window.refused = [];"
            "document.addEventListener('securitypolicyviolation', (event) => refused.push(event.violatedDirective))"
        )
        if quiet:
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.goto(served[1])
        page.wait_for_selector("html[data-ready]", state="attached")
        if page.locator("#to option").count():
            page.select_option("#to", "fr")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def translated(page: Any, text: str, place: int = 0) -> Any:
    """The pane, when it shows that translation."""
    result = page.locator(".result").nth(place)
    until(page, lambda: result.get_attribute("aria-busy") == "false" and result.text_content() == text)
    return result


def lit(page: Any, where: str = "#under") -> list[str]:
    return page.locator(f"{where} .lit").all_text_contents()


def word(page: Any, text: str, place: int = 0) -> Any:
    return page.locator(".result").nth(place).locator(".word", has_text=re.compile(f"^{text}$"))


def pointed(page: Any, text: str) -> None:
    """Move the pointer onto that word of the source, which lies under the text area."""
    box = page.locator("#under span", has_text=re.compile(f"^{text}$")).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


# In a browser: the whole way


def test_a_text_is_translated_explained_and_changed(show, fake):
    page = show()
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    assert fake.asked[-1] == {
        **{"text": "A dog runs.", "source": "auto", "target": "fr", "model": None, "prefix": None, "explain": True}
    }
    assert page.locator("#detected").text_content() == "Detected: English"
    assert page.locator(".overall").text_content() == "64% sure"
    assert [one.get_attribute("class") for one in page.locator(".result .word").all()] == [
        *("word sure", "word unsure", "word doubtful")
    ]
    word(page, "chien").hover()
    assert lit(page) == ["dog"]
    assert page.locator(".about").text_content() == "chien ← dog · 62% sure"
    pointed(page, "runs")
    assert lit(page, ".result") == ["court"]
    word(page, "chien").click()
    options = page.locator(".choices [role=option] .next")
    options.first.wait_for()
    assert options.all_text_contents() == ["chien", "chat", "cheval"]
    assert fake.completed == [
        {"text": "A dog runs.", "source": "en", "target": "fr", "model": None, "prefix": "Un ", "count": 6}
    ]
    options.nth(1).click()
    translated(page, "Un chat court.")
    assert fake.asked[-1]["prefix"] == "Un chat"
    assert page.locator(".pinned-text").text_content() == "Begins with “Un chat”"
    for text in XSS[:3]:
        page.fill("#text", text)
        translated(page, text)
    assert page.evaluate("[window.ran, window.refused]") == [None, []]


# Live


@pytest.mark.slow
def test_nothing_is_asked_while_somebody_types(show, fake):
    page = show()
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    for end in range(1, len("A dog runs.") + 1):
        page.fill("#text", "A dog runs."[:end])
        page.clock.run_for(300)
    assert fake.asked == []
    page.clock.run_for(60)
    translated(page, "Un chien court.")
    assert [one["text"] for one in fake.asked] == ["A dog runs."]


@pytest.mark.slow
def test_an_older_request_is_aborted(show, fake):
    fake.delays["Slow."] = 20
    page = show()
    with page.expect_request("**/translate"):
        page.fill("#text", "Slow.")
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    until(page, lambda: fake.hung_up == ["Slow."])


@pytest.mark.slow
def test_an_answer_that_comes_too_late_is_not_shown(show, fake):
    fake.delays["Slow."] = 1
    page = show()
    page.evaluate("AbortController.prototype.abort = () => {}")
    with page.expect_response("**/translate") as late:
        page.fill("#text", "Slow.")
        until(page, lambda: bool(fake.asked))
        page.fill("#text", "A dog runs.")
        translated(page, "Un chien court.")
    assert late.value.request.post_data_json["text"] in ("Slow.", "A dog runs.")
    until(page, lambda: len(fake.asked) == 2)
    page.wait_for_timeout(1200)
    assert page.locator(".result").text_content() == "Un chien court."


@pytest.mark.slow
def test_a_text_taken_away_takes_its_translation_along(show, fake):
    page = show()
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    page.click("#clear")
    translated(page, "")
    assert page.locator("#detected").is_hidden()
    assert page.evaluate("document.activeElement.id") == "text"


@pytest.mark.slow
def test_a_text_over_the_limit_is_not_sent(show, fake):
    page = show()
    page.fill("#text", "a" * 403)
    assert page.locator("#count").text_content() == "The text is 3 characters too long."
    assert page.locator("#text").get_attribute("aria-invalid") == "true"
    page.fill("#text", "😀" * 400)
    assert page.locator("#count").text_content() == "400 / 400"
    translated(page, "😀" * 400)
    assert [len(one["text"]) for one in fake.asked] == [400]


# Words


@pytest.mark.slow
def test_words_lie_where_characters_say_also_beside_emoji(show, fake):
    page = show()
    page.fill("#text", "😀 one 👩‍👩‍👧 two")
    translated(page, "😀 one 👩‍👩‍👧 two")
    word(page, "two").hover()
    assert lit(page) == ["two"]
    assert page.locator(".about").text_content() == "two ← two · 50% sure"


@pytest.mark.slow
def test_the_caret_lights_up_the_translation(show, fake):
    page = show()
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    page.evaluate("document.getElementById('text').setSelectionRange(3, 3)")
    page.keyboard.press("ArrowRight")
    assert lit(page, ".result") == ["chien"]


@pytest.mark.slow
def test_a_beginning_can_be_let_go(show, fake):
    page = show()
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    word(page, "chien").click()
    page.locator(".choices [role=option]", has_text="chat").click()
    translated(page, "Un chat court.")
    page.get_by_role("button", name="Let the beginning go").click()
    translated(page, "Un chien court.")
    assert fake.asked[-1]["prefix"] is None
    assert page.locator(".pinned").is_hidden()


@pytest.mark.slow
def test_the_keyboard_alone_does_it_all(show, fake):
    page = show()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab") if page.evaluate("document.activeElement.id") != "text" else None
    page.keyboard.type("A dog runs.")
    translated(page, "Un chien court.")
    for _ in range(3):  # file, clear, first word
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Un"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Un, 98% sure, from: A"
    assert lit(page) == ["A"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".choices [role=option][aria-selected=true]").wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".choices").count() == 0
    assert page.evaluate("document.activeElement.textContent") == "chien"
    page.keyboard.press("Enter")
    page.locator(".choices [role=option][aria-selected=true]").wait_for()
    page.keyboard.press("ArrowDown")
    assert page.locator(".choices [aria-selected=true] .next").text_content() == "chat"
    page.keyboard.press("Enter")
    translated(page, "Un chat court.")
    assert page.evaluate("document.activeElement.textContent") == "chat"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("copy")


@pytest.mark.slow
def test_the_copy_button_copies(show, fake):
    page = show(permissions=["clipboard-read", "clipboard-write"])
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "Un chien court."


@pytest.mark.slow
def test_the_copy_button_copies_where_the_browser_lends_no_clipboard(show, fake):
    page = show(permissions=["clipboard-read"])
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.fill("#text", SENTENCES)
    page.locator(".result .word").first.wait_for()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("Un chien noir court")


# Languages and models


@pytest.mark.slow
def test_languages_are_swapped_with_their_texts(show, fake):
    page = show()
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    page.get_by_role("button", name="Swap languages").click()
    translated(page, "A dog runs.")
    assert page.locator("#text").input_value() == "Un chien court."
    assert [page.locator(one).input_value() for one in ("#from", "#to")] == ["fr", "en"]
    assert fake.asked[-1]["source"] == "fr"


@pytest.mark.slow
def test_a_text_in_the_target_language_turns_to_another(show, fake):
    page = show()
    page.reload()  # nobody has chosen a target there
    page.wait_for_selector("html[data-ready]", state="attached")
    assert page.locator("#to").input_value() == "en"
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    assert page.locator("#to").input_value() == "fr"
    page.select_option("#to", "en")
    page.fill("#text", "A dog runs")
    translated(page, "A dog runs")
    assert page.locator("#to").input_value() == "en"


@pytest.mark.slow
def test_arabic_runs_from_right_to_left(show, fake):
    page = show()
    page.select_option("#to", "ar")
    page.fill("#text", "A dog runs.")
    result = translated(page, "كلب يركض.")
    assert result.evaluate("(e) => [e.dir, e.lang, getComputedStyle(e).direction]") == ["rtl", "ar", "rtl"]
    result.locator(".word").first.focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.textContent") == "يركض"
    page.select_option("#from", "ar")
    assert page.locator("#text").evaluate("(e) => [e.dir, getComputedStyle(e).direction]") == ["rtl", "rtl"]


@pytest.mark.slow
def test_labels_beside_arabic_have_the_direction_of_the_page(show, fake):
    page = show()
    page.select_option("#to", "ar")
    page.fill("#text", "A dog runs.")
    result = translated(page, "كلب يركض.")
    directed = "(e) => [e.closest('[lang]').lang, getComputedStyle(e).direction]"
    fake.delays["complete"] = 0.5
    result.locator(".word").last.click()
    assert page.locator(".choices .none").evaluate(directed) == ["en", "ltr"]
    page.locator(".choices .next").first.wait_for()
    assert page.locator(".choices .sure").first.evaluate(directed) == ["en", "ltr"]
    assert page.locator(".choices .next").first.evaluate(directed) == ["ar", "rtl"]
    page.locator(".choices [role=option]").first.click()
    page.locator(".pinned").wait_for()
    assert page.locator(".pinned-text").evaluate(directed) == ["en", "ltr"]
    assert page.locator(".pinned-text bdi").evaluate(directed) == ["ar", "rtl"]
    page.locator(".result .word").first.hover()
    assert page.locator(".about").evaluate(directed) == ["en", "ltr"]
    assert [one.evaluate(directed) for one in page.locator(".about bdi").all()] == [["ar", "rtl"], ["en", "ltr"]]
    assert page.evaluate("document.documentElement.dir") == "ltr"


@pytest.mark.slow
def test_two_models_stand_side_by_side(show, fake):
    fake.models = [*MODELS, model("en-fr-large", "en", "fr")]
    page = show()
    assert page.locator("#compare").is_hidden()
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    page.get_by_role("button", name="Two models").click()
    translated(page, "Un chien galope.", 1)
    assert [one.get_attribute("aria-label") for one in page.locator(".target").all()] == [
        *("Translation by en-fr", "Translation by en-fr-large")
    ]
    word(page, "galope", 1).hover()
    assert lit(page) == ["runs"]
    assert lit(page, ".result") == ["court", "galope"]
    page.get_by_role("button", name="Two models").click()
    assert page.locator(".target").count() == 1


@pytest.mark.slow
def test_both_models_are_asked_again(show, fake):
    fake.models = [*MODELS, model("en-fr-large", "en", "fr")]
    page = show(quiet=False)
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    page.get_by_role("button", name="Two models").click()
    translated(page, "Un chien galope.", 1)
    fake.failures = [refusal(503), refusal(503)]
    page.fill("#text", "Cats.")
    until(page, lambda: fake.failures == [] and page.locator("#notice").is_visible())
    page.wait_for_timeout(200)
    page.get_by_role("button", name="Try again").click()
    translated(page, "Cats.")
    translated(page, "Cats.", 1)


@pytest.mark.slow
@pytest.mark.parametrize(("tongue", "locale"), TONGUES.items())
def test_the_page_speaks_the_language_of_the_browser(show, fake, tongue, locale):
    page = show(locale=locale)
    strings = json.loads((PAGE / "strings" / f"{tongue}.json").read_text(encoding="utf-8"))
    assert page.locator("#text").get_attribute("placeholder") == strings["placeholder"]
    assert page.evaluate("document.documentElement.lang")[:2] == tongue
    assert page.get_by_role("button", name=strings["swap"]).count() == 1
    page.select_option("#tongue", "fr")
    until(page, lambda: page.evaluate("document.documentElement.lang") == "fr")
    assert page.locator("#pick-file").text_content().strip() == "Traduire un fichier"
    page.reload()
    page.wait_for_selector("html[data-ready=fr]", state="attached")


# Files


@pytest.mark.slow
@pytest.mark.parametrize("streams", [True, False])
def test_a_file_that_is_dropped_is_translated(show, fake, tmp_path, streams):
    fake.streams = streams
    page = show(quiet=streams)
    transfer = page.evaluate_handle(
        "() => { const all = new DataTransfer(); all.items.add(new File(['one\\ntwo'], 'notes.txt')); return all; }"
    )
    page.dispatch_event("body", "dragover", {"dataTransfer": transfer})
    assert page.locator("#drop").is_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    assert page.locator("#drop").is_hidden()
    save = page.get_by_role("button", name="Save the translation of notes.txt")
    save.wait_for()
    assert fake.jobs["7f0"]["form"] == {"source": "auto", "target": "fr"}
    with page.expect_download() as download:
        save.click()
    download.value.save_as(tmp_path / "saved.txt")
    assert download.value.suggested_filename == "notes.txt"
    assert (tmp_path / "saved.txt").read_text() == "ONE\nTWO"


@pytest.mark.slow
def test_a_file_shows_its_progress_and_can_be_cancelled(show, fake):
    fake.pace = 0.5
    page = show()
    page.set_input_files("#file", {"name": "long.txt", "mimeType": "text/plain", "buffer": b"line\n" * 100})
    page.locator("#jobs .note", has_text=re.compile("^[1-9][0-9]? of 100 translated$")).wait_for()
    assert page.locator("#jobs progress").get_attribute("max") == "100"
    page.get_by_role("button", name="Cancel long.txt").click()
    page.locator("#jobs .note", has_text="Cancelled").wait_for()
    until(page, lambda: fake.jobs == {})
    page.get_by_role("button", name="Remove long.txt from the list").click()
    assert page.locator("#jobs li").count() == 0


@pytest.mark.slow
def test_a_file_that_is_too_large_is_not_sent(show, fake):
    page = show()
    page.set_input_files("#file", {"name": "big.txt", "mimeType": "text/plain", "buffer": b"x" * 100_001})
    assert page.locator("#notice-text").text_content() == "big.txt is too large: at most 0.1 MB are taken."
    assert fake.jobs == {}


@pytest.mark.slow
def test_a_file_that_the_server_refuses_says_why(show, fake):
    page = show(quiet=False)
    fake.failures = [refusal(422, "a file of the kind .exe is not translated")]
    page.set_input_files("#file", {"name": "x.exe", "mimeType": "text/plain", "buffer": b"x"})
    note = page.locator("#jobs .failed .note")
    note.wait_for()
    assert note.text_content() == "Failed: The server cannot do this: a file of the kind .exe is not translated"


@pytest.mark.slow
def test_a_refusal_is_said_by_its_code_and_what_the_server_says_stands_behind_it(show, fake):
    page = show(quiet=False, locale="fr-FR")
    said = "x.docx: no format has the ending '.docx'"
    fake.failures = [JSONResponse({"error": {"code": "unknown_format", "message": said}}, 422)]
    page.set_input_files("#file", {"name": "x.docx", "mimeType": "text/plain", "buffer": b"x"})
    note = page.locator("#jobs .failed .note")
    note.wait_for()
    assert note.text_content() == f"Échec : Les fichiers de ce type ne sont pas traduits ici : {said}"
    assert note.locator("[lang=en]").text_content() == said
    page.select_option("#tongue", "zh")
    page.locator("#jobs .note", has_text=f"失败：此处不翻译这种文件：{said}").wait_for()
    fake.fate = {"state": "failed", "error": "translation failed"}
    page.set_input_files("#file", {"name": "y.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.locator("#jobs .failed .note", has_text="失败：translation failed").wait_for()
    assert page.locator("#jobs .note [lang=en]").first.text_content() == "translation failed"


@pytest.mark.slow
def test_a_file_that_finds_the_server_busy_is_sent_again(show, fake):
    page = show(quiet=False)
    fake.failures = [refusal(503, "busy", **{"Retry-After": "1"}), refusal(429, "often", **{"Retry-After": "1"})]
    page.set_input_files("#file", {"name": "late.txt", "mimeType": "text/plain", "buffer": b"one"})
    page.locator("#jobs .note", has_text="Waiting: Trying again in 1 s").wait_for()
    page.get_by_role("button", name="Save the translation of late.txt").wait_for()
    assert (list(fake.jobs), fake.failures) == (["7f0"], [])


# What goes wrong


def refusal(status: int, message: str = "no", **headers: str) -> JSONResponse:
    return JSONResponse({"error": {"code": "x", "message": message}}, status, headers=headers)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (413, "This is too long for the server."),
        (422, "The server cannot do this: no model translates into 'fr'"),
        (456, "The characters allowed for this key are used up."),
        (500, "Something went wrong on the server."),
        (503, "The server is busy."),
    ],
)
def test_what_goes_wrong_is_said_in_plain_words(show, fake, status, words):
    page = show(quiet=False)
    fake.failures = [refusal(status, "no model translates into 'fr'")]
    page.fill("#text", "A dog runs.")
    page.get_by_role("alert").filter(has_text=words).wait_for()
    page.get_by_role("button", name="Try again").click()
    translated(page, "Un chien court.")
    assert page.locator("#notice").is_hidden()


@pytest.mark.slow
@pytest.mark.parametrize("offline", [False, True])
def test_a_translation_of_another_text_is_not_taken_for_that_of_this(show, fake, offline):
    """After a refusal it is pale, says nothing of itself, and neither it nor its words can be used."""
    page = show(quiet=False)
    page.fill("#text", "A dog runs.")
    result = translated(page, "Un chien court.")
    copy = page.get_by_role("button", name="Copy")
    assert copy.is_enabled()
    fake.failures = [] if offline else [refusal(456)]
    page.context.set_offline(offline)
    page.fill("#text", "A cat sleeps.")
    page.locator("#notice").wait_for()
    assert [result.get_attribute(name) for name in ("aria-busy", "aria-disabled")] == ["true", "true"]
    assert float(result.evaluate("(e) => getComputedStyle(e).opacity")) < 0.6
    assert [copy.is_enabled(), page.locator(".overall").is_visible()] == [False, False]
    word(page, "chien").click(force=True)
    assert [fake.completed, page.locator(".choices").count(), page.locator(".about").text_content()] == [[], 0, ""]
    page.fill("#text", "A dog runs.")  # what is there is its translation: nothing needs to be asked
    translated(page, "Un chien court.")
    assert page.locator("#notice").is_hidden()
    assert [copy.is_enabled(), page.locator(".overall").is_visible(), lit(page)] == [True, True, []]
    page.mouse.move(0, 0)
    word(page, "chien").hover()
    assert lit(page) == ["dog"]
    page.context.set_offline(False)
    page.fill("#text", "A cat sleeps.")
    translated(page, "A cat sleeps.")
    assert copy.is_enabled()


@pytest.mark.slow
def test_words_that_cannot_be_chosen_are_told(show, fake):
    fake.whole = True
    page = show()
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    assert page.locator(".about").text_content() == strings("en")["whole"]
    assert page.locator(".result .word").count() == 0


@pytest.mark.slow
def test_what_the_server_warns_of_is_said_in_the_language_of_the_page(show, fake):
    fake.warnings = [
        warning.LOOP,
        warning.PARTS.format(longest=512, parts=2),
        warning.THROUGH.format(language="French"),
        warning.ON_THE_WAY.format(warning=warning.UNKNOWN.format(unknown=1, pieces=9)),
        "something new",
        warning.ON_THE_WAY.format(warning="something new"),
    ]
    page = show(locale="fr-FR")
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    assert page.locator(".warnings li").all_text_contents() == [
        "la traduction se répète",
        "plus long que les 512 jetons acceptés par le modèle : traduit en 2 parties",
        "traduit par une langue intermédiaire (Français) : il n’y a pas de modèle direct",
        "en chemin : 1 unités sur 9 sont inconnues du modèle",
        "something new",
        "on the way: something new",
    ]
    assert page.locator(".warnings [lang=en]").all_text_contents() == ["something new", "on the way: something new"]
    page.select_option("#tongue", "zh")
    page.locator(".warnings li", has_text="译文出现重复").wait_for()


@pytest.mark.slow
def test_too_many_requests_are_asked_again_when_the_server_says(show, fake):
    page = show(quiet=False)
    page.clock.install()
    fake.failures = [JSONResponse({}, 429, headers={"Retry-After": "30"})]
    page.fill("#text", "A dog runs.")
    page.clock.run_for(400)
    page.get_by_role("alert").filter(has_text="Too many requests in a short time.").wait_for()
    assert page.locator("#notice-count").text_content() == "Trying again in 30 s"
    fake.failures = [JSONResponse({}, 429, headers={"Retry-After": "30"})]
    page.clock.run_for(31_000)
    until(page, lambda: page.locator("#notice-count").text_content() == "Trying again in 60 s")
    page.clock.run_for(61_000)
    translated(page, "Un chien court.")


@pytest.mark.slow
def test_without_a_network_the_page_says_so_and_goes_on_later(show, fake):
    page = show(quiet=False)
    page.context.set_offline(True)
    page.fill("#text", "A dog runs.")
    page.get_by_role("alert").filter(has_text="The server cannot be reached").wait_for()
    page.context.set_offline(False)
    translated(page, "Un chien court.")


@pytest.mark.slow
def test_a_key_is_asked_for_and_forgotten_with_the_tab(show, fake):
    fake.failures = [refusal(401), refusal(401)]
    page = show(quiet=False)
    page.get_by_role("alert").filter(has_text="This server asks for a key").wait_for()
    page.get_by_label("API key").fill("secret")
    page.keyboard.press("Enter")
    page.locator("#usage", has_text="1,200 of 50,000 characters used").wait_for()
    page.select_option("#to", "fr")
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    assert fake.keys[-1] == "Bearer secret"
    assert page.evaluate("[JSON.stringify(localStorage), sessionStorage['calque.key'], document.cookie]") == [
        *("{}", "secret", "")
    ]
    other = page.context.new_page()
    other.goto(page.url)
    assert other.evaluate("sessionStorage['calque.key'] ?? null") is None


# What must never run


@pytest.mark.slow
@pytest.mark.parametrize("text", XSS)
def test_a_text_never_runs(show, fake, text):
    """As text, translation, warning, word, other way to go on, file name, model, language and error message."""
    fake.models = [model(text, "en", "fr"), model(f"{text} 2", "en", "fr")]
    page = show(quiet=False)
    page.fill("#text", text)
    translated(page, text.replace("\r", ""))
    for place in range(page.locator(".result .word").count()):
        page.locator(".result .word").nth(place).hover()
    page.get_by_role("button", name="Two models").click()
    translated(page, text, 1)
    if page.locator(".result .word").count():
        page.locator(".result .word").first.click()
        page.locator(".choices [role=option]").first.wait_for()
        page.keyboard.press("Enter")
    page.set_input_files("#file", {"name": re.sub("[/:]", "", text), "mimeType": "text/html", "buffer": text.encode()})
    page.locator("#jobs .done").wait_for()
    fake.failures = [refusal(422, text)] * 2
    page.fill("#text", f"{text} ")
    page.get_by_role("alert").filter(has_text="The server cannot do this").wait_for()
    assert page.evaluate("[window.ran, window.refused]") == [None, []]
    assert page.locator("main script, main img, main iframe, main style, main a").count() == 0


@pytest.mark.slow
def test_a_name_of_a_language_never_runs(show, fake, monkeypatch):
    monkeypatch.setitem(LANGUAGES[0], "targets", ["fr", XSS[1]])
    page = show()
    page.select_option("#to", XSS[1])
    assert page.evaluate("[window.ran, window.refused]") == [None, []]


@pytest.mark.slow
def test_html_that_was_translated_never_runs(browser, tmp_path):
    """What comes back as HTML is put into a page that forbids nothing, and everything in it is pointed at and clicked;
    one that would run shows that the test sees it."""
    with serving(settings(tmp_path), FakePolyglot()) as address:
        client = Client(address)
        said = [client.translate(f"a dog {text} runs", "fr", "en", format="html").text for text in XSS]
    page = browser.new_context().new_page()

    def ran(markup: str) -> bool:
        page.goto("about:blank")
        page.set_content(f"<body>{markup}</body>")
        page.evaluate(
            """() => {
                for (const element of document.querySelectorAll("*"))
                    for (const kind of ["mouseover", "focus", "toggle", "click", "load", "error"])
                        element.dispatchEvent(new Event(kind, { cancelable: true }));
                for (const link of document.querySelectorAll("a")) link.click();
            }"""
        )
        page.wait_for_timeout(50)
        return page.evaluate("window.ran !== undefined || window.RAN !== undefined")

    assert ran("<img src=x onerror=window.ran=1>")
    assert ran("<a href='javascript:void(window.ran=1)'>x</a>")
    assert [text for text, markup in zip(XSS, said, strict=True) if ran(markup)] == []
    assert all("A DOG" in markup for markup in said)
    page.context.close()


# For everybody


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("tongue", TONGUES)
def test_axe_finds_nothing_serious(show, fake, scheme, width, tongue):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is absent: run `make setup`")
    fake.models = [*MODELS, model("en-fr-large", "en", "fr")]

    def seen(page: Any) -> list[dict[str, Any]]:
        told = axe.Axe().run(page).response
        assert len(told["passes"]) > 15
        return told["violations"]

    page = show(
        width, quiet=False, locale=TONGUES[tongue], color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
    )
    found = [seen(page)]
    page.fill("#text", "A dog runs.")
    translated(page, "Un chien court.")
    page.click("#compare")
    translated(page, "Un chien galope.", 1)
    page.set_input_files("#file", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"one\ntwo"})
    page.locator("#jobs .done").wait_for()
    word(page, "chien").click()
    page.locator(".choices [role=option][aria-selected=true]").wait_for()
    found.append(seen(page))
    page.locator(".choices [role=option]", has_text="chat").click()
    translated(page, "Un chat court.")
    fake.failures = [refusal(503, **{"Retry-After": "60"})] * 2
    page.fill("#text", "A dog runs. ")
    page.locator("#notice").wait_for()
    page.locator("#key summary").click()
    found.append(seen(page))
    serious = [
        (one["id"], node["html"], node["failureSummary"])
        for violations in found
        for one in violations
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


OUTSIDE = """(width) => [...document.querySelectorAll("body *")].filter((element) => {
    if (element.closest(".unseen, .skip, .under, .rest, .next") || !element.checkVisibility()) return false;
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.left < 0 || box.right > width);
}).map((element) => `${element.tagName}.${element.className} ${element.textContent.slice(0, 40)}`)"""


@pytest.mark.slow
@pytest.mark.parametrize("target", ["fr", "ar"])
@pytest.mark.parametrize("tongue", TONGUES)
def test_nothing_lies_outside_the_screen_of_a_phone(show, fake, tongue, target):
    page = show(320, quiet=False, locale=TONGUES[tongue])
    page.select_option("#to", target)
    page.set_input_files("#file", {"name": f"{'long' * 20}.txt", "mimeType": "text/plain", "buffer": b"one"})
    found: dict[Any, list[str]] = {}

    def look(what: str) -> None:
        found[what, width] = page.evaluate(OUTSIDE, width)

    for width in (320, 360, 390):
        page.set_viewport_size({"width": width, "height": 700})
        page.fill("#text", SENTENCES)
        page.locator(".result .word").nth(3).wait_for()
        until(page, lambda: page.locator(".result").get_attribute("aria-busy") == "false")
        look("page")
        for place in (0, 3, page.locator(".result .word").count() - 1):
            page.locator(".result .word").nth(place).click()
            page.locator(".choices .sure").first.wait_for()
            look(f"choices {place}")
            page.keyboard.press("Escape")
        fake.failures = [refusal(422, "no model translates into 'fr'" * 5)]
        page.fill("#text", f"{SENTENCES} ")
        page.locator("#notice").wait_for()
        page.click("#key summary")
        page.locator("#usage").wait_for()
        look("key and notice")
        page.click("#key summary")
    assert {where: out for where, out in found.items() if out} == {}


@pytest.mark.slow
def test_nothing_moves_where_less_motion_is_wished(show, fake):
    page = show(reduced_motion="reduce")
    assert page.locator(".result").evaluate("(e) => getComputedStyle(e).transitionDuration") == "0s"


# With the server itself


@pytest.mark.slow
def test_the_page_and_the_server_understand_one_another(browser, tmp_path):
    with serving(settings(tmp_path), FakePolyglot()) as address:
        context = browser.new_context(locale="en-US")
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.goto(address)
        page.wait_for_selector("html[data-ready]", state="attached")
        page.select_option("#to", "fr")
        page.fill("#text", "a dog runs")
        translated(page, "A DOG RUNS")
        assert page.locator("#detected").text_content() == "Detected: English"
        assert page.locator("#count").text_content() == "10 / 50,000"
        page.locator(".result .word").click()
        options = page.locator(".choices .next")
        options.first.wait_for()
        assert options.all_text_contents() == ["A", "DOG", "RUNS"]
        options.nth(1).click()
        translated(page, "DOGA DOG RUNS")
        page.set_input_files("#file", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"one\ntwo\n"})
        page.get_by_role("button", name="Save the translation of notes.txt").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the translation of notes.txt").click()
        download.value.save_as(tmp_path / "saved.txt")
        assert (tmp_path / "saved.txt").read_bytes() == b"ONE\nTWO\n"
        assert wrong == []
        context.close()


# Without a browser


def strings(tongue: str) -> dict[str, str]:
    found = json.loads((PAGE / "strings" / f"{tongue}.json").read_text(encoding="utf-8"))
    return {name: text for name, text in found.items() if name != "warnings"}


def warnings(tongue: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((PAGE / "strings" / f"{tongue}.json").read_text(encoding="utf-8"))["warnings"]
    return found


@pytest.mark.parametrize("tongue", ["fr", "zh"])
def test_each_language_of_the_page_has_every_string(tongue):
    """And each string has the same values to be filled in."""
    values = {name: sorted(re.findall(r"{(\w+)}", text)) for name, text in strings("en").items()}
    assert {name: sorted(re.findall(r"{(\w+)}", text)) for name, text in strings(tongue).items()} == values
    assert [name for name, text in strings(tongue).items() if not text.strip()] == []


@pytest.mark.parametrize("tongue", TONGUES)
def test_each_language_of_the_page_has_every_warning(tongue):
    sentences = {value for name, value in vars(warning).items() if name.isupper()}
    assert set(warnings(tongue)) == sentences
    for sentence, told in warnings(tongue).items():
        assert sorted(re.findall(r"{(\w+)}", told)) == sorted(re.findall(r"{(\w+)}", sentence))
        assert (told == sentence) == (tongue == "en")


def test_every_warning_is_one_of_those_that_the_page_may_know():
    """No sentence is made in the place where a translation gets it."""
    made = []
    for file in (Path(calque.__file__).parent / room for room in ("decoding", "server", "text")):
        for path in file.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                given = []
                if isinstance(node, ast.Call):
                    given = [one.value for one in node.keywords if one.arg in ("warnings", "notes")]
                    if isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend"):
                        given += node.args if ast.unparse(node.func.value) in ("warnings", "notes", "found") else []
                elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("note", "notes", "warnings"):
                    given = [node.value]
                made += [
                    f"{path.name}:{part.lineno}: {ast.unparse(part)}"
                    for value in given
                    for part in ast.walk(value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value
                ]
    assert made == []


def test_every_string_of_the_page_is_used_and_every_one_used_is_there():
    markup = (PAGE / "index.html").read_text(encoding="utf-8")
    scripts = "".join(file.read_text(encoding="utf-8") for file in PAGE.glob("*.js"))
    named = set(re.findall(r'data-(?:say|label|hint)="(\w+)"', markup)) | set(re.findall(r'say\("(\w+)"', scripts))
    known = strings("en")
    assert named - set(known) == set()
    spelt = set(re.findall(r'"(\w+)"', scripts)) | set(
        re.findall(r"(\w+)", "running queued cancel_file save_file remove_file")
    )
    assert set(known) - named - spelt == set()


def test_scripts_make_no_markup_out_of_text():
    scripts = {file.name: file.read_text(encoding="utf-8") for file in PAGE.glob("*.js")}
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser"
    assert [name for name, text in scripts.items() if re.search(forbidden, text)] == []
    markup = (PAGE / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?://", markup) == []


def test_files_come_with_headers_that_let_nothing_else_run(fake):
    with TestClient(fake.app) as client:
        answers = {
            path: client.get(path) for path in ("/", "/page/main.js", "/page/style.css", "/page/strings/fr.json")
        }
        policy = answers["/"].headers["content-security-policy"]
        again = client.get("/", headers={"If-None-Match": answers["/"].headers["etag"]})
        changed = client.get("/", headers={"If-None-Match": '"other"'})
        missing = client.get("/page/../own.py")
    assert [one.headers["content-type"] for one in answers.values()] == [
        *("text/html; charset=utf-8", "text/javascript; charset=utf-8", "text/css; charset=utf-8", "application/json")
    ]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert {one.headers["content-security-policy"] for one in answers.values()} == {policy}
    for name, value in {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
    }.items():
        assert {one.headers[name] for one in answers.values()} == {value}
    assert (again.status_code, again.content, changed.status_code, missing.status_code) == (304, b"", 200, 404)


def until(page: Any, met: Callable[[], bool]) -> None:
    """Wait until the server has come to this."""
    for _ in range(500):
        if met():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not come to this")
