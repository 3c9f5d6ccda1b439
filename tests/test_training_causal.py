"""Decoders alone from the first step to the folder, with every way of training them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers
from checkpoints import corpus, numbers
from decoders import chatting, decoder
from test_training_sharding import computed, group, sharded_of  # noqa: F401 - a fixture among them

from calque.cli.main import run
from calque.decoding.translator import Translator
from calque.errors import ModelError, RecipeError
from calque.model.folder import Folder
from calque.recipes.finetune import Finetune
from calque.recipes.search import Search
from calque.training import adaptation
from calque.training.finetune import begin, finetune
from calque.training.objective import Translation
from calque.training.optimizer import optimizer_of
from calque.training.origin import Origin
from calque.training.probes import structure
from calque.training.progress import Message, Silence
from calque.training.rows import fitting, read
from calque.training.schedule import Thaw, freeze

PAIRS = numbers(100)
GREEDY = Search(beam=1, longest_ratio=1)
RUN = {
    "source": "en",
    "target": "fr",
    "batch_tokens": 1500,
    "steps": 8,
    "validate_every": 8,
    "validation_pairs": 2,
    "average": 1,
    "probes": False,
    "device": "cpu",
    "precision": "fp32",
    "attention": "matmul",
    "max_length": 100,
    "learning_rate": 3e-3,
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A corpus and three checkpoints."""
    folder = tmp_path_factory.mktemp("causal")
    names = {name: corpus(folder, name, pairs) for name, pairs in (("train", PAIRS[:80]), ("dev", PAIRS[80:]))}
    models = {kind: str(decoder(folder / kind, kind, deviation=0.0)) for kind in ("gpt2", "llama")}
    return names | models | {"chat": str(chatting(folder / "chat", "qwen2", deviation=0.0)), "folder": folder}


def recipe(places, model, out="out", **settings):
    data = {"train": [places["train"]], "dev": [places["dev"]], "model": places[model], "out": str(out)}
    return Finetune.of(RUN | data | settings)


def begun(places, model, **settings):
    """What training would begin with, and its recipe."""
    asked = recipe(places, model, **({"dropout": 0.0} | settings))
    Origin.of(asked)
    return asked, begin(asked, read(asked.train, "en", "fr"))[0]


