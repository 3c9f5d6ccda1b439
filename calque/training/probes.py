"""Probes: each known silent bug of fine-tuning a translator is a named check that stops the run in its first minute.

A probe is a function that returns a short verdict or raises ProbeError. Structural probes look at a batch and at the
untrained network; the others look at a throw-away copy that has learned a few pairs by heart (see overfit).
"""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from calque.errors import ProbeError
from calque.model import adapter
from calque.model.adapter_folder import Adaptation
from calque.model.batch import IGNORED, Batch, Ids
from calque.model.family import Family
from calque.recipes.search import Search
from calque.training.objective import Objective, Translation
from calque.training.overfit import Learned, chosen, overfit
from calque.training.progress import Listener, Message

GREEDY = Search(beam=1, longest_ratio=2)
CLOSE = 1e-4  # relative difference that float32 rounding explains; measured: 4e-7


def probe(
    module: nn.Module,
    family: Family,
    rows: Sequence[Ids],
    listener: Listener,
    adaptation: Adaptation | None = None,
) -> dict[str, str]:
    """Run all probes on copies; the network and the random generators stay as they were. `adaptation` says how the
    network is adapted, if it is.

    Returns:
        Each probe's verdict by name.

    Raises:
        ProbeError: the first bug that was found.
    """
    few = chosen(rows)
    if len(few) < 2:
        return {"all": "not run: fewer than two different pairs of five tokens or more"}
    began = time.monotonic()
    with torch.random.fork_rng():
        verdicts = structure(module.eval(), family, few, adaptation)
        learned = overfit(module, family, few)
        verdicts |= behaviour(learned, family, adaptation)
    listener.event(
        Message(f"probes: {len(verdicts)} passed in {time.monotonic() - began:.0f} s ({', '.join(verdicts)})")
    )
    return verdicts


def structure(
    module: nn.Module, family: Family, rows: Sequence[Ids], adaptation: Adaptation | None = None
) -> dict[str, str]:
    """The probes that need no training."""
    device = next(module.parameters()).device
    batch = family.batch(rows).to(device)
    verdicts = {
        "scored-padding": scored_padding(batch, rows),
        "double-shift": double_shift(batch),
        "missing-eos": missing_eos(batch, rows),
        "padding-leak": padding_leak(module, family, rows),
        "accumulation": accumulation(module, family, rows),
    }
    if adaptation is not None and adaptation.wraps:
        verdicts["idle-adapter"] = idle_adapter(module, family, rows)
    return verdicts


def behaviour(learned: Learned, family: Family, adaptation: Adaptation | None = None) -> dict[str, str]:
    """The probes that look at what was learned by heart."""
    verdicts = {"blind-decoder": blind_decoder(learned, family)}
    if learned.sees_source:
        hypotheses = _said(learned.module, family, learned.rows)
        verdicts["constant-output"] = constant_output(hypotheses)
        verdicts["unlike-output"] = unlike_output(learned, family, hypotheses)
        verdicts["endless-output"] = endless_output(learned, hypotheses)
    verdicts["cache"] = cache(learned, family)
    if adaptation is not None and adaptation.merges:
        verdicts["unmerged-adapter"] = unmerged_adapter(copy.deepcopy(learned.module), family, learned.rows)
    return verdicts | {"reload": reload(learned, family, adaptation)}


def missing_eos(batch: Batch, rows: Sequence[Ids]) -> str:
    """The last scored label of every row must be the end token, or translations never end."""
    labels_BT = _labels(batch)
    for row, ids in enumerate(rows):
        scored = labels_BT[row][labels_BT[row] != IGNORED]
        if not ids.target or not len(scored) or int(scored[-1]) != ids.target[-1]:
            raise ProbeError(
                "missing-eos",
                "labels do not end with the end-of-sentence token, so the network never learns to stop: let the codec "
                "frame the target and keep its last token in the labels",
            )
        if len(scored) < len(ids.target) - 1:
            raise ProbeError("missing-eos", f"only {len(scored)} of {len(ids.target) - 1} target tokens are scored")
    if len({ids.target[-1] for ids in rows if ids.target}) > 1:
        raise ProbeError(
            "missing-eos", "targets end with different tokens: the codec does not add the end-of-sentence token"
        )
    return "every row ends with the end token"


