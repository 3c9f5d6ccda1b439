"""The adapter folder: what an adapter changes of a base translator, in a few megabytes; looking at it needs no torch.

| file | what |
|---|---|
| `calque.json` | as in a model folder, and under `adapter` how the adapter is built and which base it belongs to |
| `adapter_model.safetensors` | every weight that was trained, by the names that PEFT gives them |
| `adapter_config.json` | lora and dora only: with it PEFT loads the folder without calque |

The base is named as it was named in training, by its place relative to the folder, and by the digest of its files: an
adapter over other weights would translate, badly, and say nothing.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from calque.errors import ModelError
from calque.model.folder import FORMAT, Folder, damaged, digest_of, recipe_in, said_in, write_text

WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True, slots=True)
class Adaptation:
    """How a network is adapted.

    kind: 'lora', 'dora', 'bottleneck' or 'bitfit'.
    rank, alpha: of lora and dora.
    dropout: probability, of lora, dora and bottleneck.
    width: of a bottleneck.
    targets: names of the modules that are wrapped; of bitfit, names of the biases.
    """

    kind: str
    rank: int
    alpha: float
    dropout: float
    width: int
    targets: tuple[str, ...]

    @property
    def merges(self) -> bool:
        """Whether it can become part of the weights that it adapts."""
        return self.kind != "bottleneck"

    @property
    def wraps(self) -> bool:
        """Whether it adds layers around those that it adapts."""
        return self.kind != "bitfit"

    def __str__(self) -> str:
        if self.kind == "bitfit":
            return f"bitfit of {len(self.targets)} biases"
        if self.kind == "bottleneck":
            return f"bottlenecks of width {self.width} behind {len(self.targets)} feed-forward layers"
        return f"{self.kind} of rank {self.rank} and alpha {self.alpha:g} on {len(self.targets)} linear layers"


@dataclass(frozen=True)
class AdapterFolder:
    """An opened adapter folder and its base."""

    path: Path
    base: Folder
    adaptation: Adaptation

    @classmethod
    def open(cls, path: str | Path, base: str | Path | Folder | None = None) -> AdapterFolder:
        """Look at the folder and at its base: `base` where that is given, else where the folder says.

        Raises:
            ModelError: it is no adapter folder, or damaged; its base is not there, or is another one than it was
                trained over.
        """
        path = Path(path)
        if not (path / "calque.json").is_file():
            raise ModelError(f"{path}: no adapter folder (no calque.json there)")
        said = said_in(path)
        if "adapter" not in said:
            raise ModelError(f"{path}: a whole translator, no adapter")
        try:
            adapter = said["adapter"]
            kind, targets = str(adapter["kind"]), tuple(adapter["targets"])
            numbers = {name: adapter[name] for name in ("rank", "alpha", "dropout", "width")}
            adaptation = Adaptation(kind=kind, targets=targets, **numbers)
            name, place, digest = (adapter["base"][key] for key in ("name", "place", "digest"))
        except (KeyError, TypeError) as error:
            raise damaged(path, error) from None
        if not (path / WEIGHTS).is_file():
            raise ModelError(f"{path}: {WEIGHTS} is missing, the folder is damaged")
        found = base if isinstance(base, Folder) else Folder.open(base or _place(path, name, place))
        if found.digest != digest:
            raise ModelError(
                f"{path}: trained over another base than {found.path} (its digest is {digest}, that of the base is "
                f"{found.digest}): name the base that it belongs to, which was called '{name}'"
            )
        return cls(path, found, adaptation)

    @cached_property
    def digest(self) -> str:
        """XXH3 (128 bits) of the adapter's own weights."""
        return digest_of(self.path, (WEIGHTS,))

    @property
    def recipe(self) -> dict[str, Any]:
        """The settings that made the adapter."""
        return recipe_in(self.path)


def is_adapter(path: Path) -> bool:
    """Whether `path` is an adapter folder of calque; False too where it is damaged or not there."""
    try:
        return "adapter" in said_in(path)
    except (ModelError, OSError):
        return False


def describe_adapter(path: Path, base: Folder, name: str, adaptation: Adaptation) -> None:
    """Write calque.json of an adapter over `base`, which the user calls `name`; its place is told as seen from
    `path`."""
    try:
        place = Path(os.path.relpath(base.path.resolve(), path.resolve())).as_posix()
    except ValueError:  # another drive, on Windows
        place = base.path.resolve().as_posix()
    said = {name: base.details[name] for name in ("family", "source", "target", "max_length")}
    over = {"base": {"name": name, "place": place, "digest": base.digest}}
    text = json.dumps({"format": FORMAT, **said, "adapter": asdict(adaptation) | over}, ensure_ascii=False, indent=1)
    write_text(path / "calque.json", text + "\n")


def _place(path: Path, name: str, place: str) -> Path:
    """Where the base lies: beside the adapter as it did in training, or by its name in the current directory or on the
    hub."""
    for near in (path / place, Path(name)):
        if (near / "calque.json").is_file():
            return near
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        from calque.model.pretrained import find

        with suppress(ModelError):
            return find(name).folder
    raise ModelError(
        f"{path}: its base translator '{name}' is not found (looked at {path / place}, at {name} and on the hub): say "
        "where it is with --base (in Python, base=...)"
    )
