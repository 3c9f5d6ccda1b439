"""The fast engine: a model folder's network as CTranslate2 computes it. Neither torch nor transformers is imported.

Legend: T target length, S source length.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace

from calque.decoding.fast_network import ContinuingNetwork, Network, TranslatingNetwork, Wanted
from calque.decoding.machine import cpu_flags
from calque.decoding.spelling import Spelling
from calque.decoding.trimmed_network import TrimmedNetwork
from calque.errors import DataError, EngineError, ModelError
from calque.model.fast_folder import FastFolder
from calque.model.folder import Folder
from calque.model.hypothesis import Hypothesis, Reading, longest
from calque.recipes.search import Search

_ROUNDING = 1e-3  # by which a score may differ from itself, computed in another way
_USUAL_THREADS = 4  # at most, where nobody says how many: more seldom help one batch


class FastEngine:
    """The network in a model folder's `fast/`, on the CPU.

    Scores mean what those of the torch engine mean: the summed log-probability of all target tokens, end token
    included, divided by their number ** length_penalty. With a shortlist a token's probability is its share of what the
    shortlist allows, unless a beginning is given.

    Args:
        folder: the model folder, whose codecs number the tokens.
        fast: what `calque export` made of it; by default what lies in its `fast/`.
        threads: CPU threads; None takes one for each core, and no more than four.

    Raises:
        ModelError: there is no `fast/`, or it is damaged or stale.
    """

    def __init__(self, folder: Folder, fast: FastFolder | None = None, threads: int | None = None) -> None:
        fast = FastFolder.find(folder) if fast is None else fast
        if fast is None:
            raise ModelError(f"{folder.path}: nothing was exported there yet: run `calque export {folder.path}`")
        fast.refuse_damaged()
        self._fast = fast
        self._family = folder.family
        self._max_length = folder.max_length
        self._source = folder.source_codec.special
        self._target = folder.target_codec.special
        self._forced = () if folder.family == "causal" else tuple(self._target.frame[0][1:])
        kept = fast.kept() if fast.vocabulary else ()
        self._spelling = Spelling(folder.target_codec, kept) if kept else None
        network, self.compute_type = self._loaded(threads)
        self._network: Network = network
        if self._spelling is not None and isinstance(network, TranslatingNetwork):
            size = folder.target_codec.size
            self._network = TrimmedNetwork(network, kept, self._spelling, size, folder.max_length - 1)

    def _loaded(self, threads: int | None) -> tuple[Network, str]:
        settle()
        import ctranslate2

        known = ctranslate2.get_supported_compute_types("cpu")
        how = {
            "device": "cpu",
            "compute_type": self._fast.quantization if self._fast.quantization in known else "default",
            "inter_threads": 1,
            "intra_threads": _usual_threads() if threads is None else threads,
        }
        try:
            if self._family == "causal":
                generator = ctranslate2.Generator(str(self._fast.path), **how)
                start = self._target.frame[0]
                return ContinuingNetwork(generator, start, self._target.eos), generator.compute_type
            translator = ctranslate2.Translator(str(self._fast.path), **how)
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"{self._fast.path}: CTranslate2 {ctranslate2.__version__} cannot load it ({error}): make it anew with "
                f"`calque export {self._fast.path.parent} --replace`"
            ) from None
        return TranslatingNetwork(translator), translator.compute_type

    def generate(
        self, sources: Sequence[list[int]], search: Search, prefixes: Sequence[list[int]] | None = None
    ) -> list[list[Hypothesis]]:
        """As the protocol `Engine` says.

        Raises:
            EngineError: a source is longer than the model takes.
            DataError: a prefix leaves no room behind it.
        """
        if not sources:
            return []
        self._refuse_long(sources)
        begins = [list(self._forced)] * len(sources)
        if prefixes is not None:
            begins = [[*self._forced, *prefix] for prefix in prefixes]
        wanted = self._wanted(sources, search, max(map(len, begins)))
        exact = prefixes is None and not self._fast.never
        told = self._network.search(sources, begins, wanted if exact else replace(wanted, n_best=search.beam))
        found = [[self._hypothesis(ids, score, search) for ids, score in some] for some in told]
        if exact:
            return found
        return self._weighed(sources, found, search, search.n_best if prefixes is None else search.beam)

    def has(self, ids: Sequence[int]) -> bool:
        """Whether the network has all of these target ids; those that it lacks are spelled with others."""
        return self._spelling is None or self._spelling.has(ids)

    def _wanted(self, sources: Sequence[Sequence[int]], search: Search, begun: int) -> Wanted:
        """The search that CTranslate2 is asked for; its most tokens count what a target begins with."""
        read = max(map(len, sources))
        if self._family == "seq2seq":
            before = len(self._target.frame[0])
            most = min(longest(search, self._max_length, read), self._max_length - before) + len(self._forced)
        elif self._family == "causal":
            most = longest(search, self._max_length - 1, read - self._source.framing)
        else:
            most = longest(search, self._max_length - 1, read)
        if begun >= most:
            raise DataError(f"the given beginning of {begun} tokens leaves no room: the model writes {most} at most")
        return Wanted(
            search.beam, search.n_best, search.length_penalty, most, self._fast.never, self._fast.shortlist > 0
        )

    def _refuse_long(self, sources: Sequence[Sequence[int]]) -> None:
        read = max(map(len, sources))
        if read > self._max_length:
            raise EngineError(f"a text of {read} tokens is longer than the {self._max_length} that the model takes")

    def _hypothesis(self, ids: Sequence[int], score: float, search: Search) -> Hypothesis:
        """What CTranslate2 found, with a score that does not count what the search was forced to begin with."""
        counted = max(1, len(ids) - len(self._forced))
        if self._forced:
            score *= (len(ids) / counted) ** search.length_penalty
        bare = list(ids[len(self._forced) :])
        ended = bool(bare) and bare[-1] == self._target.eos
        return Hypothesis(bare[:-1] if ended else bare, score, ended)

    def _weighed(
        self, sources: Sequence[Sequence[int]], found: Sequence[Sequence[Hypothesis]], search: Search, first: int
    ) -> list[list[Hypothesis]]:
        """Hypotheses with the scores of all their tokens, best first: CTranslate2 does not count given ones, and shares
        out the probability of those that it may not say.

        The `first` ones of each source are scored; of the others those that may still win: what was shared out makes
        CTranslate2's score too high, never too low, as long as nothing was given.
        """
        scored = self._scored(sources, [some[:first] for some in found], search)
        floors = [min((one.score for one in some), default=-math.inf) - _ROUNDING for some in scored]
        others = [[one for one in some[first:] if one.score > floor] for some, floor in zip(found, floors, strict=True)]
        if any(others):
            more = self._scored(sources, others, search)
            scored = [one + other for one, other in zip(scored, more, strict=True)]
        return [sorted(some, key=lambda hypothesis: -hypothesis.score)[: search.n_best] for some in scored]

    def _scored(
        self, sources: Sequence[Sequence[int]], found: Sequence[Sequence[Hypothesis]], search: Search
    ) -> list[list[Hypothesis]]:
        """The same hypotheses with the scores of all their tokens."""
        copies = [source for source, some in zip(sources, found, strict=True) for _ in some]
        told = iter(self.scores(copies, [one.ids for some in found for one in some]))
        return [[_rescored(one, next(told), search) for one in some] for some in found]

    def ahead(
        self, sources: Sequence[list[int]], prefixes: Sequence[list[int]], count: int
    ) -> list[list[tuple[int, float]]]:
        """As the protocol `Engine` says.

        Raises:
            EngineError: a source is longer than the model takes.
            DataError: a prefix leaves no room behind it.
        """
        if not sources:
            return []
        import numpy as np

        self._refuse_long(sources)
        begins = [[*self._forced, *prefix] for prefix in prefixes]
        self._wanted(sources, Search(beam=1), max(map(len, begins)))
        found = []
        for source, begin in zip(sources, begins, strict=True):
            logits_V = np.asarray(self._network.logits(source, begin))
            log_probs_V = logits_V - np.logaddexp.reduce(logits_V)
            best = np.argsort(-log_probs_V, kind="stable")[: min(count, np.isfinite(log_probs_V).sum())]
            found.append([(int(token), float(log_probs_V[token])) for token in best])
        return found

    def scores(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[list[float]]:
        """The log-probability of each token of the targets (bare ids) and of the end token behind."""
        framed = [[*self._forced, *target] for target in targets]
        return [row[len(self._forced) :] for row in self._network.log_probs(sources, framed)]

    def read(self, sources: Sequence[list[int]], targets: Sequence[list[int]]) -> list[Reading]:
        """As the protocol `Engine` says; attention is that of the heads that `calque export` chose.

        Raises:
            EngineError: a source or a target is longer than the model takes.
        """
        if not sources:
            return []
        self._refuse_long(sources)
        most = self._max_length - len(self._target.frame[0])
        if (said := max(map(len, targets))) > most:
            raise EngineError(f"a translation of {said} tokens is longer than the {most} that the model writes")
        log_probs = self.scores(sources, targets)
        framed = [[*self._forced, *target] for target in targets]
        seen = self._network.attention(sources, framed) if self._fast.aligned else None
        if seen is None:
            return [Reading(tuple(row)) for row in log_probs]
        return [Reading(tuple(row), self._aligned(some)) for row, some in zip(log_probs, seen, strict=True)]

    def _aligned(self, rows_TS: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
        """One row for each target token, the end token included, out of one for each step."""
        told_TS = rows_TS[len(self._forced) :]
        if self._fast.shift:
            told_TS = [*told_TS[1:], told_TS[-1]]
        return tuple(tuple(row_S) for row_S in told_TS)


def _rescored(found: Hypothesis, log_probs: Sequence[float], search: Search) -> Hypothesis:
    """A hypothesis with the score that its tokens' log-probabilities give."""
    counted = log_probs if found.ended else log_probs[:-1]
    return replace(found, score=sum(counted) / max(1, len(counted)) ** search.length_penalty)


def settle() -> None:
    """What CTranslate2 reads once, when it is loaded or first computes; a variable that is set already decides.

    AVX-512, a sixth faster here, is used on CPUs new enough not to slow down for it; by itself CTranslate2 never does.
    Threads that have nothing to do sleep: while they wait by turning round, one sentence costs twice the CPU time.
    """
    if "avx512_vnni" in cpu_flags():
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _usual_threads() -> int:
    """OMP_NUM_THREADS where it is set, else the cores that this process may use, at most four."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _USUAL_THREADS)
