"""The Python client, over real HTTP: against the server, and against one that is slow, busy or cross."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from fake_api import FakeApi, Running
from fake_polyglot import FakePolyglot
from http_server import serving, settings
from starlette.responses import JSONResponse, PlainTextResponse

import calque
from calque.client import Client, Job, Translated, Way
from calque.errors import CalqueError, DataError, EngineError, ModelError, RecipeError
from calque.records import Alignment, Word


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Iterator[Client]:
    """A client of the server."""
    with serving(settings(tmp_path_factory.mktemp("server"), characters=1000), FakePolyglot()) as address:
        yield Client(address, key="mine")


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[FakeApi, str]]:
    fake = FakeApi()
    with Running(fake.app) as place:
        yield fake, place.address


@pytest.fixture
def fake(running) -> FakeApi:
    running[0].reset()
    running[0].pace = 0
    return running[0]


@pytest.fixture
def client(running, fake) -> Client:
    return Client(running[1], key="secret")


@pytest.fixture
def slept(monkeypatch) -> list[float]:
    """The seconds that were waited; nobody waits."""
    waits: list[float] = []
    monkeypatch.setattr("calque.client.time.sleep", waits.append)
    return waits


def test_the_library_shows_it():
    assert calque.Client is Client


def test_one_text_and_several(real):
    assert real.translate("dog", "fr") == Translated("DOG", -0.5, source="en", model="en-fr")
    assert [one.text for one in real.translate(["dog", "cat"], "de", "en")] == ["DOG", "CAT"]
    assert real.translate([], "fr") == []


def test_all_that_is_known_of_a_translation(real):
    found = real.translate("😀 dog", "fr", explain=True, alternatives=1, prefix="Le ")
    alignment = Alignment((Word(0, 5),), (Word(0, 8, 0.75),), ((0, 0),))
    assert found == Translated(
        "Le 😀 DOG", -0.5, (("Le 😀 DOG!", -1.5),), (), 0.75, alignment, source="en", model="en-fr"
    )


def test_completions_detection_models_languages_usage(real):
    assert real.complete("a dog", "fr", "Un ", count=1) == [Way("Un A.", "A", -0.5, 0.5)]
    assert real.detect("été") == [("fr", 0.9)]
    assert real.detect(["dog", "été"]) == [("en", 0.8), ("fr", 0.9)]
    assert real.languages() == {"en": ("fr", "de"), "fr": ("en",)}
    assert [one["name"] for one in real.models()] == ["en-fr", "en-de", "fr-en"]
    assert real.usage()["text_limit"] == 1000


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda c: c.translate("a", "frr"),
            RecipeError,
            "no model translates from 'en' into 'frr'; did you mean 'fr'?",
        ),
        (
            lambda c: c.translate("a" * 1001, "fr"),
            DataError,
            "'text' has 1001 characters: at most 1000 go into a request",
        ),
        (lambda c: c.translate("\ud800", "fr"), DataError, "half a surrogate pair in a text: it is no Unicode text"),
        (lambda c: c.translate("a", "fr", modell="x"), RecipeError, "unknown field 'modell'; did you mean 'model'?"),
        (lambda c: c.start("nowhere/notes.txt", "fr"), DataError, "nowhere/notes.txt: cannot be read: No such file"),
    ],
)
def test_what_is_refused_is_an_error_of_calque(real, call, kind, message):
    with pytest.raises(kind) as raised:
        call(real)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, RecipeError),
        (403, RecipeError),
        (404, RecipeError),
        (409, ModelError),
        (456, EngineError),
        (500, EngineError),
    ],
)
def test_each_status_is_an_error_with_the_servers_words(client, fake, status, kind):
    fake.failures = [JSONResponse({"error": {"code": "x", "message": "so it is"}}, status)]
    with pytest.raises(kind, match=r"^so it is$"):
        client.translate("a", "fr")


def test_an_answer_of_something_else_is_an_error(client, fake):
    fake.failures = [PlainTextResponse("<html>", 502), PlainTextResponse("<html>")]
    with pytest.raises(EngineError, match="the server answers 502 Bad Gateway"):
        client.languages()
    with pytest.raises(EngineError, match="answers with no JSON: is this a calque server"):
        client.languages()


def test_a_busy_server_is_asked_again_when_it_says(client, fake, slept):
    fake.failures = [
        JSONResponse({}, 429, {"Retry-After": "3"}),
        JSONResponse({}, 503, {"Retry-After": "0"}),
        JSONResponse({}, 503),
    ]
    assert client.translate("A dog runs.", "fr").text == "Un chien court."
    assert slept == [3.0, 0.0, 4.0]
    assert fake.keys == ["Bearer secret"] * 4


def test_patience_ends(running, fake, slept):
    fake.failures = [JSONResponse({"error": {"message": "slow down"}}, 429, {"Retry-After": "40"})] * 2
    with pytest.raises(EngineError, match=r"^slow down$"):
        Client(running[1], patience=60).translate("a", "fr")
    assert slept == [40.0]
    fake.failures = [JSONResponse({}, 503)]
    with pytest.raises(EngineError, match="the server answers 503"):
        Client(running[1], patience=0).translate("a", "fr")


def test_a_server_that_is_not_there():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{place.getsockname()[1]}"
        with pytest.raises(EngineError, match=f"^{url}/api/v1/ cannot be reached: "):
            Client(url).models()
    with pytest.raises(RecipeError, match="'file:///etc/passwd' is no address of a server"):
        Client("file:///etc/passwd")


def test_a_server_that_says_nothing_is_given_up(running, fake):
    fake.delays["a"] = 30
    with pytest.raises(EngineError, match="timed out"):
        Client(running[1], timeout=0.05).translate("a", "fr")


def test_a_redirection_is_not_followed(client, fake):
    fake.failures = [PlainTextResponse("", 302, {"Location": "http://127.0.0.1:9/"})]
    with pytest.raises(EngineError, match="the server answers 302"):
        client.languages()


@pytest.mark.parametrize("streams", [True, False])
def test_a_file_is_translated(client, fake, tmp_path, slept, streams):
    fake.streams = streams
    (tmp_path / 'a "b".txt').write_bytes("é\ntwo\n".encode())
    told: list[Job] = []
    job = client.translate_file(tmp_path / 'a "b".txt', tmp_path / "out.txt", "fr", told=told.append)
    assert (tmp_path / "out.txt").read_bytes() == "É\nTWO\n".encode()
    assert job == Job("7f0", "done", 2, 2, "2026-01-01T00:00:00Z", "a %22b%22.txt", None)
    assert [one.done for one in told] == [0, 1, 2]
    assert fake.jobs["7f0"]["form"] == {"source": "auto", "target": "fr"}
    with pytest.raises(DataError, match="is there already"):
        client.translate_file(tmp_path / "out.txt", tmp_path / "out.txt", "fr")


def test_a_job_that_fails_says_why(client, fake, tmp_path, slept):
    (tmp_path / "a.txt").write_text("x")
    fake.fate = {"state": "failed", "error": {"code": "invalid", "message": "no such language"}}
    with pytest.raises(EngineError, match=r"a\.txt: failed: no such language$"):
        client.translate_file(tmp_path / "a.txt", tmp_path / "out.txt", "fr")
    assert not (tmp_path / "out.txt").exists()


def test_a_job_can_be_looked_at_and_cancelled(client, fake, tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\nthree")
    job = client.start(tmp_path / "a.txt", "fr", "en", "en-fr")
    assert (client.job(job.id).state, fake.jobs[job.id]["form"]["model"]) == ("running", "en-fr")
    client.cancel(job.id)
    with pytest.raises(CalqueError):
        client.job(job.id)


def test_it_needs_nothing_but_python():
    code = (
        "import sys; before = set(sys.modules); import calque.client;"
        "print(sorted({m.partition('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['calque']\n"
