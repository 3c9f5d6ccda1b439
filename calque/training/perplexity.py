"""How well a language model knows held-out text, in numbers of which one does not depend on the tokenizer.

Legend: N scored positions, D width, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from calque.model.batch import Ids
from calque.model.language_model import LanguageModel
from calque.training.batches import cut, lengths_of
from calque.training.corruption import Corruption
from calque.training.loss import summed_cross_entropy
from calque.training.team import ALONE, Team
from calque.training.validate import Measured

_LARGEST = 700.0  # nats whose exponential is still a number


@dataclass(frozen=True)
class Perplexity:
    """Held-out rows, spoiled in one and the same way at each validation, so that numbers compare.

    With L the mean cross-entropy in nats of the scored tokens (never smoothed):

    - `perplexity` = exp(L), which compares only between models with the same vocabulary and objective;
    - `bits_per_character` = L * tokens / (ln 2 * characters), which compares between tokenizers too. `characters` are
      those of the held-out text, an end for each line (or sentence, where lines are split) among them.

    For 'clm' all `tokens` of the text, end tokens included, are scored, and L * tokens is minus the log-likelihood of
    the text. For 'denoise' they are scored likewise, given the spoiled text. For 'mlm' only the masked ones are scored,
    and L is taken to hold for all `tokens` but special ones: a pseudo-likelihood (Salazar et al. 2020, "Masked Language
    Model Scoring") with all masks of a row at once, which depends on what else is masked, and so only roughly
    compares between tokenizers.
    """

    model: LanguageModel
    rows: Sequence[Ids]
    corruption: Corruption
    characters: int
    tokens: int
    batch_tokens: int

    def measure(
        self,
        module: nn.Module,
        turn: int = 0,  # noqa: ARG002
        between: Callable[[], None] = lambda: None,
        team: Team = ALONE,
    ) -> Measured:
        """Loss, perplexity and bits per character of the network as it is."""
        was_training = module.training
        module.eval()
        try:
            total, scored = team.sum(self._summed(module, between, team))
        finally:
            module.train(was_training)
        loss = total / max(1.0, scored)
        bits = loss * self.tokens / (math.log(2) * self.characters)
        return Measured(loss, {"bits_per_character": bits, "perplexity": math.exp(min(loss, _LARGEST))})

    @torch.inference_mode()
    def _summed(self, module: nn.Module, between: Callable[[], None], team: Team) -> list[float]:
        """The summed loss of this process' share, and its scored tokens."""
        device = next(module.parameters()).device
        weight_VD, bias_V = self.model.head(module)
        lengths = lengths_of(self.rows)
        order = sorted(range(len(self.rows)), key=lambda number: int(lengths[0][number]))
        total = scored = 0.0
        for numbers in team.share(cut(order, lengths, self.batch_tokens)):
            between()
            examples = self.corruption([self.rows[number] for number in numbers], numbers, 0)
            states_ND, labels_N = self.model.states(module, self.model.batch(examples).to(device))
            total += float(summed_cross_entropy(states_ND, weight_VD, bias_V, labels_N))
            scored += len(labels_N)
        return [total, scored]
