"""A network in CTranslate2 as two verbs: search, and score what is given. Tokens are called by their numbers, so that
every id has a surface of its own: CTranslate2 takes one that it does not know for unknown, and says nothing.

Neither torch nor transformers is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ctranslate2

PATIENCE = 1.5  # times the beam: hypotheses that a search waits for. With 1 it ends earlier than transformers' does
EXACT_PATIENCE = 2.0  # the same in float32, which promises to say what transformers says
ROWS = 64  # sources computed at once, or so many hypotheses of a beam: more do not stay in the caches
LEAST = 16  # sources computed at once, however wide the beam


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a search is to go: beam, hypotheses a source, exponent of the length, most tokens (all that a target begins
    with counted, the end token too), ids that are never said, whether to
    keep to the shortlist."""

    beam: int
    n_best: int
    length_penalty: float
    longest: int
    never: tuple[int, ...] = ()
    shortlist: bool = False


class Network(Protocol):
    """What an engine asks of CTranslate2."""

    def search(
        self, sources: Sequence[Sequence[int]], begins: Sequence[Sequence[int]], wanted: Wanted
    ) -> list[list[tuple[list[int], float]]]:
        """For each source its hypotheses, best first: target ids without start token, all that they begin with and the
        end token (where there is one) included, and CTranslate2's score."""

    def log_probs(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[list[float]]:
        """The log-probability of each id of the targets (without start and end token), and of the end token behind."""

    def attention(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
    ) -> list[list[list[float]]] | None:
        """For each id of the targets, and the end token behind, how its attention is spread over the source; None where
        the network has no cross-attention."""

    def logits(self, source: Sequence[int], begin: Sequence[int]) -> Sequence[float]:
        """How the network weighs each target id that may follow what a target begins with."""


def spelled(ids: Iterable[int]) -> list[str]:
    """What CTranslate2 calls these ids."""
    return [str(number) for number in ids]


class TranslatingNetwork:
    """An encoder with a decoder.

    Args:
        translator: the loaded network.
    """

    def __init__(self, translator: ctranslate2.Translator) -> None:
        self._translator = translator

    def search(
        self, sources: Sequence[Sequence[int]], begins: Sequence[Sequence[int]], wanted: Wanted
    ) -> list[list[tuple[list[int], float]]]:
        """As the protocol says."""
        results = self._translator.translate_batch(
            [spelled(source) for source in sources],
            target_prefix=[spelled(begin) or None for begin in begins],
            num_hypotheses=wanted.n_best,
            max_decoding_length=wanted.longest,
            min_decoding_length=0,
            max_input_length=0,
            use_vmap=wanted.shortlist,
            **_how(wanted, self._translator.compute_type),
        )
        return [
            [([*map(int, said)], score) for said, score in zip(result.hypotheses, result.scores, strict=True)]
            for result in results
        ]

    def log_probs(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[list[float]]:
        """As the protocol says."""
        results = self._translator.score_batch(
            [spelled(source) for source in sources], [spelled(target) for target in targets], max_input_length=0
        )
        return [list(result.log_probs) for result in results]

    def attention(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[list[list[float]]]:
        """As the protocol says: the targets are what decoding is forced to begin with, and it goes one token further.
        Sources are taken one by one, for CTranslate2 goes on with the shorter of several targets."""
        return [self._attention(source, target) for source, target in zip(sources, targets, strict=True)]

    def _attention(self, source: Sequence[int], target: Sequence[int]) -> list[list[float]]:
        (result,) = self._translator.translate_batch(
            [spelled(source)],
            target_prefix=[spelled(target) or None],
            beam_size=1,
            max_decoding_length=len(target) + 1,
            min_decoding_length=0,
            max_input_length=0,
            return_attention=True,
            return_end_token=True,
        )
        return [list(row) for row in result.attention[0]]

    def logits(self, source: Sequence[int], begin: Sequence[int]) -> Sequence[float]:
        """As the protocol says."""
        (result,) = self._translator.translate_batch(
            [spelled(source)],
            target_prefix=[spelled(begin) or None],
            beam_size=1,
            max_decoding_length=len(begin) + 1,
            min_decoding_length=0,
            max_input_length=0,
            return_logits_vocab=True,
        )
        return _plain(result.logits[0][-1])


class ContinuingNetwork:
    """A decoder alone, which goes on with its source.

    Args:
        generator: the loaded network.
        start: the ids between a source and its target.
        end: the end token.
    """

    def __init__(self, generator: ctranslate2.Generator, start: Sequence[int], end: int) -> None:
        self._generator = generator
        self._start = list(start)
        self._end = end

    def search(
        self, sources: Sequence[Sequence[int]], begins: Sequence[Sequence[int]], wanted: Wanted
    ) -> list[list[tuple[list[int], float]]]:
        """As the protocol says. CTranslate2 counts new tokens alone, so that sources whose targets begin with more are
        taken apart from the others."""
        found: dict[int, list[tuple[list[int], float]]] = {}
        for begun in sorted({len(begin) for begin in begins}):
            places = [place for place, begin in enumerate(begins) if len(begin) == begun]
            some = [[*sources[place], *self._start, *begins[place]] for place in places]
            for place, told in zip(places, self._continued(some, wanted, wanted.longest - begun), strict=True):
                found[place] = [([*begins[place], *said], score) for said, score in told]
        return [found[place] for place in range(len(sources))]

    def _continued(
        self, streams: Sequence[Sequence[int]], wanted: Wanted, new: int
    ) -> list[list[tuple[list[int], float]]]:
        results = self._generator.generate_batch(
            [spelled(stream) for stream in streams],
            num_hypotheses=wanted.n_best,
            max_length=new,
            include_prompt_in_result=False,
            **_how(wanted, self._generator.compute_type),
        )
        return [list(zip(result.sequences_ids, result.scores, strict=True)) for result in results]

    def log_probs(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[list[float]]:
        """As the protocol says."""
        streams = [
            spelled([*source, *self._start, *target, self._end])
            for source, target in zip(sources, targets, strict=True)
        ]
        results = self._generator.score_batch(streams, max_input_length=0)
        return [list(result.log_probs)[-len(target) - 1 :] for result, target in zip(results, targets, strict=True)]

    def attention(
        self,
        sources: Sequence[Sequence[int]],  # noqa: ARG002
        targets: Sequence[Sequence[int]],  # noqa: ARG002
    ) -> None:
        """As the protocol says: there is none."""
        return

    def logits(self, source: Sequence[int], begin: Sequence[int]) -> Sequence[float]:
        """As the protocol says."""
        (result,) = self._generator.generate_batch(
            [spelled([*source, *self._start, *begin])],
            beam_size=1,
            max_length=1,
            min_length=0,
            include_prompt_in_result=False,
            return_logits_vocab=True,
        )
        return _plain(result.logits[0][-1])


def _plain(storage: Any) -> list[float]:  # noqa: ANN401
    """What CTranslate2 keeps, as plain numbers."""
    import numpy as np

    plain: list[float] = np.asarray(storage, dtype=np.float64).ravel().tolist()
    return plain


def _how(wanted: Wanted, compute_type: str) -> dict[str, Any]:
    """The settings of a search that both kinds of network share."""
    patience = EXACT_PATIENCE if compute_type == "float32" else PATIENCE
    return {
        "beam_size": wanted.beam,
        "patience": patience if wanted.beam > 1 else 1.0,
        "max_batch_size": max(ROWS // wanted.beam, LEAST),
        "length_penalty": wanted.length_penalty,
        "suppress_sequences": [spelled([number]) for number in wanted.never] or None,
        "return_scores": True,
        "return_end_token": True,
    }
