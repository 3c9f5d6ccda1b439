"""Keys, limits and quotas."""

from __future__ import annotations

import asyncio
import os
import stat
import threading

import pytest
import uvicorn
from fake_polyglot import FakePolyglot
from http_server import settings
from starlette.testclient import TestClient

from calque.cli.main import run
from calque.errors import CalqueError, DataError, RecipeError
from calque.recipes.key import Key
from calque.recipes.serve import Serve
from calque.server import keys
from calque.server.app import create_app
from calque.server.gate import Gate
from calque.server.keys import Keys
from calque.server.ledger import Ledger, Usage, this_month
from calque.server.refusal import Refusal
from calque.server.run import Server


def gate(folder, **more) -> Gate:
    return Gate(settings(folder, **more))


def made(folder, name="shop", **more) -> str:
    return keys.make(Key(name=name, keys=folder / "keys.toml", **more))


def test_without_a_file_every_key_is_let_in_and_kept_apart(tmp_path):
    door = gate(tmp_path)
    assert not door.keyed
    assert door.who(None).name == "anonymous"
    assert door.who("a").name != door.who("b").name
    assert "secret" not in door.who("secret").name


def test_with_a_file_a_key_is_needed(tmp_path):
    key = made(tmp_path)
    door = gate(tmp_path, keys=tmp_path / "keys.toml")
    assert door.keyed
    assert door.who(key).name == "shop"
    for wrong, code in ((None, "no_key"), ("", "no_key"), (key + "x", "wrong_key"), (key.upper(), "wrong_key")):
        with pytest.raises(Refusal) as refused:
            door.who(wrong)
        assert refused.value.code == code


def test_the_file_holds_digests_and_is_its_owners_alone(tmp_path):
    key, other = made(tmp_path), made(tmp_path, "other", characters=5, per_minute=7, admin=True)
    file = tmp_path / "keys.toml"
    text = file.read_text()
    assert key not in text
    assert other not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    who = gate(tmp_path, keys=file).who(other)
    assert (who.characters, who.per_minute, who.admin) == (5, 7, True)
    with pytest.raises(RecipeError, match="has a key named 'shop' already"):
        made(tmp_path)


def test_another_key_leaves_who_may_read_the_file(tmp_path):
    made(tmp_path)
    file, link = tmp_path / "keys.toml", tmp_path / "link.toml"
    file.chmod(0o644)
    if os.getuid() == 0:
        os.chown(file, 12345, 12346)
    before = file.stat()
    link.symlink_to(file)
    keys.make(Key(name="other", keys=link))
    after = file.stat()
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o644, before.st_uid, before.st_gid)
    assert link.is_symlink()
    assert len(Keys.read(file)) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(DataError, match="the file of keys cannot be read: Is a directory"):
        Keys.read(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="the file of keys cannot be read: Not a directory"):
        Keys.read(tmp_path / "file" / "keys.toml")


