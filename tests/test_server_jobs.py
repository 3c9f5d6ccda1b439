"""Jobs in the background over HTTP, and what is left of them when a server ends."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator

import pytest
import requests
from fake_aligned import Aligned
from http_server import serving, settings

from calque.recipes.key import Key
from calque.server import keys
from calque.server.jobs import attachment
from calque.server.store import Dictionary, Job, Store

TEXTS = {"texts": ["A dog.", "été"], "source": "en", "target": "fr"}


@pytest.fixture(scope="module")
def polyglot() -> Aligned:
    return Aligned()


@pytest.fixture(scope="module")
def address(tmp_path_factory, polyglot) -> Iterator[str]:
    with serving(settings(tmp_path_factory.mktemp("jobs"), jobs=30, job_texts=200), polyglot) as address:
        yield address


def ask(address: str, path: str = "", method: str = "GET", key: str | None = "one", **more):
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return requests.request(method, f"{address}/api/v1/jobs{path}", headers=headers, timeout=10, **more)


def ended(address: str, name: str, key: str | None = "one") -> dict:
    for _ in range(500):
        job = ask(address, f"/{name}", key=key).json()
        if job["state"] not in ("queued", "running"):
            return job
        time.sleep(0.01)
    raise AssertionError("the job did not end in five seconds")


def events(answer) -> list[tuple[str, dict]]:
    blocks = answer.text.strip().split("\n\n")
    lines = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks if not block.startswith(":")]
    return [(one["event"], json.loads(one["data"])) for one in lines]


def test_many_texts(address):
    sent = ask(address, method="POST", json=TEXTS)
    job = sent.json()
    assert sent.status_code == 202
    assert (job["done"], job["total"], job["name"], job["error"]) == (0, 2, "texts.json", None)
    assert ended(address, job["id"])["state"] == "done"
    result = ask(address, f"/{job['id']}/result").json()
    assert [one["text"] for one in result["translations"]] == ["A DOG.", "ÉTÉ"]
    assert job["id"] in [one["id"] for one in ask(address).json()["jobs"]]


def test_a_file_and_its_language(address):
    sent = ask(address, method="POST", files={"file": ("dir/été.txt", "un été\n".encode())},
               data={"source": "auto", "target": "en"}).json()  # fmt: skip
    assert sent["name"] == "été.txt"
    assert ended(address, sent["id"])["source"] == "fr"
    result = ask(address, f"/{sent['id']}/result")
    assert result.content == "UN ÉTÉ\n".encode()
    assert result.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%A9t%C3%A9.txt"
    assert result.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_progress_comes_as_events(address, polyglot):
    polyglot.open_.clear()
    sent = ask(address, method="POST", json=TEXTS | {"texts": ["a b"] * 130}).json()
    with requests.get(f"{address}/api/v1/jobs/{sent['id']}/events", headers={"Authorization": "Bearer one"},
                      stream=True, timeout=10) as stream:  # fmt: skip
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = stream.iter_lines(decode_unicode=True)
        assert next(lines) == "event: progress"
        polyglot.open_.set()
        told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert (told[-1]["state"], told[-1]["done"]) == ("done", 130)
    assert [one["done"] for one in told] == sorted(one["done"] for one in told)
    after = events(ask(address, f"/{sent['id']}/events"))
    assert [(name, job["state"]) for name, job in after] == [("end", "done")]


def test_a_job_is_stopped_and_forgotten(address, polyglot):
    polyglot.open_.clear()
    try:
        sent = ask(address, method="POST", json=TEXTS).json()
        early = ask(address, f"/{sent['id']}/result")
        assert (early.status_code, early.json()["error"]["code"]) == (409, "no_result")
        assert ask(address, f"/{sent['id']}", "DELETE").json()["state"] == "cancelled"
    finally:
        polyglot.open_.set()
    assert ask(address, f"/{sent['id']}").status_code == 404
    assert ask(address, f"/{sent['id']}/events").status_code == 404
    assert ask(address, f"/{sent['id']}", "DELETE").status_code == 404


def test_a_job_that_fails_says_so(address):
    sent = ask(address, method="POST", json=TEXTS | {"texts": ["a", "broken"]}).json()
    job = ended(address, sent["id"])
    assert (job["state"], job["error"]) == (
        "failed",
        f"translation failed (ValueError): its number in the log is {sent['id']}",
    )
    assert ask(address, f"/{sent['id']}/result").status_code == 409


def test_one_key_never_sees_the_jobs_of_another(tmp_path, polyglot):
    one, other = (keys.make(Key(name=name, keys=tmp_path / "keys.toml")) for name in ("one", "other"))
    with serving(settings(tmp_path, keys=tmp_path / "keys.toml"), polyglot) as address:
        name = ask(address, method="POST", key=one, json=TEXTS).json()["id"]
        ended(address, name, one)
        for path, method in (("", "GET"), ("/result", "GET"), ("/events", "GET"), ("", "DELETE")):
            answer = ask(address, f"/{name}{path}", method, key=other)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        assert ask(address, key=other).json() == {"jobs": []}
        assert ask(address, f"/{name}/result", key=one).status_code == 200
        assert ask(address, f"/{name}", key=None).status_code == 401
        assert ask(address, f"/{name}", key="wrong").status_code == 403


def test_without_a_key_a_job_is_known_by_its_name_alone(address):
    name = ask(address, method="POST", key=None, json=TEXTS).json()["id"]
    assert ask(address, f"/{name}", key=None).status_code == 200
    assert ask(address, key=None).status_code == 401


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"texts": "a"}, 422, "'texts' must be a list of texts"),
        ({"texts": []}, 422, "'texts' is missing"),
        ({"texts": ["a", 1]}, 422, "'texts' is no text"),
        ({"texts": ["\0"]}, 422, "'texts' has a NUL"),
        ({"texts": ["a"] * 201}, 413, "at most 200"),
        ({"target": "frr"}, 422, "no model translates from 'en' into 'frr'; did you mean 'fr'?"),
        ({"target": "frr", "source": "auto"}, 422, "no model translates from"),
        ({"target": "zzz", "source": "zzz"}, 422, "no model reads or translates into 'zzz'"),
        ({"model": "none"}, 422, "no model translates"),
        ({"model": 1}, 422, "'model' is no text"),
        ({"txts": ["a"]}, 422, "unknown field 'txts'; did you mean 'texts'?"),
    ],
)
def test_bad_input_is_refused_clearly(address, fields, status, message):
    answer = ask(address, method="POST", json=TEXTS | fields)
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]


def test_bad_files_are_refused_clearly(address):
    for name, content, code, message in (
        ("a.docx", b"PK", "unknown_format", "no format has the ending '.docx'"),
        ("a.txt", b"a\nb\xff", "bad_file", "a.txt:2: byte 0xFF"),
        ("a.srt", b"1\nx", "bad_file", "a.srt:2: expected a line of times"),
        ("a.html", b"<b>" * 8001, "too_large", "more than 8000 tags and attributes"),
    ):
        answer = ask(address, method="POST", files={"file": (name, content)}, data={"source": "en", "target": "fr"})
        assert answer.status_code == (413 if name == "a.html" else 422)
        assert answer.json()["error"]["code"] == code
        assert message in answer.json()["error"]["message"]
    raw = requests.post(f"{address}/api/v1/jobs", data=b"{", headers={"Content-Type": "application/json"}, timeout=10)
    assert raw.status_code == 400


def test_a_key_keeps_so_many_jobs_and_no_more(tmp_path, polyglot):
    with serving(settings(tmp_path, jobs=2), polyglot) as address:
        for _ in range(2):
            assert ask(address, method="POST", json=TEXTS).status_code == 202
        refused = ask(address, method="POST", json=TEXTS)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert ask(address, method="POST", key="other", json=TEXTS).status_code == 202


def test_without_a_key_what_has_ended_makes_room(tmp_path, polyglot):
    """All who come without a key share one limit, and clients of LibreTranslate never delete a file."""
    given = {"source": "en", "target": "fr"}
    with serving(settings(tmp_path, jobs=2), polyglot) as address:
        for _ in range(3):
            sent = requests.post(f"{address}/translate_file", files={"file": ("a.txt", b"dog")}, data=given, timeout=10)
            assert requests.get(sent.json()["translatedFileUrl"], timeout=10).text == "DOG"
        names = [ask(address, method="POST", key=None, json=TEXTS).json()["id"] for _ in range(2)]
        assert [ended(address, name, None)["state"] for name in names] == ["done"] * 2
        polyglot.open_.clear()
        assert [ask(address, method="POST", key=None, json=TEXTS).status_code for _ in range(3)] == [202, 202, 429]
        assert ask(address, f"/{names[0]}", key=None).status_code == 404
        polyglot.open_.set()


def test_of_a_key_only_files_that_nobody_can_delete_make_room(tmp_path):
    store = Store(tmp_path / "a.sqlite")
    for name, more in (("a", {}), ("b", {"kind": "libre"}), ("c", {"kind": "libre", "created": 0.5})):
        assert store.add(job(name, state="done", **more), b"x", 3)
    assert not store.add(job("d"), b"x", 1, ("libre",))
    assert {one.id for one in store.jobs("one")} == {"a", "b", "c"}
    assert store.add(job("d"), b"x", 3, ("libre",))
    assert store.add(job("e"), b"x", 3, ("libre",))
    assert not store.add(job("f"), b"x", 3, ("libre",))
    assert {one.id for one in store.jobs("one")} == {"a", "d", "e"}
    assert store.content(job("c"), "given") is None
    store.close()


def test_a_job_goes_on_in_the_next_server(tmp_path):
    serve = settings(tmp_path)
    with serving(serve, Aligned(seconds=0.002)) as address:
        name = ask(address, method="POST", json=TEXTS | {"texts": ["a"] * 1000}).json()["id"]
    store = Store(serve.database)
    left = store.jobs("key-" + keys.digest("one")[:16])
    assert [(one.id, one.state, one.done, one.tries) for one in left] == [(name, "queued", 0, 0)]
    store.close()
    with serving(serve, Aligned()) as address:
        assert ended(address, name)["state"] == "done"
        assert len(ask(address, f"/{name}/result").json()["translations"]) == 1000


def job(name: str, **more) -> Job:
    plain = {"kind": "texts", "name": "texts.json", "source": "en", "target": "fr", "model": None, "options": "{}"}
    state = {"state": "queued", "done": 0, "total": 1, "created": 1.0}
    return Job(**({"id": name, "owner": "one"} | plain | state | more))


def test_what_another_server_was_at_waits_again_or_failed(tmp_path):
    store = Store(tmp_path / "a.sqlite")
    store.add(job("a", state="running", done=1, tries=1), b"[]", 9)
    store.add(job("b", state="running", tries=3), b"[]", 9)
    store.add(job("c", state="done"), b"[]", 9)
    store.close()
    store = Store(tmp_path / "a.sqlite")
    assert [one.id for one in store.recover()] == ["b"]
    assert {one.id: (one.state, one.done) for one in store.jobs("one")} == {
        "a": ("queued", 0),
        "b": ("failed", 0),
        "c": ("done", 0),
    }
    assert store.job("b", "one").error == "the server ended three times while it was at this"
    store.close()


def test_a_job_that_was_stopped_takes_no_result(tmp_path):
    store = Store(tmp_path / "a.sqlite")
    store.add(job("a"), b"given", 9)
    assert store.update(job("a", state="cancelled"))
    assert not store.update(job("a", state="running"))
    assert not store.finish(job("a"), b"result")
    assert store.content(job("a"), "result") is None
    store.add(job("b"), b"given", 9)
    assert store.finish(job("b"), b"result")
    assert (store.content(job("b"), "result"), store.content(job("b"), "given")) == (b"result", None)
    store.close()


def test_what_has_expired_is_forgotten_with_its_files(tmp_path):
    store = Store(tmp_path / "a.sqlite")
    store.add(job("old", state="done"), b"x", 9)
    store.add(job("new", state="done", created=9.0), b"x", 9)
    store.add(job("at work", state="running"), b"x", 9)
    assert [one.id for one in store.expired(5.0)] == ["old"]
    assert store.forget(job("old"))
    assert store.content(job("old"), "given") is None
    assert store.content(job("new"), "given") == b"x"
    store.close()


def test_glossaries_belong_to_one_owner(tmp_path):
    store = Store(tmp_path / "a.sqlite")
    kept = store.keep("one", "g", [Dictionary("en", "fr", 1, "a\tb")], 1)
    assert store.keep("one", "h", [], 1) is None
    assert store.glossaries("one") == [kept]
    assert store.glossaries("other") == store.glossaries("other", kept.id) == []
    assert not store.change("other", kept.id, "x", [Dictionary("en", "fr", 1, "c\td")])
    assert not store.drop("other", kept.id)
    assert not store.drop("other", kept.id, ("en", "fr"))
    assert store.glossaries("one", kept.id) == [kept]
    assert store.drop("one", kept.id)
    assert store.glossaries("one") == []
    store.close()


def test_waiting_jobs_are_begun_by_turns_of_their_owners(tmp_path):
    """One key's many jobs do not keep another's waiting."""
    from calque.server.desk import Desk
    from calque.server.gate import Gate
    from calque.server.jobs import Jobs
    from calque.server.measures import Measures

    serve = settings(tmp_path, jobs_at_once=2)
    store, gate = Store(serve.database), Gate(serve)
    for number in range(3):
        store.add(job(f"one {number}", created=float(number)), b"[]", 9)
    store.add(job("other", owner="other", created=5.0), b"[]", 9)

    async def chosen() -> list[str]:
        jobs = Jobs(serve, Desk(serve, Aligned(), Measures()), gate, store)
        return [one.id for one in jobs._next()]

    assert asyncio.run(chosen()) == ["one 0", "other"]
    store.close()
    gate.ledger.close()


def test_a_disk_that_is_full_leaves_the_store_usable(tmp_path):
    store = Store(tmp_path / "serve.sqlite")
    pages = store._file.execute("PRAGMA page_count").fetchone()[0]
    store._file.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.add(job("a"), b"x" * 100_000, 5)
    store._file.execute("PRAGMA max_page_count = 1000000")
    assert store.add(job("a"), b"x" * 100_000, 5)
    store.close()


def test_a_file_is_saved_under_its_bare_name():
    told = [attachment(b"", name).headers["content-disposition"] for name in ("..\\..\\x.txt", "../é.srt")]
    assert told == ["attachment; filename*=UTF-8''x.txt", "attachment; filename*=UTF-8''%C3%A9.srt"]
