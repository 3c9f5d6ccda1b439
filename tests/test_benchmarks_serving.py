"""The clients of the serving benchmark, against a server without a network."""

from __future__ import annotations

import asyncio

import pytest
from fake_polyglot import FakePolyglot
from http_server import running, settings

from benchmarks import serving
from benchmarks.bad_input import refused
from benchmarks.http_load import HUNG, Client, Heard, bodies, closed, paced, unhurried
from calque.server.app import create_app


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    app = create_app(settings(tmp_path_factory.mktemp("server")), FakePolyglot())
    with running(app) as address:
        yield app, address


def test_bad_input_is_refused(server):
    told = asyncio.run(refused(server[1], "en", "fr"))
    assert {name: one["status"] for name, one in told.items() if one["status"] == 413} == {
        "a word of a million characters": 413,
        "a list of 10,000": 413,
        "a body of 50 MB": 413,
    }
    assert {one["status"] for one in told.values()} == {400, 413}


def test_every_kind_of_load_gets_answers(server):
    app, address = server
    asked = bodies(["one", "two"], "en", "fr")
    heard = asyncio.run(closed(address, asked, clients=3, seconds=0.05))
    heard += asyncio.run(paced(address, asked, rate=100, seconds=0.1, clients=2))
    heard += asyncio.run(unhurried(address, asked, count=2, pause=0))
    assert {one.status for one in heard} == {200}
    assert b'calque_requests_total{method="POST",route="/translate",status="200"} %d.0' % len(heard) in (
        app.state.measures.text()
    )


def test_a_server_that_is_gone_is_no_answer():
    client = Client("http://127.0.0.1:9")
    assert asyncio.run(client.ask(b"{}")).status == HUNG


def test_percentiles_are_in_milliseconds():
    heard = [Heard(200, 0.0, number / 1000) for number in range(1, 101)]
    assert serving._percentiles(heard) == {"p50": 50.5, "p95": 96.0, "p99": 100.0, "mean": 50.5}
    assert serving._percentiles([])["p99"] == 0.0