@pytest.mark.parametrize(
    ("failure", "status", "told"),
    [
        (DataError("no translator", "m"), 422, "m: no translator"),
        (PermissionError(13, "Permission denied", "m"), 500, "not loaded, what was there goes on: [Errno 13]"),
        (ValueError("odd"), 500, "a bug of ours: its number in the log is "),
    ],
)
def test_what_is_not_loaded_leaves_models_and_keys_and_is_told(tmp_path, caplog, failure, status, told):
    key = made(tmp_path, "boss", admin=True)

    def reopen(_: Serve) -> None:
        raise failure

    app = create_app(settings(tmp_path, keys=tmp_path / "keys.toml"), FakePolyglot(), reopen)
    with TestClient(app, headers={"Authorization": f"Bearer {key}"}) as client:
        old = app.state.desk.polyglot
        (tmp_path / "keys.toml").write_text("")  # which would withdraw the key
        answer = client.post("/admin/reload")
        assert (answer.status_code, answer.json()["error"]["message"].startswith(told)) == (status, True)
        asyncio.run(Server(uvicorn.Config(app), app, 0)._quietly())  # as SIGHUP does: nothing is raised
        assert "not loaded: " + (str(failure) if isinstance(failure, CalqueError) else repr(failure)) in caplog.text
        assert app.state.desk.polyglot is old
        assert client.get("/api/v1/usage").status_code == 200
        assert 'calque_swaps_total{result="failed"} 2.0' in client.get("/metrics").text
        (tmp_path / "keys.toml").unlink()
        (tmp_path / "keys.toml").mkdir()
        answer = client.post("/admin/reload")
        assert (answer.status_code, "cannot be read: Is a directory" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[key", "not a file of keys"),
        ("[[keys]]\nname='a'", r"has tables \[\[key\]\] and nothing else"),
        ("[[key]]\nname='a'", "key 1: 'sha256' is required"),
        ("[[key]]\nname='a'\nsha256='zz'", "key 1: 'sha256' = 'zz'"),
        (f"[[key]]\nname='a'\nsha256='{'0' * 64}'\nquota=1", "unknown setting 'quota'"),
        (f"[[key]]\nname='a'\nsha256='{'0' * 64}'\n[[key]]\nname='a'\nsha256='{'1' * 64}'", "two keys are named 'a'"),
        (f"[[key]]\nname='anonymous'\nsha256='{'0' * 64}'", "is the name of whoever comes without a key"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, text, message):
    file = tmp_path / "keys.toml"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        Keys.read(file)


def test_a_key_cannot_have_the_name_of_those_without(tmp_path):
    with pytest.raises(RecipeError, match="'anonymous' is the name of whoever comes without a key: take another"):
        Key.of({"name": "anonymous", "keys": tmp_path / "keys.toml"})


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file of keys"):
        gate(tmp_path, keys=tmp_path / "none.toml")


def test_a_quota_is_exact_under_concurrency(tmp_path):
    ledger = Ledger(tmp_path / "usage.sqlite")
    others = [Ledger(tmp_path / "usage.sqlite") for _ in range(3)]  # as other processes would
    granted = []

    def ask(book):
        granted.extend(book.reserve("shop", 7, 1000) for _ in range(60))

    threads = [threading.Thread(target=ask, args=(book,)) for book in (ledger, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(month is not None for month in granted) == 1000 // 7
    assert ledger.usage("shop", 1000) == Usage(994, 142, 1000, this_month())
    for book in (ledger, *others):
        book.close()


def test_what_fails_is_not_counted(tmp_path):
    key = made(tmp_path, characters=10)
    door = gate(tmp_path, keys=tmp_path / "keys.toml")
    with door.entered(key, 6) as who:
        assert door.usage(who).characters == 6
    with pytest.raises(ValueError, match="no"), door.entered(key, 4):
        raise ValueError("no")
    assert door.usage(who).characters == 6
    with pytest.raises(Refusal, match="10 characters of this month are used up") as refused, door.entered(key, 5):
        pass
    assert (refused.value.code, refused.value.status) == ("quota", 456)
    with door.charged(who, 4):
        pass
    assert (door.usage(who).characters, door.usage(who).limit) == (10, 10)


def test_a_first_request_over_the_quota_is_refused(tmp_path):
    assert Ledger(tmp_path / "usage.sqlite").reserve("shop", 11, 10) is None


def test_requests_a_minute_are_limited_by_key_or_address(tmp_path):
    key = made(tmp_path, per_minute=2)
    door = gate(tmp_path, keys=tmp_path / "keys.toml")
    door.enter(key, 1)
    door.enter(key, 1)
    with pytest.raises(Refusal) as refused:
        door.enter(key, 1)
    assert (refused.value.code, refused.value.status, refused.value.retry_after) == ("too_often", 429, 30)
    door = gate(tmp_path, per_minute=1)
    door.enter("any", 1, "10.0.0.1")
    door.enter("any", 1, "10.0.0.2")
    with pytest.raises(Refusal):
        door.enter("other", 1, "10.0.0.1")


def test_usage_survives_a_restart(tmp_path):
    door = gate(tmp_path)
    door.enter("a", 5)
    door.ledger.close()
    assert gate(tmp_path).usage(door.who("a")).characters == 5


def test_a_database_that_is_none_is_refused(tmp_path):
    (tmp_path / "serve.sqlite").write_text("this is no database, " * 100)
    with pytest.raises(DataError, match="cannot be used as a database"):
        gate(tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_other_machines_need_keys_or_open(host):
    with pytest.raises(RecipeError, match="other machines can ask: give --keys FILE"):
        Serve.of({"folders": ("m",), "host": host})
    Serve.of({"folders": ("m",), "host": host, "open": True})
    Serve.of({"folders": ("m",), "host": host, "keys": "k.toml"})


def test_the_command_line_makes_a_key(tmp_path, capsys):
    assert run(["key", "shop", "--keys", str(tmp_path / "k.toml"), "--characters", "100"]) == 0
    key = capsys.readouterr().out.strip()
    assert Keys.read(tmp_path / "k.toml").holder(key).characters == 100
    assert run(["key", "a b", "--keys", str(tmp_path / "k.toml")]) == 2
    assert run(["key", "shop", "--keys", str(tmp_path / "no" / "k.toml")]) == 3
    assert "k.toml: its folder is not there: make it first" in capsys.readouterr().err
