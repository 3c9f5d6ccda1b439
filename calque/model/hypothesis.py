"""What an engine says of a source text: candidates it found, or what it thinks of a given translation. No torch here.

Legend: T target length, S source length.
"""

from __future__ import annotations

from dataclasses import dataclass

from calque.recipes.search import Search


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One candidate translation: target ids without special tokens, and its log-probability per token (natural
    logarithm, end token counted, divided by length ** length_penalty as the search did). `ended` is False where the
    model's maximum length cut it off."""

    ids: list[int]
    score: float
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model thinks of a given translation, token by token, the end token included.

    log_probs_T: natural log-probability of each target token given the source and the tokens before it.
    attention_TS: for each target token how its attention is spread over the framed source (rows sum to 1), or None
        where the network has no cross-attention. Which heads is the engine's choice, made for alignment.
    """

    log_probs_T: tuple[float, ...]
    attention_TS: tuple[tuple[float, ...], ...] | None = None


def longest(search: Search, max_length: int, source_length: int, said: int = 0) -> int:
    """New tokens that a search may say: as many as the model allows, or as `search.longest_ratio` says, without those
    that are `said` already, and one at least."""
    if search.longest_ratio is not None:
        max_length = min(max_length, round(search.longest_ratio * source_length) + 16)
    return max(1, max_length - said)
