"""What is done to a text beside translating it."""

from __future__ import annotations

from pydantic import Field

from calque.recipes.recipe import Recipe


class Handling(Recipe):
    """What is done to a text before and after the model sees it."""

    normalise: bool = Field(
        default=True, description="repair broken Unicode and compose characters (NFC) before translating"
    )
    sentences: bool = Field(default=True, description="translate sentence by sentence, white space between them kept")
    protect: bool = Field(
        default=True,
        description="keep web and e-mail addresses, placeholders, @mentions, #tags, numbers and emoji as they are",
    )
    guard: bool = Field(
        default=True, description="look for empty, looping and runaway output, try again, and say so where it stays"
    )
    explain: bool = Field(
        default=False, description="tell confidence and word alignment too (in Python, or with --json)"
    )
