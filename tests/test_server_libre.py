"""The LibreTranslate API over real HTTP, with its clients as they come from PyPI."""

from __future__ import annotations

import json
import re
import socket
from urllib.error import HTTPError

import pytest
import requests
from deep_translator import LibreTranslator
from deep_translator.exceptions import AuthorizationException
from fake_polyglot import FakePolyglot
from http_server import serving, settings
from libretranslatepy import LibreTranslateAPI

from calque.recipes.key import Key
from calque.server import keys


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with serving(settings(folder, characters=2_000, texts=100, body_bytes=100_000), FakePolyglot()) as address:
        yield address


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keyed")
    file = folder / "keys.toml"
    made = {
        "any": keys.make(Key(name="any", keys=file)),
        "few": keys.make(Key(name="few", keys=file, characters=10)),
        "slow": keys.make(Key(name="slow", keys=file, per_minute=1)),
        "admin": keys.make(Key(name="admin", keys=file, admin=True)),
    }
    with serving(
        settings(folder, keys=file, suggestions=True), FakePolyglot(), lambda _: FakePolyglot(version=2)
    ) as address:
        yield address, made


def post(server, path="/translate", **how):
    return requests.post(server + path, timeout=20, **how)


def asked(server, **fields):
    return post(server, json={"q": "a dog", "source": "en", "target": "fr"} | fields)


def test_libretranslatepy_works(server):
    client = LibreTranslateAPI(server)
    assert client.translate("a dog & a cat", "en", "fr") == "A DOG & A CAT"
    assert client.translate("été", "auto", "en") == "ÉTÉ"
    assert client.detect("l'été") == [{"confidence": 90.0, "language": "fr"}]
    assert client.languages() == [
        {"code": "en", "name": "English", "targets": ["fr", "de"]},
        {"code": "fr", "name": "French", "targets": ["en"]},
    ]


def test_deep_translator_works(server):
    client = LibreTranslator(source="en", target="fr", api_key="any", custom_url=server + "/")
    assert client.translate("a dog & a cat") == "A DOG & A CAT"
    assert client.translate_batch(["one", "two"]) == ["ONE", "TWO"]


def test_both_clients_with_keys(keyed):
    address, made = keyed
    assert LibreTranslateAPI(address, made["any"]).translate("dog", "en", "fr") == "DOG"
    with pytest.raises(HTTPError) as refused:
        LibreTranslateAPI(address).translate("dog", "en", "fr")
    assert refused.value.code == 403
    assert json.load(refused.value) == {"error": "a key is required: ask who runs this server for one"}
    wrong = LibreTranslator(source="en", target="fr", api_key="wrong", custom_url=address + "/")
    with pytest.raises(AuthorizationException):
        wrong.translate("dog")


@pytest.mark.parametrize("how", ["json", "data", "params", "files"])
def test_every_form_of_a_request_is_understood(server, how):
    fields = {"q": "a + b = é", "source": "en", "target": "fr", "format": "text", "alternatives": "1"}
    if how == "files":
        fields = {name: (None, value) for name, value in fields.items()}
    assert post(server, **{how: fields}).json() == {"translatedText": "A + B = É", "alternatives": ["A + B = É!"]}


def test_lists_have_lists_of_everything(server):
    answer = asked(server, q=["the dog", "l'été"], source="auto", target="en", alternatives=1)
    assert answer.status_code == 200
    assert answer.json() == {
        "translatedText": ["the dog", "L'ÉTÉ"],
        "detectedLanguage": [{"confidence": 80.0, "language": "en"}, {"confidence": 90.0, "language": "fr"}],
        "alternatives": [[], ["L'ÉTÉ!"]],
    }
    assert post(server, data={"q": ["a", "b"], "source": "en", "target": "fr"}).json() == {"translatedText": ["A", "B"]}


