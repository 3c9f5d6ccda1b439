"""What OpenAPI tells of the server is what the server does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fake_polyglot import FakePolyglot
from http_server import settings
from starlette.testclient import TestClient

from calque.recipes.key import Key
from calque.server import keys
from calque.server.app import create_app

BODILESS = ("POST", "/admin/reload")
OPEN = {  # calls for which no key is asked
    *("/health", "/ready", "/metrics", "/languages", "/frontend/settings", "/spec", "/download_file/{name}"),
    *("/translate", "/detect", "/suggest", "/translate_file"),  # whose key is the field api_key
}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[TestClient, str]]:
    folder = tmp_path_factory.mktemp("openapi")
    key = keys.make(Key(name="me", keys=folder / "keys.toml", admin=True))
    app = create_app(settings(folder, keys=folder / "keys.toml"), FakePolyglot(), lambda _: FakePolyglot())
    with TestClient(app) as client:
        yield client, key


@pytest.fixture(scope="module")
def told(served) -> dict[str, Any]:
    return served[0].get("/openapi.json").json()


def calls(told) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, some in told["paths"].items():
        for method, call in some.items():
            yield method.upper(), path, call


def test_every_call_tells_what_a_client_must_know(told):
    assert "HTTPValidationError" not in json.dumps(told)
    assert told["components"]["securitySchemes"].keys() == {"bearer", "deepl"}
    for method, path, call in calls(told):
        where = f"{method} {path}"
        assert "{" not in path or "404" in call["responses"], where
        if method in ("POST", "PUT", "PATCH") and (method, path) != BODILESS:
            bodies = call["requestBody"]["content"]
            assert all("example" in body for body in bodies.values()), where
        scheme = "deepl" if path.startswith(("/v2/", "/v3/")) else "bearer"
        assert call.get("security") == (None if path in OPEN else [{scheme: []}]), where


def sendings(call, key: str) -> Iterator[dict[str, Any]]:
    """Ways to send the documented example, and what is none."""
    yield {}
    for kind, body in call.get("requestBody", {}).get("content", {}).items():
        example = body["example"]
        if "api_key" in body["schema"]["properties"]:
            example = example | {"api_key": key}
        if kind == JSON:
            yield {"json": example}
            yield {"json": {"x": 1}}
            yield {"content": b"no JSON", "headers": {"Content-Type": JSON}}
        elif kind == FORM:
            yield {"data": example}
        else:
            yield {"files": {"file": ("a.txt", example["file"])}, "data": example | {"file": None}}


def test_every_answer_is_one_that_is_told(served, told):
    client, key = served
    done = set()
    for method, path, call in calls(told):
        scheme = "DeepL-Auth-Key" if path.startswith(("/v2/", "/v3/")) else "Bearer"
        asked = {one["name"]: one["example"] for one in call.get("parameters", ()) if one["in"] == "query"}
        strangers = [(None, {}), ("x", {})]
        for used, sent in (*strangers, *((key, sent) for sent in sendings(call, key))):
            headers = ({} if used is None else {"Authorization": f"{scheme} {used}"}) | sent.pop("headers", {})
            answer = client.request(method, path.replace("{name}", "x"), params=asked, headers=headers, **sent)
            assert str(answer.status_code) in call["responses"], (method, path, sent, answer.text)
            if answer.is_success:
                done.add((method, path))
    left = {(method, path) for method, path, _ in calls(told) if "{" not in path} - done
    assert left == {("POST", "/suggest")}  # which is forbidden unless it is wished


def test_statuses_of_jobs_and_glossaries_are_told(served, told):
    client, key = served
    mine = {"Authorization": f"Bearer {key}"}
    asked = told["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"][JSON]["example"]
    job = client.post("/api/v1/jobs", json=asked, headers=mine).json()["id"]
    for path, method in (("events", "get"), ("result", "get"), ("", "get"), ("", "delete"), ("result", "get")):
        pattern = "/".join(filter(None, ("/api/v1/jobs/{name}", path)))
        answer = client.request(method, pattern.replace("{name}", job), headers=mine)
        assert str(answer.status_code) in told["paths"][pattern][method]["responses"]
    assert answer.status_code == 404
    deepl = {"Authorization": f"DeepL-Auth-Key {key}"}
    made = client.post(
        "/v2/glossaries",
        json=told["paths"]["/v2/glossaries"]["post"]["requestBody"]["content"][JSON]["example"],
        headers=deepl,
    ).json()["glossary_id"]
    for pattern, method in (
        ("/v2/glossaries/{name}", "get"),
        ("/v2/glossaries/{name}/entries", "get"),
        ("/v3/glossaries/{name}/entries", "get"),
        ("/v3/glossaries/{name}", "patch"),
        ("/v3/glossaries/{name}/dictionaries", "put"),
        ("/v3/glossaries/{name}/dictionaries", "delete"),
        ("/v3/glossaries/{name}", "delete"),
    ):
        call = told["paths"][pattern][method]
        query = {one["name"]: one["example"] for one in call.get("parameters", ()) if one["in"] == "query"}
        body = call.get("requestBody", {}).get("content", {}).get(JSON, {}).get("example")
        answer = client.request(method, pattern.replace("{name}", made), params=query, json=body, headers=deepl)
        assert answer.is_success, (method, pattern, answer.text)
        assert str(answer.status_code) in call["responses"]
