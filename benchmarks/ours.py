"""calque's own training step, driven as the training loop drives it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.clock import Clock
from benchmarks.flops import Shape
from benchmarks.setting import Setting
from benchmarks.tally import Tally, one_step, total
from calque.recipes.finetune import Finetune
from calque.training.batches import Batching
from calque.training.finetune import begin, settled
from calque.training.loop import prepared
from calque.training.objective import Translation
from calque.training.progress import Silence
from calque.training.rows import Text, fitting
from calque.training.update import update

_WARM_UP = 6  # steps whose time only tells how many to take


class Ours:
    """One network and the steps of one epoch over the text.

    Steps hold sentences of similar length, so a handful of them is no sample of the text. Those that are timed are
    therefore spread evenly over the lengths, from a random beginning each time.
    """

    def __init__(self, setting: Setting, text: Text, same_vocabulary: bool) -> None:
        given = setting.settings(same_vocabulary) | {"dev": (setting.train,), "out": Path("unused")}
        self.recipe = settled(Finetune.of(given), Silence())
        torch.manual_seed(setting.seed)
        start, _ = begin(self.recipe, text)
        pairs = list(text)
        self.rows, numbers = fitting(pairs, start.source, start.target)
        self.characters = [sum(map(len, pairs[i])) for i in numbers]
        self.shape = _shape(start.module.config)
        self.objective = Translation(start.family, self.recipe.label_smoothing, self.recipe.rdrop)
        module = start.module.train()
        self.accelerator, self.scored, self.optimizer = prepared(self.recipe, module, start.pretrained, self.objective)
        self.clock = Clock(self.accelerator.device)
        recipe = self.recipe
        self.batching = Batching.of(self.rows, recipe.batch_tokens, recipe.micro_batch_tokens, recipe.seed)
        self.steps = sorted(self.batching.epoch(0), key=self._positions)
        self.chance = random.Random(setting.seed)

    @property
    def how(self) -> str:
        """Precision and attention."""
        return f"{self.recipe.precision}, {self.recipe.attention} attention"

    @property
    def precision(self) -> str:
        """What it multiplies in."""
        return str(self.recipe.precision)

    def train(self, seconds: float) -> Tally:
        """Steps of about `seconds`, after some that are not counted."""
        warm = total(self._step(step) for step in self._sample(_WARM_UP))
        a_step = sum(map(self._positions, self.steps)) / len(self.steps) * warm.seconds / warm.positions
        return total(self._step(step) for step in self._sample(max(2, round(seconds / a_step))))

    def heaviest(self) -> None:
        """The steps with the most positions, for the memory that they take."""
        for step in self.steps[-3:]:
            self._step(step)

    def _sample(self, count: int) -> list[list[int]]:
        every = len(self.steps) / count
        begin = self.chance.random()
        sample = [self.steps[int((i + begin) * every)] for i in range(count)]
        self.chance.shuffle(sample)
        return sample

    def _step(self, step: Sequence[int]) -> Tally:
        began = self.clock.now()
        batches = [
            self.objective.batch([self.rows[i] for i in part]).to(self.accelerator.device)
            for part in self.batching.micro(step)
        ]
        update(self.accelerator, self.scored, self.optimizer, batches, self.recipe.clip)
        seconds = self.clock.now() - began
        lengths = [(len(self.rows[i].source), len(self.rows[i].target or ()) - 1) for i in step]
        characters = sum(self.characters[i] for i in step)
        return one_step(self.shape, lengths, characters, self._positions(step)) + Tally(seconds=seconds)

    def _positions(self, step: Sequence[int]) -> int:
        """Source and target positions of a step, padding included; the last target token is never fed."""
        longest = [
            len(part)
            * (max(len(self.rows[i].source) for i in part) + max(len(self.rows[i].target or ()) for i in part) - 1)
            for part in self.batching.micro(step)
        ]
        return sum(longest)


def _shape(config) -> Shape:
    encoder, decoder = config.encoder, config.decoder
    return Shape(
        encoder.num_hidden_layers, decoder.num_hidden_layers, decoder.hidden_size, decoder.intermediate_size,
        decoder.vocab_size,
    )  # fmt: skip
