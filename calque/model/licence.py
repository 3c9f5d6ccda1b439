"""Licences: what a checkpoint says of its own, and what that means for those who pass on a translator made from it.

Nothing is guessed: a licence is what the model card's YAML header or a licence file says, else it is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORBIDS, ASKS, FREE, UNKNOWN = "forbids commercial use", "asks for more", "free", "unknown"
_SHARED_ALIKE = re.compile(r"^(a?gpl|lgpl|cc-by(-nc)?-sa|eupl|osl|mpl)")
_FREE = re.compile(
    r"^(apache-2|mit$|bsd|cc0|cc-by-\d|cc-by$|isc$|unlicense|afl-3|artistic-2|ms-pl|zlib|ncsa|wtfpl|0bsd)"
)
_FORBIDS = re.compile(r"(^|[-_ ])nc([-_ ]|$)|non-?commercial|research-only")
# Families whose published weights have terms that their names do not tell (where a copy of them says nothing itself)
_PUBLISHED = {
    "nllb": "Meta published the NLLB weights under cc-by-nc-4.0, which forbids commercial use",
    "seamless": "Meta published the Seamless weights under cc-by-nc-4.0, which forbids commercial use",
    "llama": "Meta publishes Llama weights under community licences of their own",
    "gemma": "Google publishes Gemma weights under terms of use of their own",
}
# The hub's identifier of a licence, and words that only its text has, in the order in which they are looked for
_TEXTS = (
    ("cc-by-nc-sa-4.0", r"Attribution-NonCommercial-ShareAlike 4\.0"),
    ("cc-by-nc-nd-4.0", r"Attribution-NonCommercial-NoDerivatives 4\.0"),
    ("cc-by-nc-4.0", r"Attribution-NonCommercial 4\.0"),
    ("cc-by-sa-4.0", r"Attribution-ShareAlike 4\.0"),
    ("cc-by-4.0", r"Attribution 4\.0 International"),
    ("cc0-1.0", r"CC0 1\.0 Universal"),
    ("gemma", r"Gemma Terms of Use"),
    ("llama2", r"LLAMA 2 COMMUNITY LICENSE"),
    ("llama3.1", r"LLAMA 3\.1 COMMUNITY LICENSE"),
    ("llama3.2", r"LLAMA 3\.2 COMMUNITY LICENSE"),
    ("llama3.3", r"LLAMA 3\.3 COMMUNITY LICENSE"),
    ("llama3", r"LLAMA 3 COMMUNITY LICENSE"),
    ("agpl-3.0", r"GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3"),
    ("lgpl-3.0", r"GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3"),
    ("gpl-3.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 3"),
    ("gpl-2.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 2"),
    ("mpl-2.0", r"Mozilla Public License Version 2\.0"),
    ("apache-2.0", r"Apache License\s+Version 2\.0"),
    ("bsd-3-clause", r"Redistribution and use[\s\S]+Neither the name"),
    ("bsd-2-clause", r"Redistribution and use in source and binary forms"),
    ("mit", r"Permission is hereby granted, free of charge, to any person"),
)
_FILES = ("LICENSE*", "LICENCE*", "COPYING*", "license*")
_READ = 20_000  # characters of a licence file that are looked at


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as the hub spells it, and the file that says so; both None where nothing says anything."""

    name: str | None = None
    said_in: str | None = None


def of(folder: Path) -> Licence:
    """What a checkpoint or translator folder says of its licence: its card's header, else a licence file."""
    said = header(folder)
    name = said.get("license_name") if said.get("license") == "other" else said.get("license")
    if isinstance(name, list):
        name = "-and-".join(map(str, name))
    if name:
        return Licence(str(name).strip().lower(), "README.md")
    for file in sorted({file for kind in _FILES for file in folder.glob(kind) if file.is_file()}):
        text = file.read_text(encoding="utf-8", errors="replace")[:_READ]
        for known, words in _TEXTS:
            if re.search(words, text, re.IGNORECASE):
                return Licence(known, file.name)
    return Licence()


def header(folder: Path) -> dict[str, Any]:
    """The YAML header of a folder's model card; empty where there is none that can be read."""
    import yaml
    from huggingface_hub import metadata_load

    try:
        said = metadata_load(folder / "README.md")
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return said if isinstance(said, dict) else {}


def meaning(name: str | None) -> str:
    """What a licence means for commercial use: FORBIDS, ASKS (terms that must be looked at), FREE or UNKNOWN."""
    if name is None:
        return UNKNOWN
    if _FORBIDS.search(name.lower()):
        return FORBIDS
    return FREE if _FREE.match(name.lower()) and "-and-" not in name else ASKS


def advice(name: str | None, model: str) -> str | None:
    """A sentence on a licence for those who pass on what was made from `model`; None where there is nothing to say."""
    if name is None:
        known = next((said for word, said in _PUBLISHED.items() if word in model.lower()), None)
        told = f" {known}: look at its terms." if known else " Look for its terms before you pass this on."
        return f"The licence of {model} is unknown: its files say none.{told}"
    if meaning(name) == FORBIDS:
        return f"{model} is under {name}, which forbids commercial use, also of what is made from it."
    if _SHARED_ALIKE.match(name.lower()):
        return f"{model} is under {name}: what is made from it must be passed on under the same terms."
    return f"{model} is under {name}: look at the terms before you pass this on." if meaning(name) == ASKS else None


def joined(names: list[str | None]) -> str | None:
    """One licence for what was made from several: one that forbids commercial use before all, None where one is
    unknown."""
    for name in names:
        if meaning(name) == FORBIDS:
            return name
    if not names or None in names:
        return None
    return "-and-".join(dict.fromkeys(name for name in names if name is not None))
