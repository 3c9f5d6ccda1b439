"""What does a server cost over the engine in it, and what does it do when too much is asked?

    python -m benchmarks.serving --json                          # the demo's translator, made and exported when absent
    python -m benchmarks.serving --folder MODEL --text data/multi30k/test_2016_flickr.en --seconds 60

`calque serve` runs in a process of its own, the clients in this one; the engine alone translates the same sentences in
a third, before and after. benchmarks/README.md says how to read the numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from benchmarks.bad_input import refused
from benchmarks.http_load import Client, Heard, bodies, closed, paced, unhurried
from benchmarks.served import Served, serving

DEMO = Path("demo-model")
ALLOWED = {200, 429, 503}
DOCUMENT = 10_000  # sentences
SWAPS = 20
OPEN = 50  # requests in flight when the server is told to end
GONE = 100  # clients that hang up
FLAGS = ("--characters", "500000", "--deadline", "600")  # so that a document may be asked for in lists


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, measure, print."""
    given = _parser().parse_args(arguments)
    folder = given.folder or _demo()
    text = given.text.read_text(encoding="utf-8") if given.text else _text(folder)
    sentences = [line for line in text.splitlines() if line.strip()][: given.sentences]
    with tempfile.TemporaryDirectory() as aside:
        result = Bench(given, folder, sentences, Path(aside)).run()
    print(json.dumps(result) if given.json else _table(result))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="translator to serve; by default demo-model/, made when absent")
    parser.add_argument("--text", type=Path, help="sentences, one a line; by default some of the demo's")
    parser.add_argument("--sentences", type=int, default=1_000, help="of the text, at most")
    parser.add_argument("--seconds", type=float, default=60, help="that 64 clients ask; the other parts are shorter")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--beam", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the engine")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS), help="parts to measure")
    parser.add_argument("--json", action="store_true")
    return parser


