"""Where requests become translations: one thread computes for people who wait, one in the background for documents and
long lists, everybody else waits in line.

The engine is never kept waiting: when it is idle, what has come is computed at once; while it works, the next batch
gathers. So a lone request is answered at once and many together are computed in large batches, without a delay to tune.
The background begins only when nobody waits; whoever comes then waits for one search of it, not for its whole batch,
since the engine takes the searches of both threads in turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from calque import warning
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.records import Translation
from calque.server import piece as pieces_of
from calque.server.batch import computed
from calque.server.beginning import Beginning
from calque.server.gathering import gathered
from calque.server.line import Line, Lot, Order, Piece, Priority
from calque.server.models import Served
from calque.server.refusal import Refusal

if TYPE_CHECKING:
    from calque.recipes.serve import Serve
    from calque.server.measures import Measures
    from calque.server.models import Detection, Model, Polyglot

AUTO = "auto"
DETECTED = 1_000  # characters of a text that are looked at to tell its language
FAIR = 7  # interactive batches in a row for which the background waits, so that it never starves
QUIET_SECONDS = 5.0  # without interactive requests for so long, background batches may be large
STUCK_SECONDS = 120.0  # that a batch takes where something is wrong with the engine
CARE = Handling()  # where a request does not say; without it a model of single sentences leaves out all but the first
AT_ONCE = 5_000  # characters that are cut or detected without a thread of their own
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """Texts to translate, all in the same way. `source` may be "auto". `prefix` goes with one text. Without `handling`
    texts are handled as its defaults say; without `served` it is asked of the translators of the moment in which it
    comes."""

    texts: tuple[str, ...]
    source: str
    target: str
    model: str | None = None
    search: Search | None = None
    handling: Handling | None = None
    prefix: str | None = None
    served: Served | None = None

    @property
    def characters(self) -> int:
        """Characters (code points) of all texts."""
        return sum(len(text) for text in self.texts)


@dataclass(frozen=True, slots=True)
class Told:
    """A translation, the language it was made from, what was detected where the source was "auto", and who wrote it:
    the last model on the way, None where it is only a copy."""

    translation: Translation
    source: str
    detected: Detection | None = None
    model: Model | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """Translations that go on with a beginning in different ways, and who wrote them."""

    translations: Sequence[Translation]
    model: Model


class Desk:
    """Owns the translators and the threads that compute; all methods belong to the event loop.

    Args:
        serve: bounds and deadlines.
        polyglot: the translators.
        measures: what is counted.
    """

    def __init__(self, serve: Serve, polyglot: Polyglot, measures: Measures) -> None:
        self.served = Served(0, polyglot)
        self.draining = False
        self.line = Line(serve)
        self._serve = serve
        self._measures = measures
        self._search = Search(beam=serve.beam, search_tokens=serve.search_tokens)
        self._completing = 0
        self._asked = 0.0  # when somebody asked interactively, by the monotonic clock
        self._in_a_row = 0  # interactive batches since the last one from the background
        # One of each by priority.
        self._began: list[float | None] = [None, None]  # when what is computed now was begun, by the monotonic clock
        self._awake = [asyncio.Event() for _ in Priority]
        self._threads = [ThreadPoolExecutor(1, priority.name.lower()) for priority in Priority]
        self._workers: list[asyncio.Task[None]] = []
        self._completer = ThreadPoolExecutor(1, "complete")
        self._side = ThreadPoolExecutor(1, "side")

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[Desk]:
        """Compute while the block runs."""
        self._workers = [asyncio.create_task(self._work(priority)) for priority in Priority]
        try:
            yield self
        finally:
            for worker in self._workers:
                worker.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)
            self._workers = []
            for thread in (*self._threads, self._completer, self._side):
                thread.shutdown(wait=True, cancel_futures=True)

    @property
    def polyglot(self) -> Polyglot:
        """The translators of now."""
        return self.served.polyglot

    @property
    def piece(self) -> int:
        """Characters of the longest text that waits in one piece."""
        return self._serve.piece

    @property
    def ready(self) -> bool:
        """Whether requests are computed and new ones are welcome; not where one batch takes minutes."""
        now = time.monotonic()
        stuck = any(began is not None and now - began > STUCK_SECONDS for began in self._began)
        working = bool(self._workers) and not any(worker.done() for worker in self._workers)
        return working and not self.draining and not stuck

    def swap(self, polyglot: Polyglot) -> None:
        """Translate with other models from now on. What has been accepted is computed with those it was asked of."""
        self.served = Served(self.served.generation + 1, polyglot)

    async def translate(
        self, request: Request, priority: Priority = Priority.INTERACTIVE, deadline: float | None = None
    ) -> list[Translation]:
        """The translations of a request's texts, in their order; its source is a language, not "auto".

        Long texts are cut into lines and sentences that wait singly; a request of more pieces than fit into a batch
        goes to the background by itself. Cancelling gives up what has not been computed yet.

        Args:
            request: what to translate.
            priority: who goes first.
            deadline: seconds from now after which it is given up; by default the server's for interactive requests,
                and none in the background.

        Raises:
            Refusal: busy (the queue is full), late (the deadline passed), invalid (no such language or model).
        """
        served = request.served or self.served
        if served.copies(request.source, request.target):
            return [Translation(text, 0.0, warnings=(warning.SAME,)) for text in request.texts]
        request = replace(request, served=served)
        route = served.route(request.source, request.target, request.model)
        if request.prefix and request.characters > self._serve.piece:
            return [await self._begun(request, route, priority, deadline)]
        return await self._translated(request, await self._cut(request), priority, deadline)

    async def _translated(
        self, request: Request, cut: Sequence[Sequence[str]], priority: Priority, deadline: float | None
    ) -> list[Translation]:
        """The translations of texts that have been cut into pieces."""
        flat = [part for parts in cut for part in parts]
        if not flat:
            return []
        if priority is Priority.INTERACTIVE:
            deadline = self._serve.deadline if deadline is None else deadline
            priority = Priority.BACKGROUND if len(flat) > self._serve.batch else priority
        found = await self._wait(self._lot(request), flat, priority, deadline)
        return _whole(cut, found, request)

    def _lot(self, request: Request) -> Lot:
        return Lot(
            served=request.served or self.served,
            source=request.source,
            target=request.target,
            model=request.model,
            search=request.search or self._search,
            handling=request.handling or CARE,
            prefix=request.prefix,
        )

    async def _begun(
        self, request: Request, route: Sequence[Model], priority: Priority, deadline: float | None
    ) -> Translation:
        """The translation of a long text that begins as told: only the sentence in which the beginning ends is gone on
        with; what follows waits like any other text."""
        beginning = await self._beginning(request, route)
        begun = replace(request, texts=(beginning.place.body,), prefix=beginning.place.begun)
        if len(route) == 1:  # what is before is needed for its alignment, which there is only without a third language
            begun = replace(request, texts=(beginning.before,))
        behind = replace(request, texts=beginning.behind, prefix=None, search=(request.search or self._search).single)
        (made,), rest = await gathered(
            [
                self._translated(begun, [begun.texts], priority, deadline),
                self.translate(behind, priority, deadline),
            ]
        )
        return beginning.whole(made if len(route) == 1 else beginning.place.after_done(made), rest)

    async def _beginning(self, request: Request, route: Sequence[Model]) -> Beginning:
        (text,), prefix, care = request.texts, request.prefix or "", request.handling or CARE
        return await self.aside(len(text) + len(prefix), lambda: Beginning.of(text, prefix, route, care))

    async def tell(
        self, request: Request, priority: Priority = Priority.INTERACTIVE, deadline: float | None = None
    ) -> list[Told]:
        """As `translate`, for a request whose source may be "auto": then the language of each text is detected."""
        served = request.served or self.served
        request = replace(request, served=served)
        if request.source != AUTO:
            model = served.writer(request.source, request.target, request.model)
            found = await self.translate(request, priority, deadline)
            return [Told(translation, request.source, model=model) for translation in found]
        detections = await self.detect(request.texts, served)
        by_language: dict[str, list[int]] = {}
        for place, detection in enumerate(detections):
            by_language.setdefault(detection.language, []).append(place)
        parts = [
            replace(request, source=language, texts=tuple(request.texts[place] for place in places))
            for language, places in by_language.items()
        ]
        answers = await gathered(self.translate(part, priority, deadline) for part in parts)
        told: dict[int, Told] = {}
        for (language, places), answer in zip(by_language.items(), answers, strict=True):
            model = served.writer(language, request.target, request.model)
            told |= {
                place: Told(said, language, detections[place], model)
                for place, said in zip(places, answer, strict=True)
            }
        return [told[place] for place in range(len(request.texts))]

    async def complete(self, request: Request, count: int) -> Ways:
        """Ways to go on with the beginning of a translation, `request.prefix`; its source may be "auto".

        They are searched beside the batches, so that others wait for one search of them at most. What follows the
        sentence in which the beginning ends is translated once, like any other text.

        Raises:
            Refusal: busy (many wait already), late (the deadline passed), invalid (no such language or model).
            DataError: there is nothing to translate.
        """
        served = request.served or self.served
        (text,) = request.texts
        if self._completing >= self._serve.batch:
            raise Refusal("busy", "too many wait already: try again later", retry_after=1)
        self._asked = time.monotonic()
        self._completing += 1
        try:
            async with asyncio.timeout(self._serve.deadline):
                source = request.source if request.source != AUTO else (await self.detect([text], served))[0].language
                return await self._ways(replace(request, source=source, served=served), served, count)
        except TimeoutError:
            seconds = self._serve.deadline
            raise Refusal("late", f"not done after {seconds:g} seconds: try again later", retry_after=1) from None
        finally:
            self._completing -= 1

    async def _ways(self, request: Request, served: Served, count: int) -> Ways:
        source, target, model = request.source, request.target, request.model
        route = served.route(source, target, model)
        beginning = await self._beginning(request, route)
        place, complete = beginning.place, served.polyglot.complete
        work = partial(complete, place.body, source, target, place.begun, count, model, self._search)

        async def search() -> list[Translation]:
            return await asyncio.get_running_loop().run_in_executor(self._completer, work)

        found, rest = await gathered([search(), self.translate(replace(request, texts=beginning.behind, prefix=None))])
        return Ways([beginning.whole(place.after_done(one), rest) for one in found], route[-1])

    async def detect(self, texts: Sequence[str], served: Served | None = None) -> Sequence[Detection]:
        """The language of each text, among those served."""
        beginnings = [text[:DETECTED] for text in texts]
        polyglot = (served or self.served).polyglot
        return await self.aside(sum(map(len, beginnings)), lambda: polyglot.detect(beginnings))

    def route(self, source: str, target: str, model: str | None = None) -> Sequence[Model]:
        """The models of now on the way from one language to another.

        Raises:
            Refusal: there is none.
        """
        return self.served.route(source, target, model)

    async def _cut(self, request: Request) -> list[list[str]]:
        longest = self._serve.piece
        if request.prefix or all(len(text) <= longest for text in request.texts):
            return [[text] for text in request.texts]
        cut, care = pieces_of.cut, request.handling or CARE
        return await self.aside(
            request.characters, lambda: [cut(text, longest, request.source, care.sentences) for text in request.texts]
        )

    async def aside(self, characters: int, work: Callable[[], T]) -> T:
        """The result of some work on so many characters, off the event loop where that takes long."""
        if characters <= AT_ONCE:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._side, work)

    async def _wait(
        self, lot: Lot, texts: Sequence[str], priority: Priority, deadline: float | None
    ) -> list[Translation]:
        if priority is Priority.INTERACTIVE:
            self._asked = time.monotonic()
        done: asyncio.Future[list[Translation]] = asyncio.get_running_loop().create_future()
        order = Order(lot, done, [None] * len(texts), len(texts))
        waiting = [Piece(text, order, place, priority) for place, text in enumerate(texts)]
        self.line.put(waiting)
        self._awake[priority].set()
        try:
            async with asyncio.timeout(deadline):
                return await done
        except TimeoutError:
            raise Refusal("late", f"not done after {deadline:g} seconds: try again later", retry_after=1) from None
        finally:
            if order.missing:
                self.line.discard(waiting)

    async def _work(self, priority: Priority) -> None:
        """Compute batch after batch; results are handed out while the next batch is computed."""
        loop = asyncio.get_running_loop()
        hand_out: Callable[[], None] = _nothing
        while True:
            batch = self._next(priority)
            if not batch:
                hand_out()
                hand_out = _nothing
                self._awake[priority].clear()
                await self._awake[priority].wait()
                continue
            self._began[priority] = time.monotonic()
            running = loop.run_in_executor(self._threads[priority], computed, batch)
            hand_out()
            hand_out = self._results(batch, *await running)
            self._began[priority] = None
            self._awake[Priority.BACKGROUND].set()

    def _next(self, priority: Priority) -> list[Piece]:
        """What is to be computed now; nothing where it is not the turn of the background."""
        if priority is Priority.INTERACTIVE:
            batch = self.line.take(priority, self._serve.batch_characters)
            self._in_a_row += bool(batch)
            return batch
        asked = self._began[Priority.INTERACTIVE] is not None or self.line.texts[Priority.INTERACTIVE]
        if asked and self._in_a_row < FAIR:
            return []
        self._in_a_row = 0
        quiet = not asked and time.monotonic() - self._asked > QUIET_SECONDS
        return self.line.take(priority, self._serve.batch_characters if quiet else self._serve.background_characters)

    def _results(
        self, batch: Sequence[Piece], found: Sequence[Translation | BaseException], seconds: float
    ) -> Callable[[], None]:
        self._measures.batch(len(batch), sum(len(piece.text) for piece in batch), seconds)

        def hand_out() -> None:
            for piece, result in zip(batch, found, strict=True):
                if isinstance(result, BaseException):
                    piece.order.fail(result)
                else:
                    piece.order.deliver(piece.place, result)

        return hand_out


def _nothing() -> None:
    pass


def _whole(cut: Sequence[Sequence[str]], found: Sequence[Translation], request: Request) -> list[Translation]:
    """The translations of pieces as those of the texts that were cut."""
    answers = iter(found)
    return [pieces_of.joined(parts, [next(answers) for _ in parts], request.source, request.target) for parts in cut]
