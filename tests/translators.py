"""Tiny model folders of every family, random but with weights so large that a mistake shows, and nothing trained."""

from __future__ import annotations

from pathlib import Path

import natives
from checkpoints import numbers
from decoders import decoder
from halves import half

from calque.model import family as families
from calque.model.family import Build
from calque.model.folder import Folder, describe
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.vocabulary import Vocabulary

PAIRS = numbers(60)


def pair(place: Path, encoder: str = "bert", decoder: str | None = None, shapes=({}, {}), **settings) -> Folder:
    """A pair of these kinds of checkpoint; without a decoder's, a new one."""
    first = find(str(half(place / f"{encoder}-encoder", encoder, **shapes[0])))
    second = None if decoder is None else find(str(half(place / f"{decoder}-decoder", decoder, seed=8, **shapes[1])))
    target = {"target_vocabulary": "trim"} if decoder else {"target_vocabulary": "bpe", "target_pieces": 300}
    vocabulary = Vocabulary(max_length=40, **target)
    return _made("pair", place / "model", first, second, vocabulary, PAIRS, **settings)


def native(place: Path, kind: str = "marian") -> Folder:
    """A native encoder-decoder."""
    checkpoint = find(str(natives.build(kind, place / kind)))
    texts = list(zip(natives.SOURCES, natives.TARGETS, strict=True))
    return _made("seq2seq", place / "model", checkpoint, checkpoint, Vocabulary(max_length=48), texts)


def causal(place: Path, kind: str = "gpt2", **shape) -> Folder:
    """A decoder alone."""
    checkpoint = find(str(decoder(place / kind, kind, **shape)))
    return _made("causal", place / "model", checkpoint, checkpoint, Vocabulary(max_length=64), PAIRS)


def _made(name, path, first, second, vocabulary, texts, **settings) -> Folder:
    vocabularies = choose(name, vocabulary, first, second, *zip(*texts, strict=True), ("en", "fr"))
    codecs = vocabularies.source.codec, vocabularies.target.codec
    family = families.of(name, *codecs)
    module = family.assemble(Build(Architecture(model="x", **settings), first, second, vocabularies)).module
    path.mkdir()
    family.save(module, path)
    describe(path, name, ("en", "fr"), codecs)
    return Folder.open(path)
