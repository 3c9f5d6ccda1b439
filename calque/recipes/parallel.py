"""Where parallel text is."""

from __future__ import annotations

from pydantic import Field

from calque.recipes.recipe import Recipe

LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$"
PLACE = (
    "PREFIX (reads PREFIX.SOURCE and PREFIX.TARGET, plain or .gz), FILE_A:FILE_B, or one .tsv, .csv, .jsonl or "
    ".parquet "
    "file; repeat it to concatenate corpora"
)


class Languages(Recipe):
    """The direction of translation."""

    source: str = Field(pattern=LANGUAGE, description="source language code, such as en")
    target: str = Field(pattern=LANGUAGE, description="target language code, such as fr")


class Parallel(Languages):
    """Training and held-out parallel text."""

    train: tuple[str, ...] = Field(min_length=1, description=f"training text: {PLACE}")
    dev: tuple[str, ...] = Field(default=(), description=f"development text, for early stopping: {PLACE}")
    test: tuple[str, ...] = Field(default=(), description=f"test text, scored once at the end: {PLACE}")
