"""The model folder: a Hugging Face folder with calque's own files beside; reading and writing it needs no torch."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import xxhash
from pydantic import BaseModel

from calque.errors import MachineError, ModelError, RecipeError, nearest
from calque.model import disk
from calque.text import stream
from calque.text.codec import Codec

FORMAT = 1  # of calque.json; raised when an older calque could not read a newer folder


@dataclass(frozen=True)
class Folder:
    """An opened translator: where it is, its family and its languages; the codecs are read when asked for."""

    path: Path
    family: str
    source: str
    target: str
    max_length: int
    details: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> Folder:
        """Look at the folder.

        Raises:
            ModelError: it is not there, is no calque translator, is damaged, or was written by a newer calque.
        """
        path = Path(path)
        if not path.is_dir():
            if path.exists():
                raise ModelError(f"{path}: a model folder is wanted, and this is a file")
            folders = [entry for entry in path.parent.iterdir() if entry.is_dir()] if path.parent.is_dir() else []
            raise ModelError(f"{path}: no such model folder{nearest(str(path), map(str, folders))}")
        if not (path / "calque.json").is_file():
            what = (
                "a model, but no calque translator: fine-tune it first"
                if (path / "config.json").is_file()
                else "no model folder"
            )
            raise ModelError(f"{path}: this is {what} (no calque.json there)")
        said = said_in(path)
        try:
            opened = cls(path, said["family"], said["source"], said["target"], int(said["max_length"]), said)
        except (ValueError, KeyError, TypeError) as error:
            raise damaged(path, error) from None
        if "adapter" in said:
            raise ModelError(
                f"{path}: this is an adapter, no whole translator: `calque merge` makes one of it and its base "
                f"({said['adapter']['base']['name']}); `calque translate` and `calque evaluate` take it as it is"
            )
        for name in ("config.json", "model.safetensors"):
            if not (path / name).is_file():
                raise ModelError(f"{path}: {name} is missing, the folder is damaged")
        return opened

    @cached_property
    def source_codec(self) -> Codec:
        """The source side's codec."""
        return Codec.load(self.path / "source", max_length=self.max_length)

    @cached_property
    def target_codec(self) -> Codec:
        """The target side's codec."""
        return Codec.load(self.path / "target", max_length=self.max_length)

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The settings that made the folder; empty where it has none, ModelError where they are no TOML."""
        return recipe_in(self.path)

    @cached_property
    def digest(self) -> str:
        """XXH3 (128 bits) of the files that decide what the network computes: configuration, weights, tokenizers."""
        return digest_of(self.path, ("config.json", "*.safetensors", "tokenizer*", "source/*", "target/*"))


def digest_of(path: Path, kinds: Iterable[str]) -> str:
    """XXH3 (128 bits) of the files in `path` that match these patterns: their names, sizes and contents."""
    files = sorted(file for kind in kinds for file in path.glob(kind) if file.is_file())
    digest = xxhash.xxh3_128()
    for file in files:
        digest.update(f"{file.relative_to(path).as_posix()} {file.stat().st_size}\n".encode())
        with file.open("rb") as content:
            while chunk := content.read(1 << 22):
                digest.update(chunk)
    return f"xxh3-128:{digest.hexdigest()}"


def said_in(path: Path) -> dict[str, Any]:
    """What calque.json in `path` says; ModelError where it is damaged, or was written by a newer calque."""
    try:
        said: dict[str, Any] = json.loads((path / "calque.json").read_text(encoding="utf-8"))
        newer = said["format"] > FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from None
    if newer:
        raise ModelError(
            f"{path}: written in format {said['format']}, newer than this calque reads ({FORMAT}): upgrade calque"
        )
    return said


def damaged(path: Path, error: Exception) -> ModelError:
    """What to raise where calque.json in `path` does not say what it should."""
    return ModelError(f"{path}/calque.json: damaged ({type(error).__name__}: {error})")


def recipe_in(path: Path) -> dict[str, Any]:
    """The settings that made what lies in `path`; empty where it has none, ModelError where they are no TOML."""
    import tomlkit

    file = path / "recipe.toml"
    try:
        return tomlkit.parse(file.read_text(encoding="utf-8")).unwrap() if file.is_file() else {}
    except ValueError as error:
        raise ModelError(f"{file}: damaged ({error})") from None


def describe(path: Path, family: str, languages: tuple[str, str], codecs: tuple[Codec, Codec], **details: Any) -> None:  # noqa: ANN401
    """Write calque.json, source/ and target/ into `path`; for a decoder alone also the tokenizer of its whole prompt,
    which AutoTokenizer finds beside the network."""
    source, target = codecs
    for name, codec in (("source", source), ("target", target)):
        (path / name).mkdir(parents=True, exist_ok=True)
        codec.save(path / name)
    said = {
        "format": FORMAT,
        "family": family,
        "source": languages[0],
        "target": languages[1],
        "max_length": target.max_length,
    }
    if family == "causal":
        stream.whole(source, target).save(path, padding_side="left")
        said["prompt"] = stream.spelled(source, target)
    write_text(path / "calque.json", json.dumps(said | details, ensure_ascii=False, indent=1) + "\n")


def write_recipe(recipe: BaseModel, file: Path) -> None:
    """Write the resolved recipe as TOML, each setting with its description as a comment."""
    import tomlkit

    document = tomlkit.document()
    plain = recipe.model_dump(mode="json", exclude_none=True)
    for name, field in type(recipe).model_fields.items():
        if name in plain:
            document.add(tomlkit.comment(field.description or name))
            document.add(name, plain[name])
    write_text(file, tomlkit.dumps(document))


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all, whatever happens to the machine."""
    aside = file.with_name(f".{file.name}.part")
    aside.write_text(text, encoding="utf-8")
    disk.flush(aside)
    aside.replace(file)
    disk.flush(file.parent)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Where tensors are written: what the safetensors library cannot write is told as a full or broken disk.

    Raises:
        MachineError: the tensors could not be written to `place`.
    """
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        raise MachineError(f"{place}: the weights cannot be written ({error}): free some space and run again") from None


@contextmanager
def stage(folder: Path) -> Iterator[Path]:
    """A new folder to fill beside `folder`, which takes that name when the block ends well and vanishes otherwise. All
    of it is on the disk before it has that name: not even a power cut leaves half a folder. The umask decides who may
    read it, whatever wrote the files.

    Raises:
        RecipeError: `folder` exists already.
    """
    refuse_existing(folder)
    disk.make(folder.parent)
    aside = folder.with_name(f".{folder.name}.part-{os.getpid()}")
    aside.mkdir()
    try:
        with disk.naming(folder):
            yield aside
            disk.grant(aside)
            disk.flush_all(aside)
            aside.rename(folder)
            disk.flush(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def refuse_existing(path: Path) -> None:
    """Raise RecipeError where `path` is taken: nothing is ever overwritten."""
    if path.exists() or path.is_symlink():
        raise RecipeError(f"{path} exists already: choose another --out or remove it")
