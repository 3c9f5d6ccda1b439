"""A client of a calque server's own API (docs/api.md). It needs nothing but Python.

client = Client("http://127.0.0.1:5000", key="...")
client.translate("A dog runs.", "fr").text
"""

from __future__ import annotations

import http.client
import json
import math
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from calque.errors import CalqueError, DataError, EngineError, ModelError, RecipeError
from calque.records import Alignment, Translation, Word

ENDED = frozenset({"done", "failed", "cancelled"})
POLL = 1.0  # seconds between two looks at a job whose events do not come through
_ERRORS: dict[int, type[CalqueError]] = {
    **{400: RecipeError, 401: RecipeError, 403: RecipeError, 404: RecipeError, 405: RecipeError, 422: RecipeError},
    **{409: ModelError, 413: DataError},
}


@dataclass(frozen=True, slots=True)
class Translated(Translation):
    """A translation with the language that it was made from and the name of the model (None: the text was copied)."""

    source: str = ""
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A way to go on with a beginning: the whole `text`, its `next` word, `score` (log-probability per token) and
    `confidence` (0 to 1) in the next word."""

    text: str
    next: str
    score: float
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Job:
    """A translation in the background: `state` is queued, running, done, failed or cancelled; `done` texts of `total`;
    when it was `created` (ISO 8601); the `name` of its file; what went wrong (`error`)."""

    id: str
    state: str
    done: int
    total: int
    created: str
    name: str | None = None
    error: str | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Job:
        """The job that a server tells of."""
        error = told.get("error")
        message = error.get("message") if isinstance(error, Mapping) else error
        return cls(
            id=told["id"],
            state=told["state"],
            done=told["done"],
            total=told["total"],
            created=told["created"],
            name=told.get("name"),
            error=message,
        )


class Client:
    """Asks a calque server.

    Args:
        url: where the server is, such as "http://127.0.0.1:5000".
        key: the key, where the server wants one. It is sent to `url` only: redirections are not followed.
        timeout: seconds without a sign of the server after which a request is given up.
        patience: seconds, all in all, that one request waits for a server that is busy or asked too often and says when
            to come back; 0 waits never.

    Raises:
        RecipeError: `url` is no address of a server.

    Every call raises RecipeError (a wrong or missing key, a language or a value that does not fit), DataError (too much
    text), ModelError (a model cannot do it) or EngineError (the server cannot be reached, is busy, fails, or the
    characters of the key are used up).
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:5000",
        key: str | None = None,
        timeout: float = 60.0,
        patience: float = 60.0,
    ) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise RecipeError(f"'{url}' is no address of a server: it begins with http:// or https://")
        self._base = url.rstrip("/") + "/api/v1/"
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._timeout = timeout
        self._patience = patience
        self._opener = urllib.request.build_opener(_NoRedirection)

    @overload
    def translate(self, text: str, target: str, source: str = "auto", **options: Any) -> Translated: ...  # noqa: ANN401
    @overload
    def translate(
        self,
        text: Sequence[str],
        target: str,
        source: str = "auto",
        **options: Any,  # noqa: ANN401
    ) -> list[Translated]: ...
    def translate(
        self,
        text: str | Sequence[str],
        target: str,
        source: str = "auto",
        **options: Any,
    ) -> Translated | list[Translated]:
        """The translation of a text, or of each text of a list.

        Args:
            text: one, or several.
            target, source: languages; the source "auto" is found out.
            options: further fields of `POST /api/v1/translate`: `model`, `format`, `explain`, `alternatives`, `prefix`,
                `glossary`, `protect`, `sentences`.
        """
        texts = text if isinstance(text, str) else list(text)
        found = self._post("translate", {"text": texts, "source": source, "target": target} | options)
        translations = [_translated(told) for told in found["translations"]]
        return translations[0] if isinstance(text, str) else translations

    def complete(
        self,
        text: str,
        target: str,
        prefix: str = "",
        source: str = "auto",
        model: str | None = None,
        count: int = 5,
    ) -> list[Way]:
        """Ways to go on with a beginning of a text's translation, the likeliest first."""
        asked = {"text": text, "source": source, "target": target, "model": model, "prefix": prefix, "count": count}
        return [
            Way(told["text"], told["next"], told["score"], told["confidence"])
            for told in self._post("complete", asked)["completions"]
        ]

    def detect(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """The language of each text, and how sure that is (0 to 1)."""
        asked = {"text": [texts] if isinstance(texts, str) else list(texts)}
        return [(one["language"], one["confidence"]) for one in self._post("detect", asked)["detections"]]

    def models(self) -> list[dict[str, Any]]:
        """The models: `name`, `version`, `source`, `target`, `engine`, `ready`."""
        found: list[dict[str, Any]] = self._get("models")["models"]
        return found

    def languages(self) -> dict[str, tuple[str, ...]]:
        """The languages that are read, each with those into which it is translated."""
        return {told["code"]: tuple(told["targets"]) for told in self._get("languages")["languages"]}

    def usage(self) -> dict[str, Any]:
        """Characters `used` and `allowed` (None: any number) of this key in this month, and the limits of a request."""
        found: dict[str, Any] = self._get("usage")
        return found

    def start(
        self, what: str | Path | Sequence[str], target: str, source: str = "auto", model: str | None = None
    ) -> Job:
        """Translate a file (its path), or a list of texts, in the background.

        Raises:
            DataError: the file cannot be read.
        """
        fields = {"source": source, "target": target} | ({} if model is None else {"model": model})
        if isinstance(what, (str, Path)):
            body, kind = _form(fields, Path(what))
            return Job.of(self._json("POST", "jobs", body, kind))
        return Job.of(self._post("jobs", fields | {"texts": list(what)}))

    def job(self, number: str) -> Job:
        """How far a job is, by its `id`."""
        return Job.of(self._get(_job(number)))

    def jobs(self) -> list[Job]:
        """The jobs of this key."""
        return [Job.of(told) for told in self._get("jobs")["jobs"]]

    def progress(self, number: str) -> Iterator[Job]:
        """A job as it goes on, until it has ended: as the server sends it, or asked for where nothing comes through."""
        job = None
        try:
            for job in self._events(number):
                yield job
        except EngineError:
            pass  # a proxy lets no events through, or they were cut: asking tells more
        while job is None or job.state not in ENDED:
            if job is not None:
                time.sleep(POLL)
            job = self.job(number)
            yield job

    def result(self, number: str) -> bytes:
        """The translated file of a job that is done."""
        return self._send("GET", f"{_job(number)}/result")

    def cancel(self, number: str) -> None:
        """Stop a job and forget it."""
        self._send("DELETE", _job(number))

    def translate_file(
        self,
        path: str | Path,
        out: str | Path,
        target: str,
        source: str = "auto",
        model: str | None = None,
        told: Callable[[Job], None] | None = None,
    ) -> Job:
        """Translate a file and write the translation to `out`; `told` hears how it goes on.

        Raises:
            DataError: the file cannot be read or the translation not be written; `out` is there already.
            EngineError: the job failed or was cancelled.
        """
        place = Path(out)
        if place.exists():
            raise DataError("is there already: name another file, or remove it", place)
        job = self.start(path, target, source, model)
        for now in self.progress(job.id):
            job = now
            if told is not None:
                told(now)
        if job.state != "done":
            raise EngineError(f"{path}: {job.state}" + (f": {job.error}" if job.error else ""))
        _write(place, self.result(job.id))
        return job

    def _get(self, path: str) -> Any:  # noqa: ANN401
        return self._json("GET", path)

    def _post(self, path: str, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401
        try:
            body = json.dumps(fields, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise DataError("half a surrogate pair in a text: it is no Unicode text") from None
        return self._json("POST", path, body, "application/json")

    def _json(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> Any:  # noqa: ANN401
        raw = self._send(method, path, body, kind)
        try:
            return json.loads(raw)
        except ValueError:
            raise EngineError(f"{self._base}{path} answers with no JSON: is this a calque server?") from None

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> bytes:
        with self._open(method, path, body, kind) as answer:
            try:
                found: bytes = answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise EngineError(f"{self._base}{path}: the answer was cut off: {error}") from error
            return found

    def _open(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> Any:  # noqa: ANN401
        """The answer, asked for again while the server is busy and the patience lasts."""
        headers = self._headers | ({"Content-Type": kind} if kind else {})
        request = urllib.request.Request(self._base + path, body, headers, method=method)
        left = self._patience
        for attempt in range(100):
            try:
                return self._opener.open(request, timeout=self._timeout)
            except urllib.error.HTTPError as error:
                with error:
                    wait = _wait(error, attempt)
                    if wait is None or wait > left:
                        raise _refusal(error) from None
            except (OSError, http.client.HTTPException, ValueError) as error:
                reason = getattr(error, "reason", error)
                raise EngineError(f"{self._base} cannot be reached: {reason}") from error
            left -= wait
            time.sleep(wait)
        raise EngineError(f"{self._base}{path}: busy after 100 attempts")

    def _events(self, number: str) -> Iterator[Job]:
        """The jobs of the events `progress`, until `end` comes.

        Raises:
            EngineError: the stream broke.
        """
        with self._open("GET", f"{_job(number)}/events") as answer:
            if "text/event-stream" not in answer.headers.get("Content-Type", ""):
                raise EngineError("no events")
            event, data = "message", ""
            try:
                for raw in answer:
                    field, _, value = raw.decode("utf-8").rstrip("\r\n").partition(":")
                    if field == "event":
                        event = value.strip()
                    elif field == "data":
                        data += value.strip()
                    elif not field and not value:
                        if event == "progress":
                            yield Job.of(json.loads(data))
                        if event == "end":
                            return
                        event, data = "message", ""
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise EngineError(f"events broke off: {error}") from error


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """A key must not travel to where a server points."""

    def redirect_request(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        return None


def _wait(error: urllib.error.HTTPError, attempt: int) -> float | None:
    """Seconds after which to ask again; None where that makes no sense."""
    if error.code not in (429, 503):
        return None
    try:
        told = float(error.headers.get("Retry-After", ""))
    except ValueError:
        told = math.nan
    return max(0.0, told) if math.isfinite(told) else float(2**attempt)


def _refusal(error: urllib.error.HTTPError) -> CalqueError:
    """The error that a server's answer is."""
    try:
        message = str(json.loads(error.read())["error"]["message"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        message = f"the server answers {error.code} {error.reason}"
    return _ERRORS.get(error.code, EngineError)(message)


def _job(number: str) -> str:
    return f"jobs/{urllib.parse.quote(number, safe='')}"


def _translated(told: Mapping[str, Any]) -> Translated:
    alignment = told.get("alignment")
    return Translated(
        text=told["text"],
        score=told["score"],
        alternatives=tuple((one["text"], one["score"]) for one in told["alternatives"]),
        warnings=tuple(told["warnings"]),
        confidence=told["confidence"],
        alignment=alignment
        and Alignment(
            source=tuple(Word(*word) for word in alignment["source"]),
            target=tuple(Word(*word) for word in alignment["target"]),
            links=tuple((source, target) for source, target in alignment["links"]),
        ),
        source=told["source"],
        model=told.get("model"),
    )


def _form(fields: Mapping[str, str], path: Path) -> tuple[bytes, str]:
    """A multipart form with a file, and its content type."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", path) from error
    boundary = secrets.token_hex(16)
    name = path.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    head += "Content-Type: application/octet-stream\r\n\r\n"
    body = "".join([*parts, head]).encode("utf-8", "surrogateescape") + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _write(path: Path, content: bytes) -> None:
    """Aside, then renamed."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise DataError(f"cannot be written: {error.strerror}", path) from error
