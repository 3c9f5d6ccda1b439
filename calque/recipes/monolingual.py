"""Where one-language text is, and how it becomes rows of ids."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, JsonValue, model_validator

from calque.recipes.parallel import LANGUAGE
from calque.recipes.recipe import Recipe

SEVERAL: dict[str, JsonValue] = {"several": True}  # a flag that takes all values up to the next one


class Monolingual(Recipe):
    """Training and held-out text of one language, or of several."""

    text: tuple[str, ...] = Field(
        min_length=1,
        description="training text: a UTF-8 file with a sentence, a paragraph or a document a line, plain or .gz; "
        "repeat it for several files",
        json_schema_extra=SEVERAL,
    )
    language: tuple[str, ...] = Field(
        default=(),
        description="language code of each text file, in its order, or one for all; denoise needs them where there are "
        "several languages, and the model card tells them",
        json_schema_extra=SEVERAL,
    )
    dev: tuple[str, ...] = Field(
        default=(),
        description="held-out text, likewise; by default lines of the text that are then not trained on",
        json_schema_extra=SEVERAL,
    )
    held_out: int = Field(
        default=1000,
        ge=1,
        description="lines of the text that are held out where there is no dev, evenly spaced; a twentieth at most",
    )
    sentences: bool | None = Field(
        default=None,
        description="split each line into its sentences; by default for denoise only, whose sentences change places",
    )
    pack: bool | None = Field(
        default=None,
        description="join lines (or sentences) that follow one another into rows of up to max_length tokens; by "
        "default for denoise only; otherwise each is a row",
    )
    vocabulary: Literal["unigram", "bpe"] = Field(
        default="unigram", description="kind of the vocabulary that is learnt from the text, from scratch only"
    )
    pieces: int | None = Field(
        default=None, ge=300, le=256_000, description="its pieces; by default fitted to the text, from scratch only"
    )
    max_length: int = Field(
        default=128, ge=8, le=8192, description="longest row in tokens, special ones included; longer lines are cut"
    )

    @model_validator(mode="after")
    def _languages_are_those_of_the_files(self) -> Monolingual:
        for code in self.language:
            if not re.match(LANGUAGE, code):
                raise ValueError(f"language '{code}' is no language code, such as en or pt-BR")
        if len(self.language) > 1 and len(self.language) != len(self.text):
            raise ValueError(f"{len(self.language)} languages for {len(self.text)} text files: give one for each")
        if self.dev and len(set(self.language)) > 1 and len(self.dev) != len(self.text):
            raise ValueError(
                f"{len(self.dev)} dev files for {len(self.text)} text files of several languages: give one for each, "
                "in the same order"
            )
        return self

    def languages(self, files: int) -> tuple[str, ...]:
        """The language of each of so many files, of the text or of dev; '' where it is not said."""
        given = self.language or ("",)
        return given * files if len(set(given)) == 1 and len(given) != files else given
