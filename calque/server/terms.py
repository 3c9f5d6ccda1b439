"""The terms that a translation takes from the glossaries of whoever asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from calque.corpus.language import primary
from calque.server.desk import AUTO
from calque.server.refusal import Refusal
from calque.server.store import Store
from calque.text.glossary import Entry, Glossary, read_tsv

READ = 8  # glossaries that stay ready: reading one of 20,000 terms takes a fifth of a second


def terms(store: Store, owner: str, names: Sequence[str], source: str, target: str) -> Glossary:
    """The terms of some glossaries for a pair of languages, those of the first before those of the next.

    Raises:
        Refusal: not_found (no such glossary, or it is another's), invalid (the languages).
    """
    if source == AUTO:
        raise Refusal("invalid", "a glossary needs to be told the language of the text: it is not detected then")
    pair = (primary(source), primary(target))
    found: list[str] = []
    for name in names:
        kept = store.glossaries(owner, name)
        if not kept:
            raise Refusal("not_found", "there is no such glossary")
        fitting = [one for one in kept[0].dictionaries if (one.source, one.target) == pair]
        if not fitting:
            raise Refusal("invalid", f"the glossary has no terms from {pair[0]} into {pair[1]}")
        found.append(fitting[0].entries)
    return _read(tuple(found))


@lru_cache(maxsize=READ)
def _read(tables: tuple[str, ...]) -> Glossary:
    """The terms of some tables, those of the first before those of the next."""
    found: dict[str, Entry] = {}
    for table in tables:
        for entry in read_tsv(table).entries:
            found.setdefault(entry.source, entry)
    return Glossary(tuple(found.values()))
