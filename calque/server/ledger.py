"""How many characters each key has used in each month: one SQLite file, in WAL mode, written by single statements."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from calque.errors import DataError

_TABLES = """
CREATE TABLE IF NOT EXISTS usage (
    key TEXT NOT NULL, month TEXT NOT NULL, characters INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (key, month)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS suggestions (
    id INTEGER PRIMARY KEY, made TEXT NOT NULL, key TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
    text TEXT NOT NULL, suggestion TEXT NOT NULL);
"""
_RESERVE = """
INSERT INTO usage (key, month, characters, requests) SELECT :key, :month, :characters, 1 WHERE :characters <= :limit
ON CONFLICT (key, month) DO UPDATE SET characters = characters + :characters, requests = requests + 1
WHERE characters + :characters <= :limit
"""
_ANY = 2**62


@dataclass(frozen=True, slots=True)
class Usage:
    """Characters and requests of a key in a month (YYYY-MM, UTC); `limit` is None where any are allowed."""

    characters: int
    requests: int
    limit: int | None
    month: str


class Ledger:
    """The file of usage. Reserving and giving back are one statement each, so they are exact whatever runs beside.

    Raises:
        DataError: the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = connect(path)
            self._file.executescript(_TABLES)
        except sqlite3.Error as error:
            raise DataError(f"cannot be used as a database: {error}", path) from error
        self._turn = threading.Lock()

    def reserve(self, key: str, characters: int, limit: int | None) -> str | None:
        """Count characters and a request of a key, if the month's limit allows; the month they count in, or None."""
        month = this_month()
        row = {"key": key, "month": month, "characters": characters, "limit": _ANY if limit is None else limit}
        with self._turn:
            return month if self._file.execute(_RESERVE, row).rowcount else None

    def give_back(self, key: str, month: str, characters: int) -> None:
        """Uncount characters of a request that was not done; the request stays counted."""
        with self._turn:
            self._file.execute(
                "UPDATE usage SET characters = max(0, characters - ?) WHERE key = ? AND month = ?",
                (characters, key, month),
            )

    def usage(self, key: str, limit: int | None) -> Usage:
        """What a key has used this month."""
        month = this_month()
        with self._turn:
            found = self._file.execute(
                "SELECT characters, requests FROM usage WHERE key = ? AND month = ?", (key, month)
            ).fetchone()
        characters, requests = found or (0, 0)
        return Usage(characters, requests, limit, month)

    def suggest(self, key: str, source: str, target: str, text: str, suggestion: str) -> None:
        """Keep a translation that a user finds better."""
        row = (datetime.now(UTC).isoformat(timespec="seconds"), key, source, target, text, suggestion)
        with self._turn:
            self._file.execute(
                "INSERT INTO suggestions (made, key, source, target, text, suggestion) VALUES (?, ?, ?, ?, ?, ?)", row
            )

    def is_writable(self) -> bool:
        """Whether something can be kept now; found out by keeping it."""
        try:
            with self._turn:
                self._file.execute("INSERT OR REPLACE INTO usage (key, month) VALUES ('', '')")
                self._file.execute("DELETE FROM usage WHERE key = ''")
        except sqlite3.Error:
            return False
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the server's database: WAL, every statement by itself, for any thread (one at a time)."""
    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    return file


def this_month() -> str:
    """The month that usage counts in, as YYYY-MM in UTC."""
    return datetime.now(UTC).strftime("%Y-%m")
