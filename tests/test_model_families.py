"""What every family must do, whatever kind of network it is.

A case makes a tiny network on the spot. To add a family, add its cases to CASES: each is a function of a folder that it
may write checkpoints into, and returns a Case.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import decoders
import natives
import pytest
import torch
from checkpoints import numbers
from halves import half
from torch import Tensor, nn

from calque.model import family as families
from calque.model.batch import IGNORED, Batch, Ids
from calque.model.family import Build, Family
from calque.model.folder import describe
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.search import Search
from calque.recipes.vocabulary import Vocabulary
from calque.text.codec import Codec
from calque.training.objective import Translation
from calque.training.update import update

PAIRS = numbers(40)
TEXTS = list(zip(natives.SOURCES, natives.TARGETS, strict=True))
LENGTH = 30
BEAM = Search(beam=3, n_best=2, longest_ratio=0.25)


@dataclass(frozen=True)
class Case:
    """A network of a family, with the codecs that it speaks through and text for it; `auto` is the class of
    transformers that loads it alone."""

    family: Family
    module: nn.Module
    source: Codec
    target: Codec
    auto: str = "AutoModelForSeq2SeqLM"
    pairs: tuple[tuple[str, str], ...] = tuple(PAIRS)

    def rows(self, count: int = 5, targets: bool = True) -> list[Ids]:
        """The first pairs that are not too long, as ids."""
        fitting = [pair for pair in self.pairs if self.source.fits(pair[0]) and self.target.fits(pair[1])][:count]
        return [Ids(self.source.encode(a), self.target.encode(b) if targets else None) for a, b in fitting]

    def train(self, steps: int, count: int = 5) -> float:
        """Learn the first pairs for some steps; the loss per token before the last one."""
        optimizer = torch.optim.AdamW(self.module.parameters(), 1e-2)
        batch, loss = self.family.batch(self.rows(count)), torch.tensor(0.0)
        self.module.train()
        for _ in range(steps):
            optimizer.zero_grad()
            loss = Translation(self.family).summed_loss(self.module, batch) / batch.scored_tokens
            loss.backward()
            optimizer.step()
        self.module.zero_grad(set_to_none=True)
        self.module.eval()
        return float(loss.detach())

    def logits(self, batch: Batch) -> Tensor:
        """Of the scored positions, one after the other."""
        states_ND, _ = self.family.states(self.module, batch)
        return nn.functional.linear(states_ND, *self.family.head(self.module))


def pair(encoder: str, decoder: str | None, **settings: Any) -> Callable[[Path], Case]:
    """A case of the family `pair`: a tiny checkpoint of each kind, joined as `settings` say (of Architecture and
    Vocabulary)."""

    def made(folder: Path) -> Case:
        halves = {kind: find(str(half(folder / kind, kind))) for kind in {encoder, decoder} - {None}}
        known = {name: settings[name] for name in settings if name in Vocabulary.model_fields}
        recipe = Architecture(model="x", **{name: settings[name] for name in settings.keys() - known.keys()})
        parts = halves[encoder], halves.get(decoder)
        sources, targets = zip(*PAIRS, strict=True)
        chosen = choose("pair", Vocabulary(max_length=LENGTH, **known), *parts, sources, targets)
        codecs = chosen.source.codec, chosen.target.codec
        family = families.of("pair", *codecs)
        torch.manual_seed(3)
        module = family.assemble(Build(recipe, *parts, chosen)).module
        return Case(family, module, *codecs)

    return made


def native(kind: str, **settings: Any) -> Callable[[Path], Case]:
    """A case of the family `seq2seq`."""
    return _whole("seq2seq", lambda folder: natives.build(kind, folder / kind), tuple(TEXTS), **settings)


def alone(kind: str, **settings: Any) -> Callable[[Path], Case]:
    """A case of the family `causal`."""
    return _whole("causal", lambda folder: decoders.decoder(folder / kind, kind), tuple(PAIRS), **settings)


def _whole(
    family: str, make: Callable[[Path], Path], pairs: tuple[tuple[str, str], ...], **settings: Any
) -> Callable[[Path], Case]:
    """A case whose checkpoint is a translator without another half."""

    def made(folder: Path) -> Case:
        checkpoint = find(str(make(folder)))
        recipe = Vocabulary(**{"max_length": LENGTH} | settings)
        chosen = choose(family, recipe, checkpoint, checkpoint, *zip(*pairs, strict=True), ("en", "fr"))
        codecs = chosen.source.codec, chosen.target.codec
        of = families.of(family, *codecs)
        module = of.assemble(Build(Architecture(model="x"), checkpoint, checkpoint, chosen)).module
        auto = "AutoModelForCausalLM" if family == "causal" else "AutoModelForSeq2SeqLM"
        return Case(of, module, *codecs, auto, pairs)

    return made


CASES: dict[str, Callable[[Path], Case]] = {
    "bert + bert": pair("bert", "bert", decoder_layers=1),
    "bert + gpt2": pair("bert", "gpt2", cross_attention="scaled"),
    "xlm-roberta + gpt2, whole vocabulary": pair("xlm-roberta", "gpt2", target_vocabulary="keep"),
    "distilbert + xglm": pair("distilbert", "xglm"),
    "modernbert + bert-generation": pair("modernbert", "bert-generation", target_vocabulary="bpe"),
    "deberta-v2 + camembert": pair("deberta-v2", "camembert"),
    "albert + new": pair("albert", None),
    "mpnet + electra, own head": pair("mpnet", "electra", head="own", target_vocabulary="unigram"),
    "roberta, shared": pair("roberta", "roberta", share_weights=True),
    "xlm-roberta, shared, one vocabulary": pair(
        "xlm-roberta", "xlm-roberta", share_weights=True, source_vocabulary="keep", target_vocabulary="keep"
    ),
    "marian": native("marian"),
    "nllb": native("nllb", target_vocabulary="trim", source_vocabulary="trim"),
    "t5": native("t5", max_length=60),
    "gpt2 alone": alone("gpt2", max_length=80),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """All cases, with weights large enough for a mistake to show, trained a little, in evaluation mode."""
    cases = {}
    for name, make in CASES.items():
        case = make(tmp_path_factory.mktemp("case"))
        torch.manual_seed(5)
        for parameter in case.module.parameters():
            if parameter.dim() > 1 and parameter.requires_grad:
                nn.init.normal_(parameter, std=0.2)
        case.train(12)
        cases[name] = case
    return cases


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, made: dict[str, Case]) -> Case:
    """One case after the other."""
    return made[request.param]


@torch.no_grad()
def test_the_source_matters(case: Case) -> None:
    rows = case.rows()
    wrong = [Ids(other.source, row.target) for row, other in zip(rows, [*rows[1:], rows[0]], strict=True)]
    right, moved = (case.logits(case.family.batch(given)) for given in (rows, wrong))
    assert float((right - moved).norm() / right.norm()) > 1e-3


@torch.no_grad()
def test_the_future_does_not(case: Case) -> None:
    row = case.rows(1)[0]
    changed = Ids(row.source, [*row.target[:-3], row.target[2], row.target[1], row.target[-1]])
    one, other = (case.logits(case.family.batch([given])) for given in (row, changed))
    assert torch.allclose(one[: len(row.target) - 3], other[: len(row.target) - 3], atol=1e-5)
    assert not torch.allclose(one, other, atol=1e-3)


@torch.no_grad()
def test_padding_leaks_nothing(case: Case) -> None:
    rows = case.rows()
    long = rows[1]
    rows.append(Ids(long.source[:-1] + long.source[1:-1] + long.source[-1:], long.target))  # one much longer
    together = case.logits(case.family.batch(rows))
    alone = torch.cat([case.logits(case.family.batch([row])) for row in rows])
    assert float((together - alone).norm() / alone.norm()) < 1e-5


def test_padding_leaks_nothing_in_generation(case: Case) -> None:
    rows = case.rows(4, targets=False)
    together = case.family.generate(case.module, case.family.batch(rows), Search(beam=2))
    for row, found in zip(rows, together, strict=True):
        alone = case.family.generate(case.module, case.family.batch([row]), Search(beam=2))[0]
        assert [h.ids for h in found] == [h.ids for h in alone]


def test_accumulated_gradients_equal_those_of_the_whole_batch(case: Case) -> None:
    from accelerate import Accelerator

    rows = case.rows(5)
    weights = {name: weight.detach().clone() for name, weight in case.module.named_parameters()}
    moved = []
    for cut in ([rows], [rows[:1], rows[1:4], rows[4:]]):
        scored = _Scored(case)
        optimizer = torch.optim.SGD(case.module.parameters(), lr=1.0)
        update(Accelerator(cpu=True), scored, optimizer, [case.family.batch(part) for part in cut], clip=0)
        moved.append(torch.cat([(p.detach() - weights[n]).flatten() for n, p in case.module.named_parameters()]))
        for name, parameter in case.module.named_parameters():
            parameter.data.copy_(weights[name])
    assert float((moved[0] - moved[1]).norm() / moved[0].norm()) < 1e-5


class _Scored(nn.Module):
    """The summed loss as a forward pass."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.module, self.objective = case.module, Translation(case.family)

    def forward(self, batch: Batch) -> Tensor:
        return self.objective.summed_loss(self.module, batch)


