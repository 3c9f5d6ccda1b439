"""The training loop: exact steps, validation, checkpoints, and an end in good order however it comes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import nn

from calque.errors import Interrupted, MachineError, ProbeError, is_out_of_memory
from calque.recipes.training import Training
from calque.training.average import Average
from calque.training.checkpoint import Checkpoints
from calque.training.course import Course, Outcome, Paused
from calque.training.feed import Feed
from calque.training.journal import Journal
from calque.training.material import Material
from calque.training.memory import Memory, estimate
from calque.training.objective import Objective, Scored
from calque.training.optimizer import optimizer_of, set_rate
from calque.training.progress import Listener, Message, Sample, Step, Validation
from calque.training.schedule import Thaw, freeze, rate
from calque.training.sharding import held, sharded
from calque.training.signals import Stop, Stopped
from calque.training.snapshots import Snapshots
from calque.training.team import ALONE, Team
from calque.training.tracker import tensorboard
from calque.training.update import apply, gradient
from calque.training.validate import LOWER_IS_BETTER, Measured, Measurer


def accelerator_of(recipe: Training) -> Accelerator:
    """The device and precision that the recipe asks for, through accelerate."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=Team.here().alone)  # one may train twice, in other precisions
    mixed = "bf16" if recipe.precision == "bf16" else "no"
    ways = DistributedDataParallelKwargs(find_unused_parameters=bool(recipe.unfreeze))
    return Accelerator(mixed_precision=mixed, cpu=recipe.device == "cpu", kwargs_handlers=[ways])


def prepared(
    recipe: Training, module: nn.Module, pretrained: frozenset[str], objective: Objective
) -> tuple[Accelerator, nn.Module, torch.optim.Optimizer]:
    """What takes a step: the accelerator, the network with its loss, and the optimizer of what the recipe trains."""
    freeze(recipe, module, pretrained)
    accelerator = accelerator_of(recipe)
    if recipe.sharding == "full":
        scored = sharded(recipe, Scored(module, objective), accelerator.device)
        return accelerator, scored, optimizer_of(recipe, scored.module, pretrained)
    optimizer = optimizer_of(recipe, module, pretrained)
    return accelerator, *accelerator.prepare(Scored(module, objective), optimizer)


