"""The recipe of `calque serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from calque.recipes.keeping import Keeping
from calque.recipes.recipe import Recipe

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Admission(Recipe):
    """Who may ask, and how much at once."""

    keys: Path | None = Field(
        default=None, description="file of keys, written by `calque key`; without it every key is accepted"
    )
    open: bool = Field(default=False, description="serve other machines without a file of keys")
    per_minute: int | None = Field(
        default=None, ge=1, description="requests a minute of each client without a limit of its own; by default any"
    )
    characters: int = Field(default=50_000, ge=1, description="longest request, in characters of all its texts")
    complete_characters: int = Field(
        default=10_000, ge=1, description="longest text of whose translation completions may be asked, in characters"
    )
    texts: int = Field(default=1_000, ge=1, description="most texts in one request")
    alternatives: int = Field(default=10, ge=0, le=63, description="most alternatives that may be asked for")
    body_bytes: int = Field(default=2_000_000, ge=1_000, description="largest body of a request, files apart")
    file_bytes: int = Field(default=20_000_000, ge=1_000, description="largest file that is sent to be translated")
    body_seconds: float = Field(default=30.0, gt=0, description="longest time for a body to arrive")
    connections: int = Field(default=4_000, ge=1, description="most connections at a time")
    origins: tuple[str, ...] = Field(
        default=(), description="web sites whose pages may call the APIs, such as https://example.org; * is any"
    )


class Waiting(Recipe):
    """How requests wait for the engine."""

    batch: int = Field(default=64, ge=1, le=1024, description="most texts computed at once")
    batch_characters: int = Field(default=8_000, ge=1, description="most characters computed at once")
    piece: int = Field(
        default=400, ge=20, description="texts with more characters wait as their lines and sentences, each for itself"
    )
    background_characters: int = Field(
        default=60, ge=1, description="most characters of documents and long lists computed at once while others ask"
    )
    queue: int = Field(default=512, ge=1, description="most texts that wait; further requests are told to come back")
    queue_characters: int = Field(default=200_000, ge=1, description="most characters that wait")
    background_queue: int = Field(default=20_000, ge=1, description="most texts of documents and long lists that wait")
    background_queue_characters: int = Field(
        default=4_000_000, ge=1, description="most characters of documents and long lists that wait"
    )
    deadline: float = Field(default=60.0, gt=0, description="seconds after which a request is given up")
    drain_seconds: float = Field(
        default=30.0, gt=0, description="seconds that open requests have to end after SIGTERM; new ones are refused"
    )
    linger_seconds: float = Field(
        default=1.0,
        ge=0,
        description="seconds between SIGTERM and the end of accepting, in which /ready already says no",
    )


class Serve(Admission, Waiting, Keeping):
    """Translators become a server."""

    folders: tuple[Path, ...] = Field(
        description="translators to serve; several may share a language pair", json_schema_extra={"several": True}
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=5000, ge=0, le=65_535, description="port to listen on; 0 takes a free one")
    beam: int = Field(default=4, ge=1, le=64, description="beam size where a request does not say; 1 is fastest")
    search_tokens: int = Field(
        default=400,
        ge=16,
        description="source tokens that the engine searches at once, padding included: what was gathered is searched "
        "in parts of like length",
    )
    database: Path = Field(
        default=Path("calque-serve.sqlite"), description="file of usage, glossaries and jobs (SQLite, made when absent)"
    )
    suggestions: bool = Field(default=False, description="accept and keep better translations that users suggest")
    page: bool = Field(default=True, description="serve the page to translate on")
    log_requests: bool = Field(default=True, description="write a line for each request; texts are never written")
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:N or mps")
    threads: int | None = Field(default=None, ge=1, description="CPU threads; by default the engine's choice")

    @model_validator(mode="after")
    def _something_to_serve(self) -> Self:
        if not self.folders:
            raise ValueError("name at least one translator to serve")
        return self

    @model_validator(mode="after")
    def _others_need_keys(self) -> Self:
        if self.host not in LOOPBACK and self.keys is None and not self.open:
            raise ValueError(
                f"on {self.host} other machines can ask: give --keys FILE (see `calque key`), or --open to let "
                "everybody in"
            )
        if self.keys is not None and self.open:
            raise ValueError("--open lets everybody in, --keys does not: give one")
        return self