def test_the_other_calls(server, keyed):
    assert requests.get(server + "/health", timeout=20).json() == {"status": "ok"}
    assert requests.get(server + "/ready", timeout=20).json() == {"status": "ready"}
    told = requests.get(server + "/frontend/settings", timeout=20).json()
    assert told["charLimit"] == 2_000
    assert told["keyRequired"] is False
    assert told["language"]["target"] == {"code": "fr", "name": "French"}
    spec = requests.get(server + "/spec", timeout=20).json()
    assert {"/translate", "/detect", "/languages", "/suggest"} <= set(spec["paths"])
    assert "/metrics" not in spec["paths"]
    better = {"q": "dog", "s": "chien", "source": "en", "target": "fr"}
    refused = post(server, "/suggest", json=better)
    assert (refused.status_code, refused.json()) == (403, {"error": "suggestions are not taken on this server"})
    address, made = keyed
    assert post(address, "/suggest", json=better | {"api_key": made["any"]}).json() == {"success": True}


XSS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<svg/onload=alert(1)>",
    "<iframe src=//x></iframe>",
    "<b onmouseover=alert(1)>x</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
]


def test_html_keeps_its_tags_and_its_entities(server):
    html = '<p class="a"><b>the dog &lt;here&gt; &amp; me</b></p><div><a href="/x?a=1&amp;b=2">there</a></div>'
    answer = asked(server, q=html, format="html").json()["translatedText"]
    assert (
        answer == '<p class="a"><b>THE DOG &lt;HERE&gt; &amp; ME</b></p><div><a href="/x?a=1&amp;b=2">THERE</a></div>'
    )
    assert asked(server, q=["<i>a</i>", "b & c"], format="html", source="auto").json() == {
        "translatedText": ["<i>A</i>", "B &amp; C"],
        "detectedLanguage": [{"confidence": 80.0, "language": "en"}] * 2,
    }


@pytest.mark.parametrize("attack", XSS)
def test_nothing_that_runs_comes_back_as_html(server, attack):
    answer = asked(server, q=f"<p>a {attack} b</p>", format="html").json()["translatedText"].lower()
    assert answer.startswith("<p>")
    tags = re.findall(r"<[^>]*", answer)
    assert not [tag for tag in tags if re.search(r"script|\bon\w+\s*=|iframe", tag)]


def test_a_file_is_translated_and_fetched_once_it_is_done(keyed):
    address, made = keyed
    text = "the dog\n\nthe cat\n"
    fields = {"source": "en", "target": "fr", "api_key": made["any"]}
    answer = post(address, "/translate_file", files={"file": ("a b.txt", text.encode())}, data=fields)
    url = answer.json()["translatedFileUrl"]
    assert url.startswith(f"{address}/download_file/")
    assert url.endswith(".txt")
    fetched = requests.get(url, timeout=20)
    assert fetched.text.replace("2:", "") == text.upper()
    assert fetched.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20b.txt"
    missing = requests.get(f"{address}/download_file/guessed.txt", timeout=20)
    assert (missing.status_code, missing.json()) == (404, {"error": "there is no such file, or no longer"})


@pytest.mark.parametrize(
    ("file", "fields", "message"),
    [
        (("a.pdf", b"x"), {}, "a.pdf: no format has the ending '.pdf'"),
        (("a.txt", b"\xff"), {}, "a.txt:1: byte 0xFF at offset 0 is not utf-8"),
        (("a.txt", b"x"), {"target": "xx"}, "no model translates from 'en' into 'xx'"),
        (("a.txt", b"x"), {"source": ""}, "Invalid request: missing source parameter"),
        (("a", b"x"), {}, "a: no format has the ending ''"),
    ],
)
def test_a_file_that_cannot_be_translated_is_refused(server, file, fields, message):
    given = {"source": "en", "target": "fr"} | fields
    answer = post(server, "/translate_file", files={"file": file}, data=given)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)


def test_limits_of_keys(keyed):
    address, made = keyed
    assert asked(address, q="1234567890", api_key=made["few"]).status_code == 200
    spent = asked(address, q="1", api_key=made["few"])
    assert (spent.status_code, spent.json()) == (429, {"error": "the 10 characters of this month are used up"})
    assert asked(address, api_key=made["slow"]).status_code == 200
    often = asked(address, api_key=made["slow"])
    assert (often.status_code, often.headers["Retry-After"]) == (429, "60")


