"""Tokenised pairs on disk: written once as a stream, read at any place through a map of memory.

A store is a folder of flat arrays, nothing pickled: `ids.bin` (the ids of all rows, source then target of each, uint16
where they fit, else uint32), `starts.bin` (uint64: where each row begins in it, and the end of the last),
`sources.bin` and `targets.bin` (uint32: the lengths of both sides), `pairs.bin` (uint32: which pair of the text each
row comes from), all little-endian, `store.json` (format, counts, what it was made of), and the manifest with the
digests of all these.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Self, SupportsIndex, overload

import numpy as np
import numpy.typing as npt

from calque.errors import DataError
from calque.model.batch import Ids
from calque.model.folder import stage, write_text
from calque.training import manifest

Array = npt.NDArray[np.unsignedinteger[Any]]
Lengths = tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]  # of sources and of targets, in tokens

FORMAT = 1  # of store.json; a store of another format is no store
_TYPES = {"starts": "<u8", "sources": "<u4", "targets": "<u4", "pairs": "<u4"}  # that of the ids is in store.json


@dataclass(frozen=True, slots=True, eq=False)
class Store(Sequence[Ids]):
    """The rows of a folder that a writer has filled; a row is read from disk when it is asked for.

    `lengths` are those of all sources and of all targets, `pairs` the numbers of the pairs that the rows come from,
    ascending; both are maps of files, as the rows are. A row without a target has a target of no length.
    """

    lengths: Lengths
    pairs: npt.NDArray[np.uint32]
    _ids: Array
    _starts: npt.NDArray[np.uint64]

    @classmethod
    def open(cls, folder: str | Path) -> Store:
        """The store in a folder, after every byte of it was compared with its digest.

        Raises:
            DataError: there is none, it is damaged or cut short, or it is of another format.
        """
        folder = Path(folder)
        said = _described(folder)
        wrong = manifest.damage(folder)
        if wrong:
            raise DataError(f"the store of tokenised text is damaged ({wrong}): make it anew", folder)
        maps = {name: _mapped(_file(folder, name), dtype) for name, dtype in (_TYPES | {"ids": said["ids"]}).items()}
        return cls((maps["sources"], maps["targets"]), maps["pairs"], maps["ids"], maps["starts"])

    @classmethod
    def kept(cls, folder: str | Path, origin: str) -> Store | None:
        """The store in a folder if it is whole and was written with this `origin`; None where it must be made anew."""
        try:
            return cls.open(folder) if _described(Path(folder))["origin"] == origin else None
        except DataError:
            return None

    @staticmethod
    @contextmanager
    def writer(folder: str | Path, largest_id: int, origin: str = "") -> Iterator[Writer]:
        """Write a store into `folder`, which appears whole when the block ends well and not at all otherwise.

        Args:
            folder: where; it must not be there yet.
            largest_id: no id is larger; this decides how many bytes one takes.
            origin: what the rows were made of, for `kept` to compare.

        Raises:
            RecipeError: the folder exists.
        """
        with stage(Path(folder)) as aside:
            with Writer(aside, largest_id) as writer:
                yield writer
            writer.describe(origin)
            manifest.write(aside)

    def __len__(self) -> int:
        return len(self.pairs)

    @overload
    def __getitem__(self, key: SupportsIndex) -> Ids: ...
    @overload
    def __getitem__(self, key: slice) -> list[Ids]: ...
    def __getitem__(self, key: SupportsIndex | slice) -> Ids | list[Ids]:
        if isinstance(key, slice):
            return [self._row(number) for number in range(len(self))[key]]
        return self._row(range(len(self))[operator.index(key)])

    def __iter__(self) -> Iterator[Ids]:
        return map(self._row, range(len(self)))

    def _row(self, number: int) -> Ids:
        start, end = int(self._starts[number]), int(self._starts[number + 1])
        middle = start + int(self.lengths[0][number])
        return Ids(self._ids[start:middle].tolist(), self._ids[middle:end].tolist() if middle < end else None)


class Writer:
    """Adds rows to the files of a store; see `Store.writer`."""

    def __init__(self, folder: Path, largest_id: int) -> None:
        self._folder = folder
        self._types = _TYPES | {"ids": "<u2" if largest_id <= np.iinfo(np.uint16).max else "<u4"}
        self._open = ExitStack()
        self._rows = self._tokens = 0

    def __enter__(self) -> Self:
        self._files = {name: self._open.enter_context(_file(self._folder, name).open("wb")) for name in self._types}
        self._write("starts", [0])
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def extend(self, rows: Sequence[Ids], pairs: Sequence[int]) -> None:
        """Add rows, and the number of the pair that each comes from."""
        sources = [len(row.source) for row in rows]
        targets = [len(row.target or ()) for row in rows]
        lengths = np.array(sources, np.uint64) + np.array(targets, np.uint64)
        ends = np.cumsum(lengths) + np.uint64(self._tokens)
        ids = chain.from_iterable(side for row in rows for side in (row.source, row.target or ()))
        tokens = int(lengths.sum())
        self._write("ids", np.fromiter(ids, self._types["ids"], tokens))
        for name, values in (("starts", ends), ("sources", sources), ("targets", targets), ("pairs", pairs)):
            self._write(name, values)
        self._rows += len(rows)
        self._tokens += tokens

    def describe(self, origin: str) -> None:
        """Write store.json."""
        counts = {"rows": self._rows, "tokens": self._tokens}
        said = {"format": FORMAT, "origin": origin, **counts, "ids": self._types["ids"]}
        write_text(self._folder / "store.json", json.dumps(said, indent=1) + "\n")

    def _write(self, name: str, values: npt.ArrayLike) -> None:
        self._files[name].write(np.ascontiguousarray(values, self._types[name]).data)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.bin"


def _described(folder: Path) -> dict[str, Any]:
    """What store.json says; DataError where it says nothing that can be used."""
    try:
        said: dict[str, Any] = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        known = said["format"] == FORMAT and {"origin", "ids"} <= said.keys()
    except OSError as error:
        raise DataError(f"no store of tokenised text ({error.strerror}): make it anew", folder) from None
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise DataError(f"not the description of a store in format {FORMAT}: make it anew", folder / "store.json")
    return said


def _mapped(file: Path, dtype: str) -> npt.NDArray[Any]:
    """A file as an array that is read where it is looked at."""
    if not file.stat().st_size:
        return np.empty(0, dtype)
    return np.memmap(file, dtype, "r").view(np.ndarray)  # slices of a plain array are made faster
