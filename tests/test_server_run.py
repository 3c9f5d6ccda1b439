"""A server under load, in small: overload, hang-ups, a swap of models, and its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from fake_polyglot import FakePolyglot
from http_server import running, settings

from calque.cli.main import run
from calque.server.app import create_app

HERE = Path(__file__).resolve().parent
ASKED = {"q": "a dog", "source": "en", "target": "fr"}


def until(true, what: str) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def wire(address: str, body: dict) -> socket.socket:
    """A connection with a request that has been sent."""
    host, _, port = address.removeprefix("http://").partition(":")
    sent = json.dumps(body).encode()
    opened = socket.create_connection((host, int(port)), timeout=20)
    head = (
        f"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    opened.sendall(head.encode() + sent)
    return opened


def test_overload_is_refused_and_passes(tmp_path):
    polyglot = FakePolyglot()
    app = create_app(settings(tmp_path, queue=8), polyglot)
    with running(app) as address, ThreadPoolExecutor(40) as clients:
        polyglot.open_.clear()
        waiting = [clients.submit(requests.post, address + "/translate", json=ASKED, timeout=20) for _ in range(40)]
        until(lambda: sum(one.done() for one in waiting) >= 31, "refusals do not wait for the engine")
        polyglot.open_.set()
        answers = [one.result() for one in waiting]
        assert {answer.status_code for answer in answers} == {200, 503}
        refused = [answer for answer in answers if answer.status_code == 503]
        assert 31 <= len(refused) <= 32  # 8 wait; one is computed unless all came before the engine looked
        assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
        assert requests.post(address + "/translate", json=ASKED, timeout=20).status_code == 200


def test_clients_that_hang_up_leave_no_work_behind(tmp_path):
    polyglot = FakePolyglot()
    app = create_app(settings(tmp_path), polyglot)
    with running(app) as address:
        polyglot.open_.clear()
        first = wire(address, ASKED)
        until(lambda: polyglot.asked, "the engine has begun")
        others = [wire(address, ASKED | {"q": f"text {number}"}) for number in range(100)]
        until(lambda: app.state.desk.line.texts[0] == 100, "all wait")
        for other in others:
            other.close()
        until(lambda: app.state.desk.line.texts[0] == 0, "none waits any more")
        polyglot.open_.set()
        assert first.recv(1000).startswith(b"HTTP/1.1 200 ")
        first.close()
        assert polyglot.batches == [["a dog"]]
        until(lambda: b"calque_hung_up_total 100.0" in app.state.measures.text(), "they are counted")
        assert app.state.gate.usage(app.state.gate.who(None)).characters == len("a dog")


@pytest.fixture
def process(tmp_path):
    """A server in a process of its own, and its address."""
    (tmp_path / "version").write_text("1")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
    log = (tmp_path / "log").open("w")
    started = subprocess.Popen(
        [sys.executable, "-W", "error", str(HERE / "server_process.py"), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=environment,
    )
    try:
        yield started, started.stdout.readline().strip(), tmp_path
    finally:
        started.kill()
        started.wait(20)
        started.stdout.close()
        log.close()


def test_models_are_swapped_under_load_and_the_end_is_graceful(process):
    server, address, folder = process
    until(lambda: _answers(address), "it answers")
    failures, answers, stop = [], [], threading.Event()

    def client() -> None:
        with requests.Session() as session:
            while not stop.is_set():
                answer = session.post(address + "/translate", json=ASKED, timeout=20)
                (answers if answer.ok else failures).append(answer.text)

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for version in range(2, 22):
        (folder / "version").write_text(str(version))
        server.send_signal(signal.SIGHUP)
        wanted = f'{{"translatedText":"{version}:A DOG"}}'
        until(lambda wanted=wanted: wanted in answers[-8:], "the new model answers")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []

    (folder / "hold").touch()
    wires = [wire(address, ASKED) for _ in range(50)]
    until(lambda: _waiting(address) >= 49, "all wait, but for one that may be computed already")
    server.send_signal(signal.SIGTERM)
    (folder / "hold").unlink()
    heard = [one.recv(1000) for one in wires]
    for one in wires:
        one.close()
    assert sum(answer.startswith(b"HTTP/1.1 200 ") for answer in heard) == 50
    assert server.wait(20) == 0
    assert server.stdout.read() == "[]\n"  # what is heavy was never imported
    log = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    assert sum(line["message"] == "loaded anew" for line in log) == 20
    assert sum(line.get("route") == "/translate" for line in log) == len(answers) + 50
    assert not any("dog" in json.dumps(line).lower() for line in log)


def _answers(address: str) -> bool:
    try:
        return requests.get(address + "/ready", timeout=20).ok
    except requests.ConnectionError:
        return False


def _waiting(address: str) -> float:
    text = requests.get(address + "/metrics", timeout=20).text
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith("calque_waiting_texts "))


def test_a_port_that_is_taken_is_told(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(["serve", "model", "--port", str(port)]) == 6
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in capsys.readouterr().err
    assert run(["serve", "model", "--host", "999.1.1.1", "--open", "--port", "0"]) == 6
    assert "999.1.1.1 port 0: Name or service not known" in capsys.readouterr().err


def test_what_is_not_installed_is_told(monkeypatch, capsys):
    monkeypatch.setattr("calque.server.extra.PACKAGES", ("fastapi", "no_such_package"))
    assert run(["serve", "model"]) == 6
    assert "serving needs no_such_package: pip install 'calque[serve]'" in capsys.readouterr().err


def test_other_machines_need_keys(capsys):
    assert run(["serve", "model", "--host", "0.0.0.0"]) == 2
    assert "give --keys FILE (see `calque key`), or --open" in capsys.readouterr().err