def scored_padding(batch: Batch, rows: Sequence[Ids]) -> str:
    """As many labels are scored as the target has tokens to predict, padding not among them."""
    labels_BT = _labels(batch)
    for row, ids in enumerate(rows):
        scored, wanted = int((labels_BT[row] != IGNORED).sum()), len(ids.target or ()) - 1
        if scored > wanted:
            raise ProbeError(
                "scored-padding",
                f"{scored} labels are scored where the target has {wanted}: padding is learned as if it were text; set "
                f"labels to {IGNORED} there",
            )
    return "padding is not scored"


def double_shift(batch: Batch) -> str:
    """At each position the label is the next token of the prefix, not the one after it."""
    labels_BT, prefix_BT = _labels(batch), batch.prefix_BT
    if prefix_BT is None:
        raise ProbeError("double-shift", "the batch has labels but no decoder input")
    inner = (labels_BT[:, :-1] != IGNORED) & (labels_BT[:, 1:] != IGNORED)
    if not torch.equal(labels_BT[:, :-1][inner], prefix_BT[:, 1:][inner]):
        raise ProbeError(
            "double-shift",
            "labels are not the decoder's input shifted by one: shift them once, in the batch, and not again in "
            "the model",
        )
    return "labels are shifted once"


@torch.no_grad()
def padding_leak(module: nn.Module, family: Family, rows: Sequence[Ids]) -> str:
    """States of rows together equal those of each alone: masks hide padding on both sides. One is cut very short, so
    that there is much padding (and none made longer, for the network may know no more positions)."""
    long = max(rows, key=lambda row: len(row.source))
    padded = Ids(long.source[:2] + long.source[-1:], long.target)
    together = _states(module, family, [*rows, padded])
    alone = torch.cat([_states(module, family, [row]) for row in [*rows, padded]])
    return unpadded(together, alone, "the decoder's states")


def unpadded(together: Tensor, alone: Tensor, what: str) -> str:
    """The verdict on `what` rows give together and alone; ProbeError where they differ."""
    difference = float((together - alone).norm() / alone.norm())
    if not difference < CLOSE:
        raise ProbeError(
            "padding-leak",
            f"{what} change by {difference:.1e} when rows are padded to one length: padding is seen; check the "
            "attention mask and the padding token",
        )
    return f"together and alone differ by {difference:.0e}"


def accumulation(module: nn.Module, family: Family, rows: Sequence[Ids]) -> str:
    """The gradient of one batch equals the sum over its halves."""
    return summed(module, Translation(family), rows)


def summed(module: nn.Module, objective: Objective, rows: Sequence[Ids]) -> str:
    """The verdict on the gradient of rows at once and in two halves; ProbeError where they differ."""
    whole, halves = (_gradient(module, objective, parts) for parts in ([rows], [rows[::2], rows[1::2]]))
    difference = float((whole - halves).norm() / whole.norm().clamp_min(1e-12))
    if not difference < CLOSE:
        raise ProbeError(
            "accumulation",
            f"the gradient changes by {difference:.1e} when the batch is cut in two: divide the summed loss by the "
            "tokens of the whole step, not of each part",
        )
    return f"halves and whole differ by {difference:.0e}"


def blind_decoder(learned: Learned, family: Family) -> str:
    """What the decoder says must depend on the source."""
    gap = learned.wrong - learned.right
    if learned.sees_source and gap > 0.5 * learned.by_chance:
        return f"a wrong source costs {gap:.1f} nats a sentence more"
    moved = _source_moves_states(learned.module, family, learned.rows)
    if moved < 1e-6 or (learned.knows_targets and gap < 0.05 * learned.by_chance):
        raise ProbeError(
            "blind-decoder",
            f"a copy that learned {len(learned.rows)} pairs by heart says the same whatever the source (wrong "
            f"sources cost "
            f"{gap:+.2f} nats a sentence): check that cross-attention exists, is trained, and gets the "
            f"encoder's states and "
            "mask",
        )
    moves = f"wrong sources cost {gap:+.2f} nats a sentence, states move by {moved:.0e}"
    return f"slow to learn, but the source matters ({moves})"


