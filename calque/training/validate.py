"""Scoring a network on development text while it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from calque.evaluation.metrics import quick
from calque.model.batch import Ids
from calque.model.family import Family
from calque.recipes.search import Search
from calque.text.codec import Codec
from calque.training.batches import cut, lengths_of
from calque.training.loss import summed_cross_entropy
from calque.training.progress import Sample
from calque.training.team import ALONE, Team

GREEDY = Search(beam=1, longest_ratio=2)  # young networks run on for ever
LOWER_IS_BETTER = frozenset({"loss", "perplexity", "bits_per_character"})


@dataclass(frozen=True, slots=True)
class Measured:
    """Loss in nats per scored token, named scores, and a sample where there is one to show."""

    loss: float
    scores: dict[str, float]
    sample: Sample | None = None

    def better_by(self, metric: str) -> float:
        """The number to compare by: higher is better."""
        value = self.loss if metric == "loss" else self.scores[metric]
        return -value if metric in LOWER_IS_BETTER else value


class Measurer(Protocol):
    """Whoever tells the loop how good a network is."""

    def measure(
        self,
        module: nn.Module,
        turn: int = 0,
        between: Callable[[], None] = lambda: None,
        team: Team = ALONE,
    ) -> Measured:
        """Score the network on held-out text, and leave it as it is; `turn` counts the validations of a run, `between`
        is called between batches, and a `team` shares the work."""


@dataclass(frozen=True)
class Validator:
    """Development pairs as ids and text. All give the loss; an even sample of `translated` is decoded greedily."""

    family: Family
    codec: Codec
    language: str
    rows: Sequence[Ids]
    texts: Sequence[tuple[str, str]]
    translated: int
    tokens: int

    def measure(
        self,
        module: nn.Module,
        turn: int = 0,
        between: Callable[[], None] = lambda: None,
        team: Team = ALONE,
    ) -> Measured:
        """Score the network as it is; `turn` chooses which sample is shown, and `between` is called before each batch:
        what it raises ends the work, and the network is as it was. A `team` shares the batches."""
        device = next(module.parameters()).device
        was_training = module.training
        module.eval()
        try:
            loss = self._loss(module, device, team, between)
            chosen = list(range(0, len(self.rows), max(1, len(self.rows) // self.translated)))[: self.translated]
            hypotheses = self._translate(module, device, chosen, team, between)
        finally:
            module.train(was_training)
        scores = quick(hypotheses, [self.texts[i][1] for i in chosen], self.language)
        shown = turn % len(chosen)
        source, reference = self.texts[chosen[shown]]
        return Measured(loss, scores, (source, hypotheses[shown], reference))

    def _order(self, indices: Sequence[int]) -> list[list[int]]:
        lengths = sources, targets = lengths_of(self.rows)
        return cut(sorted(indices, key=lambda i: (sources[i], targets[i])), lengths, self.tokens)

    @torch.inference_mode()
    def _loss(self, module: nn.Module, device: torch.device, team: Team, between: Callable[[], None]) -> float:
        total, tokens = 0.0, 0.0
        weight_VD, bias_V = self.family.head(module)
        for run in team.share(self._order(range(len(self.rows)))):
            between()
            batch = self.family.batch([self.rows[i] for i in run]).to(device)
            states_ND, labels_N = self.family.states(module, batch)
            total += float(summed_cross_entropy(states_ND, weight_VD, bias_V, labels_N))
            tokens += len(labels_N)
        total, tokens = team.sum([total, tokens])
        return total / max(1, tokens)

    def _translate(
        self,
        module: nn.Module,
        device: torch.device,
        chosen: Sequence[int],
        team: Team,
        between: Callable[[], None],
    ) -> list[str]:
        texts: dict[int, str] = {}
        for run in team.share(self._order(chosen)):
            between()
            batch = self.family.batch([Ids(self.rows[i].source) for i in run]).to(device)
            for i, best in zip(run, self.family.generate(module, batch, GREEDY), strict=True):
                texts[i] = self.codec.decode(best[0].ids)
        together = {i: text for some in team.gather(texts) for i, text in some.items()}
        return [together[i] for i in chosen]