def test_generation_with_cache_equals_without(case: Case) -> None:
    batch, module = case.family.batch(case.rows(4, targets=False)), case.module
    cached = case.family.generate(module, batch, BEAM)
    module.generation_config.use_cache = False
    try:
        plain = case.family.generate(module, batch, BEAM)
    finally:
        module.generation_config.use_cache = True
    assert [[h.ids for h in row] for row in cached] == [[h.ids for h in row] for row in plain]


@torch.no_grad()
def test_beam_scores_are_log_probabilities_of_a_plain_forward_pass(case: Case) -> None:
    rows = case.rows(3, targets=False)
    (before, _), eos = case.target.special.frame, case.target.special.eos
    for row, found in zip(rows, case.family.generate(case.module, case.family.batch(rows), BEAM), strict=True):
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
        for hypothesis in found:
            said = [*before, *hypothesis.ids, *([eos] if hypothesis.ended else [])]
            batch = case.family.batch([Ids(row.source, said)])
            chances = case.logits(batch).log_softmax(1)[len(before) - 1 :]  # what it must begin with does not count
            labels = batch.labels_BT[batch.labels_BT != IGNORED][len(before) - 1 :]
            wanted = float(chances.gather(1, labels[:, None]).mean())
            assert hypothesis.score == pytest.approx(wanted, abs=1e-4)


