"""Fine-tuning of pairs whose halves are of different kinds, from the command to the folder."""

from __future__ import annotations

import json
import re
import signal

import pytest
import torch
import transformers
from checkpoints import corpus, numbers
from halves import half
from safetensors.torch import load_file
from tiny_run import Killer, same

from calque.cli.main import run
from calque.decoding.translator import Translator
from calque.errors import Interrupted, ModelError, RecipeError
from calque.model import adapter
from calque.model import family as families
from calque.model.batch import Ids
from calque.model.folder import Folder
from calque.recipes.finetune import Finetune
from calque.recipes.sources import resolve
from calque.training.finetune import begin, finetune
from calque.training.optimizer import optimizer_of
from calque.training.probes import idle_adapter
from calque.training.rows import read
from calque.training.schedule import freeze

PAIRS = numbers(60)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("halves")
    for name, pairs in (("train", PAIRS[:50]), ("dev", PAIRS[50:])):
        corpus(folder, name, pairs)
    return folder


@pytest.fixture
def settings(places, tmp_path):
    def of(model, decoder, **changes):
        named = {kind: str(places / kind) for kind in (model, decoder) if kind not in ("tiny", "new", "same")}
        for kind, path in named.items():
            if not (places / kind).exists():
                half(places / kind, kind)
            named[kind] = path
        return {
            "source": "en", "target": "fr", "train": [str(places / "train")], "dev": [str(places / "dev")],
            "model": named.get(model, model), "decoder": named.get(decoder, decoder), "out": str(tmp_path / "out"),
            "max_length": 48, "batch_tokens": 400, "steps": 4, "validate_every": 4, "validation_pairs": 2,
            "average": 1, "device": "cpu", "precision": "fp32", "attention": "matmul",
        } | changes  # fmt: skip

    return of


def start_of(settings):
    recipe = Finetune.of(settings)
    return recipe, begin(recipe, read(recipe.train, "en", "fr"))[0]


