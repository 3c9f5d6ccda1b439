"""How text is spoiled for a network that learns to mend it."""

from __future__ import annotations

from pydantic import Field

from calque.recipes.recipe import Recipe


class Corruption(Recipe):
    """Masks, spans and the order of sentences, drawn anew in each epoch."""

    mask_share: float | None = Field(
        default=None,
        gt=0,
        le=0.9,
        description="share of the tokens that are masked; by default 0.15 for mlm (BERT) and 0.3 for denoise (BART)",
    )
    whole_word: bool = Field(default=False, description="mlm: mask all pieces of a word or none")
    span_length: float = Field(
        default=3.0,
        gt=0,
        le=50,
        description="denoise: mean of the Poisson distribution of the lengths of spans, for each of which one mask "
        "stands",
    )
    permute: bool = Field(default=True, description="denoise: put the sentences of a row into another order")