def test_a_beginning_of_its_own_changes_nothing(case: Case) -> None:
    batch = case.family.batch(case.rows(3, targets=False))
    greedy = [hypotheses[0] for hypotheses in case.family.generate(case.module, batch, Search(beam=1))]
    before, _ = case.target.special.frame
    count = min(2, *(len(said.ids) for said in greedy))
    begun = replace(batch, prefix_BT=torch.tensor([before + said.ids[:count] for said in greedy]))
    again = [hypotheses[0] for hypotheses in case.family.generate(case.module, begun, Search(beam=1))]
    assert [said.ids for said in again] == [said.ids for said in greedy]
    assert [said.score for said in again] == pytest.approx([said.score for said in greedy], abs=1e-5)


def test_every_hypothesis_begins_as_it_is_told(case: Case) -> None:
    rows = case.rows(3)
    (before, _), wanted = case.target.special.frame, rows[1].target[len(case.target.special.frame[0]) :][:3]
    batch = case.family.batch([Ids(row.source) for row in rows])
    begun = replace(batch, prefix_BT=torch.tensor([before + wanted] * 3))
    for hypotheses in case.family.generate(case.module, begun, Search(beam=3, n_best=3)):
        assert [said.ids[:3] for said in hypotheses] == [wanted] * 3
        assert [said.score for said in hypotheses] == sorted((said.score for said in hypotheses), reverse=True)


