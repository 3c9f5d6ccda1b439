"""What is kept for users: documents and jobs with their files, and glossaries. One SQLite file, that of the ledger.

Every question names the owner, so that what belongs to one is not there for another. All is in the file before a client
is told of it: what a server was at when it ended is found again by the next one.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

from calque.errors import DataError
from calque.server.ledger import connect

State = Literal["queued", "running", "done", "failed", "cancelled"]
OPEN = ("queued", "running")
KINDS = ("document", "libre", "file", "texts")
PASSING = ("libre",)  # kinds that their clients cannot delete, and fetch at once
TRIES = 3  # starts of one job: what ends the server every time must not be tried for ever

_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL,
    target TEXT NOT NULL, model TEXT, options TEXT NOT NULL, state TEXT NOT NULL, done INTEGER NOT NULL,
    total INTEGER NOT NULL, created REAL NOT NULL, error TEXT, secret TEXT, characters INTEGER NOT NULL,
    month TEXT NOT NULL, tries INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_of_owner ON jobs (owner, created);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, created);
CREATE TABLE IF NOT EXISTS files (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, part TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (job, part));
CREATE TABLE IF NOT EXISTS glossaries (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS glossaries_of_owner ON glossaries (owner, created);
CREATE TABLE IF NOT EXISTS dictionaries (
    glossary TEXT NOT NULL REFERENCES glossaries (id) ON DELETE CASCADE, source TEXT NOT NULL, target TEXT NOT NULL,
    count INTEGER NOT NULL, entries TEXT NOT NULL, PRIMARY KEY (glossary, source, target)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A document or many texts that are translated in the background.

    Attributes:
        id: its name, which nobody can guess.
        owner: to whom it belongs.
        kind: "document" (DeepL's), "libre" (LibreTranslate's), "file" or "texts" (our own API's).
        name: of the file, with its ending.
        source, target, model: as in a request; `source` may be "auto".
        options: what else was asked, as JSON.
        state: where it is.
        done, total: segments or texts translated, of how many.
        created: seconds since 1970.
        error: why it failed.
        secret: digest of a second secret that its reader must know, or None.
        characters: counted for its owner in the month `month`.
        tries: how often it was begun.
    """

    id: str
    owner: str
    kind: str
    name: str
    source: str
    target: str
    model: str | None
    options: str
    state: State
    done: int
    total: int
    created: float
    error: str | None = None
    secret: str | None = None
    characters: int = 0
    month: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The terms of one pair of languages in a glossary: how many, and as tab-separated lines."""

    source: str
    target: str
    count: int
    entries: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A glossary that is kept, with the dictionaries in it; `created` is in seconds since 1970."""

    id: str
    name: str
    created: float
    dictionaries: tuple[Dictionary, ...]


_FIELDS = tuple(field.name for field in fields(Job))
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM jobs"
_INSERT = f"INSERT INTO jobs ({', '.join(_FIELDS)}) VALUES ({', '.join('?' * len(_FIELDS))})"


