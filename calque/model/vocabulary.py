"""Choosing the two vocabularies of a new translator, and where their embeddings come from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from calque.errors import RecipeError
from calque.model.family import kind_of
from calque.model.pretrained import Pretrained, tokenizer_folder
from calque.recipes.vocabulary import Vocabulary
from calque.text.codec import Codec
from calque.text.learn import SAMPLE, learn
from calque.text.sample import evenly
from calque.text.share import shared
from calque.text.trim import trim

_SAMPLE = 500  # sentences, at most, that show whether a tokenizer can spell a language
_SPELLS = 0.97  # share of them that must come back with every visible character right


@dataclass(frozen=True, slots=True)
class Side:
    """One side's codec and the pairs (id, row of the pretrained embeddings that it begins with)."""

    codec: Codec
    rows: tuple[tuple[int, int], ...]
    note: str


@dataclass(frozen=True, slots=True)
class Vocabularies:
    """The codecs of both sides with the origin of their embeddings."""

    source: Side
    target: Side

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen, as sentences for the user."""
        return (f"source vocabulary: {self.source.note}", f"target vocabulary: {self.target.note}")


def choose(
    family: str,
    recipe: Vocabulary,
    encoder: Pretrained | None,
    decoder: Pretrained | None,
    sources: Iterable[str],
    targets: Iterable[str],
    languages: tuple[str, str] = ("und", "und"),
) -> Vocabularies:
    """The vocabularies that the recipe asks for, fitted to the training text where they are trimmed or new.

    `family` is what the checkpoints make together. In a pair, the checkpoint whose tokenizer the target side may keep
    or trim is the decoder's, or the encoder's where the decoder is new (None); then no embeddings are copied. Texts are
    iterated over several times and never held. A new vocabulary is learnt from an even sample of them where they are
    many, and the note says so. `languages` are those of both sides, for checkpoints that know several.

    Raises:
        RecipeError: the pretrained tokenizer is asked for where there is no pretrained model.
        ModelError: the pretrained tokenizer cannot be read.
    """
    if family == "seq2seq" and encoder is not None:
        from calque.model.native import native

        return native(recipe, encoder, sources, targets, languages)
    if family == "causal" and encoder is not None:
        from calque.model.prompt import prompted

        return prompted(recipe, encoder, sources, targets, languages)
    spelling = decoder if decoder is not None else encoder
    target = _side("target", recipe.target_vocabulary, recipe.target_pieces, recipe.max_length, spelling, targets)
    return Vocabularies(
        source=_side("source", recipe.source_vocabulary, recipe.source_pieces, recipe.max_length, encoder, sources),
        target=target if decoder is not None else replace(target, rows=()),
    )


def _side(
    side: str, choice: str, pieces: int | None, max_length: int, pretrained: Pretrained | None, texts: Iterable[str]
) -> Side:
    if pretrained is None:
        if choice in ("keep", "trim"):
            raise RecipeError(f"{side}_vocabulary = '{choice}' needs a pretrained {side} side; use unigram or bpe")
        codec, learnt = _learnt(texts, choice, pieces, max_length)
        return Side(codec, (), learnt)
    old = pretrained_codec(pretrained, max_length)
    spelled = spells(old, texts)
    if choice == "auto":
        choice = "trim" if spelled >= _SPELLS or side == "source" else "unigram"
    if pieces is not None and choice in ("keep", "trim"):
        raise RecipeError(
            f"{side}_pieces = {pieces} is about a new vocabulary, and that of {pretrained.name} is "
            f"{'kept' if choice == 'keep' else 'trimmed'}: leave it out, or ask for {side}_vocabulary = 'unigram'"
        )
    if choice == "keep":
        return Side(old, tuple((i, i) for i in range(old.size)), f"the {old.size} pieces of {pretrained.name}")
    if choice == "trim":
        codec, kept = trim(old, texts)
        return Side(codec, tuple(enumerate(kept)), f"{codec.size} of the {old.size} pieces of {pretrained.name}")
    codec, learnt = _learnt(texts, choice, pieces, max_length)
    rows = tuple(shared(codec, old))
    why = "" if spelled >= _SPELLS else f", since {pretrained.name} spells only {spelled:.0%} of these sentences"
    return Side(codec, rows, f"{learnt}, {len(rows)} of them known to {pretrained.name}{why}")


def _learnt(texts: Iterable[str], choice: str, pieces: int | None, max_length: int) -> tuple[Codec, str]:
    """A new vocabulary, and what is to be said of it."""
    sample = evenly(texts, SAMPLE, len)
    codec = learn(sample.items, "bpe" if choice == "bpe" else "unigram", pieces, max_length)
    of = "" if sample.whole else f" (learnt from {len(sample.items):,} of {sample.total:,} sentences, evenly spaced)"
    return codec, f"{codec.size} new pieces{of}"


def pretrained_codec(pretrained: Pretrained, max_length: int) -> Codec:
    """The tokenizer of a checkpoint as a codec; ModelError where it cannot be read."""
    with tempfile.TemporaryDirectory() as scratch:
        return Codec.load(tokenizer_folder(pretrained, Path(scratch)), max_length=max_length)


def whole_codecs(pretrained: Pretrained, max_length: int, languages: tuple[str, str]) -> tuple[Codec, Codec]:
    """What a checkpoint's own vocabulary makes of both languages; ModelError where it cannot be read, RecipeError where
    the checkpoint does not know one of them."""
    kind = kind_of(pretrained, pretrained)
    if kind == "pair":
        codec = pretrained_codec(pretrained, max_length)
        return codec, codec
    recipe = Vocabulary(source_vocabulary="keep", target_vocabulary="keep", max_length=max_length)
    found = choose(kind, recipe, pretrained, pretrained, (), (), languages)
    return found.source.codec, found.target.codec


def spells(codec: Codec, texts: Iterable[str]) -> float:
    """Share of texts (an even sample) whose visible characters survive encoding and decoding."""
    sample = evenly(texts, _SAMPLE).items
    back = [codec.decode(codec.special.bare(ids)) for ids in codec.encode_all(sample)]
    return sum("".join(a.split()) == "".join(b.split()) for a, b in zip(sample, back, strict=True)) / max(
        1, len(sample)
    )