@pytest.mark.parametrize("probes", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_roberta_reads_and_a_gpt2_writes(settings, capsys, probes):
    """From the command line, with layer-wise rates and fewer layers."""
    given = settings("roberta", "gpt2", layer_decay=0.5, pretrained_learning_rate=1e-4, decoder_layers=1)
    flags = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", *_told(value))]
    assert run(["finetune", *flags, *([] if probes else ["--no-probes"]), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert "decoder: 1 layers of" in report["notes"][1]
    assert not probes or set(report["probes"]) >= {"padding-leak", "accumulation", "reload", "cache", "missing-eos"}
    folder = Folder.open(given["out"])
    special = folder.target_codec.special
    assert special.bos == special.eos != special.pad
    alone = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder.path)
    assert type(alone.decoder).__name__ == "GPT2LMHeadModel"
    assert alone.generation_config.decoder_start_token_id == alone.generation_config.eos_token_id == special.eos
    assert alone.generation_config.pad_token_id == special.pad
    assert transformers.AutoTokenizer.from_pretrained(folder.path / "target").pad_token == "<pad>"
    assert len(Translator(folder.path).translate([pair[0] for pair in PAIRS[:3]])) == 3


def _told(value):
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def test_layer_wise_rates_reach_the_layers_of_gpt2(settings):
    rates = {"learning_rate": 0.5, "pretrained_learning_rate": 0.125, "layer_decay": 0.5}
    recipe, start = start_of(settings("distilbert", "gpt2", **rates))
    groups = optimizer_of(recipe, start.module, start.pretrained).param_groups
    peak = {id(p): group["peak"] for group in groups for p in group["params"]}
    found = {name: peak[id(p)] for name, p in start.module.named_parameters()}
    body = "decoder.transformer"
    assert found[f"{body}.h.1.mlp.c_fc.weight"] == found[f"{body}.ln_f.weight"] == 0.125
    assert found[f"{body}.h.0.mlp.c_fc.weight"] == 0.0625
    assert found[f"{body}.wpe.weight"] == found[f"{body}.wte.weight"] == 0.03125
    assert found[f"{body}.h.0.crossattention.q_attn.weight"] == found[f"{body}.h.0.ln_cross_attn.weight"] == 0.5


def test_a_projection_between_two_widths_is_new_and_trained(settings):
    given = settings("xlm-roberta", "gpt2", freeze="encoder", probes=False)
    _, start = start_of(given)
    names = {"enc_to_dec_proj.weight", "enc_to_dec_proj.bias"}
    assert names <= {name for name, _ in start.module.named_parameters()} - start.pretrained
    finetune(Finetune.of(given))
    weights = load_file(f"{given['out']}/model.safetensors")
    assert weights["enc_to_dec_proj.weight"].shape == (16, 24)
    assert not weights["enc_to_dec_proj.bias"].eq(0).all()
    folder = Folder.open(given["out"])
    again = families.of("pair", folder.source_codec, folder.target_codec).load(folder.path)
    assert torch.equal(again.enc_to_dec_proj.weight, weights["enc_to_dec_proj.weight"])


def test_frozen_embeddings_are_those_of_every_kind(settings):
    recipe, start = start_of(settings("albert", "gpt2", freeze="embeddings"))
    freeze(recipe, start.module, start.pretrained)
    frozen = {name for name, p in start.module.named_parameters() if not p.requires_grad and ".pooler." not in name}
    assert {"decoder.transformer.wte.weight", "decoder.transformer.wpe.weight"} < frozen
    assert {name for name in frozen if not re.search(r"embed|wte|wpe", name)} == set()


@pytest.mark.parametrize(
    ("kind", "size"),
    [("lora", {"adapter_rank": 2}), ("dora", {}), ("bottleneck", {"adapter_width": 4}), ("bitfit", {})],
)
def test_an_adapter_reaches_both_halves(settings, kind, size):
    """Merging, which the run does at its end, is refused where it would change what the network computes."""
    given = settings("roberta", "gpt2", adapter=kind, steps=2, validate_every=2, probes=False, **size)
    recipe, start = start_of(given)
    planned = adapter.plan(recipe, start.module, start.pretrained, start.family.head(start.module)[0])
    assert any(name.startswith("encoder.") for name in planned.targets)
    assert any(re.search(r"^decoder\.transformer\.h\.1\.mlp\.c_proj", name) for name in planned.targets)
    assert not any("crossattention" in name for name in planned.targets)  # new, and trained in full
    adapter.put(start.module, planned, start.pretrained, recipe.seed)
    if planned.wraps:
        rows = [Ids(start.source.encode(a), start.target.encode(b)) for a, b in PAIRS[:2]]
        assert idle_adapter(start.module, start.family, rows).startswith("all ")
    report = finetune(Finetune.of(given))
    assert report.details["adapter"]["saved"] == ("beside its base" if kind == "bottleneck" else "merged")
    assert len(Translator(given["out"]).translate(["two three."])) == 1


def test_shared_weights_are_trained_and_stay_one(settings):
    given = settings("roberta", "same", share_weights=True, probes=False)
    report = finetune(Finetune.of(given))
    weights = load_file(f"{given['out']}/model.safetensors")
    both = "encoder.layer.1.output.dense.weight"
    assert torch.equal(weights[f"encoder.{both}"], weights[f"decoder.bert.{both}"])
    unshared = finetune(Finetune.of(given | {"share_weights": False, "out": given["out"] + "-2"}))
    assert report.details["parameters"] < 0.75 * unshared.details["parameters"]
    going_on = {"model": given["out"], "out": given["out"] + "-3"}
    again = finetune(Finetune.of({**given, **going_on, "share_weights": False}))
    assert again.details["parameters"] == report.details["parameters"]
    with pytest.raises(ModelError, match="share their weights, and an adapter would change one half"):
        finetune(
            Finetune.of({**given, **going_on, "share_weights": False, "adapter": "lora", "out": given["out"] + "-4"})
        )


@pytest.mark.parametrize("changes", [{"share_weights": True}, {"decoder": "gpt2"}])
def test_a_run_that_was_stopped_goes_on_bit_for_bit(settings, tmp_path, changes):
    changed = {
        "steps": 8,
        "validate_every": 4,
        "save_every": 2,
        "log_every": 1,
        "average": 2,
        "probes": False,
    } | changes
    given = settings("roberta", changed.pop("decoder", "same"), **changed)
    finetune(Finetune.of(given))
    stopped = given | {"out": given["out"] + "-stopped"}
    with pytest.raises(Interrupted):
        finetune(Finetune.of(stopped), listener=Killer(5, signal.SIGTERM))
    finetune(Finetune.of(stopped), resume=True)
    assert same(tmp_path / "out", tmp_path / "out-stopped")


def test_shared_weights_from_scratch(settings):
    shape = {"encoder_layers": 1, "decoder_layers": 1, "width": 16, "heads": 2, "feed_forward": 32}
    given = settings("tiny", "same", share_weights=True, probes=False, **shape)
    report = finetune(Finetune.of(given))
    assert report.details["steps"] == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"adapter": "lora"}, "an adapter changes one half"), ({"freeze": "encoder"}, "would freeze the decoder")],
)
def test_shared_weights_refuse_what_would_change_one_half(settings, changes, message):
    with pytest.raises(RecipeError, match=message):
        resolve(Finetune, settings("roberta", "same", share_weights=True, **changes))