def test_a_key_is_looked_at_before_the_other_fields(keyed):
    address, _ = keyed
    for path in ("/translate", "/detect", "/suggest", "/translate_file"):
        answer = post(address, path, json={"alternatives": 99, "api_key": "x"})
        assert (answer.status_code, answer.json()) == (403, {"error": "this key is not known here"})
        assert post(address, path, json={"alternatives": 99}).status_code == 403


def test_only_an_admin_loads_anew(keyed):
    address, made = keyed
    bearer = {"Authorization": f"Bearer {made['any']}"}
    assert requests.post(address + "/admin/reload", timeout=20).status_code == 401
    assert requests.post(address + "/admin/reload", timeout=20, headers=bearer).status_code == 403
    bearer = {"Authorization": f"Bearer {made['admin']}"}
    answer = requests.post(address + "/admin/reload", timeout=20, headers=bearer)
    assert answer.json()["models"][0] == {"name": "en-fr", "version": "2"}
    assert asked(address, api_key=made["any"]).json() == {"translatedText": "2:A DOG"}


LONE = '{"q": "\\ud800", "source": "en", "target": "fr"}'
NUL = '{"q": "a\\u0000b", "source": "en", "target": "fr"}'
BAD = {
    "alternatives": ({"json": {"alternatives": 10_000}}, 400, "'alternatives' must be a whole number from 0 to 10"),
    "negative": ({"json": {"alternatives": -1}}, 400, "'alternatives' must be a whole number from 0 to 10"),
    "truth": ({"json": {"alternatives": True}}, 400, "'alternatives' must be a whole number from 0 to 10"),
    "long word": ({"json": {"q": "x" * 50_000}}, 413, "'q' has 50000 characters: at most 2000 go into a request"),
    "long list": ({"json": {"q": ["x"] * 10_000}}, 413, "'q' has 10000 texts: at most 100 go into a request"),
    "deep": ({"data": "[" * 50_000}, 400, "the body is nested too deeply"),
    "deep object": ({"data": '{"a":' * 15_000}, 400, "the body is nested too deeply"),
    "half a pair": ({"data": LONE}, 400, "'q' has half a surrogate pair: it is no Unicode text"),
    "nul": ({"data": NUL}, 400, "'q' has a NUL character (U+0000)"),
    "number": ({"json": {"q": 5}}, 400, "'q' is no text"),
    "object": ({"json": {"q": {"a": 1}}}, 400, "'q' is no text"),
    "list of numbers": ({"json": {"q": [1, 2]}}, 400, "'q' is no text"),
    "null": ({"json": {"q": None}}, 400, "Invalid request: missing q parameter"),
    "empty": ({"data": b""}, 400, "Invalid request: missing q parameter"),
    "no object": ({"data": "[1]"}, 400, 'the body is no JSON object, such as {"q": "Hello"}'),
    "no json": ({"data": '{"q" 1}'}, 400, "the body is no JSON: Expecting ':' delimiter at character 5"),
    "no number": ({"data": '{"q": NaN}'}, 400, "the body is no JSON: no such number"),
    "huge number": ({"data": '{"q": 1' + "0" * 5_000 + "}"}, 400, "the body is no JSON: no such number"),
    "no utf-8": ({"data": b'{"q": "\xff"}'}, 400, "the body is no UTF-8"),
    "language": ({"json": {"target": "frr"}}, 400, "no model translates from 'en' into 'frr'; did you mean 'fr'?"),
    "long": ({"json": {"target": "f" * 101}}, 400, "'target' is longer than 100 characters: no such thing here"),
    "list of languages": ({"json": {"source": ["en"]}}, 400, "'source' is no text"),
    "format": ({"json": {"format": "pdf"}}, 400, "pdf format is not supported"),
    "format is a list": ({"json": {"format": []}}, 400, "'format' is no text"),
    "format is an object": ({"json": {"format": {}}}, 400, "'format' is no text"),
    "format is false": ({"json": {"format": False}}, 400, "'format' is no text"),
    "a list": ({"json": {"alternatives": []}}, 400, "'alternatives' must be a whole number from 0 to 10"),
    "false": ({"json": {"alternatives": False}}, 400, "'alternatives' must be a whole number from 0 to 10"),
    "key": ({"json": {"api_key": []}}, 400, "'api_key' is no text"),
    "huge": ({"data": b"x" * 200_000}, 413, "the body is larger than 100000 bytes: send less at once"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_a_sentence(server, name):
    how, status, message = BAD[name]
    if "json" in how:
        how = {"json": {"q": "a dog", "source": "en", "target": "fr"} | how["json"]}
    answer = post(server, **how)
    assert (answer.status_code, answer.json()) == (status, {"error": message})


def test_null_is_the_default_and_an_empty_field_of_a_form_too(server):
    assert asked(server, format=None, alternatives=None, api_key=None).json() == {"translatedText": "A DOG"}
    form = {"q": "a dog", "source": "en", "target": "fr", "format": "", "alternatives": "", "api_key": ""}
    assert post(server, data=form).json() == {"translatedText": "A DOG"}


def test_a_form_of_bad_bytes_is_refused(server):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post(server, data=b"q=%ff&source=en&target=fr", headers=kind).json() == {"error": "the form is no UTF-8"}
    answer = requests.post(server + "/translate?q=%ff&source=en&target=fr", timeout=10)
    assert (answer.status_code, answer.json()) == (400, {"error": "the query string is no UTF-8"})
    many = "&".join(["q=x"] * 3_000)
    assert post(server, data=many, headers=kind).json() == {"error": "the form has more than 2000 fields"}
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert post(server, data=b"--x\r\nnonsense", headers=kind).status_code == 400


def test_a_huge_body_is_refused_before_it_is_sent(server):
    host, _, port = server.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(b"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999999999999\r\n\r\n")
        assert wire.recv(1000).startswith(b"HTTP/1.1 4")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(b"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000000\r\n\r\n")
        assert wire.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_an_endless_head_is_refused(server):
    host, _, port = server.removeprefix("http://").partition(":")
    for beginning in (b"GET /", b"GET / HTTP/1.1\r\nX: "):
        with socket.create_connection((host, int(port)), timeout=10) as wire:
            wire.sendall(beginning + b"x" * 70_000)
            assert wire.recv(1000).startswith(b"HTTP/1.1 431 ")
    assert requests.get(server + "/health", headers={"X-Long": "x" * 60_000}, timeout=20).ok


def test_a_body_of_untold_length_is_cut_off(server):
    answer = post(server, data=iter([b"x" * 60_000] * 3))
    assert (answer.status_code, answer.json()["error"]) == (
        413,
        "the body is larger than 100000 bytes: send less at once",
    )


def test_what_is_not_there_is_said_in_the_shape_of_its_api(server):
    shapes = {
        "/nothing": {"error": "Not Found"},
        "/api/v1/nothing": {"error": {"code": "not_found", "message": "Not Found"}},
        "/v2/nothing": {"message": "Not Found"},
    }
    for path, shape in shapes.items():
        answer = requests.get(server + path, timeout=20)
        assert (answer.status_code, answer.json()) == (404, shape)
    assert requests.get(server + "/translate", timeout=20).status_code == 405


def test_a_bug_is_answered_and_the_server_goes_on(server, caplog):
    answer = asked(server, q="broken")
    assert answer.status_code == 500
    assert answer.json()["error"] == f"a bug of ours: its number in the log is {answer.headers['X-Request-ID']}"
    assert asked(server).status_code == 200


def test_measures_count_and_name_nobody(server):
    asked(server, q="a text that nobody may see", target="xx")
    text = requests.get(server + "/metrics", timeout=20).text
    assert 'calque_requests_total{method="POST",route="/translate",status="400"}' in text
    assert 'calque_refused_total{reason="unknown_language"}' in text
    assert "nobody may see" not in text
    assert "127.0.0.1" not in text


def test_other_sites_may_call_only_where_allowed(server, tmp_path):
    origin = {"Origin": "https://example.org"}
    assert "Access-Control-Allow-Origin" not in requests.get(server + "/languages", timeout=20, headers=origin).headers
    with serving(settings(tmp_path, origins=("https://example.org",)), FakePolyglot()) as address:
        answer = requests.get(address + "/languages", timeout=20, headers=origin)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://example.org"
