"""Probes of language models: each known silent bug of pretraining is a named check that stops the run in its first
minute. All look at the untrained network and at some examples; see probes for those of translators.

Legend: B rows, S length of what is read, T of what is told, N scored positions.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from calque.errors import ProbeError
from calque.model.batch import IGNORED, Batch, Ids
from calque.model.language_model import LanguageModel
from calque.training.corruption import Corruption
from calque.training.objective import LanguageModelling
from calque.training.probes import CLOSE, summed, unpadded
from calque.training.progress import Listener, Message

ROWS = 8
_SHORTEST = 6  # tokens of a row that is looked at, frame included
_LOOKED_AT = 5000  # rows among which these are looked for
_LEAK = 1e-5  # relative difference beyond float32 rounding; measured: 4e-7
_MOVES = 1e-6  # relative difference that what is seen makes at least


def probe(
    module: nn.Module, model: LanguageModel, rows: Sequence[Ids], corruption: Corruption, listener: Listener
) -> dict[str, str]:
    """Run all probes on the network in evaluation mode; it and the random generators stay as they were.

    Returns:
        Each probe's verdict by name.

    Raises:
        ProbeError: the first bug that was found.
    """
    few = chosen(rows)
    if len(few) < 2:
        return {"all": f"not run: fewer than two rows of {_SHORTEST} tokens or more"}
    began = time.monotonic()
    examples = corruption(few, range(len(few)), 0)
    with torch.random.fork_rng():
        verdicts = verdicts_of(module.eval(), model, few, examples)
    names = ", ".join(verdicts)
    listener.event(Message(f"probes: {len(verdicts)} passed in {time.monotonic() - began:.0f} s ({names})"))
    return verdicts


def chosen(rows: Sequence[Ids]) -> list[Ids]:
    """Some short rows, and one of middling length, beside which they are padded."""
    some = [row for row in rows[: min(len(rows), _LOOKED_AT)] if len(row.source) >= _SHORTEST]
    some.sort(key=lambda row: len(row.source))
    short = some[: 4 * ROWS][:: max(1, min(4, len(some) // ROWS))][: ROWS - 1]
    return [*short, some[len(some) // 2]] if len(some) > len(short) else short


def verdicts_of(
    module: nn.Module, model: LanguageModel, rows: Sequence[Ids], examples: Sequence[Ids]
) -> dict[str, str]:
    """The probes that fit the objective."""
    batch = model.batch(examples).to(next(module.parameters()).device)
    if model.objective == "mlm":
        verdicts = {"scored-unmasked": scored_unmasked(rows, examples), "one-sided": one_sided(module, model, batch)}
    else:
        verdicts = {"double-shift": double_shift(model, batch), "future-leak": future_leak(module, model, batch)}
    if model.objective == "denoise":
        verdicts["blind-decoder"] = blind_decoder(module, model, batch)
    verdicts["padding-leak"] = padding_leak(module, model, examples)
    verdicts["accumulation"] = accumulation(module, model, examples)
    verdicts["own-head"] = own_head(module, model, batch)
    verdicts["reload"] = reload(module, model, batch)
    return verdicts


def scored_unmasked(rows: Sequence[Ids], examples: Sequence[Ids]) -> str:
    """Only some places are scored, their labels are what stood there, and everything else is as it was."""
    scored = total = 0
    for row, example in zip(rows, examples, strict=True):
        labels = example.target or []
        total += len(row.source)
        scored += sum(label != IGNORED for label in labels)
        told = [seen if label == IGNORED else label for seen, label in zip(example.source, labels, strict=True)]
        if told != row.source:
            raise ProbeError(
                "scored-unmasked",
                "labels are not the text under the masks, or text was changed that is not scored: mask a copy, and "
                f"set labels to {IGNORED} everywhere else",
            )
    if not 0 < scored < total:
        raise ProbeError(
            "scored-unmasked", f"{scored} of {total} places are scored, and only those that are masked should be"
        )
    return f"{scored} of {total} places are scored"


def double_shift(model: LanguageModel, batch: Batch) -> str:
    """At each position the label is the next token of what the network has read, not the one after it."""
    read_BT = batch.inputs_BS if model.objective == "clm" else batch.prefix_BT
    labels_BT = batch.labels_BT
    if read_BT is None or labels_BT is None:
        raise ProbeError("double-shift", "the batch has labels but nothing that they follow, or no labels")
    inner = (labels_BT[:, :-1] != IGNORED) & (labels_BT[:, 1:] != IGNORED)
    if not torch.equal(labels_BT[:, :-1][inner], read_BT[:, 1:][inner]):
        raise ProbeError(
            "double-shift",
            "labels are not the text that was read, shifted by one: shift them once, in the batch, and not again in "
            "the model",
        )
    return "labels are shifted once"


@torch.no_grad()
def one_sided(module: nn.Module, model: LanguageModel, batch: Batch) -> str:
    """A masked language model sees both sides: another last token moves the first state."""
    moved = _moved(module, model, batch, "inputs_BS")
    if moved < _MOVES:
        raise ProbeError(
            "one-sided",
            f"the first state moves by {moved:.0e} when the last token changes: the network sees only what stands "
            "before a token; set is_decoder to false",
        )
    return f"the last token moves the first state by {moved:.0e}"


@torch.no_grad()
def future_leak(module: nn.Module, model: LanguageModel, batch: Batch) -> str:
    """What comes later does not move a state: another last token moves none before it."""
    moved = _moved(module, model, batch, "inputs_BS" if model.objective == "clm" else "prefix_BT")
    if not moved < _LEAK:
        raise ProbeError(
            "future-leak",
            f"a state moves by {moved:.1e} when a later token changes: the network reads what it is to tell; it needs "
            "a causal mask (is_decoder)",
        )
    return f"the last token moves the states before it by {moved:.0e}"


@torch.no_grad()
def blind_decoder(module: nn.Module, model: LanguageModel, batch: Batch) -> str:
    """What is restored depends on the spoiled text."""
    ours = model.states(module, batch)[0]
    theirs = model.states(
        module, replace(batch, inputs_BS=batch.inputs_BS.roll(1, 0), mask_BS=batch.mask_BS.roll(1, 0))
    )[0]
    moved = float((ours - theirs).norm() / ours.norm())
    if moved < _MOVES:
        raise ProbeError(
            "blind-decoder",
            f"the decoder's states move by {moved:.0e} with another text to restore: check that cross-attention exists "
            "and gets the encoder's states and mask",
        )
    return f"another text moves the states by {moved:.0e}"


@torch.no_grad()
def padding_leak(module: nn.Module, model: LanguageModel, examples: Sequence[Ids]) -> str:
    """States of rows together equal those of each alone: masks hide padding."""
    device = next(module.parameters()).device
    together = model.states(module, model.batch(examples).to(device))[0]
    alone = torch.cat([model.states(module, model.batch([example]).to(device))[0] for example in examples])
    return unpadded(together, alone, "states")


def accumulation(module: nn.Module, model: LanguageModel, examples: Sequence[Ids]) -> str:
    """The gradient of one batch equals the sum over its halves."""
    return summed(module, LanguageModelling(model), examples)


@torch.no_grad()
def own_head(module: Any, model: LanguageModel, batch: Batch) -> str:  # noqa: ANN401
    """What is trained here is what transformers computes: the logits of its own forward pass."""
    ways = {"input_ids": batch.inputs_BS, "attention_mask": batch.mask_BS}
    if batch.prefix_BT is not None:
        ways["decoder_input_ids"] = batch.prefix_BT
    scored = _labels(batch).flatten() != IGNORED
    theirs = module(**ways).logits.flatten(0, 1)[scored]
    ours = _logits(module, model, batch)
    difference = float((ours - theirs).abs().max())
    if not difference <= CLOSE * max(1.0, float(theirs.abs().max())):
        raise ProbeError(
            "own-head",
            f"logits differ by up to {difference:.2e} from those of transformers' forward pass: the head of this kind "
            "of model does something that is not done here, so it would be trained for another output than it gives",
        )
    return f"logits differ by at most {difference:.0e} from transformers' own"


@torch.no_grad()
def reload(module: nn.Module, model: LanguageModel, batch: Batch) -> str:
    """A saved and reloaded network computes the same."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(module, Path(folder))
        again = model.load(Path(folder))[0].to(next(module.parameters()).device)
    ours, theirs = (_logits(one, model, batch) for one in (module, again))
    difference = float((ours - theirs).abs().max())
    if not difference <= CLOSE * max(1.0, float(ours.abs().max())):
        raise ProbeError(
            "reload", f"logits differ by up to {difference:.2e} after saving and loading: tied weights were lost"
        )
    return f"logits differ by at most {difference:.0e}"


