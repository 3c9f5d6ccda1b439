"""Fine-tuning with adapters, from the first step to the folder: on a new pair, and on a finished translator."""

from __future__ import annotations

import json
import os
import signal

import pytest
import torch
import transformers
from checkpoints import checkpoint, corpus, numbers
from safetensors.torch import load_file

from calque.cli.main import run
from calque.decoding.translator import Translator
from calque.errors import Interrupted, ModelError, ProbeError, RecipeError
from calque.evaluation.score import evaluate
from calque.model import adapter
from calque.model import family as families
from calque.model.adapter_folder import AdapterFolder
from calque.model.folder import Folder
from calque.model.pair import PairFamily
from calque.recipes.evaluate import Evaluate
from calque.recipes.finetune import Finetune
from calque.recipes.merge import Merge
from calque.recipes.search import Search
from calque.training import probes
from calque.training.adaptation import adapted
from calque.training.finetune import begin, finetune
from calque.training.merge import merge
from calque.training.optimizer import optimizer_of
from calque.training.overfit import chosen
from calque.training.progress import Message, Silence, Step, Validation
from calque.training.rows import fitting, read
from calque.training.schedule import freeze
from calque.training.validate import Validator

KINDS = ("lora", "dora", "bottleneck", "bitfit")
PAIRS = numbers(100)
RUN = {
    "source": "en",
    "target": "fr",
    "batch_tokens": 600,
    "steps": 12,
    "validate_every": 6,
    "save_every": 100,
    "log_every": 1,
    "validation_pairs": 1,
    "average": 1,
    "probes": False,
    "device": "cpu",
    "precision": "fp32",
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A corpus, a checkpoint, and a finished translator of one tiny layer on either side."""
    folder = tmp_path_factory.mktemp("adaptation")
    train, dev = corpus(folder, "train", PAIRS[:80]), corpus(folder, "dev", PAIRS[80:])
    shape = {"encoder_layers": 1, "decoder_layers": 1, "width": 16, "heads": 2, "feed_forward": 32}
    pieces = {"source_pieces": 300, "target_pieces": 300}
    settings = RUN | shape | pieces | {"train": [train], "dev": [dev], "model": "tiny", "max_length": 32}
    finetune(Finetune.of(settings | {"out": str(folder / "base"), "steps": 40, "validate_every": 40}))
    few = {"test": [corpus(folder, "test", PAIRS[80:83])], "bert": str(checkpoint(folder / "bert", "bert"))}
    return {"folder": folder, "train": [train], "dev": [dev], **few}


@pytest.fixture
def on_bert(places, tmp_path):
    """A run that makes a pair of a checkpoint."""
    data = {"train": places["train"], "dev": places["dev"]}
    shape = {"encoder_layers": 1, "decoder_layers": 1, "max_length": 32}
    return RUN | data | shape | {"model": places["bert"], "learning_rate": 5e-3, "out": str(tmp_path / "out")}


@pytest.fixture
def on_base(places, tmp_path):
    """A run that goes on from the finished translator and leaves an adapter."""
    data = {"train": places["train"], "dev": places["dev"], "dropout": 0.0}
    how = {"model": str(places["folder"] / "base"), "learning_rate": 5e-3, "adapter_only": True}
    return RUN | data | how | {"out": str(tmp_path / "out")}


class Listening:
    """Keeps events, and stops its own process at a step."""

    def __init__(self, stop=None):
        self.events, self.stop = [], stop

    def event(self, event):
        self.events.append(event)
        if self.stop and isinstance(event, Step) and event.step >= self.stop:
            os.kill(os.getpid(), signal.SIGINT)

    def losses(self):
        return [event.loss for event in self.events if isinstance(event, Validation)]


def loaded(path):
    """The network in a folder of either form, its family and its codecs."""
    if (path / "config.json").is_file():
        folder = Folder.open(path)
        family = families.of(folder.family, folder.source_codec, folder.target_codec)
        return family.load(path), family, folder
    opened = AdapterFolder.open(path)
    family = families.of(opened.base.family, opened.base.source_codec, opened.base.target_codec)
    return adapter.load(opened, family), family, opened.base


def dev_loss(places, path):
    """The development loss of what lies in a folder, measured anew."""
    module, family, folder = loaded(path)
    pairs = list(read(places["dev"], "en", "fr"))
    rows, numbers = fitting(pairs, folder.source_codec, folder.target_codec)
    texts = [pairs[i] for i in numbers]
    return Validator(family, folder.target_codec, "fr", rows, texts, 1, 4096).measure(module).loss


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_pair_is_trained_and_saved_whole(places, on_bert, tmp_path, kind):
    listening = Listening()
    report = finetune(Finetune.of(on_bert | {"adapter": kind}), listener=listening)
    losses = listening.losses()
    assert losses[-1] < losses[0] - 0.1
    out = tmp_path / "out"
    assert report.details["dev"]["loss"] == pytest.approx(dev_loss(places, out), abs=1e-4)
    assert report.details["adapter"]["kind"] == kind
    assert report.details["trained_parameters"] < report.details["parameters"]
    told = [event.text for event in listening.events if isinstance(event, Message)]
    assert any(text.startswith(f"adapter: {report.details['adapter']['what']}; ") for text in told)
    card = (out / "README.md").read_text(encoding="utf-8")
    assert (
        f"of which {report.details['trained_parameters']:,} were trained ({report.details['adapter']['what']}" in card
    )
    assert len(Translator(out, device="cpu").translate(["one two."], Search(beam=1))) == 1
    if kind == "bottleneck":
        assert report.details["adapter"]["saved"] == "beside its base"
        assert not (out / "config.json").exists()
        assert "so only calque loads both" in card
        return
    assert report.details["adapter"]["saved"] == "merged"
    assert not (out / "adapter_model.safetensors").exists()
    alone = transformers.AutoModelForSeq2SeqLM.from_pretrained(out)
    assert sum(p.numel() for p in alone.parameters()) == report.details["parameters"]


def test_bitfit_leaves_pretrained_matrices_as_they_were(places, on_bert, tmp_path):
    finetune(Finetune.of(on_bert | {"adapter": "bitfit"}))
    before = transformers.AutoModel.from_pretrained(places["bert"]).state_dict()
    after = load_file(str(tmp_path / "out" / "model.safetensors"))
    old, new = "encoder.layer.2.attention.self.query", "encoder.encoder.layer.0.attention.self.query"
    assert torch.equal(before[f"{old}.weight"], after[f"{new}.weight"])
    assert not torch.equal(before[f"{old}.bias"], after[f"{new}.bias"])


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_alone_is_small_and_the_base_with_it_is_what_was_trained(places, on_base, tmp_path, kind):
    listening = Listening()
    report = finetune(Finetune.of(on_base | {"adapter": kind, "test": places["test"]}), listener=listening)
    assert listening.losses()[-1] < listening.losses()[0]
    out = tmp_path / "out"
    files = {"README.md", "adapter_model.safetensors", "calque.json", "metrics.jsonl", "recipe.toml", "report.json"}
    assert {path.name for path in out.iterdir()} - {"adapter_config.json"} == files
    assert (out / "adapter_config.json").exists() == (kind in ("lora", "dora"))
    assert report.details["dev"]["loss"] == pytest.approx(dev_loss(places, out), abs=1e-4)
    assert report.details["adapter"]["saved"] == f"alone, over {places['folder'] / 'base'}"
    held = sum(tensor.numel() for tensor in load_file(str(out / "adapter_model.safetensors")).values())
    assert held == report.details["trained_parameters"]
    again = evaluate(Evaluate(folder=out, test=tuple(places["test"]), bootstrap=0, device="cpu", beam=1))
    assert again.scores["chrF2"].value == pytest.approx(report.scores["chrF2"].value)


def test_one_base_translates_with_two_adapters_by_turns(places, on_base, tmp_path):
    for kind, rate in (("lora", 2e-2), ("bottleneck", 2e-2)):
        finetune(Finetune.of(on_base | {"adapter": kind, "learning_rate": rate, "out": str(tmp_path / kind)}))
    base = places["folder"] / "base"
    texts, search = [source for source, _ in PAIRS[80:84]], Search(beam=1, longest_ratio=2)
    folders = {None: base, "lora": tmp_path / "lora", "bottleneck": tmp_path / "bottleneck"}
    alone = {name: Translator(path, device="cpu").translate(texts, search) for name, path in folders.items()}
    both = Translator(base, device="cpu", adapters={name: tmp_path / name for name in ("lora", "bottleneck")})
    for name in ("lora", None, "bottleneck", "lora", None):
        said = both.translate(texts, search, adapter=name)
        assert [translation.text for translation in said] == [translation.text for translation in alone[name]]
        assert [t.score for t in said] == pytest.approx([t.score for t in alone[name]], abs=1e-4)
    assert len({tuple(t.score for t in said) for said in alone.values()}) == 3
    with pytest.raises(RecipeError, match=r"no adapter 'lara'; did you mean 'lora'\? \(known: lora, bottleneck\)"):
        both.translate(texts, adapter="lara")
    with pytest.raises(RecipeError, match="name their base"):
        Translator(tmp_path / "lora", adapters={"other": tmp_path / "bottleneck"})
    with pytest.raises(RecipeError, match="is no adapter, so it has no base"):
        Translator(base, base=base)


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_run_ends_in_the_same_bits(on_base, tmp_path, kind):
    settings = on_base | {"adapter": kind, "steps": 8, "validate_every": 4, "dropout": 0.1}
    if kind != "bitfit":
        settings["adapter_dropout"] = 0.1
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Listening(stop=5))
    with pytest.raises(RecipeError, match="adapter was"):
        finetune(Finetune.of(settings | {"adapter": "bitfit" if kind == "lora" else "lora", "adapter_dropout": 0.0}),
                 resume=True)  # fmt: skip
    finetune(Finetune.of(settings), resume=True)
    whole, resumed = (load_file(str(tmp_path / name / "adapter_model.safetensors")) for name in ("whole", "out"))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_run_killed_before_its_first_checkpoint_begins_with_the_same_adapter(on_base, tmp_path, monkeypatch):
    settings = on_base | {"adapter": "lora", "steps": 4}
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("calque.training.loop.Loop.run", killed)
        with pytest.raises(Interrupted):
            finetune(Finetune.of(settings))
    finetune(Finetune.of(settings), resume=True)
    whole, resumed = (load_file(str(tmp_path / name / "adapter_model.safetensors")) for name in ("whole", "out"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize("kind", ["lora", "bitfit"])
def test_what_is_trained_learns_at_the_rate_of_new_weights(places, on_bert, kind):
    recipe = Finetune.of(on_bert | {"adapter": kind, "pretrained_learning_rate": 1e-5})
    start, _ = begin(recipe, read(recipe.train, "en", "fr"))
    start = adapted(recipe, start, Silence())
    freeze(recipe, start.module, start.pretrained)
    groups = optimizer_of(recipe, start.module, start.pretrained).param_groups
    assert {group["peak"] for group in groups} == {5e-3}
    trained = sum(p.numel() for group in groups for p in group["params"])
    assert trained == sum(weight.numel() for weight in adapter.trained(start.module).values())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"adapter": "lora", "freeze": "encoder"}, "leave out 'freeze', 'unfreeze' and 'layer_decay'"),
        ({"adapter": "lora", "layer_decay": 0.8}, "leave out 'freeze', 'unfreeze' and 'layer_decay'"),
        ({"adapter": "bitfit", "unfreeze": 0.3}, "all pretrained weights but biases"),
        ({"adapter": "bitfit", "adapter_rank": 4}, "'adapter_rank' is for an adapter of lora or dora"),
        ({"adapter": "lora", "adapter_width": 4}, "'adapter_width' is for an adapter of bottleneck"),
        ({"adapter_only": True}, "'adapter' is none: leave it out"),
        ({"adapter": "lara"}, "'adapter' = 'lara'"),
        (
            {"adapter": "lora", "model": "tiny"},
            "adapter lora: there is nothing pretrained to adapt, for model tiny begins",
        ),
        ({"adapter": "bitfit", "random_weights": True}, "nothing pretrained to adapt, for random_weights forgets"),
    ],
)
def test_settings_that_contradict_an_adapter_are_refused(on_bert, settings, said):
    with pytest.raises(RecipeError, match=said):
        Finetune.of(on_bert | settings)


def test_an_adapter_alone_needs_a_translator(on_bert, tmp_path):
    with pytest.raises(RecipeError, match="--adapter-only saves what goes with a finished translator"):
        finetune(Finetune.of(on_bert | {"adapter": "lora", "adapter_only": True}))
    assert not (tmp_path / "out.run").exists()


def test_a_base_that_changed_during_the_run_is_refused(places, on_base, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    for file in (places["folder"] / "base").rglob("*"):
        if file.is_file():
            (base / file.relative_to(places["folder"] / "base")).parent.mkdir(exist_ok=True)
            (base / file.relative_to(places["folder"] / "base")).write_bytes(file.read_bytes())
    settings = on_base | {"adapter": "lora", "model": str(base)}
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Listening(stop=2))
    (base / "config.json").write_text((base / "config.json").read_text() + " ")
    with pytest.raises(ModelError, match="changed since the run began"):
        finetune(Finetune.of(settings), resume=True)


@pytest.mark.parametrize("kind", ["lora", "dora", "bitfit"])
def test_an_adapter_is_merged_later(places, on_base, tmp_path, kind, capsys):
    finetune(Finetune.of(on_base | {"adapter": kind}))
    assert run(["merge", str(tmp_path / "out"), "--out", str(tmp_path / "merged"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["adapter"]["saved"] == "merged"
    assert dev_loss(places, tmp_path / "merged") == pytest.approx(dev_loss(places, tmp_path / "out"), abs=1e-4)
    transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "merged")
    assert "AutoModelForSeq2SeqLM" in (tmp_path / "merged" / "README.md").read_text(encoding="utf-8")
    with pytest.raises(RecipeError, match="exists already"):
        merge(Merge(folder=tmp_path / "out", out=tmp_path / "merged"))


def test_what_cannot_be_merged_is_refused_and_so_is_going_on_from_it(on_base, tmp_path):
    finetune(Finetune.of(on_base | {"adapter": "bottleneck"}))
    with pytest.raises(ModelError, match="a bottleneck is no linear function"):
        merge(Merge(folder=tmp_path / "out", out=tmp_path / "merged"))
    (tmp_path / "out" / "report.json").unlink()
    with pytest.raises(ModelError, match="this is an adapter, no whole model"):
        finetune(Finetune.of(on_base | {"adapter": "lora", "model": str(tmp_path / "out"), "out": str(tmp_path / "x")}))


def started(places, settings, kind):
    """An adapted network as at the start of a run, and pairs to look at."""
    recipe = Finetune.of(settings | {"adapter": kind})
    start, _ = begin(recipe, text := read(recipe.train, "en", "fr"))
    start = adapted(recipe, start, Silence())
    return start, chosen(fitting(list(text), start.source, start.target)[0])


def test_the_probes_of_adapters_look_at_what_they_should(places, on_bert):
    start, rows = started(places, on_bert, "lora")
    assert probes.structure(start.module.eval(), start.family, rows, start.adaptation)["idle-adapter"] == (
        "all 24 weight tensors of the adapter have a gradient"
    )
    learned = probes.Learned(start.module, rows, 9.0, 9.0)
    verdicts = probes.behaviour(learned, start.family, start.adaptation)
    assert list(verdicts) == ["blind-decoder", "cache", "unmerged-adapter", "reload"]
    assert verdicts["unmerged-adapter"].startswith("merged and unmerged differ by at most")
    assert len(adapter.added(start.module)) == 24  # a copy was merged


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bert", "base"])
@pytest.mark.parametrize("kind", KINDS)
def test_healthy_runs_with_adapters_raise_nothing(places, on_bert, on_base, kind, model):
    start, rows = started(places, on_bert if model == "bert" else on_base, kind)
    assert len(probes.probe(start.module, start.family, rows, Silence(), start.adaptation)) >= 9


class Bypassing(PairFamily):
    """The forward pass reads the wrapped layers and goes around what wraps them."""

    def states(self, module, batch):
        return super().states(adapter.strip(adapter._copy_but(module, ())), batch)


@pytest.mark.parametrize("kind", ["lora", "bottleneck"])
def test_an_adapter_that_is_gone_around_is_named(places, on_bert, kind):
    start, rows = started(places, on_bert, kind)
    sick = Bypassing(start.family.source, start.family.target, start.family.max_length)
    with pytest.raises(ProbeError, match="have no part in the loss") as caught:
        probes.structure(start.module.eval(), sick, rows, start.adaptation)
    assert caught.value.probe == "idle-adapter"


def test_a_merge_that_changes_logits_is_refused(places, on_bert, tmp_path, monkeypatch):
    monkeypatch.setattr(adapter, "merge", adapter.strip)
    with pytest.raises(ProbeError, match="once the adapter is merged") as caught:
        finetune(Finetune.of(on_bert | {"adapter": "lora"}))
    assert caught.value.probe == "unmerged-adapter"
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    finetune(Finetune.of(on_bert | {"adapter": "lora"}), resume=True)  # nothing that was trained is lost
    assert (tmp_path / "out").exists()


def test_reload_saves_a_bottleneck_beside_its_base(places, on_bert, monkeypatch):
    start, rows = started(places, on_bert, "bottleneck")
    learned = probes.Learned(start.module.eval(), rows, 0.0, 0.0)
    assert probes.reload(learned, start.family, start.adaptation) == "logits differ by at most 0e+00"
    read_rightly = adapter.read
    monkeypatch.setattr(
        adapter, "read", lambda path: {n: w + torch.rand_like(w) for n, w in read_rightly(path).items()}
    )
    with pytest.raises(ProbeError, match="after saving and loading"):
        probes.reload(learned, start.family, start.adaptation)
