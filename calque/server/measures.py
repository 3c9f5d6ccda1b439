"""What is counted, as Prometheus reads it. No label tells anything about a person, a key, an address or a text."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Measures:
    """The measures of one server, in a registry of their own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "calque_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "calque_request_seconds", "Time from request to answer", ["route"], registry=registry, buckets=_SECONDS
        )
        self._refused = Counter("calque_refused", "Requests refused, by reason", ["reason"], registry=registry)
        self._hung_up = Counter("calque_hung_up", "Requests whose client left before the answer", registry=registry)
        self._batches = Histogram("calque_batch_texts", "Texts computed at once", registry=registry, buckets=_TEXTS)
        self._engine = Counter("calque_engine_seconds", "Time the engine computed", registry=registry)
        self._texts = Counter("calque_texts", "Texts (pieces of long ones) computed", registry=registry)
        self._characters = Counter("calque_characters", "Characters computed", registry=registry)
        self._swaps = Counter("calque_swaps", "Times the models were loaded anew", ["result"], registry=registry)

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Report a value that is asked for whenever the measures are read."""
        Gauge(name, what, registry=self._registry).set_function(value)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is its pattern, never its path."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def refused(self, reason: str) -> None:
        """A request was refused, with the code of its refusal."""
        self._refused.labels(reason).inc()

    def hung_up(self) -> None:
        """A client left before its answer."""
        self._hung_up.inc()

    def batch(self, texts: int, characters: int, seconds: float) -> None:
        """A batch was computed."""
        self._batches.observe(texts)
        self._texts.inc(texts)
        self._characters.inc(characters)
        self._engine.inc(seconds)

    def swap(self, result: str) -> None:
        """The models were loaded anew: done or failed."""
        self._swaps.labels(result).inc()

    def text(self) -> bytes:
        """All measures in Prometheus' text format."""
        return generate_latest(self._registry)