class Store:
    """The file. Its methods may be called from any thread.

    Raises:
        DataError: the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = connect(path)
            self._file.execute("PRAGMA foreign_keys = ON")
            self._file.executescript(_TABLES)
        except sqlite3.Error as error:
            raise DataError(f"cannot be used as a database: {error}", path) from error
        self._turn = threading.Lock()

    def close(self) -> None:
        """Let the file go."""
        with self._turn:
            self._file.close()

    @contextmanager
    def _all_or_nothing(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:  # a full disk ends it by itself
                    self._file.execute("ROLLBACK")
                raise

    # jobs

    def add(self, job: Job, content: bytes, most: int, passing: Sequence[str] = ()) -> bool:
        """Keep a job with its file; False where its owner has `most` already and none makes room.

        Args:
            job: a new one.
            content: its file.
            most: jobs that an owner may have.
            passing: kinds of jobs that make room for a new one once they have ended, the oldest first.
        """
        with self._all_or_nothing() as file:
            count = file.execute("SELECT count(*) FROM jobs WHERE owner = ?", (job.owner,)).fetchone()[0]
            if count >= most and not _made_room(file, job.owner, count - most + 1, passing):
                return False
            file.execute(_INSERT, tuple(getattr(job, name) for name in _FIELDS))
            file.execute("INSERT INTO files (job, part, content) VALUES (?, 'given', ?)", (job.id, content))
        return True

    def job(self, name: str, owner: str) -> Job | None:
        """The owner's job of that name."""
        return next(iter(self._jobs("WHERE id = ? AND owner = ?", (name, owner))), None)

    def jobs(self, owner: str) -> list[Job]:
        """The owner's jobs, the newest first."""
        return self._jobs("WHERE owner = ? ORDER BY created DESC, id", (owner,))

    def waiting(self) -> list[Job]:
        """All jobs that have not ended, the oldest first."""
        return self._jobs("WHERE state IN ('queued', 'running') ORDER BY created, id", ())

    def expired(self, before: float) -> list[Job]:
        """Jobs that have ended and were made before that time."""
        return self._jobs("WHERE state NOT IN ('queued', 'running') AND created < ?", (before,))

    def _jobs(self, where: str, values: Sequence[object]) -> list[Job]:
        with self._turn:
            return [Job(*row) for row in self._file.execute(f"{_SELECT} {where}", values)]

    def update(self, job: Job) -> bool:
        """Keep how a job stands; False where it has been cancelled or forgotten meanwhile."""
        with self._turn:
            row = (job.state, job.done, job.total, job.error, job.tries, job.source, job.id)
            changed = self._file.execute(
                "UPDATE jobs SET state = ?, done = ?, total = ?, error = ?, tries = ?, source = ? "
                "WHERE id = ? AND state IN ('queued', 'running')",
                row,
            )
            return changed.rowcount == 1

    def finish(self, job: Job, result: bytes) -> bool:
        """Keep a job's result; False where it has been cancelled or forgotten meanwhile."""
        with self._all_or_nothing() as file:
            changed = file.execute(
                "UPDATE jobs SET state = 'done', done = total, source = ? WHERE id = ? "
                "AND state IN ('queued', 'running')",
                (job.source, job.id),
            )
            if changed.rowcount:
                file.execute(
                    "INSERT OR REPLACE INTO files (job, part, content) VALUES (?, 'result', ?)", (job.id, result)
                )
                file.execute("DELETE FROM files WHERE job = ? AND part = 'given'", (job.id,))
            return changed.rowcount == 1

    def content(self, job: Job, part: Literal["given", "result"]) -> bytes | None:
        """A job's file."""
        with self._turn:
            row = self._file.execute("SELECT content FROM files WHERE job = ? AND part = ?", (job.id, part)).fetchone()
        return None if row is None else bytes(row[0])

    def forget(self, job: Job) -> bool:
        """Take a job and its files away; False where it was gone already."""
        with self._turn:
            return self._file.execute("DELETE FROM jobs WHERE id = ?", (job.id,)).rowcount == 1

    def recover(self) -> list[Job]:
        """After a start: what another server was at waits again, but for what was begun three times, which failed."""
        failed = []
        for job in self.waiting():
            if job.state == "running" and job.tries >= TRIES:
                failed.append(replace(job, state="failed", error="the server ended three times while it was at this"))
                self.update(failed[-1])
            elif job.state == "running":
                self.update(replace(job, state="queued", done=0))
        return failed

    # glossaries

    def keep(self, owner: str, name: str, dictionaries: Sequence[Dictionary], most: int) -> Kept | None:
        """Keep a new glossary; None where its owner has `most` already."""
        kept = Kept(new_name(), name, time.time(), tuple(dictionaries))
        with self._all_or_nothing() as file:
            count = file.execute("SELECT count(*) FROM glossaries WHERE owner = ?", (owner,)).fetchone()[0]
            if count >= most:
                return None
            row = (kept.id, owner, name, kept.created)
            file.execute("INSERT INTO glossaries (id, owner, name, created) VALUES (?, ?, ?, ?)", row)
            for dictionary in dictionaries:
                _put(file, kept.id, dictionary)
        return kept

    def glossaries(self, owner: str, name: str | None = None) -> list[Kept]:
        """The owner's glossaries, the oldest first, or only the one of that name."""
        only, values = ("", [owner]) if name is None else (" AND id = ?", [owner, name])
        with self._turn:
            rows = self._file.execute(
                f"SELECT id, name, created FROM glossaries WHERE owner = ?{only} ORDER BY created, id",
                values,
            ).fetchall()
            found = []
            for row in rows:
                inside = self._file.execute(
                    "SELECT source, target, count, entries FROM dictionaries WHERE glossary = ? "
                    "ORDER BY source, target",
                    (row[0],),
                )
                found.append(Kept(row[0], row[1], row[2], tuple(Dictionary(*one) for one in inside)))
        return found

    def change(
        self, owner: str, glossary: str, name: str | None = None, dictionaries: Sequence[Dictionary] = ()
    ) -> bool:
        """Give a glossary another name, and put dictionaries into it; False where there is none such."""
        with self._all_or_nothing() as file:
            if name is not None:
                file.execute("UPDATE glossaries SET name = ? WHERE id = ? AND owner = ?", (name, glossary, owner))
            there = file.execute("SELECT 1 FROM glossaries WHERE id = ? AND owner = ?", (glossary, owner)).fetchone()
            if there:
                for dictionary in dictionaries:
                    _put(file, glossary, dictionary)
        return bool(there)

    def drop(self, owner: str, glossary: str, pair: tuple[str, str] | None = None) -> bool:
        """Take a glossary away, or only its dictionary of that pair of languages; False where it was not there."""
        of_owner = "(SELECT id FROM glossaries WHERE id = ? AND owner = ?)"
        if pair is None:
            statement, values = "DELETE FROM glossaries WHERE id = ? AND owner = ?", [glossary, owner]
        else:
            statement = f"DELETE FROM dictionaries WHERE glossary IN {of_owner} AND source = ? AND target = ?"
            values = [glossary, owner, *pair]
        with self._turn:
            return self._file.execute(statement, values).rowcount > 0


def _made_room(file: sqlite3.Connection, owner: str, places: int, kinds: Sequence[str]) -> bool:
    """Take away so many of an owner's jobs of some kinds that have ended, the oldest ones; False, and none, where there
    are not so many."""
    found = file.execute(
        "SELECT id FROM jobs WHERE owner = ? AND state NOT IN ('queued', 'running') "
        f"AND kind IN ({', '.join('?' * len(kinds))}) ORDER BY created, id LIMIT ?",
        (owner, *kinds, places),
    ).fetchall()
    if len(found) < places:
        return False
    file.executemany("DELETE FROM jobs WHERE id = ?", found)
    return True


def _put(file: sqlite3.Connection, glossary: str, dictionary: Dictionary) -> None:
    row = (glossary, dictionary.source, dictionary.target, dictionary.count, dictionary.entries)
    file.execute(
        "INSERT OR REPLACE INTO dictionaries (glossary, source, target, count, entries) VALUES (?, ?, ?, ?, ?)", row
    )


def new_name() -> str:
    """A name that nobody can guess."""
    return secrets.token_hex(16)
