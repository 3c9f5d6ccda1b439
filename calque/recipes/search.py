"""How a translation is looked for."""

from __future__ import annotations

from pydantic import Field, model_validator

from calque.recipes.recipe import Recipe


class Search(Recipe):
    """Beam search; a beam of 1 is greedy."""

    beam: int = Field(default=4, ge=1, le=64, description="beam size; 1 is greedy")
    length_penalty: float = Field(
        default=1.0, ge=-5, le=5, description="exponent of the length by which a hypothesis' log-probability is divided"
    )
    n_best: int = Field(default=1, ge=1, le=64, description="hypotheses returned; at most the beam size")
    search_tokens: int = Field(default=4096, ge=16, description="source tokens translated at once, padding included")

    longest_ratio: float | None = Field(
        default=None,
        gt=0,
        description="longest translation as a multiple of the longest source in the batch, plus 16 tokens; by "
        "default only the model's maximum limits it",
    )

    @property
    def single(self) -> Search:
        """The same search with one answer."""
        return self.model_copy(update={"n_best": 1})

    @model_validator(mode="after")
    def _n_best_fits_the_beam(self) -> Search:
        if self.n_best > self.beam:
            raise ValueError(f"n_best {self.n_best} is larger than beam {self.beam}")
        return self