class Loop:
    """One run over `material`, validated by `validator`, with its files in `run`.

    The gradient of a step is the summed loss of all its micro-batches divided by all their scored tokens, so that it
    does not depend on how the step was cut.
    """

    def __init__(
        self,
        recipe: Training,
        module: nn.Module,
        pretrained: frozenset[str],
        objective: Objective,
        material: Material,
        validator: Measurer,
        run: Path,
        listener: Listener,
        team: Team = ALONE,
    ) -> None:
        self.recipe, self.objective, self.validator = recipe, objective, validator
        self.run_folder, self.listener, self.team = run, listener, team
        self.accelerator, self.scored, self.optimizer = prepared(recipe, module, pretrained, objective)
        self.module = module
        self.held = held(recipe, module, self.scored, self.optimizer, self.accelerator.device, team)
        trained = {name for name, parameter in module.named_parameters() if parameter.requires_grad}
        self.pretrained = pretrained & trained
        self.feed = Feed(recipe, material, objective, team, self.accelerator.device)
        self.per_epoch = len(self.feed.epoch(0, 0))
        alone = trained == self.pretrained
        self.thaw = Thaw.of(recipe.unfreeze, self.pretrained, alone) if recipe.unfreeze and self.pretrained else None
        self.average = Average(module, recipe.ema)
        self.course = Course()
        self.snapshots = Snapshots(run / "snapshots", recipe.average, listener)
        self.checkpoints = Checkpoints(run / "checkpoints", recipe.keep, recipe.keep_best, listener, self.average)
        self.journal = Journal(run / "metrics.jsonl", listener)
        self._stop = Stop()
        self._asked = False
        self.sample: Sample | None = None
        self._frozen: frozenset[str] | None = None
        self._tracker = tensorboard(run) if recipe.tensorboard and team.leads else None

    @property
    def total(self) -> int | None:
        """Steps of the whole run; None where time decides."""
        if self.recipe.minutes is not None:
            return None
        if self.recipe.steps is not None:
            return self.recipe.steps
        return max(1, round((self.recipe.epochs or 10) * self.per_epoch))

    @property
    def fraction(self) -> float:
        """How much of the run is done, 0 to 1."""
        if self.total is not None:
            return min(1.0, self.course.step / self.total)
        return min(1.0, self.course.seconds / (60 * (self.recipe.minutes or 1)))

    def memory(self) -> Memory:
        """What the run should take, before it begins."""
        with self.held.whole() as module:
            found = estimate(module, self.objective, self.feed.largest(), self.recipe.optimizer)
        found = replace(found, average=sum(tensor.nbytes for tensor in self.average.tensors.values()))
        return self.held.memory(found)

    def run(self, resume: bool = False, until: float = 1.0) -> Outcome:
        """Train to the end, or to an early stop, or only `until` this fraction of the run.

        Raises:
            Paused: that fraction is reached; a checkpoint is saved.
            Interrupted: a signal came; a checkpoint is saved.
            MachineError: the state at the end, or at a signal, cannot be saved.
            ProbeError: the loss is no number any more.
        """
        self.scored.train()
        torch.manual_seed(self.recipe.seed)
        if resume:
            self._restore()
        with self._stop:
            self._clock = time.monotonic()
            try:
                self._after_validation_that_was_left()
                for step in self._steps():
                    self._step(step)
                    self._after_step()
                    self._leave_if_asked()
                    if until < 1 and self.fraction >= until:
                        self._pause()
            except Stopped as stopped:
                self._save(must=True)
                raise Interrupted(
                    f"stopped by {stopped} after step {self.course.step}; saved, go on with the same "
                    f"command and --resume"
                ) from None
            self._save(must=True)
            try:
                outcome = self._finish()
                self._leave_if_asked()
            except (Stopped, KeyboardInterrupt):
                raise Interrupted(
                    "stopped after the last step; saved, go on with the same command and --resume"
                ) from None
            return outcome

    def _steps(self) -> Iterator[list[int]]:
        """Index lists of the steps left, epoch after epoch, until the run's end."""
        while True:
            epoch = self.feed.epoch(self.course.epoch, self.course.stage)
            while self.course.position < len(epoch) and self.feed.stage(self.fraction) == self.course.stage:
                if self.fraction >= 1 or self._patience_is_over():
                    return
                step = epoch[self.course.position]
                self.course.position += 1
                yield step
            self.course.epoch, self.course.position = self.course.epoch + 1, 0
            self.course.stage = self.feed.stage(self.fraction)

    def _pause(self) -> None:
        """Leave the run after a validation of its own, which tells how long one takes."""
        began = time.monotonic()
        measured = self._validate()
        self._tick()
        self._save(must=True)
        best = self.snapshots.best
        raise Paused(
            self.course.seconds,
            self.course.value if best is None else best,
            measured,
            time.monotonic() - began,
            sum(parameter.numel() for parameter in self.module.parameters()),
        )

    def _patience_is_over(self) -> bool:
        return 0 < self.recipe.patience <= self.course.without_better

    def _step(self, step: Sequence[int]) -> None:
        """One optimizer step over all micro-batches of `step`."""
        fraction = self.fraction
        if not self.team.alone:  # dropout of its own in each process, and the same again on resume
            torch.manual_seed(hash((self.recipe.seed, self.course.step, self.team.rank)))
        self.learning_rate = set_rate(self.optimizer, rate(self.recipe, fraction))
        self._thaw(fraction)
        loss, tokens = self._gradient(step)
        if not math.isfinite(loss):
            raise ProbeError(
                "finite-loss",
                f"the loss of step {self.course.step + 1} is {loss}: begin anew (--restart) with a lower "
                "--learning-rate, a longer --warmup, or --precision fp32",
            )
        apply(self.scored, self.optimizer, loss, self.recipe.clip)
        course = self.course
        course.step += 1
        self.average.update(course.step)
        course.loss += loss
        course.tokens += tokens
        course.scored_tokens += tokens

    def _gradient(self, step: Sequence[int]) -> tuple[float, int]:
        """Put the step's gradient into the parameters; its summed loss and its scored tokens. Where the memory runs
        out, micro-batches are halved, now and from now on: the step stays whole, and its gradient the same.

        Raises:
            MachineError: the memory is too small for one pair, or for a process' share among several.
        """
        while True:
            parts = self.feed.parts(step)
            try:
                batches = self.feed.batches(parts, step, self.course.epoch)
                return gradient(self.accelerator, self.scored, batches, self.team)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                if not self.team.alone or all(len(rows) == 1 for rows in parts):
                    raise MachineError(
                        "the memory is too small: give a smaller --micro-batch-tokens or --max-length, or --recompute"
                    ) from None
            self.optimizer.zero_grad(set_to_none=True)
            self.course.micro_tokens = max(1, self.feed.batching.micro_tokens // 2)
            self.feed.cut_at(self.course.micro_tokens)
            self.listener.event(
                Message(f"out of memory: going on with micro-batches of {self.course.micro_tokens} tokens, summed up")
            )

    def _thaw(self, fraction: float) -> None:
        if self.thaw is None:
            return
        frozen = self.thaw.frozen(fraction)
        if frozen != self._frozen:
            for name, parameter in self.held.trained.named_parameters():
                if name in self.pretrained:
                    parameter.requires_grad_(name not in frozen)
            self._frozen = frozen

    def _tick(self) -> None:
        now = time.monotonic()
        asked, spent = self.team.sum([bool(self._stop.asked), (now - self._clock) * self.team.leads])
        self._asked = bool(asked)
        self.course.seconds += spent
        self._clock = now

    def _leave_if_asked(self) -> None:
        """Raise Stopped where a signal came; several processes leave after the same step."""
        if self.team.alone:
            self._stop.check()
        elif self._asked:
            raise Stopped(self._stop.asked or "a signal to another process")

    @property
    def _between(self) -> Callable[[], None]:
        """What is called between batches of a validation, which several processes must not leave one by one."""
        return self._stop.check if self.team.alone else lambda: None

    def _after_step(self) -> None:
        self._tick()
        course, recipe = self.course, self.recipe
        if course.step % recipe.log_every == 0 or course.step == 1:
            self._log()
        if self._validation_is_due():
            self._validate_and_save()
        if recipe.save_every and course.step % recipe.save_every == 0:
            self._save()

    def _validate_and_save(self) -> None:
        self._validate()
        self._tick()
        if self.recipe.save_every is None or self.recipe.keep_best:
            self._save()

    def _after_validation_that_was_left(self) -> None:
        """Do what a signal kept the run from doing after the step of its checkpoint."""
        if self.course.step and self.course.validated != self.course.step and self._validation_is_due():
            self._validate_and_save()

    def _log(self) -> None:
        course = self.course
        loss, spent = course.loss / max(1, course.tokens), max(1e-9, course.seconds - course.since)
        speed = course.tokens / spent
        fraction = self.fraction
        best = self.snapshots.best
        if best is not None and self.recipe.best in LOWER_IS_BETTER:
            best = -best  # snapshots are compared by what is higher
        eta = course.seconds * (1 - fraction) / fraction if fraction > 0 else None
        self._record({"step": course.step, "epoch": self._epochs(), "loss": loss, "lr": self.learning_rate,
                      "tokens_per_second": round(speed, 1), "seconds": round(course.seconds, 2)})  # fmt: skip
        told = Step(course.step, self.total, fraction, loss, self.learning_rate, speed, best, eta, self.sample)
        self.listener.event(told)
        course.loss, course.tokens, course.since = 0.0, 0, course.seconds

    def _epochs(self) -> float:
        return round(self.course.epoch + self.course.position / self.per_epoch, 3)

    def _validation_is_due(self) -> bool:
        if self.recipe.validate_every:
            return self.course.step % self.recipe.validate_every == 0
        return int(self.fraction * self.recipe.validations) > self.course.validations

    def _validate(self) -> Measured:
        course = self.course
        with self.held.whole() as module, self.average.applied():
            measured = self.validator.measure(module, course.validations, self._between, self.team)
            course.value = measured.better_by(self.recipe.best)
            best = self.team.led(lambda: self.snapshots.offer(module, course.value, course.step))
        course.validated = course.step
        course.validations = max(course.validations + 1, int(self.fraction * self.recipe.validations))
        course.without_better = 0 if best else course.without_better + 1
        self.sample = measured.sample
        self._record({"step": course.step, "epoch": self._epochs(), "dev_loss": measured.loss, **measured.scores,
                      **self.average.noted, "seconds": round(course.seconds, 2)})  # fmt: skip
        self.listener.event(Validation(course.step, measured.loss, measured.scores, best, measured.sample))
        return measured

    def _record(self, line: dict[str, Any]) -> None:
        if not self.team.leads:
            return
        self._track({k: v for k, v in line.items() if k != "step"})
        self.journal.write(line)
        self.course.metrics_bytes = self.journal.bytes

    def _track(self, values: dict[str, float]) -> None:
        """Hand the values to the tracker, and go on without it where it cannot write."""
        if self._tracker is None:
            return
        try:
            self._tracker(self.course.step, values)
        except OSError as error:
            self._tracker = None
            self.listener.event(Message(f"the tracker cannot write ({error}): training goes on without it"))

    def _save(self, must: bool = False) -> None:
        with self.held.gathered():
            self.team.led(lambda: self._write(must))

    def _write(self, must: bool) -> None:
        self.course.kept = [[value, step] for value, step in self.snapshots.kept]
        self.journal.flush()
        self.checkpoints.save(self.module, self.held, asdict(self.course), must)
        self.snapshots.clean(needed=self.checkpoints.snapshots())

    def _restore(self) -> None:
        """Every process reads the newest checkpoint; the leader first, who sets damaged ones aside."""
        state = self.team.led(lambda: self.checkpoints.restore(self.module, self.held))
        if not self.team.leads:
            state = self.checkpoints.restore(self.module, self.held)
        if state is not None:
            self.held.spread()
            self.course = Course(**state)
            if self.course.micro_tokens is not None:
                self.feed.cut_at(self.course.micro_tokens)
        if self.team.leads:
            self.snapshots.restore(self.course.kept, needed=self.checkpoints.snapshots())
            self.journal.cut(self.course.metrics_bytes)

    def _finish(self) -> Outcome:
        """Put the best weights, or the average of the best checkpoints where it scores better, into the module."""
        if self.course.validated != self.course.step:
            self._validate()
        self.listener.event(
            Message("measuring the best weights, and the average of the kept ones, on the development text")
        )
        with self.held.whole():
            measured, chosen = self.team.led(self._choose)
        self._tick()
        self._record({"step": self.course.step, "chosen": chosen, "dev_loss": measured.loss, **measured.scores,
                      "seconds": round(self.course.seconds, 2)})  # fmt: skip
        course = self.course
        return Outcome(course.step, self._epochs(), course.seconds, course.scored_tokens, measured, chosen)

    def _choose(self) -> tuple[Measured, str]:
        self.average.settle()
        measured, chosen = self.snapshots.choose(
            self.module, lambda module: self.validator.measure(module, between=self._between), self.recipe.best
        )
        return measured, self.average.named(chosen)
