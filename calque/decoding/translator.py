"""Text to text: a model folder as a translator. Imports torch only when the first text is translated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from calque.decoding.choice import is_fast
from calque.decoding.handler import Handler
from calque.decoding.passage import Answer, Part, bare, glue, join, lines, peeled, placed, sentences, translation
from calque.errors import RecipeError, nearest
from calque.model.adapter_folder import AdapterFolder, is_adapter
from calque.model.fast_folder import FastFolder
from calque.model.folder import Folder
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.records import Translation
from calque.text.repair import paired
from calque.text.split import split

if TYPE_CHECKING:
    from calque.decoding.completion import Mouth
    from calque.decoding.confidence import Calibration
    from calque.decoding.engine import Engine, TorchEngine
    from calque.decoding.explained import Explained
    from calque.decoding.fast import FastEngine
    from calque.model.hypothesis import Hypothesis

WINDOW_TEXTS = 1024  # texts that are sorted by length together: batches of equal lengths waste no padding
WINDOW_CHARACTERS = 400_000  # and no more text than this, so that long lines cannot fill the memory


class Translator:
    """A model folder, ready to translate.

    The folder is looked at now; weights are loaded with the first text.

    Args:
        folder: a calque model folder, or an adapter folder, which is used on its base.
        device: auto, cpu, cuda, cuda:N or mps.
        threads: CPU threads; None leaves the engine's choice.
        engine: who searches: 'fast' (what `calque export` made, on the CPU), 'torch', or 'auto', which is 'fast' where
            the folder was exported and 'torch' elsewhere; or an engine of one's own.
        adapters: adapter folders over the model folder, each with a name to ask for it by in `translate`. They share
            the model's weights.
        base: the base of an adapter folder, where it is not where the adapter says.

    Raises:
        ModelError: the folder is no translator, what was exported from it is stale, or an adapter is not one of it.
        RecipeError: `base` without an adapter folder, or `adapters` over an adapter or an engine of one's own.
    """

    def __init__(
        self,
        folder: str | Path,
        device: str = "auto",
        threads: int | None = None,
        engine: Engine | str = "auto",
        adapters: Mapping[str, str | Path] | None = None,
        base: str | Path | None = None,
    ) -> None:
        self._adapter = AdapterFolder.open(folder, base) if is_adapter(Path(folder)) else None
        if self._adapter is None and base is not None:
            raise RecipeError(f"{folder} is no adapter, so it has no base: leave out 'base'")
        if adapters and (self._adapter is not None or not isinstance(engine, str)):
            raise RecipeError("adapters lie over the network of a model folder: name their base, and no engine")
        self._folder = Folder.open(folder) if self._adapter is None else self._adapter.base
        self._adapters = {name: AdapterFolder.open(place, self._folder) for name, place in (adapters or {}).items()}
        self._device = device
        self._threads = threads
        self._chosen = engine
        if isinstance(engine, str):
            self._is_fast = is_fast(self._folder, engine, device, adapted=bool(self._adapter or self._adapters))
        self._adapted: dict[str, Engine] = {}

    @property
    def source(self) -> str:
        """Code of the language that is read."""
        return self._folder.source

    @property
    def target(self) -> str:
        """Code of the language that is written."""
        return self._folder.target

    @property
    def folder(self) -> Folder:
        """The model folder; of an adapter, its base."""
        return self._folder

    @property
    def version(self) -> str:
        """A digest of what decides how it translates: the files of the model folder, and of the adapter over it or of
        what was exported from it, where that is used."""
        over: AdapterFolder | FastFolder | None = self._adapter
        if over is None and isinstance(self._chosen, str) and self._is_fast:
            over = FastFolder.find(self._folder)
        return self._folder.digest if over is None else f"{self._folder.digest}+{over.digest}"

    def calibration(self, adapter: str | None = None) -> Calibration:
        """By what log-probabilities become confidence: the model folder's own calibration where it has one and is used
        without an adapter, which says other things; else the common one.

        Raises:
            ModelError: the folder's is damaged.
        """
        if self._adapter is None and adapter is None:
            return self._calibration
        from calque.decoding.confidence import DEFAULT

        return DEFAULT

    @cached_property
    def _calibration(self) -> Calibration:
        from calque.decoding.confidence import of_folder

        return of_folder(self._folder)

    @property
    def computes(self) -> str:
        """What computes, in words."""
        if not isinstance(self._chosen, str):
            return type(self._chosen).__name__.lower()
        if not self._is_fast:
            return "pytorch"
        return f"ctranslate2 {self._fast.compute_type}"

    @cached_property
    def engine(self) -> Engine:
        """Who searches; the first use loads the weights.

        Raises:
            MachineError: no such device.
            ModelError: the weights cannot be loaded.
        """
        if not isinstance(self._chosen, str):
            return self._chosen
        return self._fast if self._is_fast else self._torch

    @cached_property
    def _fast(self) -> FastEngine:
        from calque.decoding.fast import FastEngine

        return FastEngine(self._folder, threads=self._threads)

    @cached_property
    def _torch(self) -> TorchEngine:
        from calque.decoding.engine import TorchEngine

        return TorchEngine(self._folder, self._device, self._threads, self._adapter)

    def _engine(self, adapter: str | None) -> Engine:
        """Who searches with the adapter of that name; the first use loads it."""
        if adapter is None:
            return self.engine
        if adapter not in self._adapted:
            self._adapted[adapter] = self._torch.adapted(self._adapters[adapter])
        return self._adapted[adapter]

    def translate(
        self,
        texts: Sequence[str],
        search: Search | None = None,
        adapter: str | None = None,
        handling: Handling | None = None,
        prefix: str | None = None,
    ) -> list[Translation]:
        """The translations of `texts`, in their order; with the `adapter` of that name, or by the model folder alone.

        White space around a text and its line ends are kept; a blank text has the translation "". What the model cannot
        take at once is translated in parts, and a warning says so.

        Args:
            texts: what to translate.
            search: how to look.
            adapter: the name of an adapter.
            handling: what is done beside translating; None for nothing. With it, a text is a passage: all white space
                comes back, that of a blank text too.
            prefix: a beginning that every translation must have; see `begun`.

        Raises:
            RecipeError: no adapter of that name was given.
            DataError: a text has half a surrogate pair, and `handling` does not repair it.
        """
        if prefix:
            return [self.begun(text, prefix, search, adapter, handling) for text in texts]
        return list(self.stream(texts, search, adapter=adapter, handling=handling))

    def begun(
        self,
        text: str,
        prefix: str,
        search: Search | None = None,
        adapter: str | None = None,
        handling: Handling | None = None,
    ) -> Translation:
        """The translation of a text that begins with `prefix`, character by character, as far as it goes: of a text of
        several sentences as many are left as the prefix has.

        Raises:
            DataError: the prefix is longer than what the model writes.
        """
        from calque.decoding.completion import begun

        return begun(self._mouth(adapter), text, prefix, search or Search(), handling)

    def complete(
        self, text: str, prefix: str, count: int = 5, search: Search | None = None, adapter: str | None = None
    ) -> list[Translation]:
        """Translations that begin with `prefix` and go on with different words, at most `count`, the likeliest word
        first.

        Raises:
            DataError: the prefix is longer than what the model writes.
        """
        from calque.decoding.completion import complete

        return complete(self._mouth(adapter), text, prefix, count, search or Search())

    def _mouth(self, adapter: str | None) -> Mouth:
        from calque.decoding.completion import Mouth

        self._known(adapter)
        return Mouth(self, self._engine(adapter), self._folder, adapter)

    def stream(
        self,
        texts: Iterable[str],
        search: Search | None = None,
        window: int = WINDOW_TEXTS,
        adapter: str | None = None,
        handling: Handling | None = None,
    ) -> Iterator[Translation]:
        """Translate as texts come, in their order and in constant memory.

        Up to `window` texts are read ahead and sorted by length, so that a batch holds texts of like length; with a
        window of 1 each text is answered before the next is read.
        """
        self._known(adapter)
        for some in windows(texts, window):
            if handling is None:
                yield from self._window(some, search or Search(), adapter)
            else:
                yield from self._handled(some, search or Search(), adapter, handling)

    def _known(self, adapter: str | None) -> None:
        if adapter is not None and adapter not in self._adapters:
            known = ", ".join(self._adapters) or "none"
            raise RecipeError(f"no adapter '{adapter}'{nearest(adapter, self._adapters)} (known: {known})")

    def _window(self, texts: Sequence[str], search: Search, adapter: str | None) -> list[Translation]:
        passages = [lines(text) for text in texts]
        answers = self._translated(_bodies(chain.from_iterable(passages)), search, adapter)
        return [
            self._translation(passage, answers) if any(part.body for part in passage) else Translation("", 0.0)
            for passage in passages
        ]

    def _handled(
        self, texts: Sequence[str], search: Search, adapter: str | None, handling: Handling
    ) -> list[Translation]:
        """As `_window`, with care."""
        if handling.normalise:
            texts = [paired(text) for text in texts]
        passages = [sentences(text, self.source) if handling.sentences else lines(text) for text in texts]
        if handling.protect:
            passages = [[peeled(part) for part in passage] for passage in passages]
        handler = Handler(
            lambda bodies, how: self._translated(bodies, how, adapter),
            search,
            handling,
            (self.source, self.target),
            lambda pairs: self._read(pairs, adapter),
        )
        answers = handler.answers(_bodies(chain.from_iterable(passages)))
        done = [
            self._translation(passage, answers) if any(part.body for part in passage) else Translation(text, 0.0)
            for text, passage in zip(texts, passages, strict=True)
        ]
        if not handling.explain:
            return done
        from calque.decoding import explanation

        between = glue(self.source, self.target)
        segments = [list(placed(passage, answers, between)) for passage in passages]
        return explanation.explained(self._engine(adapter), self._folder, self.calibration(adapter), segments, done)

    def _read(self, pairs: Sequence[tuple[str, str]], adapter: str | None) -> list[Explained]:
        from calque.decoding import explanation

        return explanation.sentences(self._engine(adapter), self._folder, pairs)

    def _translated(self, bodies: Sequence[str], search: Search, adapter: str | None) -> dict[str, Answer]:
        """The answer to each body; what the model cannot take at once is translated in parts."""
        encoded = self._encode(bodies)
        pieces = self._too_long(encoded)
        encoded = {body: ids for body, ids in encoded.items() if body not in pieces}
        encoded |= self._encode(_bodies(chain.from_iterable(pieces.values())))
        answers = self._answers(encoded, search, adapter)
        between = glue(self.source, self.target)
        for body, parts in pieces.items():
            answers[body] = replace(join(parts, answers, between), parts=len(parts))
        return answers

    def _translation(self, passage: Sequence[Part], answers: Mapping[str, Answer]) -> Translation:
        joined = join(passage, answers, glue(self.source, self.target))
        return translation(joined, self._folder.source_codec.max_length)

    def _encode(self, bodies: Sequence[str]) -> dict[str, list[int]]:
        """Framed ids of every different body."""
        return dict(zip(bodies, self._folder.source_codec.encode_all(bodies), strict=True))

    def _too_long(self, encoded: Mapping[str, list[int]]) -> dict[str, list[Part]]:
        """The parts of each body that the model cannot take at once."""
        codec = self._folder.source_codec
        return {
            body: [bare(piece) for piece in split(body, codec.fits, self.source)]
            for body, ids in encoded.items()
            if len(ids) > codec.max_length
        }

    def _answers(self, encoded: Mapping[str, list[int]], search: Search, adapter: str | None) -> dict[str, Answer]:
        """The model's answer to each body, the longest searched first, so that too little memory shows at once. A body
        in which the vocabulary sees nothing is its own answer."""
        frame = self._folder.source_codec.special.framing
        answers = {body: Answer(body) for body, ids in encoded.items() if len(ids) <= frame}
        waiting = sorted((body for body in encoded if body not in answers), key=lambda body: -len(encoded[body]))
        for batch in _batches(waiting, encoded, search.search_tokens):
            found = self._engine(adapter).generate([encoded[body] for body in batch], search)
            for body, hypotheses in zip(batch, found, strict=True):
                answers[body] = self._answer(encoded[body], hypotheses)
        return answers

    def _answer(self, source: list[int], hypotheses: Sequence[Hypothesis]) -> Answer:
        decode = self._folder.target_codec.decode
        texts = [(decode(found.ids).replace("\n", " ").strip(), found.score) for found in hypotheses]
        return Answer(
            text=texts[0][0],
            score=texts[0][1],
            tokens=len(hypotheses[0].ids) + 1,
            alternatives=tuple(texts[1:]),
            unknown=self._folder.source_codec.unknown(self._folder.source_codec.special.bare(source)),
            pieces=len(source) - self._folder.source_codec.special.framing,
            ended=hypotheses[0].ended,
        )


def _bodies(parts: Iterable[Part]) -> list[str]:
    """Every different body."""
    return list(dict.fromkeys(part.body for part in parts if part.body))


def windows(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Consecutive texts, at most `size` and about WINDOW_CHARACTERS of them at a time."""
    window: list[str] = []
    characters = 0
    for text in texts:
        window.append(text)
        characters += len(text)
        if len(window) >= size or characters >= WINDOW_CHARACTERS:
            yield window
            window, characters = [], 0
    if window:
        yield window


def _batches(bodies: Sequence[str], encoded: Mapping[str, list[int]], tokens: int) -> Iterator[list[str]]:
    """Bodies, longest first, in batches of at most `tokens` source tokens, padding included; never fewer than one."""
    batch: list[str] = []
    for body in bodies:
        if batch and (len(batch) + 1) * len(encoded[batch[0]]) > tokens:
            yield batch
            batch = []
        batch.append(body)
    if batch:
        yield batch
