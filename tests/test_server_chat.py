"""The OpenAI-style chat endpoint."""

from __future__ import annotations

import json

import pytest
import requests
from fake_polyglot import FakePolyglot
from http_server import serving, settings
from starlette.testclient import TestClient

from calque.server.app import create_app


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(settings(tmp_path_factory.mktemp("server")), FakePolyglot()) as address:
        yield address


def asked(server, model, messages=({"role": "user", "content": "a dog"},), **more):
    return requests.post(
        server + "/v1/chat/completions", json={"model": model, "messages": list(messages)} | more, timeout=20
    )


@pytest.mark.parametrize("model", ["en-fr", "auto-fr", "fr"])
def test_the_last_message_is_translated(server, model):
    messages = [
        {"role": "system", "content": "You are a translator."},
        {"role": "user", "content": "a cat"},
        {"role": "assistant", "content": "A CAT"},
        {"role": "user", "content": [{"type": "text", "text": "a dog"}]},
    ]
    answer = asked(server, model, messages).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "A DOG"}, "finish_reason": "stop"}
    ]
    assert answer["usage"] == {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}


def test_an_answer_may_come_as_events(server):
    lines = [line for line in asked(server, "en-fr", stream=True).text.split("\n") if line]
    assert lines[-1] == "data: [DONE]"
    first = json.loads(lines[0].removeprefix("data: "))
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "A DOG"}


def test_null_is_the_default(server):
    assert asked(server, "en-fr", n=None, stream=None).json()["choices"][0]["message"]["content"] == "A DOG"


def test_models_are_listed(server):
    listed = requests.get(server + "/v1/models", timeout=20).json()["data"]
    assert [model["id"] for model in listed] == ["en-fr", "en-de", "fr-en"]


def test_keys_are_asked_for_before_anything_is_read(tmp_path):
    (tmp_path / "keys.toml").write_text("")
    with TestClient(create_app(settings(tmp_path, keys=tmp_path / "keys.toml"), FakePolyglot())) as client:
        for headers, code in (({}, "no_key"), ({"Authorization": "Bearer x"}, "wrong_key")):
            for answer in (
                client.get("/v1/models", headers=headers),
                client.post("/v1/chat/completions", content=b"no JSON", headers=headers),
            ):
                assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"model": "gpt"}, 404, "'model' must be the name of a model (see /v1/models) or languages, like en-fr"),
        ({"model": "fr", "n": 3}, 400, "'n' must be 1: /api/v1/translate gives alternatives"),
        ({"model": "fr", "messages": ()}, 400, "'messages' has none of the role user"),
        ({"model": "fr", "messages": [{"role": "user", "content": 5}]}, 400, "'content' is no text"),
        ({"model": 5}, 400, "'model' is no text"),
        ({"model": "fr", "n": True}, 400, "'n' must be 1: /api/v1/translate gives alternatives"),
        ({"model": "fr", "n": []}, 400, "'n' must be 1: /api/v1/translate gives alternatives"),
        ({"model": "fr", "stream": []}, 400, "'stream' must be true or false"),
        ({"model": "fr", "stream": "yes"}, 400, "'stream' must be true or false"),
        (
            {"model": "fr", "messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]},
            *(400, "'content' is no text"),
        ),
    ],
)
def test_mistakes_are_told(server, fields, status, message):
    answer = asked(server, **fields)
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, message)