class Bench:
    """The parts, one after the other.

    Args:
        given: the command line.
        folder: the translator.
        sentences: what is asked.
        aside: where files may lie.
    """

    def __init__(self, given: argparse.Namespace, folder: Path, sentences: Sequence[str], aside: Path) -> None:
        self.given = given
        self.folder = folder
        self.sentences = sentences
        self.aside = aside
        told = json.loads((folder / "calque.json").read_text(encoding="utf-8"))
        self.languages = told["source"], told["target"]
        self.flags = (*FLAGS, "--beam", str(given.beam), "--threads", str(given.threads))

    def run(self) -> dict[str, Any]:
        """All numbers."""
        found: dict[str, Any] = {"errors": 0}
        for name in PARTS:
            if name in self.given.only:
                print(f"{name} ...", file=sys.stderr)
                told = getattr(self, name)(found)
                found["errors"] += told.pop("errors", 0)
                found |= told
        return found | self.signature()

    def signature(self) -> dict[str, Any]:
        """What the numbers were measured with."""
        import torch

        from benchmarks.machine import describe

        given = self.given
        return {
            "folder": self.folder.name,
            "sentences": len(self.sentences),
            "seconds": given.seconds,
            "clients": given.clients,
            "beam": given.beam,
            "threads": given.threads,
            "machine": describe(torch.device("cpu")),
        }

    def asked(self) -> Any:
        """Requests for one sentence each."""
        return bodies(self.sentences, *self.languages)

    def load(self, _found: dict[str, Any]) -> dict[str, Any]:
        """The engine alone and behind the server: sentences a second of CPU time and of the clock."""
        before = self._raw()
        with serving([self.folder], self.aside, *self.flags) as server:
            asyncio.run(closed(server.address, self.asked(), self.given.clients, 2))
            cpu, began = server.cpu(), time.monotonic()
            heard = asyncio.run(closed(server.address, self.asked(), self.given.clients, self.given.seconds))
            clock, cpu = time.monotonic() - began, server.cpu() - cpu
            memory = server.memory()
            texts, batches = server.measure("calque_batch_texts_sum"), server.measure("calque_batch_texts_count")
        after = self._raw()
        done = sum(one.status == 200 for one in heard)
        raw_cpu = (before["sentences"] + after["sentences"]) / (before["cpu"] + after["cpu"])
        raw_clock = (before["sentences"] + after["sentences"]) / (before["clock"] + after["clock"])
        return {
            "server_over_raw_64": round(done / cpu / raw_cpu, 3),
            "server_over_raw_64_clock": round(done / clock / raw_clock, 3),
            "raw_per_cpu_second": round(raw_cpu, 1),
            "raw_per_second": round(raw_clock, 1),
            "server_per_cpu_second": round(done / cpu, 1),
            "server_per_second": round(done / clock, 1),
            "batch": round(texts / batches, 1),
            "latency_ms": _percentiles(heard),
            "memory_mb": round(memory, 1),
            "raw_memory_mb": round(before["memory"], 1),
            "errors": len(heard) - done,
        }

    def _raw(self) -> dict[str, float]:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            seconds = max(self.given.seconds / 4, 2)
            given = self.given
            return pool.submit(_alone, self.folder, list(self.sentences), given.beam, given.threads, seconds).result()

    def bad_input(self, _found: dict[str, Any]) -> dict[str, Any]:
        """What must be refused, and how fast it is."""
        with serving([self.folder], self.aside, "--threads", str(self.given.threads)) as server:
            told = asyncio.run(refused(server.address, *self.languages))
        return {
            "bad_input": told,
            "bad_input_slowest_ms": max(one["milliseconds"] for one in told.values()),
            "errors": sum(not 400 <= one["status"] < 500 for one in told.values()),
        }

    def overload(self, found: dict[str, Any]) -> dict[str, Any]:
        """Ten times what the server can do, twice: what it answers, how fast it refuses, and how it is afterwards. The
        second time shows whether memory keeps growing: the first one fills the engine's and the allocator's pools."""
        with serving([self.folder], self.aside, *self.flags) as server:
            usual = asyncio.run(unhurried(server.address, self.asked(), 20, 0.02))
            rate = 10 * (found.get("server_per_second") or self._pace(server))
            before, line = server.memory(), len(server.logged())
            heard = asyncio.run(self._flood(server, rate))
            once = server.memory()
            recovery = asyncio.run(self._recovery(server, _percentiles(usual)["p95"] / 1000))
            heard += asyncio.run(self._flood(server, rate))
            twice = server.memory()
            rejected = [one for one in heard if one.status in ALLOWED - {200}]
            inside = [
                float(str(told["milliseconds"])) for told in server.logged(line) if told.get("status") in (429, 503)
            ]
            return {
                "p99_rejection_ms": _percentiles(rejected)["p99"],
                "p99_rejection_ms_inside": round(quantiles(inside, n=100)[98], 1) if len(inside) > 1 else None,
                "overload_rate": round(rate, 1),
                "overload_statuses": dict(Counter(one.status for one in heard)),
                "memory_before_overload_mb": round(before, 1),
                "memory_after_overload_mb": round(once, 1),
                "memory_after_second_overload_mb": round(twice, 1),
                "recovery_seconds": round(recovery, 2),
                "errors": sum(one.status not in ALLOWED for one in heard),
            }

    def _pace(self, server: Served) -> float:
        heard = asyncio.run(closed(server.address, self.asked(), self.given.clients, 5))
        return len(heard) / 5

    async def _flood(self, server: Served, rate: float) -> list[Heard]:
        seconds, clients = max(self.given.seconds / 6, 3), 10 * self.given.clients
        return await paced(server.address, self.asked(), rate, seconds, clients)

    async def _recovery(self, server: Served, usual: float) -> float:
        """Seconds until a request is answered within twice the usual time again."""
        client, began = Client(server.address), time.monotonic()
        while time.monotonic() - began < 60:
            heard = await client.ask(next(self.asked()))
            if heard.status == 200 and heard.seconds < 2 * usual:
                break
        client.close()
        return time.monotonic() - began

    def document(self, _found: dict[str, Any]) -> dict[str, Any]:
        """One who asks now and then, alone and beside a document of 10,000 sentences."""
        count = max(int(self.given.seconds * 3), 20)
        with serving([self.folder], self.aside, *self.flags) as server:
            alone = asyncio.run(unhurried(server.address, self.asked(), count, 0.05))
            beside, left = asyncio.run(self._beside(server, count))
        ratio = _percentiles(beside)["p95"] / _percentiles(alone)["p95"]
        return {
            "interactive_p95_ratio": round(ratio, 2),
            "interactive_alone_ms": _percentiles(alone),
            "interactive_beside_document_ms": _percentiles(beside),
            "document_left": left,
            "errors": sum(one.status != 200 for one in (*alone, *beside)),
        }

    async def _beside(self, server: Served, count: int) -> tuple[list[Heard], int]:
        """Answers beside a document that is asked for in ten lists, and how much of it is left at the end."""
        texts = [self.sentences[number % len(self.sentences)] for number in range(DOCUMENT)]
        source, target = self.languages
        lists = [
            json.dumps({"q": texts[start : start + 1_000], "source": source, "target": target}).encode()
            for start in range(0, DOCUMENT, 1_000)
        ]
        clients = [Client(server.address) for _ in lists]
        tasks = [asyncio.create_task(client.ask(body)) for client, body in zip(clients, lists, strict=True)]
        await asyncio.sleep(1)
        heard = await unhurried(server.address, self.asked(), count, 0.05)
        left = int(await asyncio.to_thread(server.measure, "calque_waiting_background_texts "))
        for client, task in zip(clients, tasks, strict=True):
            client.close()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return heard, left

    def swap(self, _found: dict[str, Any]) -> dict[str, Any]:
        """Models loaded anew under load."""
        with serving([self.folder], self.aside, *self.flags) as server:
            heard = asyncio.run(self._swapped(server))
            done = server.measure('calque_swaps_total{result="done"}')
        failures = sum(one.status != 200 for one in heard)
        return {"swaps": int(done), "swap_failures": failures, "swap_requests": len(heard), "errors": failures}

    async def _swapped(self, server: Served) -> list[Heard]:
        heard: list[Heard] = []
        asked, end = self.asked(), asyncio.Event()

        async def one() -> None:
            client = Client(server.address)
            while not end.is_set():
                heard.append(await client.ask(next(asked)))
            client.close()

        tasks = [asyncio.create_task(one()) for _ in range(8)]
        for number in range(1, SWAPS + 1):
            server.signal(signal.SIGHUP)
            while await asyncio.to_thread(server.measure, "calque_swaps_total") < number:
                await asyncio.sleep(0.05)
        end.set()
        await asyncio.gather(*tasks)
        return heard

    def hang_up(self, _found: dict[str, Any]) -> dict[str, Any]:
        """Clients that leave before they have their answer."""
        with serving([self.folder], self.aside, *self.flags) as server:
            computed, waiting = asyncio.run(self._gone(server))
        return {"hung_up": GONE, "hung_up_computed": computed, "hung_up_left_waiting": waiting, "errors": waiting}

    async def _gone(self, server: Served) -> tuple[int, int]:
        """How many texts of clients were computed that left while the engine was busy with another's, and how many
        wait."""
        before = await asyncio.to_thread(server.measure, "calque_texts_total")
        busy = Client(server.address)
        first = asyncio.create_task(busy.ask(self._list(GONE)))
        await asyncio.sleep(0.05)
        clients = [Client(server.address) for _ in range(GONE)]
        for client in clients:
            await client.open()
        for client in clients:
            client.send_only(next(self.asked()))
        for client in clients:
            client.close()
        await first
        busy.close()
        await asyncio.sleep(1)
        after = await asyncio.to_thread(server.measure, "calque_texts_total")
        return int(after - before) - GONE, int(await asyncio.to_thread(server.measure, "calque_waiting_texts "))

    def drain(self, _found: dict[str, Any]) -> dict[str, Any]:
        """SIGTERM with 50 requests in flight."""
        with serving([self.folder], self.aside, *self.flags) as server:
            heard = asyncio.run(self._drained(server))
            code = server.process.wait(60)
        done = sum(one.status == 200 for one in heard)
        return {"drained": done, "drain_of": OPEN, "exit_code": code, "errors": OPEN - done}

    async def _drained(self, server: Served) -> list[Heard]:
        """Answers to 50 requests that wait behind a list, the list's among them, when the server is told to end."""
        asked = self.asked()
        first = asyncio.create_task(Client(server.address).ask(self._list(GONE)))
        await asyncio.sleep(0.05)
        tasks = [asyncio.create_task(Client(server.address).ask(next(asked))) for _ in range(OPEN - 1)]
        while await asyncio.to_thread(server.measure, "calque_waiting_texts ") < OPEN - 1 and not first.done():
            await asyncio.sleep(0.01)
        server.signal(signal.SIGTERM)
        return list(await asyncio.gather(first, *tasks))

    def _list(self, count: int) -> bytes:
        """A request for so many sentences at once."""
        texts = [self.sentences[number % len(self.sentences)] for number in range(count)]
        source, target = self.languages
        return json.dumps({"q": texts, "source": source, "target": target}).encode()


