"""calque's own API: what it answers, and what it refuses with which words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fake_polyglot import FakePolyglot
from http_server import settings
from starlette.testclient import TestClient

from calque.server import examples
from calque.server.app import create_app
from calque.server.question import Complete, Detect, Translate

MODEL = {"name": "en-fr", "version": "1", "source": "en", "target": "fr", "engine": "fake"}


@pytest.fixture
def client(tmp_path) -> Iterator[TestClient]:
    serve = settings(tmp_path, characters=1000, texts=20, alternatives=3)
    with TestClient(create_app(serve, FakePolyglot())) as client:
        yield client


def refused(answer) -> tuple[int, str, str]:
    told = answer.json()
    assert list(told) == ["error"]
    return answer.status_code, told["error"]["code"], told["error"]["message"]


def test_a_text_comes_back_with_all_that_is_known(client):
    asked = {"text": "a dog", "source": "auto", "target": "fr", "explain": True, "alternatives": 1, "prefix": "UN "}
    answer = client.post("/api/v1/translate", json=asked)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "translations": [
                {
                    "text": "UN A DOG",
                    "source": "en",
                    "detected": {"language": "en", "confidence": 0.8},
                    "score": -0.5,
                    "confidence": 0.75,
                    "alternatives": [{"text": "UN A DOG!", "score": -1.5}],
                    "alignment": {"source": [[0, 5]], "target": [[0, 8, 0.75]], "links": [[0, 0]]},
                    "warnings": [],
                    "model": "en-fr",
                }
            ],
            "model": MODEL,
        },
    )


def test_a_list_comes_back_as_one_each_by_its_own_model(client):
    answer = client.post("/api/v1/translate", json={"text": ["dog", "été", ""], "target": "en"}).json()
    assert [(one["text"], one["source"], one["model"]) for one in answer["translations"]] == [
        *(("dog", "en", None), ("ÉTÉ", "fr", "fr-en"), ("", "en", None))
    ]
    assert answer["translations"][0]["warnings"] == ["source and target are the same language: copied"]
    assert answer["model"] is None
    assert client.post("/api/v1/translate", json={"text": [], "target": "fr"}).json()["translations"] == []


def test_confidence_and_alignment_come_where_they_are_asked_for(client):
    (told,) = client.post("/api/v1/translate", json={"text": "dog", "source": "en", "target": "fr"}).json()[
        "translations"
    ]
    assert (told["confidence"], told["alignment"], told["detected"]) == (None, None, None)


def test_completions(client):
    asked = {"text": "a dog runs", "target": "fr", "prefix": "Un ", "count": 2}
    answer = client.post("/api/v1/complete", json=asked)
    assert answer.json() == {
        "completions": [
            {"text": "Un A.", "next": "A", "score": -0.5, "confidence": 0.5},
            {"text": "Un DOG.", "next": "DOG", "score": -0.5, "confidence": 0.25},
        ],
        "model": MODEL,
    }


def test_a_word_that_was_begun_is_the_next(client):
    asked = {"text": "chien", "target": "fr", "source": "en", "prefix": "Un ch", "count": 1}
    (told,) = client.post("/api/v1/complete", json=asked).json()["completions"]
    assert (told["text"], told["next"]) == ("Un chCHIEN.", "chCHIEN")


def test_completions_are_of_texts_so_long(tmp_path):
    with TestClient(create_app(settings(tmp_path, complete_characters=5), FakePolyglot())) as client:
        answer = client.post("/api/v1/complete", json={"text": "a dog", "target": "fr"})
        assert answer.status_code == 200
        answer = client.post("/api/v1/complete", json={"text": "a dog.", "target": "fr"})
        assert refused(answer) == (
            *(413, "too_large"),
            "'text' has 6 characters: translations of at most 5 are completed",
        )


@pytest.mark.parametrize("path", ["translate", "complete"])
def test_what_was_accepted_is_answered_by_its_models_whatever_is_loaded_meanwhile(tmp_path, path):
    polyglot = FakePolyglot()
    with TestClient(create_app(settings(tmp_path), polyglot)) as client, ThreadPoolExecutor(1) as beside:
        polyglot.open_.clear()
        asked = beside.submit(client.post, f"/api/v1/{path}", json={"text": "a", "source": "en", "target": "fr"})
        for _ in range(500):
            if polyglot.asked or polyglot.completed:
                break
            time.sleep(0.01)
        client.app.state.desk.swap(FakePolyglot(version=2, pairs=[("de", "en")]))
        polyglot.open_.set()
        answer = asked.result()
    assert (answer.status_code, answer.json()["model"]) == (200, MODEL)


def test_languages_models_detection(client):
    assert client.post("/api/v1/detect", json={"text": "été"}).json() == {
        "detections": [{"language": "fr", "confidence": 0.9}]
    }
    assert client.get("/api/v1/models").json()["models"][0] == MODEL | {"ready": True}
    assert client.get("/api/v1/languages").json() == {
        "languages": [
            {"code": "en", "name": "English", "targets": ["fr", "de"]},
            {"code": "fr", "name": "French", "targets": ["en"]},
        ]
    }


def test_usage_counts_what_was_translated(client):
    mine = {"Authorization": "Bearer mine"}
    client.post("/api/v1/translate", json={"text": ["dog", "😀"], "target": "fr"}, headers=mine)
    client.post("/api/v1/complete", json={"text": "dog", "target": "fr"}, headers=mine)
    client.post("/api/v1/translate", json={"text": "dog", "target": "frr"}, headers=mine)
    used = client.get("/api/v1/usage", headers=mine).json()
    assert (used["used"], used["allowed"], used["requests"]) == (7, None, 3)
    assert (used["text_limit"], used["file_limit"]) == (1000, 20_000_000)
    assert client.get("/api/v1/usage", headers={"Authorization": "Bearer other"}).json()["used"] == 0


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"target": "fr"}, (422, "invalid", "'text' is required: a text, or a list of texts")),
        ({"text": "dog"}, (422, "invalid", "'target' is required: the language to translate into, such as \"fr\"")),
        ({"text": 5, "target": "fr"}, (422, "invalid", "'text' does not fit: a text, or a list of texts")),
        ({"text": ["a", 5], "target": "fr"}, (422, "invalid", "'text' does not fit: a text, or a list of texts")),
        ({"text": [5] * 300_000, "target": "fr"}, (422, "invalid", "'text' does not fit: a text, or a list of texts")),
        (
            {str(place): 0 for place in range(100_000)},
            (
                422,
                "invalid",
                "the body has 100000 fields (known: source, target, model, text, format, explain, alternatives, "
                "prefix, glossary, protect, sentences)",
            ),
        ),
        ({"text": "a\0", "target": "fr"}, (422, "invalid", "'text' has a NUL character (U+0000)")),
        (
            {"text": "\ud800", "target": "fr"},
            (422, "invalid", "'text' has half a surrogate pair: it is no Unicode text"),
        ),
        (
            {"text": "a", "source": "en", "target": "fr", "glossary": "\ud800"},
            (422, "invalid", "'glossary' has half a surrogate pair: it is no Unicode text"),
        ),
        (
            {"text": "a", "target": "fr", "\ud800": 1},
            (
                422,
                "invalid",
                "unknown field '?' (known: source, target, model, text, format, explain, alternatives, prefix, "
                "glossary, protect, sentences)",
            ),
        ),
        (
            {"text": "a", "target": "f" * 101},
            (422, "invalid", "'target' is longer than 100 characters: no such thing here"),
        ),
        (
            {"text": "a", "source": "en", "target": "frr"},
            (422, "unknown_language", "no model translates from 'en' into 'frr'; did you mean 'fr'?"),
        ),
        (
            {"text": "a", "target": "fr", "alternatives": 10_000},
            (422, "invalid", "'alternatives' must be a whole number from 0 to 3"),
        ),
        (
            {"text": "a", "target": "fr", "alternatives": True},
            (422, "invalid", "'alternatives' does not fit: how many other translations to give: a whole number"),
        ),
        (
            {"text": "a", "target": "fr", "explain": "yes"},
            (422, "invalid", "'explain' does not fit: true or false: tell confidence and word alignment too"),
        ),
        (
            {"text": ["a", "b"], "target": "fr", "prefix": "c"},
            (422, "invalid", "'prefix' goes with one text, and 'text' is a list of several"),
        ),
        (
            {"text": "a" * 1001, "target": "fr"},
            (413, "too_large", "'text' has 1001 characters: at most 1000 go into a request"),
        ),
        ({"text": ["a"] * 21, "target": "fr"}, (413, "too_large", "'text' has 21 texts: at most 20 go into a request")),
        (["a"], (400, "bad_request", 'the body is no JSON object, such as {"q": "Hello"}')),
    ],
)
def test_what_does_not_fit_is_refused_in_plain_words(client, asked, expected):
    answer = client.post("/api/v1/translate", content=json.dumps(asked))
    assert refused(answer) == expected


def test_an_unknown_field_is_refused_with_the_nearest(client):
    answer = client.post("/api/v1/translate", json={"text": "a", "target": "fr", "alternative": 1})
    status, code, message = refused(answer)
    assert (status, code) == (422, "invalid")
    assert message.startswith("unknown field 'alternative'; did you mean 'alternatives'? (known: ")


def test_deep_nesting_and_other_bodies_are_no_json(client):
    for body in ("[" * 100_000, '{"text": NaN}', "", "text=a", b"\xff{}"):
        answer = client.post("/api/v1/translate", content=body)
        assert refused(answer)[:2] in ((400, "bad_request"), (422, "invalid"))


def test_keys_are_asked_for_in_every_call(tmp_path):
    keys = tmp_path / "keys.toml"
    keys.write_text("")
    with TestClient(create_app(settings(tmp_path, keys=keys), FakePolyglot())) as client:
        for path in ("models", "languages", "usage"):
            assert refused(client.get(f"/api/v1/{path}"))[:2] == (401, "no_key")
            assert refused(client.get(f"/api/v1/{path}", headers={"Authorization": "Bearer x"}))[:2] == (
                *(403, "wrong_key"),
            )
        for path in ("translate", "complete", "detect"):
            asked = {"text": "a"} | ({} if path == "detect" else {"target": "fr"})
            assert refused(client.post(f"/api/v1/{path}", json=asked))[:2] == (401, "no_key")
            for content in (b'{"x": 1}', b"no JSON", b"{" * 100_000):  # of strangers nothing is read
                assert refused(client.post(f"/api/v1/{path}", content=content))[:2] == (401, "no_key")
            wrong = client.post(f"/api/v1/{path}", content=b"no JSON", headers={"Authorization": "Bearer x"})
            assert refused(wrong)[:2] == (403, "wrong_key")


def test_the_page_comes_with_the_server_unless_it_is_not_wished(tmp_path):
    with TestClient(create_app(settings(tmp_path), FakePolyglot())) as client:
        assert client.get("/").headers["content-security-policy"].startswith("default-src 'none'; ")
        assert client.post("/").status_code == 405
    with TestClient(create_app(settings(tmp_path, page=False), FakePolyglot())) as client:
        assert client.get("/").status_code == 404


def test_openapi_tells_every_call_with_an_example_that_fits(client):
    told = client.get("/openapi.json").json()
    questions = {"translate": Translate, "complete": Complete, "detect": Detect}
    for name in ("translate", "complete", "detect", "models", "languages", "usage"):
        (call,) = told["paths"][f"/api/v1/{name}"].values()
        answer = call["responses"]["200"]["content"]["application/json"]
        assert answer["example"] == examples.ANSWERS[name]
        assert answer["schema"]["$ref"].startswith("#/components/schemas/")
        refusals = [one for status, one in call["responses"].items() if status != "200"]
        codes = {one["content"]["application/json"]["example"]["error"]["code"] for one in refusals}
        assert {"no_key", "wrong_key"} <= codes
        assert ({"unknown_language", "too_large", "quota"} <= codes) == (name in questions)
        if name in questions:
            body = call["requestBody"]["content"]["application/json"]
            assert questions[name].of(body["example"]).model_dump(exclude_unset=True) == body["example"]


def test_a_database_that_cannot_be_written_is_told_and_passes(client):
    ask = {"text": "a dog", "source": "en", "target": "fr"}
    ledger, store = client.app.state.gate.ledger._file, client.app.state.jobs.store._file
    for file in (ledger, store):
        file.execute("PRAGMA query_only = ON")
    told = "nothing can be kept at the moment (a full disk?): try again later"
    answer = client.post("/api/v1/translate", json=ask)
    assert refused(answer) == (503, "no_storage", told)
    assert answer.headers["retry-after"] == "30"
    job = client.post("/api/v1/jobs", json={"texts": ["a dog"], "source": "en", "target": "fr"})
    assert (refused(job), client.get("/ready").status_code) == ((503, "no_storage", told), 503)
    for file in (ledger, store):
        file.execute("PRAGMA query_only = OFF")
    assert client.post("/api/v1/translate", json=ask).status_code == client.get("/ready").status_code == 200


def test_a_balancer_may_ask_for_the_head_alone(client):
    assert [client.head(path).status_code for path in ("/health", "/ready")] == [200, 200]
