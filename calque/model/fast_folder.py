"""The folder `fast/` of a model folder: the same network for CTranslate2, and what is known of how it was made. Reading
it needs neither torch nor CTranslate2."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calque.errors import ModelError
from calque.model.folder import Folder

NAME = "fast"
FORMAT = 2  # of fast/calque.json; raised when an older calque could not read a newer folder
_WHOLE = 1  # what is written where the vocabulary is whole: an older calque reads it
_VOCABULARIES = ("target_vocabulary.json", "shared_vocabulary.json")
_DECIDING = ("config.json", "model.safetensors", "source/tokenizer.json", "target/tokenizer.json")


@dataclass(frozen=True, slots=True)
class FastFolder:
    """What `fast/calque.json` says.

    quantization: how the weights are stored, such as int8.
    never: target ids that no search may say.
    shift: 0 where the attention with which a token is predicted aligns it best, 1 where that with which it is read
        again, one step later, does.
    aligned: whether the network tells attention at all.
    shortlist: how many target pieces each source piece may become; 0: all.
    vocabulary: how many of the most frequent target pieces were kept; 0: all.
    """

    path: Path
    quantization: str
    never: tuple[int, ...] = ()
    shift: int = 0
    aligned: bool = True
    shortlist: int = 0
    vocabulary: int = 0

    @classmethod
    def find(cls, folder: Folder) -> FastFolder | None:
        """What lies in `fast/` of a model folder; None where there is none.

        Raises:
            ModelError: it is damaged, of a newer calque, or made from other weights than the folder has now.
        """
        path = folder.path / NAME
        if not path.is_dir():
            return None
        try:
            said: dict[str, Any] = json.loads((path / "calque.json").read_text(encoding="utf-8"))
            newer = said["format"] > FORMAT
            made_from, files = said["made_from"], said["files"]
            fast = cls(
                path,
                said["quantization"],
                tuple(said["never"]),
                int(said["shift"]),
                bool(said["aligned"]),
                int(said["shortlist"]),
                int(said.get("vocabulary", 0)),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{path}: damaged ({type(error).__name__}: {error}): remove it, or make it anew with `calque export "
                f"{folder.path} --replace`"
            ) from None
        if newer:
            raise ModelError(f"{path}: written by a newer calque than this one: upgrade calque, or export again")
        if files != stamps(folder.path) and made_from != folder.digest:
            raise ModelError(
                f"{path} was made from other weights than {folder.path} has now: make it anew with `calque export "
                f"{folder.path} --replace`, remove it, or use the weights themselves with --engine torch"
            )
        return fast

    def kept(self) -> tuple[int, ...]:
        """The target ids that the network has, in the order of its rows.

        Raises:
            ModelError: nothing there says so.
        """
        for name in _VOCABULARIES:
            try:
                return tuple(map(int, json.loads((self.path / name).read_text(encoding="utf-8"))))
            except FileNotFoundError:
                continue
            except (OSError, ValueError, TypeError) as error:
                raise ModelError(
                    f"{self.path / name}: damaged ({type(error).__name__}: {error}): export again"
                ) from None
        raise ModelError(f"{self.path}: damaged: no {_VOCABULARIES[0]}: export again")


def stamps(folder: Path) -> dict[str, list[int]]:
    """Size in bytes and time of the last change in nanoseconds of the files that decide what a network computes: where
    these are the same, the files need not be read to know that they are."""
    found = ((name, folder / name) for name in _DECIDING)
    return {name: [file.stat().st_size, file.stat().st_mtime_ns] for name, file in found if file.is_file()}


def description(folder: Folder, quantization: str, never: Sequence[int], **details: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """What `fast/calque.json` is to say of an export of `folder`."""
    written = FORMAT if details.get("vocabulary") else _WHOLE
    made = {"format": written, "family": folder.family, "made_from": folder.digest, "files": stamps(folder.path)}
    return made | {"quantization": quantization, "never": list(never)} | details
