"""Documents and many texts in the background: kept in the store, worked on a few at a time, behind people who wait."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

from starlette.responses import Response

from calque.errors import CalqueError, DataError
from calque.formats.document import Document, Segment
from calque.formats.format import media_type, open_document
from calque.recipes.key import ANONYMOUS
from calque.recipes.search import Search
from calque.records import Translation
from calque.server.desk import AUTO, DETECTED, Desk
from calque.server.gate import Gate, Who
from calque.server.ledger import this_month
from calque.server.line import Priority
from calque.server.refusal import Refusal
from calque.server.store import KINDS, OPEN, PASSING, Job, Store, new_name
from calque.server.wording import Wording, translated
from calque.text.glossary import read_tsv

if TYPE_CHECKING:
    from calque.recipes.serve import Serve

LOG = logging.getLogger("calque.server")
T = TypeVar("T")
MARKS = 40  # tags and attributes of a page for each text that it may have; reading them costs time and memory
CHUNK = 64  # segments of a job that are in the queue at a time
AGAIN_SECONDS = 1.0  # before a job asks again that found the queue full
FULL_SECONDS = 30.0  # before a job is begun anew that could not be written down
SWEEP_SECONDS = 60.0  # between two looks for what has expired
PULSE_SECONDS = 15.0  # after which a silent stream of events says that it lives
LOOK_SECONDS = 1.0  # between two looks whether the server ends


class Jobs:
    """The jobs of all owners. All methods belong to the event loop.

    Args:
        serve: bounds.
        desk: who translates.
        gate: who counts characters.
        store: where jobs are kept.
    """

    def __init__(self, serve: Serve, desk: Desk, gate: Gate, store: Store) -> None:
        self._serve = serve
        self._desk = desk
        self._gate = gate
        self.store = store
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._owners: dict[str, str] = {}  # of the jobs that are worked on
        self._watchers: dict[str, set[asyncio.Event]] = {}
        self._wake = asyncio.Event()
        self._side = ThreadPoolExecutor(1, "documents")

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[Jobs]:
        """Work on jobs while the block runs, first on those that another server left."""
        for job in self.store.recover():
            self._give_back(job, job.characters)
        worker = asyncio.create_task(self._work())
        sweeper = asyncio.create_task(self._sweep())
        try:
            yield self
        finally:
            everything = [worker, sweeper, *self._tasks.values()]
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)
            self._side.shutdown(wait=True, cancel_futures=True)

    async def submit(self, who: Who, key: str | None, address: str, job: Job, content: bytes) -> Job:
        """A new job, after its file has been looked at and its characters are counted.

        Args:
            who: its owner.
            key, address: with which the owner came.
            job: what is asked; its id, owner, total and characters are filled in here.
            content: the file.

        Raises:
            Refusal: too_large, quota, too_often (also too many jobs of one owner), unknown_format, bad_file, and what
                `Desk.route` refuses.
        """
        if not self._desk.served.copies(job.source, job.target):
            self._check_languages(job)
        segments = [one.text for one in (await self._aside(self._open, job, content)).segments]
        if len(segments) > self._serve.job_texts:
            raise Refusal("too_large", f"{len(segments)} texts: at most {self._serve.job_texts} go into a job")
        characters = sum(map(len, segments))
        with self._gate.entered(key, characters, address):
            whole = replace(
                job, id=new_name(), owner=who.name, total=len(segments), characters=characters, month=this_month()
            )
            passing = KINDS if who.name == ANONYMOUS else PASSING
            if not await self._aside(self.store.add, whole, content, self._serve.jobs, passing):
                told = f"{self._serve.jobs} jobs are kept already: delete some, or wait until some are done"
                raise Refusal("too_often", told, retry_after=60)
        self._wake.set()
        return whole

    def _check_languages(self, job: Job) -> None:
        """That the job can be done; where its source is to be detected, from some language."""
        if job.source != AUTO:
            self._desk.route(job.source, job.target, job.model)
            return
        refused: Refusal | None = None
        for source in self._desk.polyglot.languages():
            try:
                self._desk.route(source, job.target, job.model)
            except Refusal as error:
                refused = error
            else:
                return
        if refused is not None:
            raise refused

    def cancel(self, job: Job) -> Job:
        """The job, stopped; what had not been translated is not counted. One that has ended stays as it was."""
        stopped = replace(self._latest(job), state="cancelled")
        if job.state not in OPEN or not self.store.update(stopped):
            return job
        if job.id in self._tasks:
            self._tasks[job.id].cancel()
        share = (stopped.total - stopped.done) / max(stopped.total, 1)
        self._give_back(stopped, round(stopped.characters * share))
        self._tell(job.id)
        return stopped

    def forget(self, job: Job) -> None:
        """Stop a job and take it and its files away."""
        self.cancel(job)
        self.store.forget(job)
        self._tell(job.id)

    async def watch(self, job: Job) -> AsyncIterator[Job | None]:
        """The job each time that it has changed, first as it is, until it has ended or the server does; None in
        between where nothing has changed for a while."""
        changed = asyncio.Event()
        self._watchers.setdefault(job.id, set()).add(changed)
        try:
            silent = 0.0
            shown: Job | None = None
            while not self._desk.draining:
                changed.clear()
                now = self.store.job(job.id, job.owner)
                if now is None:  # it was stopped and forgotten
                    yield replace(shown or job, state="cancelled")
                    return
                if now != shown:
                    shown, silent = now, 0.0
                    yield now
                if now.state not in OPEN:
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), LOOK_SECONDS)
                silent += LOOK_SECONDS
                if silent >= PULSE_SECONDS and not changed.is_set():
                    silent = 0.0
                    yield None
        finally:
            self._watchers[job.id].discard(changed)
            if not self._watchers[job.id]:
                del self._watchers[job.id]

    # the work

    async def _work(self) -> None:
        """Begin jobs as places become free."""
        while True:
            self._wake.clear()
            for job in self._next():
                task = asyncio.create_task(self._do(job))
                self._tasks[job.id], self._owners[job.id] = task, job.owner
                task.add_done_callback(partial(self._ended, job.id))
            await self._wake.wait()

    def _ended(self, name: str, _task: asyncio.Task[None]) -> None:
        self._tasks.pop(name, None)
        self._owners.pop(name, None)
        self._wake.set()

    def _next(self) -> list[Job]:
        """Jobs to begin now: those first whose owners have the fewest at work, then the oldest."""
        free = self._serve.jobs_at_once - len(self._tasks)
        if free <= 0:
            return []
        waiting = [job for job in self.store.waiting() if job.id not in self._tasks]
        busy = Counter(self._owners.values())
        chosen: list[Job] = []
        while waiting and len(chosen) < free:
            job = min(waiting, key=lambda one: busy[one.owner])
            waiting.remove(job)
            busy[job.owner] += 1
            chosen.append(job)
        return chosen

    async def _do(self, job: Job) -> None:
        """Work on one job to its end. What goes wrong is told in it; where the server ends, it waits for the next."""
        try:
            job = replace(job, state="running", done=0, tries=job.tries + 1)
            if self.store.update(job):
                self._tell(job.id)
                await self._translate(job)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                self.store.update(replace(job, state="queued", done=0, tries=job.tries - 1))
            raise
        except (Refusal, CalqueError) as error:
            self._fail(job, error.message if isinstance(error, Refusal) else str(error))
        except sqlite3.Error:
            LOG.exception("a job cannot be kept", extra={"event": "storage", "request": job.id})
            await asyncio.sleep(FULL_SECONDS)
        except Exception as error:
            LOG.exception("a job failed", extra={"event": "job", "request": job.id})
            self._fail(job, f"translation failed ({type(error).__name__}): its number in the log is {job.id}")

    def _fail(self, job: Job, message: str) -> None:
        if self.store.update(replace(self._latest(job), state="failed", error=message)):
            self._give_back(job, job.characters)
        self._tell(job.id)

    async def _translate(self, job: Job) -> None:
        served = self._desk.served  # to the end, so that one document is not of two minds
        content = await self._aside(self.store.content, job, "given")
        document = await self._aside(self._open, job, content or b"")
        segments = list(document.segments)
        if job.source == AUTO:
            shown = " ".join(segment.text for segment in segments[:CHUNK])[:DETECTED]
            job = replace(job, source=(await self._desk.detect([shown], served))[0].language)
        wording = replace(_wording(job), served=served)
        said: list[Translation] = []
        while len(said) < len(segments):
            said += await self._some(job, segments[len(said) : len(said) + CHUNK], wording)
            job = replace(job, done=len(said))
            if not self.store.update(job):
                return
            self._tell(job.id)
        result = await self._aside(document.write, said)
        await self._aside(self.store.finish, job, result)
        self._tell(job.id)

    async def _some(self, job: Job, segments: Sequence[Segment], wording: Wording) -> list[Translation]:
        """Translations of some segments; a full queue is waited for."""
        while True:
            try:
                return await translated(self._desk, segments, job.source, job.target, wording, Priority.BACKGROUND)
            except Refusal as error:
                if error.code != "busy":
                    raise
                await asyncio.sleep(error.retry_after or AGAIN_SECONDS)

    async def _sweep(self) -> None:
        """Forget what has expired, again and again."""
        while True:
            with contextlib.suppress(sqlite3.Error):  # the next look may find room
                for job in self.store.expired(time.time() - self._serve.keep_hours * 3600):
                    self.store.forget(job)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _aside(self, work: Callable[..., T], *given: Any) -> T:  # noqa: ANN401 - whatever the work takes
        """The result of some work, done off the event loop; one such work at a time, so that memory is bounded."""
        return await asyncio.get_running_loop().run_in_executor(self._side, work, *given)

    def _open(self, job: Job, content: bytes) -> Document:
        """A job's document.

        Raises:
            Refusal: unknown_format, bad_file, too_large.
        """
        if job.kind == "texts":
            return TextsDocument(content)
        try:
            media = media_type(job.name)
        except DataError as error:
            raise Refusal("unknown_format", str(error)) from error
        most = MARKS * self._serve.job_texts
        if "html" in media and content.count(b"<") + content.count(b"=") > most:
            raise Refusal("too_large", f"the file has more than {most} tags and attributes: send it in parts")
        try:
            return open_document(content, job.name)
        except DataError as error:
            raise Refusal("bad_file", str(error)) from error

    def _latest(self, job: Job) -> Job:
        return self.store.job(job.id, job.owner) or job

    def _give_back(self, job: Job, characters: int) -> None:
        self._gate.ledger.give_back(job.owner, job.month, characters)

    def _tell(self, name: str) -> None:
        for event in self._watchers.get(name, ()):
            event.set()


class TextsDocument:
    """Texts as a document: a JSON list of them goes in, {"translations": [...]} comes out."""

    def __init__(self, content: bytes) -> None:
        self.segments: tuple[Segment, ...] = tuple(Segment(text) for text in json.loads(content))

    def write(self, translations: Sequence[Translation]) -> bytes:
        """As the protocol of documents says."""
        told = [
            {"text": one.text, "score": round(one.score, 4), "warnings": list(one.warnings)} for one in translations
        ]
        return json.dumps({"translations": told}, ensure_ascii=False).encode()


def _wording(job: Job) -> Wording:
    options = cast(dict[str, Any], json.loads(job.options))
    glossary, beam = options.get("glossary"), options.get("beam")
    return Wording(
        model=job.model,
        search=None if beam is None else Search(beam=beam),
        glossary=None if glossary is None else read_tsv(glossary),
    )


def attachment(content: bytes, name: str) -> Response:
    """A file as an answer that a browser saves and never shows: what is in it is not ours to run."""
    bare = PureWindowsPath(name).name  # which knows both kinds of slashes
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(bare, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=media_type(name), headers=headers)
