"""The DeepL API, asked by DeepL's own client and by hand, over HTTP."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import deepl
import pytest
import requests
from deepl.api_data import MultilingualGlossaryDictionaryEntries
from fake_aligned import Aligned
from http_server import serving, settings

from calque.recipes.handling import Handling
from calque.recipes.key import Key
from calque.server import keys

PAIRS = (("en", "fr"), ("en", "de"), ("fr", "en"), ("en", "pt"))


@pytest.fixture(scope="module")
def polyglot() -> Aligned:
    return Aligned(pairs=PAIRS)


@pytest.fixture(scope="module")
def address(tmp_path_factory, polyglot) -> Iterator[str]:
    with serving(settings(tmp_path_factory.mktemp("deepl"), glossaries=20, glossary_entries=50), polyglot) as address:
        yield address


@pytest.fixture
def client(address) -> Iterator[deepl.DeepLClient]:
    client = deepl.DeepLClient("key-of-one", server_url=address)
    yield client
    client.close()


def ask(address: str, path: str = "/v2/translate", method: str = "POST", key: str = "key-of-one", **more):
    headers = {"Authorization": f"DeepL-Auth-Key {key}"} | more.pop("headers", {})
    return requests.request(method, address + path, headers=headers, timeout=10, **more)


# the client


def test_a_text_and_a_list(client):
    one = client.translate_text("A dog.", target_lang="FR")
    assert (one.text, one.detected_source_lang, one.billed_characters) == ("A DOG.", "EN", 6)
    some = client.translate_text(["a", "été"], source_lang=None, target_lang="EN-US")
    assert [(one.text, one.detected_source_lang) for one in some] == [
        ("a", "EN"),
        ("ÉTÉ", "FR"),
    ]
    assert client.translate_text(" ", target_lang="FR").text == " "


def test_regions_of_a_target_are_those_of_the_language_that_is_served(client):
    for code in ("EN-US", "EN-GB"):
        assert client.translate_text("été", source_lang="FR", target_lang=code).text == "ÉTÉ"
    assert client.translate_text("a", source_lang="EN", target_lang="PT-BR").text == "A"
    with pytest.raises(deepl.DeepLException, match="value for 'target_lang' not supported: 'JA'"):
        client.translate_text("a", target_lang="JA")


def test_html_keeps_its_markup_and_runs_nothing(client):
    text = "<p>A <b>dog</b> &lt;script&gt; <a href='x' onclick='go()'>runs</a>.</p><script>go()</script>"
    found = client.translate_text(text, source_lang="EN", target_lang="FR", tag_handling="html")
    assert found.text == '<p>A <b>DOG</b> &lt;SCRIPT&gt; <a href="x">RUNS</a>.</p>'


def test_xml_and_its_tags(client):
    found = client.translate_text(
        "<doc><t>a</t><p>b <keep>c</keep> <x/> d</p></doc>",
        source_lang="EN",
        target_lang="FR",
        tag_handling="xml",
        ignore_tags=["keep"],
        splitting_tags="t",
        outline_detection=False,
    )
    assert found.text == "<doc><t>A</t><p>B <keep>c</keep> <x/> D</p></doc>"


def test_other_settings_are_taken(client):
    for more in (
        {"split_sentences": "0"},
        {"split_sentences": deepl.SplitSentences.NO_NEWLINES},
        {"preserve_formatting": True},
        {"formality": deepl.Formality.PREFER_MORE},
        {"context": "About dogs."},
        {"model_type": deepl.ModelType.LATENCY_OPTIMIZED},
    ):
        assert client.translate_text("a dog", target_lang="FR", **more).text == "A DOG"
    found = client.translate_text("a", target_lang="FR", model_type="prefer_quality_optimized")
    assert found.model_type_used == "quality_optimized"


def test_where_a_text_is_split(client, polyglot):
    text = "A dog.\n\nTwo."
    for how, asked, sentences in (("0", "A dog. Two.", False), ("1", text, True), ("nonewlines", "A dog. Two.", True)):
        found = client.translate_text(text, target_lang="FR", split_sentences=how)
        assert (found.text, found.billed_characters) == (asked.upper(), len(text))
        assert polyglot.batches[-1] == [asked]
        assert (polyglot.handled[-1] or Handling()).sentences is sentences


def test_what_no_model_can_do_is_refused(client):
    for more, message in (
        ({"formality": "less"}, "'formality' is not supported for this language: ask for 'prefer_less'"),
        ({"style_rule": "x"}, "'style_id' is not supported here: there are no style rules"),
        ({"custom_instructions": ["be kind"]}, "'custom_instructions' is not supported here"),
        ({"extra_body_parameters": {"glossary": "x"}}, "unknown parameter 'glossary'; did you mean 'glossary_id'?"),
    ):
        with pytest.raises(deepl.DeepLException, match="Bad request") as error:
            client.translate_text("a", target_lang="FR", **more)
        assert message in str(error.value)


def test_what_is_refused_is_not_billed(address):
    before = ask(address, "/v2/usage", "GET", key="unbilled").json()["character_count"]
    asked = {"text": ["a dog"], "target_lang": "FR", "show_billed_characters": "x"}
    assert ask(address, key="unbilled", json=asked).status_code == 400
    assert ask(address, "/v2/usage", "GET", key="unbilled").json()["character_count"] == before == 0


def test_languages_and_usage(client):
    assert [(one.code, one.name) for one in client.get_source_languages()] == [("EN", "English"), ("FR", "French")]
    targets = client.get_target_languages()
    assert [one.code for one in targets] == ["DE", "EN-GB", "EN-US", "FR", "PT-BR", "PT-PT"]
    assert not any(one.supports_formality for one in targets)
    before = client.get_usage().character
    client.translate_text("12345", target_lang="FR")
    after = client.get_usage()
    assert after.character.count - before.count == 5
    assert after.character.limit == 10**12
    assert not after.any_limit_reached


def test_glossaries_of_one_pair(client):
    made = client.create_glossary("terms", "EN", "FR", {"dog": "chien", "ground floor": "rez-de-chaussée"})
    assert (made.name, made.source_lang, made.target_lang, made.entry_count, made.ready) == (
        "terms", "EN", "FR", 2, True
    )  # fmt: skip
    assert client.get_glossary(made.glossary_id).creation_time == made.creation_time
    assert made.glossary_id in [one.glossary_id for one in client.list_glossaries()]
    assert client.get_glossary_entries(made) == {"dog": "chien", "ground floor": "rez-de-chaussée"}
    found = client.translate_text("dog", source_lang="EN", target_lang="FR", glossary=made)
    assert found.text == "Chien"  # it begins the sentence, where the translation has a capital
    pairs = {(one.source_lang, one.target_lang) for one in client.get_glossary_languages()}
    assert pairs == set(PAIRS)
    csv = client.create_glossary_from_csv("c", "EN", "DE", "cat,Katze\n")
    assert client.get_glossary_entries(csv) == {"cat": "Katze"}
    with pytest.raises(deepl.DeepLException, match="the glossary has no terms from en into fr"):
        client.translate_text("a", source_lang="EN", target_lang="FR", glossary=csv.glossary_id)
    client.delete_glossary(made)
    with pytest.raises(deepl.GlossaryNotFoundException):
        client.get_glossary(made.glossary_id)


def test_glossaries_of_several_pairs(client):
    entry = MultilingualGlossaryDictionaryEntries
    made = client.create_multilingual_glossary(
        "m", [entry("EN", "FR", {"dog": "chien"}), entry("EN", "DE", {"a": "b"})]
    )
    name = made.glossary_id
    assert [(one.source_lang, one.target_lang, one.entry_count) for one in made.dictionaries] == [
        ("EN", "FR", 1),
        ("EN", "DE", 1),
    ]
    assert client.update_multilingual_glossary_name(made, "n").name == "n"
    client.update_multilingual_glossary_dictionary(made, entry("EN", "FR", {"cat": "chat", "dog": "toutou"}))
    kept = client.get_multilingual_glossary_entries(made, "EN", "FR").dictionaries[0]
    assert (kept.source_lang, kept.target_lang, kept.entries) == ("en", "fr", "dog\ttoutou\ncat\tchat")
    put = client.replace_multilingual_glossary_dictionary(made, entry("EN", "FR", {"owl": "hibou"}))
    assert (put.source_lang, put.entry_count) == ("EN", 1)
    assert client.translate_text("owl", source_lang="EN", target_lang="FR", glossary=made).text == "Hibou"
    client.delete_multilingual_glossary_dictionary(made, source_lang="EN", target_lang="DE")
    assert len(client.get_multilingual_glossary(name).dictionaries) == 1
    assert name in [one.glossary_id for one in client.list_multilingual_glossaries()]
    other = client.create_multilingual_glossary("o", [entry("EN", "FR", {"owl": "chouette", "cat": "chat"})])
    both = client.translate_text("cat", source_lang="EN", target_lang="FR", glossary_ids=[made, other])
    assert both.text == "Chat"
    client.delete_multilingual_glossary(made)
    with pytest.raises(deepl.GlossaryNotFoundException):
        client.get_multilingual_glossary(name)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", b"A dog.\r\n\r\n  * runs\n", b"A DOG.\r\n\r\n  * RUNS\n"),
        (
            "a.html",
            b"<p>A <b>dog</b><script>if (a < b) go()</script>",
            b"<p>A <b>DOG</b><script>if (a < b) go()</script>",
        ),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHi.\n", b"1\n00:00:01,000 --> 00:00:02,000\nHI.\n"),
    ],
)
def test_documents(client, name, content, expected):
    before = client.get_usage().character.count
    handle = client.translate_document_upload(content, target_lang="FR", filename=name)
    status = until_done(client, handle)
    out = io.BytesIO()
    client.translate_document_download(handle, out)
    assert out.getvalue() == expected
    assert client.get_usage().character.count - before == status.billed_characters > 0


def until_done(client, handle):
    for _ in range(500):
        status = client.translate_document_get_status(handle)
        if status.done or not status.ok:
            return status
        time.sleep(0.01)
    raise AssertionError("the document was not translated in five seconds")


def test_a_document_with_a_glossary_and_one_that_fails(client, polyglot):
    glossary = client.create_glossary("d", "EN", "FR", {"dog": "chien"})
    handle = client.translate_document_upload(
        b"dog\n", source_lang="EN", target_lang="FR", filename="a.txt", glossary=glossary
    )
    until_done(client, handle)
    assert client.translate_document_download(handle).content == b"Chien\n"
    used = client.get_usage().character.count
    broken = client.translate_document_upload(b"broken\n", target_lang="FR", filename="a.txt")
    status = until_done(client, broken)
    assert not status.ok
    assert "translation failed" in status.error_message
    assert client.get_usage().character.count == used  # what was not done is not counted


def test_a_document_that_waits_is_not_ready(address, polyglot):
    polyglot.open_.clear()
    try:
        sent = ask(address, "/v2/document", files={"file": ("a.txt", b"a")}, data={"target_lang": "FR"}).json()
        place = f"/v2/document/{sent['document_id']}"
        fields = {"document_key": sent["document_key"]}
        assert ask(address, place, json=fields).json()["status"] in ("queued", "translating")
        early = ask(address, f"{place}/result", json=fields)
        assert (early.status_code, early.headers["Retry-After"]) == (503, "1")
    finally:
        polyglot.open_.set()
    assert ask(address, place, json={"document_key": "x"}).status_code == 404


# by hand


def test_keys_come_in_three_ways_and_one_is_required(address):
    fields = {"text": ["a"], "target_lang": "FR"}
    place = f"{address}/v2/translate"
    assert ask(address, json=fields).json()["translations"][0] == {"detected_source_language": "EN", "text": "A"}
    for sent in (
        {"data": fields | {"auth_key": "k"}},
        {"json": fields | {"auth_key": "k"}},
        {"json": fields, "params": {"auth_key": "k"}},
    ):
        assert requests.post(place, timeout=10, **sent).status_code == 200
    none = requests.post(place, json=fields, timeout=10)
    assert (none.status_code, none.json()) == (403, {"message": "a key is required, as in 'Authorization: "
        "DeepL-Auth-Key KEY'"})  # fmt: skip


def test_a_form_has_several_texts_and_lists_with_commas(address):
    form = [("text", "a <i>b</i>"), ("text", "c"), ("target_lang", "fr"), ("tag_handling", "xml"),
            ("ignore_tags", "i,j"), ("show_billed_characters", "1")]  # fmt: skip
    assert ask(address, data=form).json() == {
        "translations": [
            {"detected_source_language": "EN", "text": "A <i>b</i>", "billed_characters": 10},
            {"detected_source_language": "EN", "text": "C", "billed_characters": 1},
        ]
    }


BAD = [
    ("no text", {"target_lang": "FR"}, 400, "'text' is missing"),
    ("no target", {"text": ["a"]}, 400, "'target_lang' is missing"),
    ("number", {"text": 12, "target_lang": "FR"}, 400, "'text' is no text"),
    ("numbers", {"text": [12], "target_lang": "FR"}, 400, "'text' is no text"),
    ("null in a list", {"text": [None], "target_lang": "FR"}, 400, "'text' is no text"),
    ("object", {"text": {"a": 1}, "target_lang": "FR"}, 400, "'text' is no text"),
    ("target is a list", {"text": ["a"], "target_lang": ["FR"]}, 400, "'target_lang' is no text"),
    ("target is a path", {"text": ["a"], "target_lang": "../../x"}, 400, "value for 'target_lang' not supported"),
    ("source", {"text": ["a"], "target_lang": "FR", "source_lang": "ZZ"}, 400, "value for 'source_lang' not supported"),
    ("no such pair", {"text": ["é"], "target_lang": "DE", "source_lang": "FR"}, 400, "no model translates"),
    ("no such pair, no text", {"text": [""], "target_lang": "DE", "source_lang": "FR"}, 400, "no model translates"),
    ("NUL", {"text": ["a\0b"], "target_lang": "FR"}, 400, "'text' has a NUL character"),
    ("list", {"text": ["a"] * 1001, "target_lang": "FR"}, 413, "'text' has 1001 texts"),
    ("word", {"text": ["a" * 1_000_000], "target_lang": "FR"}, 413, "'text' has 1000000 characters"),
    ("split", {"text": ["a"], "target_lang": "FR", "split_sentences": "2"}, 400, "'split_sentences' must be one of"),
    ("flag", {"text": ["a"], "target_lang": "FR", "preserve_formatting": "yes"}, 400, "must be true or false"),
    ("tags", {"text": ["a"], "target_lang": "FR", "tag_handling": "md"}, 400, "'tag_handling' must be one of"),
    ("model", {"text": ["a"], "target_lang": "FR", "model_type": {}}, 400, "'model_type' must be one of"),
    (
        "glossary",
        {"text": ["a"], "target_lang": "FR", "source_lang": "EN", "glossary_id": "x"},
        404,
        "no such glossary",
    ),
    (
        "glossary, no source",
        {"text": ["a"], "target_lang": "FR", "glossary_id": "x"},
        400,
        "a glossary needs to be told the language",
    ),
    ("ignored", {"text": ["a"], "target_lang": "FR", "ignore_tags": 3, "tag_handling": "xml"}, 400, "'ignore_tags'"),
    ("formality is a list", {"text": ["a"], "target_lang": "FR", "formality": []}, 400, "'formality' must be one of"),
    ("formality is false", {"text": ["a"], "target_lang": "FR", "formality": False}, 400, "'formality' must be one of"),
    (
        "tag_handling is a list",
        {"text": ["a"], "target_lang": "FR", "tag_handling": []},
        400,
        "'tag_handling' is no text",
    ),
    (
        "tag_handling is false",
        {"text": ["a"], "target_lang": "FR", "tag_handling": False},
        400,
        "'tag_handling' is no text",
    ),
    ("context is a list", {"text": ["a"], "target_lang": "FR", "context": []}, 400, "'context' is no text"),
    ("context is false", {"text": ["a"], "target_lang": "FR", "context": False}, 400, "'context' is no text"),
    ("glossary_id is a list", {"text": ["a"], "target_lang": "FR", "glossary_id": []}, 400, "'glossary_id' is no text"),
    (
        "glossary_id is false",
        {"text": ["a"], "target_lang": "FR", "glossary_id": False},
        400,
        "'glossary_id' is no text",
    ),
    (
        "split_sentences is a list",
        {"text": ["a"], "target_lang": "FR", "split_sentences": []},
        400,
        "'split_sentences' must be one of",
    ),
    (
        "model_type is a list",
        {"text": ["a"], "target_lang": "FR", "model_type": []},
        400,
        "'model_type' must be one of",
    ),
    (
        "outline_detection is a list",
        {"text": ["a"], "target_lang": "FR", "outline_detection": []},
        400,
        "'outline_detection' must be true or false",
    ),
    ("name", {"text": ["a"], "target_lang": "FR", "tag_handlin": "xml"}, 400, "did you mean 'tag_handling'?"),
]


@pytest.mark.parametrize(("fields", "status", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input_is_refused_clearly(address, fields, status, message):
    answer = ask(address, json=fields)
    assert answer.status_code == status
    assert message in answer.json()["message"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_what_a_form_leaves_empty_are_the_default(address, nothing):
    names = ("source_lang", "context", "split_sentences", "preserve_formatting", "formality", "model_type",
             "ignore_tags", "glossary_id", "glossary_ids", "tag_handling", "tag_handling_version", "outline_detection",
             "show_billed_characters")  # fmt: skip
    answer = ask(address, json={"text": ["a"], "target_lang": "FR"} | dict.fromkeys(names, nothing))
    assert answer.json() == {"translations": [{"detected_source_language": "EN", "text": "A"}]}


@pytest.mark.parametrize(
    ("raw", "status", "message"),
    [
        (b"{", 400, "the body is no JSON"),
        (b"[" * 100_000, 400, "the body is nested too deeply"),
        (b'["a"]', 400, "the body is no JSON object"),
        (b'{"text": ["\\ud800"], "target_lang": "FR"}', 400, "half a surrogate pair"),
        (b'{"text": ["caf\xe9"], "target_lang": "FR"}', 400, "no UTF-8"),
        (b'{"text": "' + b"a" * 3_000_000 + b'"}', 413, "the body is larger than 2000000 bytes"),
    ],
)
def test_bad_bodies_are_refused_clearly(address, raw, status, message):
    answer = ask(address, data=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert message in answer.json()["message"]


@pytest.mark.parametrize(
    ("form", "name", "content", "message"),
    [
        ({"target_lang": "FR"}, "a.docx", b"PK", "no format has the ending '.docx'"),
        ({"target_lang": "FR"}, "a", b"x", "no format has the ending ''"),
        ({"target_lang": "FR"}, "a.txt", b"\xff\xfe\x00", "is not utf-16-le"),
        ({"target_lang": "FR"}, "a.srt", b"hello", "a.srt:1: expected a line of times"),
        ({"target_lang": "XX"}, "a.txt", b"x", "value for 'target_lang' not supported"),
        ({"target_lang": "FR", "output_format": "pdf"}, "a.txt", b"x", "'output_format' must be that of the file"),
        ({}, "a.txt", b"x", "'target_lang' is missing"),
    ],
)
def test_bad_documents_are_refused_clearly(address, form, name, content, message):
    answer = ask(address, "/v2/document", files={"file": (name, content)}, data=form)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert ask(address, "/v2/document", data=form).status_code == 400


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"entries": "a\tb\na\tc"}, "invalid glossary entries: entries:2: the term 'a' is there already: see 1"),
        ({"entries": "a,b"}, "entries:1: expected a term, a tab and its translation"),
        ({"entries": "\n"}, "a glossary has 1 to 50 entries, this one 0"),
        ({"entries": "\n".join(f"a{n}\tb" for n in range(51))}, "a glossary has 1 to 50 entries, this one 51"),
        ({"entries": {"a": "b"}}, "'entries' is no text"),
        ({"entries": "a\tb", "entries_format": "xls"}, "'entries_format' must be one of tsv, csv"),
        ({"entries": "a\tb", "entries_format": []}, "'entries_format' must be one of tsv, csv"),
        ({"entries": "a\tb", "target_lang": "ja"}, "unsupported glossary source and target language pair: en, ja"),
        ({"entries": "a\tb", "name": ""}, "'name' is missing"),
    ],
)
def test_bad_glossaries_are_refused_clearly(address, fields, message):
    sent = {"name": "g", "source_lang": "en", "target_lang": "fr"} | fields
    answer = ask(address, "/v2/glossaries", json=sent)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_a_change_of_a_wrong_type_is_refused_and_null_is_none(address):
    sent = {"name": "g", "source_lang": "en", "target_lang": "fr", "entries": "a\tb", "entries_format": None}
    place = "/v3/glossaries/" + ask(address, "/v2/glossaries", json=sent).json()["glossary_id"]
    for wrong in ({}, False, 0, "x"):
        answer = ask(address, place, "PATCH", json={"name": "other", "dictionaries": wrong})
        assert answer.json() == {"message": "'dictionaries' must be a list of 1 to 200 objects"}
    assert ask(address, place, "PATCH", json={"name": None}).status_code == 400
    assert ask(address, place, "PATCH", json={"name": "other", "dictionaries": None}).json()["name"] == "other"
    assert ask(address, place, "DELETE").status_code == 204


def test_an_address_that_is_too_long_is_refused(address):
    answer = ask(address, f"/v2/usage?x={'a' * 17_000}", "GET")
    assert answer.status_code == 414


def test_paths_and_methods_that_are_none(address):
    assert ask(address, "/v2/nothing").status_code == 404
    assert ask(address, "/v2/translate", "PUT").status_code == 405
    assert set(ask(address, "/v3/nothing").json()) == {"message"}


# keys


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[tuple[str, str, str]]:
    folder = tmp_path_factory.mktemp("guarded")
    one = keys.make(Key(name="one", keys=folder / "keys.toml", characters=40))
    other = keys.make(Key(name="other", keys=folder / "keys.toml", per_minute=1000))
    with serving(settings(folder, keys=folder / "keys.toml"), Aligned(pairs=PAIRS)) as address:
        yield address, one, other


def test_one_key_never_sees_what_belongs_to_another(guarded):
    address, one, other = guarded
    glossary = ask(address, "/v3/glossaries", key=one, json={"name": "mine", "dictionaries": [
        {"source_lang": "en", "target_lang": "fr", "entries": "a\tb", "entries_format": "tsv"}]}).json()  # fmt: skip
    name = glossary["glossary_id"]
    document = ask(address, "/v2/document", key=one, files={"file": ("a.txt", b"secret")}, data={"target_lang": "FR"})
    sent = document.json()
    pair = {"source_lang": "en", "target_lang": "fr"}
    for version in ("v2", "v3"):
        assert ask(address, f"/{version}/glossaries", "GET", key=other).json() == {"glossaries": []}
        assert ask(address, f"/{version}/glossaries/{name}", "GET", key=other).status_code == 404
        assert ask(address, f"/{version}/glossaries/{name}", "DELETE", key=other).status_code == 404
        assert ask(address, f"/{version}/glossaries/{name}/entries", "GET", key=other, params=(
            pair if version == "v3" else {})).status_code == 404  # fmt: skip
    terms = pair | {"entries": "x\ty"}
    assert ask(address, f"/v3/glossaries/{name}", "PATCH", key=other, json={"name": "z"}).status_code == 404
    assert ask(address, f"/v3/glossaries/{name}/dictionaries", "PUT", key=other, json=terms).status_code == 404
    assert ask(address, f"/v3/glossaries/{name}/dictionaries", "DELETE", key=other, params=pair).status_code == 404
    text = {"text": ["a"], "source_lang": "EN", "target_lang": "FR", "glossary_id": name}
    assert ask(address, key=other, json=text).status_code == 404
    for place in (f"/v2/document/{sent['document_id']}", f"/v2/document/{sent['document_id']}/result"):
        assert ask(address, place, key=other, json={"document_key": sent["document_key"]}).status_code == 404
    mine = ask(address, f"/v3/glossaries/{name}/entries", "GET", key=one, params=pair).json()
    assert mine["dictionaries"][0]["entries"] == "a\tb"


def test_a_wrong_key_and_a_quota(guarded):
    address, one, _ = guarded
    client = deepl.DeepLClient("wrong", server_url=address)
    with pytest.raises(deepl.AuthorizationException, match="this key is not known here"):
        client.translate_text("a", target_lang="FR")
    client.close()
    client = deepl.DeepLClient(one, server_url=address)
    with pytest.raises(deepl.QuotaExceededException, match="the 40 characters of this month are used up"):
        client.translate_text("a" * 41, target_lang="FR")
    assert client.get_usage().character.limit == 40
    with pytest.raises(deepl.QuotaExceededException):
        client.translate_document_upload(b"a" * 41, target_lang="FR", filename="a.txt")
    client.close()