def constant_output(hypotheses: Sequence[list[int]]) -> str:
    """Generation must not say the same for every input."""
    different = len({tuple(ids) for ids in hypotheses})
    if different <= max(1, len(hypotheses) // 4):
        raise ProbeError(
            "constant-output",
            "the network learned different targets, yet generation says the same for every input: check that "
            "generation gets "
            "the source and its mask",
        )
    return f"{different} different outputs for {len(hypotheses)} inputs"


def endless_output(learned: Learned, hypotheses: Sequence[list[int]]) -> str:
    """Generation must end about where the learned targets end."""
    endless = [
        ids for ids, row in zip(hypotheses, learned.rows, strict=True) if len(ids) >= 2 * len(row.target or ()) + 8
    ]
    if len(endless) > len(hypotheses) / 2:
        raise ProbeError(
            "endless-output",
            f"{len(endless)} of {len(hypotheses)} outputs run on to the length limit: the end token is not learned, or "
            "generation does not stop at it (eos_token_id in config and generation_config)",
        )
    return "outputs end"


def unlike_output(learned: Learned, family: Family, hypotheses: Sequence[list[int]]) -> str:
    """Generation says what was learned: labels shifted twice, a wrong start token or a missing causal mask show."""
    right = total = skipping = 0
    for ids, row in zip(hypotheses, learned.rows, strict=True):
        wanted = family.target.bare(row.target or [])
        total += len(wanted)
        right += sum(a == b for a, b in zip(ids, wanted, strict=False))
        skipping += sum(a == b for a, b in zip(ids, wanted[1::2], strict=False))
    if right < total / 2:
        raise ProbeError(
            "double-shift" if skipping > right else "unlike-output",
            f"the network learned the targets (loss {learned.right:.2f} nats a sentence), but generation says "
            f"{right} of {total} "
            "tokens of them: labels shifted twice, another start token than in training, or a decoder that sees ahead",
        )
    return f"generation says {right} of {total} learned tokens"


@torch.inference_mode()
def cache(learned: Learned, family: Family) -> str:
    """Generation with cached keys and values says what it says without."""
    module: Any = learned.module
    before = module.generation_config.use_cache
    with_cache = _said(module, family, learned.rows)
    module.generation_config.use_cache = False
    try:
        without = _said(module, family, learned.rows)
    finally:
        module.generation_config.use_cache = before
    same = sum(a == b for a, b in zip(with_cache, without, strict=True))
    if learned.sees_source and same < 0.75 * len(without):  # near-ties may fall either way
        raise ProbeError("cache", f"only {same} of {len(without)} outputs agree with and without the key-value cache")
    return f"{same} of {len(without)} outputs agree without it"


def idle_adapter(module: nn.Module, family: Family, rows: Sequence[Ids]) -> str:
    """Every weight that an adapter adds has a part in the loss."""
    module = copy.deepcopy(module).eval()
    batch = family.batch(rows).to(next(module.parameters()).device)
    Translation(family).summed_loss(module, batch).backward()  # type: ignore[no-untyped-call]
    added = adapter.added(module)
    idle = [name for name, weight in added.items() if weight.grad is None]
    if idle or not added:
        raise ProbeError(
            "idle-adapter",
            f"{len(idle)} of the adapter's {len(added)} weight tensors have no part in the loss{_first(idle)}: the "
            "forward pass goes around them, or they are frozen, so the adapter would learn nothing there",
        )
    return f"all {len(added)} weight tensors of the adapter have a gradient"


@torch.no_grad()
def unmerged_adapter(module: nn.Module, family: Family, rows: Sequence[Ids]) -> str:
    """Merge the adapter of `module` into its weights, in place, where that changes nothing that it computes."""
    batch = family.batch(rows).to(next(module.parameters()).device)
    before = _logits(module.eval(), family, batch)
    after = _logits(adapter.merge(module), family, batch)
    left, difference = adapter.added(module), float((before - after).abs().max())
    if left or not difference <= CLOSE * max(1.0, float(before.abs().max())):
        raise ProbeError(
            "unmerged-adapter",
            f"logits differ by up to {difference:.2e} once the adapter is merged into the weights, and {len(left)} of "
            "its weights are left: the saved translator would not be the trained one",
        )
    return f"merged and unmerged differ by at most {difference:.0e}"


@torch.no_grad()
def reload(learned: Learned, family: Family, adaptation: Adaptation | None = None) -> str:
    """A saved and reloaded network computes the same."""
    module = learned.module
    with tempfile.TemporaryDirectory() as folder:
        again = _again(module, family, adaptation, Path(folder)).to(next(module.parameters()).device)
    batch = family.batch(learned.rows).to(next(module.parameters()).device)
    ours, theirs = (_logits(m, family, batch) for m in (module, again))
    difference = float((ours - theirs).abs().max())
    if not difference <= 1e-4 * max(1.0, float(ours.abs().max())):
        raise ProbeError(
            "reload",
            f"logits differ by up to {difference:.2e} after saving and loading: tied weights were lost, or an "
            f"adapter was not "
            "merged",
        )
    return f"logits differ by at most {difference:.0e}"


def _again(module: nn.Module, family: Family, adaptation: Adaptation | None, folder: Path) -> nn.Module:
    """The network saved into `folder`, as a run saves it at its end, and loaded."""
    if adaptation is None:
        family.save(module, folder)
        return family.load(folder)
    module = copy.deepcopy(module)
    if adaptation.merges:
        family.save(adapter.merge(module), folder)
        return family.load(folder)
    adapter.save(module, adapter.added(module), adaptation, folder, "base")
    family.save(adapter.strip(module), folder / "base")
    return adapter.lay(family.load(folder / "base"), adaptation, adapter.read(folder))


def _first(names: Sequence[str]) -> str:
    return f" (the first is {names[0]})" if names else ""


def _labels(batch: Batch) -> Tensor:
    if batch.labels_BT is None:
        raise ProbeError("missing-eos", "the batch has no labels")
    return batch.labels_BT


def _states(module: nn.Module, family: Family, rows: Sequence[Ids]) -> Tensor:
    return family.states(module, family.batch(rows).to(next(module.parameters()).device))[0]


def _logits(module: nn.Module, family: Family, batch: Batch) -> Tensor:
    weight_VD, bias_V = family.head(module)
    states_ND, _ = family.states(module, batch)
    return nn.functional.linear(states_ND, weight_VD, bias_V)


def _gradient(module: nn.Module, objective: Objective, parts: Sequence[Sequence[Ids]]) -> Tensor:
    module = copy.deepcopy(module).eval()
    device = next(module.parameters()).device
    batches = [objective.batch(part).to(device) for part in parts]
    tokens = sum(batch.scored_tokens for batch in batches)
    for batch in batches:
        (objective.summed_loss(module, batch) / tokens).backward()  # type: ignore[no-untyped-call]
    return torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None])


@torch.no_grad()
def _source_moves_states(module: nn.Module, family: Family, rows: Sequence[Ids]) -> float:
    other = [Ids(rows[i - 1].source, row.target) for i, row in enumerate(rows)]
    ours, theirs = (_states(module, family, r) for r in (rows, other))
    return float((ours - theirs).norm() / ours.norm())


def _said(module: nn.Module, family: Family, rows: Sequence[Ids]) -> list[list[int]]:
    batch = family.batch([Ids(row.source) for row in rows]).to(next(module.parameters()).device)
    return [best[0].ids for best in family.generate(module, batch, GREEDY)]
