"""What a client sent: its body within bounds, as fields, whatever form they have."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.formparsers import MultiPartException
from starlette.requests import Request

from calque.server.refusal import Refusal
from calque.text.repair import SURROGATE

CODE = 100  # longest name of a language or a model
FIELDS = 2_000  # most fields of a form


@dataclass(frozen=True, slots=True)
class File:
    """A file that was sent: its name, as the client gave it, and its bytes."""

    name: str
    content: bytes


async def fields(request: Request, several: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of a request: those of its JSON object or form, over those of its query string.

    Args:
        request: whose body has not been read.
        several: fields that are lists where they come more than once in a form or a query string; of others the last
            one counts.

    Raises:
        Refusal: bad_request (no JSON object, no form), too_slow.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    query = _grouped(_urlencoded(request.scope["query_string"], "query string"), frozenset(several))
    if kind == "multipart/form-data":
        return query | _grouped(await form(request), frozenset(several))
    raw = await read(request)
    if not raw.strip():
        return query
    if kind == "application/x-www-form-urlencoded":
        return query | _grouped(_urlencoded(raw, "form"), frozenset(several))
    return query | parse(raw)


async def read(request: Request) -> bytes:
    """The body.

    Raises:
        Refusal: too_slow, too_large (of a body whose length was not told).
    """
    try:
        async with asyncio.timeout(request.app.state.serve.body_seconds):
            return await request.body()
    except TimeoutError:
        raise Refusal("too_slow", "the body did not arrive in time") from None


async def form(request: Request, files: int = 1) -> list[tuple[str, str | File]]:
    """The fields and files of a multipart form.

    Raises:
        Refusal: bad_request, too_slow.
    """
    try:
        async with asyncio.timeout(request.app.state.serve.body_seconds):
            largest = request.app.state.serve.body_bytes
            sent = await request.form(max_files=files, max_fields=FIELDS, max_part_size=largest)
            try:
                return [
                    (name, value if isinstance(value, str) else File(value.filename or "", await value.read()))
                    for name, value in sent.multi_items()
                ]
            finally:
                await sent.close()
    except TimeoutError:
        raise Refusal("too_slow", "the body did not arrive in time") from None
    except (MultiPartException, ValueError, KeyError) as error:
        raise Refusal("bad_request", f"not a form: {error}") from None


def address(request: Request) -> str:
    """The client's address; "" where there is none."""
    return "" if request.client is None else request.client.host


def parse(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        Refusal: bad_request.
    """
    try:
        found = json.loads(raw, parse_constant=_no_constant)
    except RecursionError:
        raise Refusal("bad_request", "the body is nested too deeply") from None
    except UnicodeDecodeError:
        raise Refusal("bad_request", "the body is no UTF-8") from None
    except ValueError as error:
        raise Refusal("bad_request", f"the body is no JSON: {_where(error)}") from None
    if not isinstance(found, dict):
        raise Refusal("bad_request", 'the body is no JSON object, such as {"q": "Hello"}')
    return found


def text(value: object, name: str) -> str:
    """A field that must be a text, of Unicode characters without NUL.

    Raises:
        Refusal: invalid.
    """
    if not isinstance(value, str):
        raise Refusal("invalid", f"'{name}' is no text")
    if "\0" in value:
        raise Refusal("invalid", f"'{name}' has a NUL character (U+0000)")
    if not value.isascii() and SURROGATE.search(value):
        raise Refusal("invalid", f"'{name}' has half a surrogate pair: it is no Unicode text")
    return value


def code(value: object, name: str) -> str:
    """A field that must be a short text, such as a language or a model's name.

    Raises:
        Refusal: invalid.
    """
    short = text(value, name)
    if len(short) > CODE:
        raise Refusal("invalid", f"'{name}' is longer than {CODE} characters: no such thing here")
    return short


def texts(value: object, name: str, most: int, longest: int) -> tuple[str, ...]:
    """A field that must be a text or a list of at most `most`, with `longest` characters together.

    Raises:
        Refusal: invalid, too_large.
    """
    some = value if isinstance(value, list) else [value]
    if len(some) > most:
        raise Refusal("too_large", f"'{name}' has {len(some)} texts: at most {most} go into a request")
    characters = sum(len(one) for one in some if isinstance(one, str))
    if characters > longest:
        raise Refusal("too_large", f"'{name}' has {characters} characters: at most {longest} go into a request")
    return tuple(text(one, name) for one in some)


def given(fields: Mapping[str, Any], name: str, default: Any) -> Any:  # noqa: ANN401 - as the client sent it
    """A field, or its default where it is absent, null, or empty as a form has it; whatever else is looked at."""
    value = fields.get(name)
    return default if value is None or value == "" else value


def truth(value: object, name: str) -> bool:
    """A field that must be true or false; a form has it as "1" or "true".

    Raises:
        Refusal: invalid.
    """
    written = value.lower() if isinstance(value, str) else value
    if isinstance(written, bool | int | str) and written in (True, False, "1", "0", "true", "false"):
        return written in (True, "1", "true")
    raise Refusal("invalid", f"'{name}' must be true or false")


def number(value: object, name: str, low: int, high: int) -> int:
    """A field that must be a whole number between two bounds; a form has it as digits.

    Raises:
        Refusal: invalid.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refusal("invalid", f"'{name}' must be a whole number from {low} to {high}")
    return value


def _grouped(items: Iterable[tuple[str, Any]], several: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in items:
        if isinstance(value, File) or name not in several or name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _urlencoded(raw: bytes, what: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise Refusal("bad_request", f"the {what} is no UTF-8") from None
    except ValueError:
        raise Refusal("bad_request", f"the {what} has more than {FIELDS} fields") from None


def _where(error: ValueError) -> str:
    return f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else "no such number"


def _no_constant(name: str) -> Mapping[str, Any]:
    raise ValueError(f"{name} is no JSON")
