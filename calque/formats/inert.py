"""HTML that a program will put into a page, made so that nothing in it runs.

A whole file is its owner's, and keeps its scripts. A fragment that goes through a server is often what a stranger
wrote, and often lands in a page by `innerHTML`: a translator must not be the way in. So of a fragment scripts, frames
and the like are taken out, attributes that run (`onclick`), addresses that run (`javascript:`), comments; what no
browser reads as a whole tag comes out as text. Every tag that stays is either plain or written anew with its values
escaped, so that no browser can read it otherwise. What is plain stays as it is, byte by byte.
"""

from __future__ import annotations

import html
import re

from calque.formats.entity import unescaped
from calque.formats.tag import Attribute, Token, tokens

ACTIVE = frozenset(
    "script style iframe object embed applet frame frameset fencedframe portal link meta base xmp plaintext noembed "  # noqa: SIM905 - shorter than a list of them
    "noframes noscript template animate animatemotion animatetransform set handler listener isindex param".split()
)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9:._-]*")
PLAIN = re.compile(
    r"""<[A-Za-z][\w:.-]*(?:\s+[\w:.@*-]+(?:\s*=\s*(?:"[^"<>`]*"|'[^'<>`]*'|[^\s"'<>=`]+))?)*\s*/?>""", re.ASCII
)
KEY = re.compile(r"[A-Za-z_:@*][A-Za-z0-9_.:@*-]*")
DOCTYPE = re.compile(r"<!doctype[\w\s\"'/.:+-]*>", re.IGNORECASE)
UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]")  # browsers skip some of these in a scheme
RUNNING = re.compile(r"(?:javascript|vbscript|livescript|mocha|data):", re.IGNORECASE)
PICTURES = frozenset(("src", "srcset", "poster"))  # where data: is a picture or a sound, and never runs
WORDS = frozenset(("alt", "title", "placeholder", "aria-label", "class", "id", "name", "value", "content", "label"))
STYLE = re.compile(r"expression|javascript:|vbscript:|behaviou?r|-moz-binding|@import", re.IGNORECASE)


def inert(text: str) -> str:
    """The fragment without what would run; see the module.

    >>> inert('<b onclick="go()">Click</b><script>go()</script>')
    '<b>Click</b>'
    >>> inert('<a href="/home">home</a>')
    '<a href="/home">home</a>'
    """
    return "".join(_written(text, token) for token in tokens(text))


def _written(text: str, token: Token) -> str:
    raw = text[token.start : token.end]
    if token.kind == "text":
        return raw.replace("<", "&lt;")
    if token.kind == "raw":
        return ""  # the elements that have such content are active, all of them
    if token.kind == "other":
        return raw if DOCTYPE.fullmatch(raw) else _text(raw) if _is_unfinished(raw) else ""
    if not NAME.fullmatch(token.name):
        return _text(raw)
    if token.name in ACTIVE:
        return ""
    if token.kind == "close":
        return raw if raw[2:-1].lower() == token.name else f"</{token.name}>"
    return _tag(text, token, raw)


def _text(raw: str) -> str:
    return raw.replace("<", "&lt;").replace(">", "&gt;")


def _is_unfinished(raw: str) -> bool:
    """Whether it is a tag that never ends, no comment or declaration."""
    return not raw.startswith(("<!", "<?", "</")) or (raw.startswith("</") and not raw.endswith(">"))


def _tag(text: str, token: Token, raw: str) -> str:
    kept = [one for one in token.attributes if not _runs(text, one)]
    if len(kept) == len(token.attributes) and PLAIN.fullmatch(raw):
        return raw
    out = [f"<{token.name}"]
    for one in kept:
        value = unescaped(text[one.start : one.end])
        out.append(f" {one.name}" if one.quote is None else f' {one.name}="{html.escape(value)}"')
    return "".join([*out, " />" if raw.endswith("/>") else ">"])


def _uncommented(style: str) -> str:
    """A style without its comments; one that is never closed stays."""
    kept: list[str] = []
    place = 0
    while (start := style.find("/*", place)) >= 0 and (end := style.find("*/", start + 2)) >= 0:
        kept.append(style[place:start])
        place = end + 2
    return "".join([*kept, style[place:]])


def _runs(text: str, attribute: Attribute) -> bool:
    """Whether an attribute makes a browser run something, or has a name that cannot be trusted."""
    name = attribute.name
    if not KEY.fullmatch(name) or name.startswith("on") or name in ("srcdoc", "http-equiv"):
        return True
    value = unescaped(text[attribute.start : attribute.end])
    if name == "style":
        return bool(STYLE.search(re.sub(r"\\|\s", "", _uncommented(value))))
    if name in WORDS:
        return False
    scheme = RUNNING.match(UNSEEN.sub("", value))
    return scheme is not None and not (name in PICTURES and scheme.group().lower() == "data:")
