"""The parcel: what of a folder goes to the hub. Known files, and none that says where files lie on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import tomlkit
from huggingface_hub import ModelCard

from calque.errors import ModelError, RecipeError
from calque.model import licence, lineage
from calque.model.adapter_folder import WEIGHTS, is_adapter
from calque.model.folder import Folder, said_in
from calque.model.private import bare, without_paths
from calque.training.card import UNKNOWN
from calque.training.header import advised, licensed

_TOKENIZER = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt"),
    *("vocab.json", "merges.txt", "*.model", "chat_template.jinja"),
)
_NETWORK = (
    *("config.json", "generation_config.json", "model.safetensors", "model-*-of-*.safetensors"),
    *("model.safetensors.index.json", "calque.json", "recipe.toml"),
)
_WHOLE = (*_NETWORK, *_TOKENIZER, *(f"{side}/{file}" for side in ("source", "target") for file in _TOKENIZER))
KNOWN = (
    *(*_WHOLE, *(f"base/{file}" for file in _WHOLE), "report.json", "metrics.jsonl", "README.md"),
    "calibration.json",
    *("adapter_config.json", WEIGHTS, "LICENSE", "LICENSE.*", "NOTICE"),
)
_REMEMBERED = {  # settings of transformers and PEFT that are the path a network or tokenizer was loaded from
    "config.json": "_name_or_path",
    "tokenizer_config.json": "name_or_path",
    "adapter_config.json": "base_model_name_or_path",
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """Files by their names on the hub: a path is sent as it is, bytes are a changed copy.

    licence: of the whole, as the hub spells it.
    left_out: files of the folder that nobody knows here.
    notes: what the sender should know, in sentences.
    """

    files: Mapping[str, Path | bytes]
    licence: str
    left_out: tuple[str, ...]
    notes: tuple[str, ...]

    def sizes(self) -> list[dict[str, Any]]:
        """For each file its name, its bytes, and whether a changed copy is sent."""
        return [
            {"name": name, "bytes": len(sent) if isinstance(sent, bytes) else sent.stat().st_size}
            | {"copy": isinstance(sent, bytes)}
            for name, sent in self.files.items()
        ]


def pack(folder: Path, named: str | None = None) -> Parcel:
    """What would be sent of a translator or adapter.

    Args:
        folder: complete, as a run of calque leaves it.
        named: its licence; by default that of its card.

    Raises:
        ModelError: it is no such folder, or something is missing.
        RecipeError: its licence is unknown and none is named.
    """
    _refuse_incomplete(folder)
    there = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    names = [name for name in there if is_known(name)]
    own = licence.of(folder).name
    chosen = (named or own or "").lower()
    if not chosen:
        raise RecipeError(
            f"{folder}: its licence is unknown, as its card says none: find out the terms of what it was made from and "
            "name one with --license (apache-2.0, cc-by-4.0, ...)"
        )
    files = {name: _sent(folder, name) for name in names}
    files["README.md"] = _licensed(folder, chosen, own)
    return Parcel(files, chosen, tuple(name for name in there if name not in names), tuple(_notes(folder, own, chosen)))


def is_known(name: str) -> bool:
    """Whether a file of this name belongs to a translator or an adapter."""
    return any(fnmatchcase(name, known) and name.count("/") == known.count("/") for known in KNOWN)


def _refuse_incomplete(folder: Path) -> None:
    if is_adapter(folder):
        wanted = ["calque.json", WEIGHTS]
        if said_in(folder)["adapter"].get("base", {}).get("place") == "base":
            Folder.open(folder / "base")
            wanted += [f"base/{side}/tokenizer.json" for side in ("source", "target")]
    else:
        Folder.open(folder)
        wanted = [f"{side}/tokenizer.json" for side in ("source", "target")]
    for name in (*wanted, "README.md", "recipe.toml", "report.json"):
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: {name} is missing, so the folder is not complete and is not uploaded")


def _sent(folder: Path, name: str) -> Path | bytes:
    """The file itself, or a copy without the paths of this machine where it has some."""
    file, kind = folder / name, name.rsplit("/", 1)[-1]
    try:
        if kind in ("calque.json", "report.json"):
            said = json.loads(file.read_text(encoding="utf-8"))
            return file if without_paths(said) == said else _json(without_paths(said))
        if kind in _REMEMBERED:
            said, key = json.loads(file.read_text(encoding="utf-8")), _REMEMBERED[kind]
            place = said.get(key)
            return _json(said | {key: bare(place)}) if isinstance(place, str) and bare(place) != place else file
        if kind == "recipe.toml":
            return _recipe(file)
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{file}: damaged ({error})") from None
    return file


def _json(said: Any) -> bytes:  # noqa: ANN401
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def _recipe(file: Path) -> Path | bytes:
    """recipe.toml with its comments, and with paths reduced to names."""
    document = tomlkit.parse(file.read_text(encoding="utf-8"))
    said = document.unwrap()
    for name, value in said.items():
        if without_paths(value) != value:
            document[name] = without_paths(value)
    return file if document.unwrap() == said else tomlkit.dumps(document).encode()


def _licensed(folder: Path, chosen: str, own: str | None) -> Path | bytes:
    """The card, with the licence that was named and without paths."""
    file = folder / "README.md"
    before = file.read_text(encoding="utf-8")
    text = bare(before)
    if chosen != own:
        try:
            card = ModelCard(text)
            for key in ("license", "license_name", "license_link"):
                card.data.__dict__.pop(key, None)
            card.data.__dict__.update(licensed(chosen))
            text = str(card)
        except (ValueError, TypeError) as error:
            raise ModelError(f"{file}: its header cannot be read ({error})") from None
        text = text.replace(UNKNOWN, f"Whoever uploaded this passes it on under {chosen}.")
    return file if text == before else text.encode()


def _notes(folder: Path, own: str | None, chosen: str) -> Iterator[str]:
    yield from advised(lineage.read(folder))
    if own is not None and chosen != own:
        yield f"The card says {own}, and it is uploaded as {chosen}: that you may is for you to know."
    if licence.meaning(chosen) == licence.FORBIDS:
        yield f"It is passed on under {chosen}: nobody may use it commercially."
    if is_adapter(folder):
        base = said_in(folder)["adapter"]["base"]
        if base["place"] != "base":
            yield f"It is an adapter: who downloads it needs its base '{bare(base['name'])}' ({base['digest']}) too."