def test_from_a_checkpoint_to_translations(places, tmp_path, capsys):
    """All commands; then a process that never saw calque, which goes on with what AutoTokenizer makes of a text."""
    out = tmp_path / "model"
    data = ["--source", "en", "--target", "fr", "--device", "cpu"]
    texts = ["--train", places["train"], "--dev", places["dev"], "--max-length", "100"]
    training = [
        *("--out", str(out), "--steps", "8", "--validate-every", "8", "--validation-pairs", "2", "--average", "1"),
        *("--batch-tokens", "1500", "--precision", "fp32", "--learning-rate", "3e-3", "--attention", "matmul"),
        *("--source-vocabulary", "trim"),
    ]
    assert run(["finetune", "--model", places["gpt2"], *data, *texts, *training, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["probes"]) == 11
    assert report["family"] == "causal"
    prompt = json.loads((out / "calque.json").read_text())["prompt"]
    assert "{source}" in prompt
    assert any(json.dumps(prompt, ensure_ascii=False) in note for note in report["notes"])
    assert "AutoModelForCausalLM" in (out / "README.md").read_text()

    sources = [source for source, _ in PAIRS[80:84]]
    search = Search(beam=2, longest_ratio=1.0)
    ours = Translator(out, device="cpu").translate(sources, search)
    assert run(["translate", str(out), *sources, "--beam", "2", "--longest-ratio", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["translations"]
    assert [one["text"] for one in said] == [one.text for one in ours]
    assert run(["evaluate", str(out), "--test", places["dev"], "--beam", "1", "--longest-ratio", "1", "--json"]) == 0
    assert "chrF2" in str(json.loads(capsys.readouterr().out)["scores"])

    greedy = Translator(out, device="cpu").translate(sources[:2], Search(beam=1))
    assert _without_calque(out, sources[:2]) == [one.text for one in greedy]


def test_a_chat_model_translates_without_calque(places, tmp_path):
    out = tmp_path / "out"
    finetune(recipe(places, "chat", out, steps=20, validate_every=20))
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    module = transformers.AutoModelForCausalLM.from_pretrained(out)
    assert tokenizer.decode([module.generation_config.eos_token_id]) == "<|im_end|>"
    sources = [source for source, _ in PAIRS[80:84]]
    inputs = tokenizer(sources, padding=True, return_tensors="pt", return_token_type_ids=False)
    with torch.no_grad():
        ids = module.generate(**inputs, num_beams=1)[:, inputs["input_ids"].shape[1] :]
    ours = Translator(out, device="cpu").translate(sources, Search(beam=1))
    assert [text.strip() for text in tokenizer.batch_decode(ids, skip_special_tokens=True)] == [
        one.text for one in ours
    ]


def _without_calque(folder: Path, sources: list[str]) -> list[str]:
    """Greedy translations by a new process with transformers only."""
    code = (
        "import json, sys, transformers\n"
        "folder, *sources = sys.argv[1:]\n"
        "tokenizer = transformers.AutoTokenizer.from_pretrained(folder)\n"
        "module = transformers.AutoModelForCausalLM.from_pretrained(folder)\n"
        "inputs = tokenizer(sources, padding=True, return_tensors='pt', return_token_type_ids=False)\n"
        "ids = module.generate(**inputs, num_beams=1)[:, inputs['input_ids'].shape[1]:]\n"
        "print(json.dumps(tokenizer.batch_decode(ids, skip_special_tokens=True)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder), *sources], capture_output=True, check=True)
    return [text.strip() for text in json.loads(done.stdout.splitlines()[-1])]


def test_check_looks_at_tokenizer_and_speed(places, capsys):
    words = ["--train", places["train"], "--dev", places["dev"], "--source", "en", "--target", "fr", "--device", "cpu"]
    assert run(["check", *words, "--model", places["chat"], "--timed-steps", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tokenizer"]["target"]["BLEU"] == pytest.approx(100)
    assert found["forecast"]["sentences_per_second"] > 0
    assert any("the prompt is" in note for note in found["forecast"]["notes"])


def test_a_translator_is_gone_on_with(places, tmp_path):
    finetune(recipe(places, "llama", tmp_path / "one", steps=2, validate_every=2))
    again = recipe(places | {"one": str(tmp_path / "one")}, "one", tmp_path / "two", steps=2, validate_every=2)
    report = finetune(again)
    assert report.details["family"] == "causal"
    one, two = (json.loads((tmp_path / name / "calque.json").read_text()) for name in ("one", "two"))
    assert one == two


def test_an_adapter_alone_goes_with_its_base_and_is_merged_with_it(places, tmp_path):
    finetune(recipe(places, "llama", tmp_path / "base", steps=1, validate_every=1))
    over = recipe(
        places | {"base": str(tmp_path / "base")}, "base", tmp_path / "over", adapter="lora", adapter_only=True
    )
    finetune(over)
    assert not (tmp_path / "over" / "tokenizer.json").exists()
    assert run(["merge", str(tmp_path / "over"), "--out", str(tmp_path / "merged")]) == 0
    both = [Translator(tmp_path / name, device="cpu").translate(["one two."], GREEDY) for name in ("over", "merged")]
    assert both[0][0].text == both[1][0].text
    for name in ("tokenizer.json", "tokenizer_config.json", "calque.json"):
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "base" / name).read_bytes()


@pytest.mark.parametrize("model", ["gpt2", "llama"])
@pytest.mark.parametrize("kind", ["lora", "dora", "bottleneck", "bitfit"])
def test_adapters(places, tmp_path, model, kind):
    """Transposed layers and linear ones; llama has no bias to train."""
    asked = recipe(places, model, tmp_path / "out", adapter=kind, steps=2, validate_every=2)
    if (model, kind) == ("llama", "bitfit"):
        with pytest.raises(ModelError, match="no pretrained biases"):
            finetune(asked)
        return
    _, start = begun(places, model, adapter=kind)
    start = adaptation.adapted(asked, start, Silence())
    rows, _ = fitting(PAIRS[:4], start.source, start.target)
    structure(start.module, start.family, rows, start.adaptation)
    report = finetune(asked)
    assert report.details["trained_parameters"] < report.details["parameters"] / 2
    assert Translator(tmp_path / "out", device="cpu").translate(["one."], Search(beam=1, longest_ratio=1))
    if kind != "bottleneck":
        original = transformers.AutoModelForCausalLM.from_pretrained(places[model])
        merged = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
        assert Folder.open(tmp_path / "out").family == "causal"
        assert torch.equal(merged.get_input_embeddings().weight, original.get_input_embeddings().weight)


def test_an_adapter_does_not_wrap_the_output_layer(places):
    asked, start = begun(places, "llama", adapter="lora")
    planned = adaptation.adapted(asked, start, Silence()).adaptation
    assert planned is not None
    assert len(planned.targets) == 2 * 7
    assert not any("lm_head" in name for name in planned.targets)


@pytest.mark.parametrize(
    ("model", "deepest", "layer", "top"),
    [
        ("gpt2", "transformer.wte.weight", "transformer.h.0.attn.c_attn.weight", "transformer.ln_f.weight"),
        ("llama", "model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight", "lm_head.weight"),
    ],
)
def test_deep_layers_learn_slower_and_thaw_later(places, model, deepest, layer, top):
    asked, start = begun(places, model, layer_decay=0.5)
    optimizer = optimizer_of(asked, start.module, start.pretrained)
    peaks = {id(p): some["peak"] for some in optimizer.param_groups for p in some["params"]}
    rates = {name: peaks[id(parameter)] / 3e-3 for name, parameter in start.module.named_parameters()}
    assert [rates[name] for name in (top, layer, deepest)] == [1, 0.5, 0.25]
    thaw = Thaw.of(0.9, start.pretrained, alone=True)
    assert {top, layer, deepest} & thaw.frozen(0.0) == {layer, deepest}
    assert {top, layer, deepest} & thaw.frozen(0.6) == {deepest}


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("gpt2", {"transformer.wte.weight", "transformer.wpe.weight"}),
        ("llama", {"model.embed_tokens.weight"}),
    ],
)
def test_embeddings_can_be_frozen(places, model, names):
    asked, start = begun(places, model, freeze="embeddings")
    freeze(asked, start.module, start.pretrained)
    assert {name for name, parameter in start.module.named_parameters() if not parameter.requires_grad} == names
    rows, _ = fitting(PAIRS[:3], start.source, start.target)
    Translation(start.family).summed_loss(start.module, start.family.batch(rows)).backward()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"decoder_layers": 2}, "--decoder-layers: .* is a decoder alone"),
        ({"encoder_layers": 2}, "--encoder-layers: .* is a decoder alone"),
        ({"cross_attention": "self"}, "--cross-attention: .* is a decoder alone"),
        ({"head": "own"}, "--head: .* is a decoder alone"),
        ({"target_pieces": 400}, "--target-pieces: .* is a decoder alone"),
        ({"source_code": "eng_Latn"}, "--source-code: .* is a decoder alone"),
        ({"freeze": "encoder"}, "--freeze encoder: .* is a decoder alone"),
        ({"width": 32}, "--width: for networks from scratch"),
        ({"rdrop": 1.0, "dropout": 0.1}, "llama has none of hidden states: give --attention-dropout"),
    ],
)
def test_what_belongs_to_pairs_is_refused(places, settings, message):
    with pytest.raises(RecipeError, match=message):
        begun(places, "llama", **settings)