PARTS = ("bad_input", "load", "overload", "document", "swap", "hang_up", "drain")


def _alone(folder: Path, sentences: list[str], beam: int, threads: int, seconds: float) -> dict[str, float]:
    """In a process of its own: the engine translates the sentences again and again, handled as the server does."""
    from benchmarks.memory import resident
    from calque.recipes.handling import Handling
    from calque.recipes.search import Search
    from calque.recipes.serve import Serve
    from calque.server.models import open_all

    polyglot = open_all(Serve(folders=(folder,), threads=threads))
    model, search = polyglot.models[0], Search(beam=beam)
    cpu, began, done = time.process_time(), time.monotonic(), 0
    while time.monotonic() - began < seconds:
        done += len(polyglot.translate(sentences, model.source, model.target, search=search, handling=Handling()))
    spent = time.process_time() - cpu
    return {"sentences": done, "cpu": spent, "clock": time.monotonic() - began, "memory": resident() / 1e6}


def _percentiles(heard: Sequence[Heard]) -> dict[str, float]:
    """Milliseconds."""
    if len(heard) < 2:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0, "mean": 0.0}
    cuts = quantiles([one.seconds * 1000 for one in heard], n=100)
    found = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "mean": mean(one.seconds * 1000 for one in heard)}
    return {name: round(value, 1) for name, value in found.items()}


