"""What a server keeps for its users, and for how long."""

from __future__ import annotations

from pydantic import Field

from calque.recipes.recipe import Recipe


class Keeping(Recipe):
    """What a server keeps for its users: documents, jobs, glossaries."""

    keep_hours: float = Field(
        default=24.0, gt=0, description="hours after which documents and jobs, with their results, are forgotten"
    )
    jobs: int = Field(
        default=100,
        ge=1,
        description="most documents and jobs of one key, or of all without a key, that are kept at a time",
    )
    jobs_at_once: int = Field(default=4, ge=1, description="documents and jobs that are worked on at a time")
    job_texts: int = Field(default=20_000, ge=1, description="most texts in one job")
    glossaries: int = Field(default=1_000, ge=1, description="most glossaries of one key")
    glossary_entries: int = Field(default=20_000, ge=1, description="most terms in one glossary")