def test_a_prompt_is_refused_where_there_is_an_encoder(places):
    asked = recipe(places | {"tiny": "tiny"}, "tiny", prompt="{source} =")
    with pytest.raises(RecipeError, match="--prompt: tiny is half of a pair, which has nothing of the kind"):
        Origin.of(asked)


def test_pairs_longer_than_the_prompt_leaves_room_for_are_dropped(places, tmp_path):
    told = []

    class Telling:
        def event(self, event):
            told.extend([event.text] if isinstance(event, Message) else [])

    longer = [(f"{source} {source}", target) for source, target in PAIRS[:5]]
    found = places | {"train": corpus(tmp_path / "data", "train", PAIRS[:20] + longer)}
    finetune(recipe(found, "gpt2", tmp_path / "out", max_length=24, steps=1, validate_every=1), listener=Telling())
    assert "train: 20 pairs (dropped: 5 longer than max_length)" in told


@pytest.mark.parametrize("way", [{}, {"recompute": True, "precision": "bf16"}, {"adapter": "lora"}])
@pytest.mark.parametrize("model", ["gpt2", "llama"])
def test_a_share_of_the_network_computes_what_the_whole_does(places, group, model, way):  # noqa: F811
    asked = recipe(places, model, dropout=0.0, **way)
    whole, shares, _, rows = sharded_of(asked)
    batch = whole.objective.batch(rows)
    (loss, gradient), (loss_of_shares, gradient_of_shares) = (computed(asked, s, batch) for s in (whole, shares))
    assert loss_of_shares == pytest.approx(loss, rel=1e-6)
    assert gradient_of_shares.keys() == gradient.keys()
    for name, expected in gradient.items():
        assert torch.allclose(gradient_of_shares[name], expected, rtol=1e-4, atol=1e-5), name


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gpt2", "llama"])
def test_reversed_numbers_are_learned_exactly(tmp_path, model):
    pairs = numbers(3200)
    folder = decoder(tmp_path / model, model, deviation=0.0, surplus=0, **WIDE[model])
    places = {
        "train": corpus(tmp_path / "data", "train", pairs[:3000]),
        "dev": corpus(tmp_path / "data", "dev", pairs[3000:3100]),
        model: str(folder),
    }
    asked = recipe(
        places,
        model,
        tmp_path / "out",
        steps=900,
        validate_every=450,
        batch_tokens=2048,
        learning_rate=2e-3,
        dropout=0.0,
    )
    finetune(asked)
    said = Translator(tmp_path / "out").translate([source for source, _ in pairs[3100:]], Search(beam=4))
    exact = sum(translation.text == target for translation, (_, target) in zip(said, pairs[3100:], strict=True))
    assert exact >= 95


WIDE = {
    "gpt2": {"n_embd": 64, "n_layer": 3, "resid_pdrop": 0.0},
    "llama": {"hidden_size": 64, "num_hidden_layers": 3, "intermediate_size": 192},
}
