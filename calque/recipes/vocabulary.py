"""How text becomes ids, on either side."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calque.recipes.recipe import Recipe


class Vocabulary(Recipe):
    """The codecs of both sides."""

    source_vocabulary: Literal["auto", "keep", "trim", "unigram", "bpe"] = Field(
        default="auto",
        description="keep or trim the pretrained tokenizer, or train a new one; auto: trim, or unigram without a "
        "pretrained encoder",
    )
    target_vocabulary: Literal["auto", "keep", "trim", "unigram", "bpe"] = Field(
        default="auto",
        description="as source_vocabulary; auto: trim where the decoder's tokenizer can spell the target "
        "language, else "
        "unigram",
    )
    source_pieces: int | None = Field(
        default=None,
        ge=300,
        le=256_000,
        description="pieces of a new source vocabulary; by default fitted to the corpus",
    )
    target_pieces: int | None = Field(
        default=None,
        ge=300,
        le=256_000,
        description="pieces of a new target vocabulary; by default fitted to the corpus",
    )
    source_code: str | None = Field(
        default=None,
        description="what a multilingual checkpoint calls the source language, such as eng_Latn or en_XX; by default "
        "found from the language",
    )
    target_code: str | None = Field(
        default=None,
        description="what a multilingual checkpoint calls the target language, such as fra_Latn or fr_XX; by default "
        "found from the language",
    )
    code_like: str | None = Field(
        default=None,
        description="code of a related language, whose embedding a source_code or target_code that the checkpoint "
        "does not have begins with",
    )
    prompt: str | None = Field(
        default=None,
        description="what a decoder alone goes on with, {source} standing for the text and {source_language} and "
        "{target_language} for the languages' names; what T5 and its kin read before the text; by default one that "
        "suits the checkpoint",
    )
    max_length: int = Field(
        default=128,
        ge=8,
        le=4096,
        description="longest text in tokens, special ones included; longer pairs are dropped",
    )