def _moved(module: nn.Module, model: LanguageModel, batch: Batch, name: str) -> float:
    """How much another last token of `name` moves the states before it in the longest row, or (of a network that sees
    both sides) the first state alone."""
    real_BT = batch.mask_BS if name == "inputs_BS" else (_labels(batch) != IGNORED).long()
    row = int(real_BT.sum(1).argmax())
    length = int(real_BT[row].sum())
    prefix_BT = None if batch.prefix_BT is None else batch.prefix_BT[row : row + 1]
    alone = Batch(batch.inputs_BS[row : row + 1], batch.mask_BS[row : row + 1], prefix_BT)
    other_BT: Tensor = getattr(alone, name).clone()
    other_BT[0, length - 1] = other_BT[0, 0]  # what begins a text never ends one
    upto = 1 if model.objective == "mlm" else length - 1
    ours, theirs = (model.hidden(module, seen)[0, :upto] for seen in (alone, replace(alone, **{name: other_BT})))
    return float((ours - theirs).norm() / ours.norm())


def _labels(batch: Batch) -> Tensor:
    if batch.labels_BT is None:
        raise ProbeError("own-head", "the batch has no labels")
    return batch.labels_BT


def _logits(module: nn.Module, model: LanguageModel, batch: Batch) -> Tensor:
    weight_VD, bias_V = model.head(module)
    return nn.functional.linear(model.states(module, batch)[0], weight_VD, bias_V)
