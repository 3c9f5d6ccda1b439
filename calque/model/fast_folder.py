"""The folder `fast/` of a model folder: the same network for CTranslate2, and what is known of how it was made. Reading
it needs neither torch nor CTranslate2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import xxhash

from calque.errors import ModelError
from calque.model.folder import Folder, digest_of

NAME = "fast"
FORMAT = 2  # of fast/calque.json; raised when an older calque could not read a newer folder
_WHOLE = 1  # what is written where the vocabulary is whole: an older calque reads it
_VOCABULARIES = ("target_vocabulary.json", "shared_vocabulary.json")
_DECIDING = ("config.json", "model.safetensors", "source/tokenizer.json", "target/tokenizer.json")
T = TypeVar("T")


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
    holds: the digest of each file that CTranslate2 reads; it does not look at them itself, and one that is cut off may
        end the process.
    """

    path: Path
    quantization: str
    never: tuple[int, ...] = ()
    shift: int = 0
    aligned: bool = True
    shortlist: int = 0
    vocabulary: int = 0
    holds: Mapping[str, str] = field(default_factory=dict)

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
                _of(str, said["quantization"]),
                tuple(_of(int, number) for number in said["never"]),
                _of(int, said["shift"]),
                _of(bool, said["aligned"]),
                _of(int, said["shortlist"]),
                _of(int, said.get("vocabulary", 0)),
                {name: _of(str, digest) for name, digest in said["holds"].items()},
            )
        except KeyError as error:
            raise _damaged(path / "calque.json", f"no {error}, as where an earlier calque exported it") from None
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise _damaged(path / "calque.json", f"{type(error).__name__}: {error}") from None
        if newer:
            raise ModelError(f"{path}: written by a newer calque than this one: upgrade calque, or export again")
        if files != stamps(folder.path) and made_from != folder.digest:
            raise ModelError(
                f"{path} was made from other weights than {folder.path} has now: make it anew with `calque export "
                f"{folder.path} --replace`, remove it, or use the weights themselves with --engine torch"
            )
        return fast

    @property
    def digest(self) -> str:
        """XXH3 (128 bits) of what decides what it computes."""
        said = [self.quantization, self.never, self.shift, sorted(self.holds.items())]
        return f"xxh3-128:{xxhash.xxh3_128_hexdigest(json.dumps(said).encode())}"

    def refuse_damaged(self) -> None:
        """Raise ModelError where a file is not the one that was exported."""
        for name, digest in self.holds.items():
            if not (self.path / name).is_file():
                raise _damaged(self.path / name, "it is not there")
            if digest_of(self.path, [name]) != digest:
                raise _damaged(self.path / name, "it is not the file that was exported")

    def kept(self) -> tuple[int, ...]:
        """The target ids that the network has, in the order of its rows.

        Raises:
            ModelError: nothing there says so.
        """
        for name in _VOCABULARIES:
            if (self.path / name).is_file():
                return tuple(map(int, json.loads((self.path / name).read_text(encoding="utf-8"))))
        raise _damaged(self.path / _VOCABULARIES[0], "it is not there")


def _damaged(file: Path, why: str) -> ModelError:
    fast = file.parent
    return ModelError(
        f"{file}: damaged ({why}): remove {fast}, or make it anew with `calque export {fast.parent} --replace`"
    )


def _of(kind: type[T], value: Any) -> T:  # noqa: ANN401
    """A value, if it is of the kind that it must be; else TypeError."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def stamps(folder: Path) -> dict[str, list[int]]:
    """Size in bytes and time of the last change in nanoseconds of the files that decide what a network computes: where
    these are the same, the files need not be read to know that they are."""
    found = ((name, folder / name) for name in _DECIDING)
    return {name: [file.stat().st_size, file.stat().st_mtime_ns] for name, file in found if file.is_file()}


def description(folder: Folder, fast: FastFolder, **details: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """What `fast/calque.json` is to say of an export of `folder` whose other files are written."""
    written = FORMAT if fast.vocabulary else _WHOLE
    made = {"format": written, "family": folder.family, "made_from": folder.digest, "files": stamps(folder.path)}
    names = ("quantization", "never", "shift", "aligned", "shortlist", "vocabulary")
    said = {name: getattr(fast, name) for name in names}
    holds = {file.name: digest_of(fast.path, [file.name]) for file in sorted(fast.path.iterdir())}
    return made | said | {"holds": holds} | details
