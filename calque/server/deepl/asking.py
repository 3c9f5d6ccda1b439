"""What every call of the DeepL API has: a key, fields that are all known, codes of languages in DeepL's spelling."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from calque.corpus.language import primary
from calque.errors import nearest
from calque.server import body
from calque.server.desk import AUTO
from calque.server.gate import Who
from calque.server.refusal import Refusal

SCHEME = "deepl-auth-key "
LONGEST_QUERY = 16_384  # bytes
BESIDE = frozenset({"auth_key"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A call: who makes it, with which key and from where, and its fields without the key and without those that are
    null."""

    who: Who
    key: str
    address: str
    fields: Mapping[str, Any]


async def asked(
    request: Request, known: Collection[str] = (), several: Iterable[str] = (), never: Mapping[str, str] | None = None
) -> Asked:
    """The call that a request makes.

    Args:
        request: whose body has not been read.
        known: names of the fields that it may have.
        several: those that may be lists.
        never: names of fields that DeepL has and this server has not, and why.

    Raises:
        Refusal: no_key, wrong_key, uri_too_long, bad_request, invalid (a field that is not known).
    """
    if len(request.scope.get("query_string", b"")) > LONGEST_QUERY:
        raise Refusal("uri_too_long", f"the query string is longer than {LONGEST_QUERY} bytes: send a body instead")
    gate, address = request.app.state.gate, body.address(request)
    header = request.headers.get("authorization", "")
    key = header[len(SCHEME) :].strip() if header.lower().startswith(SCHEME) else None
    if key:
        gate.who(key, address)  # who has no key is told so before a body is read
    fields = await body.fields(request, several)
    if not key:
        key = body.text(body.given(fields, "auth_key", ""), "auth_key")
    if not key:
        raise Refusal("no_key", "a key is required, as in 'Authorization: DeepL-Auth-Key KEY'")
    who = gate.who(key, address)
    _check_names(fields, known, never or {})
    return Asked(who, key, address, _told(fields))


def _told(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in fields.items() if name not in BESIDE and value is not None}


def _check_names(fields: Mapping[str, Any], known: Collection[str], never: Mapping[str, str]) -> None:
    for name, value in fields.items():
        if name in never and value not in (None, "", []):
            raise Refusal("invalid", f"'{name}' is not supported here: {never[name]}")
        if name not in known and name not in BESIDE and name not in never:
            raise Refusal("invalid", f"unknown parameter '{name[:50]}'{nearest(name[:50], known)}")


def need(fields: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - as the client sent it
    """A field that is required.

    Raises:
        Refusal: invalid.
    """
    if fields.get(name) in (None, "", []):
        raise Refusal("invalid", f"'{name}' is missing")
    return fields[name]


def one_of(value: object, name: str, *known: str) -> str:
    """A field that must be one of some words.

    Raises:
        Refusal: invalid.
    """
    word = value if isinstance(value, str) else ""
    if word not in known:
        raise Refusal("invalid", f"'{name}' must be one of {', '.join(known)}{nearest(word, known)}")
    return word


def names(value: object, name: str) -> tuple[str, ...]:
    """A field that must be a list of names; a form has them with commas between.

    Raises:
        Refusal: invalid.
    """
    parts = value if isinstance(value, list) else [value]
    written = [part for one in parts for part in body.text(one, name).split(",")]
    if len(written) > body.FIELDS:
        raise Refusal("too_large", f"'{name}' has more than {body.FIELDS} names")
    return tuple(part.strip() for part in written if part.strip())


def source(request: Request, code: object) -> str:
    """The language that is served for DeepL's code of a source; "auto" without one.

    Raises:
        Refusal: invalid.
    """
    if code in (None, ""):
        return AUTO
    return _served(code, "source_lang", request.app.state.desk.polyglot.languages())


def target(request: Request, code: object) -> str:
    """The language that is served for DeepL's code of a target.

    Raises:
        Refusal: invalid.
    """
    return _served(code, "target_lang", targets(request))


def targets(request: Request) -> list[str]:
    """The codes of all languages that can be translated into."""
    served = request.app.state.desk.polyglot.languages()
    return sorted({one for some in served.values() for one in some})


def _served(code: object, name: str, known: Iterable[str]) -> str:
    """The served code that is the same but for capitals, else the one of the same language without its region."""
    written = body.code(code, name)
    wanted = written.lower().replace("_", "-")
    codes = list(known)
    same = [one for one in codes if one.lower().replace("_", "-") == wanted]
    near = [one for one in codes if primary(one) == primary(wanted)] if wanted.isascii() else []
    if not same and not near:
        offered = ", ".join(sorted(one.upper() for one in codes))
        raise Refusal("invalid", f"value for '{name}' not supported: '{written}' (known: {offered})")
    return (same or sorted(near, key=len))[0]


def base(code: object, name: str) -> str:
    """The code of a glossary's language, which has no region.

    Raises:
        Refusal: invalid.
    """
    written = body.code(code, name)
    if not written.replace("-", "").replace("_", "").isalnum() or not written.isascii():
        raise Refusal("invalid", f"value for '{name}' not supported: it is no code of a language")
    return primary(written.lower())
