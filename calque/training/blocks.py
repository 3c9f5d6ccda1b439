"""One-language text as rows of ids, in constant memory: lines are cut where they are too long, and joined where the
recipe packs them; the rows are stored."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from calque.corpus.monolingual import Line
from calque.errors import DataError
from calque.model.batch import Ids
from calque.recipes.pretrain import Pretrain
from calque.text.codec import Codec
from calque.text.split import sentences
from calque.training.store import Store

CHUNK = 10_000  # lines encoded at once
Numbered = tuple[int, list[int]]  # the number of the line that a row begins with, and the row


class Unit(NamedTuple):
    """A line or a sentence of it: the number of the line, that of its file, its ids, and those that it has where it is
    joined to what stands before it."""

    number: int
    file: int
    ids: list[int]
    joined: list[int]


@dataclass(frozen=True, slots=True)
class Frame:
    """The ids that stand before and behind the text of a row."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self.before) + len(self.after)


@dataclass(frozen=True)
class Layout:
    """How lines become rows of at most `codec.max_length` ids.

    Each file has its frame and its language. A line (a sentence of it, where `splits`) is a unit. By default a unit is
    a row; where `packs`, units of one file that follow one another are joined, with the end token between them, as far
    as they fit. A unit that is too long by itself is cut into rows:

    - where the text is `continued` (a causal language model), a row goes on with the last token of the one before, so
      that each token is predicted once, and only the end of the unit ends with the end token. Packed text is one such
      stream, and all rows but the last of a file are full.
    - else each row has the whole frame, as BERT and BART have it.
    """

    codec: Codec
    frames: tuple[Frame, ...]
    languages: tuple[str, ...]
    continued: bool
    packs: bool
    splits: bool

    @classmethod
    def of(cls, recipe: Pretrain, codec: Codec, frames: tuple[Frame, ...], languages: tuple[str, ...]) -> Layout:
        """The layout that the recipe asks for."""
        return cls(codec, frames, languages, recipe.objective == "clm", recipe.packs, recipe.splits)

    @cached_property
    def _gap(self) -> str:
        """What must stand before a unit that is joined to another, so that a space is between them."""
        apart, spaced = (self._bare(["a", space + "b"]) for space in ("", " "))
        joins = self.codec.decode([*apart[0], *apart[1]]) == "ab"
        return " " if joins and self.codec.decode([*spaced[0], *spaced[1]]) == "a b" else ""

    def _bare(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of texts without the frame of the codec."""
        before, after = map(len, self.codec.special.frame)
        return [ids[before : len(ids) - after] for ids in self.codec.encode_all(texts)]

    def units(self, line: Line) -> list[str]:
        """What a line gives."""
        return sentences(line.text, self.languages[line.file] or "und") if self.splits else [line.text]

    def rows(self, lines: Iterable[Line], told: Callable[[int], None] | None = None) -> Iterator[Numbered]:
        """The rows of these lines, which come file after file; `told` hears how many lines were read."""
        units = (unit for unit in self._encoded(lines, told) if unit.ids)
        if not self.packs:
            return self._single(units)
        return self._stream(units) if self.continued else self._joined(units)

    def _encoded(self, lines: Iterable[Line], told: Callable[[int], None] | None) -> Iterator[Unit]:
        done, source = 0, iter(lines)
        gap = self._gap if self.packs and not self.continued else ""
        while some := list(islice(source, CHUNK)):
            places = [(done + place, line.file, text) for place, line in enumerate(some) for text in self.units(line)]
            ids = self._bare([text for *_, text in places])
            joined = self._bare([gap + text for *_, text in places]) if gap else ids
            for (number, file, _), alone, glued in zip(places, ids, joined, strict=True):
                yield Unit(number, file, alone, glued)
            done += len(some)
            if told is not None:
                told(done)

    def _single(self, units: Iterable[Unit]) -> Iterator[Numbered]:
        for number, file, ids, _ in units:
            yield from ((number, row) for row in self._cut(ids, self.frames[file]))

    def _cut(self, ids: list[int], frame: Frame) -> Iterator[list[int]]:
        """A unit as one row, or as several."""
        most = self.codec.max_length
        if self.continued:
            framed = [*frame.before, *ids, *frame.after]
            yield from (framed[begin : begin + most] for begin in range(0, max(1, len(framed) - 1), most - 1))
            return
        room = most - frame.size
        for begin in range(0, len(ids), room):
            yield [*frame.before, *ids[begin : begin + room], *frame.after]

    def _joined(self, units: Iterable[Unit]) -> Iterator[Numbered]:
        held: list[int] = []
        first = of = 0
        for number, file, ids, joined in units:
            frame, mark = self.frames[file], self.codec.special.eos
            fits = len(held) + 1 + len(joined) + frame.size <= self.codec.max_length
            if held and (of != file or not fits):
                yield first, [*self.frames[of].before, *held, *self.frames[of].after]
                held = []
            if held:
                held += [mark, *joined]
            elif len(ids) + frame.size <= self.codec.max_length:
                held, first, of = list(ids), number, file
            else:
                yield from ((number, row) for row in self._cut(ids, frame))
        if held:
            yield first, [*self.frames[of].before, *held, *self.frames[of].after]

    def _stream(self, units: Iterable[Unit]) -> Iterator[Numbered]:
        most = self.codec.max_length
        held: list[int] = []
        first = of = -1
        for number, file, ids, _ in units:
            if of != file:
                if len(held) > 1:
                    yield first, held
                held, of, first = list(self.frames[file].before), file, number
            held += [*ids, *self.frames[file].after]
            while len(held) >= most:
                yield first, held[:most]
                held, first = held[most - 1 :], number
        if len(held) > 1:
            yield first, held

    def origin(self, made_of: list[object]) -> str:
        """A digest of all that the rows depend on."""
        said = [
            *(made_of, self.codec.description, asdict(self.codec.special), self.codec.max_length),
            *([asdict(frame) for frame in self.frames], self.languages, self.continued, self.packs, self.splits),
        ]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def store(
    layout: Layout,
    lines: Iterable[Line],
    made_of: list[object],
    folder: Path,
    told: Callable[[int], None] | None = None,
) -> Store:
    """The rows of the lines, as a store in `folder`; one that is there already is used if it is whole and was made of
    the same. Its `pairs` are the numbers of the lines that rows begin with, among those that are used.

    Args:
        layout: how lines become rows.
        lines: read once.
        made_of: what stands for the lines, such as the digests of their files.
        folder: where the rows are kept.
        told: hears how many lines were read, chunk by chunk.

    Raises:
        DataError: there is no row, or a file cannot be read any more.
    """
    origin = layout.origin(made_of)
    found = Store.kept(folder, origin)
    if found is not None:
        return found
    shutil.rmtree(folder, ignore_errors=True)
    rows = layout.rows(lines, told)
    with Store.writer(folder, layout.codec.size - 1, origin) as writer:
        first = next(rows, None)
        if first is None:
            raise DataError("the tokenizer knows nothing of this text: not one line has a piece")
        whole = chain([first], rows)
        while some := list(islice(whole, CHUNK)):
            writer.extend([Ids(row) for _, row in some], [number for number, _ in some])
    return Store.open(folder)


def cut_lines(rows: Store) -> int:
    """How many lines were cut into several rows."""
    again = rows.pairs[1:][np.diff(rows.pairs.astype(np.int64)) == 0]
    return len(np.unique(again))