@torch.no_grad()
def test_attention_is_spread_over_the_real_source(case: Case) -> None:
    rows = case.rows(3)
    together = case.family.attended(case.module, case.family.batch(rows))
    assert together is not None
    for place, row in enumerate(rows):
        alone = case.family.attended(case.module, case.family.batch([row]))
        assert alone is not None
        _, _, _, steps, length = alone.shape
        assert (steps, length) == (len(row.target) - 1, len(row.source))
        assert torch.allclose(alone.sum(-1), torch.ones(()), atol=1e-5)
        assert torch.allclose(together[:, place, :, :steps, :length], alone[:, 0], atol=1e-4)
    assert float(together.std()) > 0.01


def test_asking_for_attention_changes_no_later_translation(case: Case) -> None:
    kinds = [config._attn_implementation for config in _configs(case.module)]
    with torch.no_grad():
        case.family.attended(case.module, case.family.batch(case.rows(2)))
    assert [config._attn_implementation for config in _configs(case.module)] == kinds


def _configs(module: nn.Module) -> list[Any]:
    return [part.config for part in module.modules() if hasattr(part, "config")]


AGAIN = """
import json, sys
import torch, transformers
from calque.model.batch import Ids
from calque.model.folder import Folder
from calque.model import family as families
from calque.recipes.search import Search

PENALTY = 0.0  # lengths do not count: transformers counts a forced language code among them
torch.set_num_threads(1)
transformers.utils.logging.disable_progress_bar()
told = {}
for name, auto, path, sources, begin in json.load(sys.stdin):
    folder = Folder.open(path)
    family = families.of(folder.family, folder.source_codec, folder.target_codec)
    module = family.load(folder.path)
    batch = family.batch([Ids(source) for source in sources])
    found = family.generate(module, batch, Search(beam=4, length_penalty=PENALTY))
    alone = getattr(transformers, auto).from_pretrained(path).eval()
    if auto == "AutoModelForCausalLM":  # goes on with a prompt
        prompts = [torch.tensor([source + begin]) for source in sources]
        seen = [{"input_ids": ids, "attention_mask": torch.ones_like(ids)} for ids in prompts]
        said = [alone.generate(**one, length_penalty=PENALTY)[0].tolist() for one in seen]
        theirs = [ids[len(source) :] for ids, source in zip(said, sources)]
    else:
        theirs = alone.generate(
            input_ids=batch.inputs_BS, attention_mask=batch.mask_BS, length_penalty=PENALTY
        ).tolist()
    told[name] = {
        "ours": [[h.ids, h.score] for h, *_ in found],
        "theirs": theirs,
        "parameters": sum(p.numel() for p in module.parameters()),
    }
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def reloaded(made: dict[str, Case], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a new process says of each saved case: one process for all, since starting one takes seconds."""
    work = []
    for name, case in made.items():
        folder = tmp_path_factory.mktemp("saved")
        case.family.save(case.module, folder)
        describe(folder, case.family.name, ("en", "fr"), (case.source, case.target))
        sources = [row.source for row in case.rows(4)]
        work.append([name, case.auto, str(folder), sources, case.target.special.frame[0]])
    out = subprocess.run([sys.executable, "-c", AGAIN], input=json.dumps(work), capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)


@pytest.mark.parametrize("name", CASES)
def test_a_new_process_translates_the_same(name: str, made: dict[str, Case], reloaded: dict[str, Any]) -> None:
    case = made[name]
    batch = case.family.batch(case.rows(4, targets=False))
    here = case.family.generate(case.module, batch, Search(beam=4, length_penalty=0.0))
    assert [ids for ids, _ in reloaded[name]["ours"]] == [h.ids for h, *_ in here]
    assert [score for _, score in reloaded[name]["ours"]] == pytest.approx([h.score for h, *_ in here], abs=1e-5)
    assert reloaded[name]["parameters"] == sum(p.numel() for p in case.module.parameters())


@pytest.mark.parametrize("name", CASES)
def test_transformers_alone_generates_the_same(name: str, made: dict[str, Case], reloaded: dict[str, Any]) -> None:
    """With the start token first, and the language's code where there is one."""
    special = made[name].target.special
    begin = special.frame[0]
    for ours, theirs in zip([ids for ids, _ in reloaded[name]["ours"]], reloaded[name]["theirs"], strict=True):
        assert theirs[: len(begin) + len(ours)] == begin + ours
        assert set(theirs[len(begin) + len(ours) :]) <= {special.eos, special.pad}