def _demo() -> Path:
    """The demo's translator, made and exported when absent."""
    if not DEMO.is_dir():
        subprocess.run([sys.executable, "-m", "calque", "demo", "--out", str(DEMO)], check=True, stdout=sys.stderr)
    if not (DEMO / "fast").is_dir():
        subprocess.run([sys.executable, "-m", "calque", "export", str(DEMO)], check=True, stdout=sys.stderr)
    return DEMO


def _text(folder: Path) -> str:
    """Sentences of the demo's grammar, in the language that the translator reads."""
    if json.loads((folder / "calque.json").read_text(encoding="utf-8"))["source"] != "en":
        raise SystemExit("give --text FILE: the demo's sentences are English")
    with tempfile.TemporaryDirectory() as aside:
        corpus = Path(aside) / "corpus"
        command = [sys.executable, "-m", "calque", "demo", "--out", str(corpus), "--corpus-only", "--pairs", "2000"]
        subprocess.run(command, check=True, stdout=sys.stderr)
        return next(corpus.rglob("test.en")).read_text(encoding="utf-8")


def _table(result: dict[str, Any]) -> str:
    rows = "\n".join(f"| {name} | {value} |" for name, value in result.items())
    return f"| what | value |\n|---|---|\n{rows}"


if __name__ == "__main__":
    main()
