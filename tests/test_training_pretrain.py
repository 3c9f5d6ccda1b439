"""One-language text becomes a language model, whole and repeatable, and translators begin with it."""

from __future__ import annotations

import gzip
import json
import math
import signal
import subprocess
import sys

import pytest
import tiny_run
import torch
import transformers
from checkpoints import corpus, numbers
from language_models import counting, language_model, written
from tiny_run import Killer, Listening, same, weights

import calque
from calque.corpus.monolingual import Monolingual
from calque.errors import CalqueError, DataError, Interrupted, ModelError, RecipeError
from calque.recipes.finetune import Finetune
from calque.recipes.pretrain import Pretrain
from calque.text.codec import Codec
from calque.text.special import special_ids
from calque.training import foundation
from calque.training.finetune import begin, finetune
from calque.training.pretrain import pretrain
from calque.training.progress import Validation
from calque.training.rows import read

OBJECTIVES = ("mlm", "clm", "denoise")
LAYERS = {"mlm": ("encoder_layers",), "clm": ("decoder_layers",), "denoise": ("encoder_layers", "decoder_layers")}
CLASSES = {
    "mlm": transformers.AutoModelForMaskedLM,
    "clm": transformers.AutoModelForCausalLM,
    "denoise": transformers.AutoModelForSeq2SeqLM,
}


@pytest.fixture
def settings(tmp_path):
    """A run of a second over 200 lines that count."""
    return {
        "text": [written(tmp_path / "text.fr", counting(200))],
        "out": str(tmp_path / "model"),
        "width": 16,
        "heads": 2,
        "feed_forward": 32,
        "pieces": 300,
        "max_length": 48,
        "batch_tokens": 600,
        "steps": 12,
        "validate_every": 4,
        "save_every": 4,
        "log_every": 1,
        "average": 1,
        "probes": False,
        "device": "cpu",
        "precision": "fp32",
        "attention": "matmul",
    }


def recipe(settings, objective, **more):
    return Pretrain.of(settings | {"objective": objective} | dict.fromkeys(LAYERS[objective], 1) | more)


def continued(settings, folder, objective, **more):
    """Settings of a checkpoint that learns on."""
    for name in ("width", "heads", "feed_forward", "pieces"):
        settings.pop(name, None)
    return Pretrain.of(settings | {"objective": objective, "model": str(folder)} | more)


def checkpoint_settings(folder, model, **more):
    """Settings of a translator that is a checkpoint as it is."""
    given = tiny_run.settings(folder) | {"model": str(folder / model), "out": str(folder / "translator")} | more
    for name in (
        "source_pieces",
        "target_pieces",
        "width",
        "heads",
        "feed_forward",
        "encoder_layers",
        "decoder_layers",
    ):
        given.pop(name)
    return given


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_objective_is_learned_and_its_folder_needs_transformers_alone(settings, tmp_path, objective):
    listening = Listening()
    rate = {"learning_rate": 1e-2, "steps": 40, "validate_every": 20, "probes": True, "language": ["fr"]}
    report = pretrain(recipe(settings, objective, **rate), listener=listening)
    losses = [event.loss for event in listening.events if isinstance(event, Validation)]
    assert losses[1] < losses[0] < math.log(300)
    out = tmp_path / "model"
    assert sorted(file.name for file in out.iterdir()) == sorted(
        ["README.md", "config.json", "metrics.jsonl", "model.safetensors", "recipe.toml", "report.json"]
        + ["tokenizer.json", "tokenizer_config.json"] + ["generation_config.json"] * (objective != "mlm")
    )  # fmt: skip
    assert not (tmp_path / "model.run").exists()
    module, info = CLASSES[objective].from_pretrained(out, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    line = counting(3)[2]
    assert tokenizer(line).input_ids == Codec.load(out).encode(line)
    assert (tokenizer.mask_token == "<mask>") == (objective != "clm")
    assert module.config.vocab_size == len(tokenizer)
    dev = report.details["dev"]
    assert dev["perplexity"] == pytest.approx(math.exp(dev["loss"]))
    assert json.loads((out / "report.json").read_text())["dev"] == dev
    card = (out / "README.md").read_text()
    command = next(line for line in card.splitlines() if line.startswith("calque pretrain "))
    assert f"--text {settings['text'][0]} --language fr" in command
    assert f"--objective {objective}" in command
    assert f"{dev['bits_per_character']:.3f} bits per character" in card
    assert "language: ['fr']" in card


def test_bits_per_character_are_those_of_transformers_own_loss(settings, tmp_path):
    held_out = counting(230)[200:]
    dev = written(tmp_path / "dev.fr", held_out)
    report = pretrain(recipe(settings, "clm", dev=[dev]))
    module = CLASSES["clm"].from_pretrained(tmp_path / "model").double().eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    nats = tokens = 0.0
    for line in held_out:
        ids = torch.tensor([tokenizer(line).input_ids])
        scored = ids.shape[1] - 1
        nats += float(module(input_ids=ids, labels=ids).loss.detach()) * scored
        tokens += scored
    characters = sum(len(line) + 1 for line in held_out)
    assert report.details["dev"]["loss"] == pytest.approx(nats / tokens, rel=1e-5)
    assert report.details["dev"]["bits_per_character"] == pytest.approx(nats / math.log(2) / characters, rel=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_run_that_was_stopped_goes_on_bit_exactly(settings, tmp_path, objective):
    pretrain(recipe(settings, objective, out=str(tmp_path / "whole")))
    with pytest.raises(Interrupted, match="SIGINT after step 6; saved"):
        pretrain(recipe(settings, objective), listener=Killer(6, signal.SIGINT))
    with pytest.raises(RecipeError, match="--resume goes on with that run, --restart begins anew"):
        pretrain(recipe(settings, objective))
    with pytest.raises(RecipeError, match=r"seed was 1, is 2"):
        pretrain(recipe(settings, objective, seed=2), resume=True)
    pretrain(recipe(settings, objective), resume=True)
    assert same(tmp_path / "whole", tmp_path / "model")


def test_gradients_do_not_depend_on_how_the_batch_was_cut(settings, tmp_path):
    for name, cut in (("whole", {}), ("cut", {"micro_batch_tokens": 100})):
        pretrain(recipe(settings, "mlm", out=str(tmp_path / name), dropout=0.0, optimizer="sgd", **cut))
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-5


@pytest.mark.parametrize(("kind", "objective"), [("bert", "mlm"), ("gpt2", "clm"), ("bart", "denoise")])
def test_layers_may_be_computed_again(settings, tmp_path, kind, objective):
    base = language_model(tmp_path / "base", kind, kind == "gpt2")
    for name, again in (("kept", False), ("again", True)):
        more = {"recompute": again, "steps": 2, "validate_every": 2, "dropout": 0.1}
        pretrain(continued(dict(settings), base, objective, out=str(tmp_path / name), **more))
    one, other = weights(tmp_path / "kept"), weights(tmp_path / "again")
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-5


def test_resume_refuses_text_that_changed(settings):
    with pytest.raises(Interrupted):
        pretrain(recipe(settings, "clm"), listener=Killer(2, signal.SIGTERM))
    written_to = settings["text"][0]
    with open(written_to, "a") as file:  # noqa: PTH123 - the settings hold text
        file.write("dix.\n")
    with pytest.raises(DataError, match="the text files changed since the run began"):
        pretrain(recipe(settings, "clm"), resume=True)


@pytest.mark.parametrize("vocabulary", ["keep", "trim"])
def test_a_translator_begins_with_every_weight_of_a_pretrained_decoder(settings, tmp_path, vocabulary):
    english = written(tmp_path / "text.en", counting(200, "en"))  # whose pieces are not needed for French
    both = {"text": [*settings["text"], english], "pieces": 340}
    pretrain(recipe(settings, "clm", learning_rate=1e-2, **both))
    old = weights(tmp_path / "model")
    given = tiny_run.settings(tmp_path) | {"decoder": str(tmp_path / "model"), "target_vocabulary": vocabulary}
    given |= {"max_length": 48, "out": str(tmp_path / "t")}
    given.pop("target_pieces")
    start, notes = begin(Finetune.of(given), read(given["train"], "en", "fr"))
    decoder = start.module.decoder.state_dict()
    ids = Codec.load(tmp_path / "model")
    kept = [ids.pieces().index(piece) for piece in start.target.pieces()]
    assert (len(kept) == len(old["lm_head.bias"])) == (vocabulary == "keep")
    for name, tensor in old.items():
        wanted = tensor[kept] if "word_embeddings" in name or name == "lm_head.bias" else tensor
        assert torch.equal(decoder[name], wanted), name
    assert float(old["lm_head.bias"].abs().sum()) > 0
    fresh = {name for name in decoder if name not in old and not name.startswith("lm_head.decoder.")}
    assert all("crossattention" in name for name in fresh)
    assert {f"decoder.{name}" for name in old} <= start.pretrained
    assert any("decoder: 1 layers of" in note for note in notes)
    assert finetune(Finetune.of(given | {"steps": 2, "validate_every": 2})).details["steps"] == 2


def test_a_translator_begins_with_a_pretrained_encoder(settings, tmp_path):
    pairs = numbers(100)
    english = written(tmp_path / "text.en", [source for source, _ in pairs] * 3)
    pretrain(recipe(settings, "mlm", text=[english], dev=[written(tmp_path / "d.en", counting(5, "en"))]))
    given = tiny_run.settings(tmp_path) | {"model": str(tmp_path / "model"), "decoder": "new", "max_length": 48}
    for name in ("source_pieces", "target_pieces", "width", "heads", "feed_forward", "encoder_layers"):
        given.pop(name)
    start, _ = begin(Finetune.of(given), read(given["train"], "en", "fr"))
    old = weights(tmp_path / "model")
    name = "encoder.layer.0.attention.self.query.weight"
    assert torch.equal(start.module.encoder.state_dict()[name], old[f"bert.{name}"])


@pytest.mark.parametrize(
    ("kind", "objective"),
    [("bert", "mlm"), ("roberta", "mlm"), ("gpt2", "clm"), ("bert", "clm"), ("bart", "denoise"), ("mbart", "denoise")],
)
def test_a_checkpoint_learns_on_and_keeps_its_tokenizer(settings, tmp_path, kind, objective):
    base = language_model(tmp_path / "base", kind, kind == "gpt2")
    listening = Listening()
    more = {"language": ["fr"]} if kind == "mbart" else {}
    done = pretrain(continued(settings, base, objective, probes=True, **more), listener=listening)
    assert done.details["kind"] == kind
    assert ("of the held-out lines as they were" in listening.told) == (kind == "bert")  # which forgets case
    assert ("from now on it sees only what stands before it" in listening.told) == (
        (kind, objective) == ("bert", "clm")
    )
    out = tmp_path / "model"
    assert (out / "tokenizer.json").read_text() == (base / "tokenizer.json").read_text()
    module, info = CLASSES[objective].from_pretrained(out, output_loading_info=True)
    assert not info["missing_keys"]
    assert module.config.vocab_size == Codec.load(base).size
    again = continued(settings, out, objective, out=str(tmp_path / "on"), **more)
    assert pretrain(again).details["steps"] == 12


def test_a_run_from_a_checkpoint_is_resumed_bit_exactly(settings, tmp_path):
    base = language_model(tmp_path / "base", "electra")
    pretrain(continued(settings, base, "mlm", out=str(tmp_path / "whole"), whole_word=True))
    with pytest.raises(Interrupted):
        pretrain(continued(settings, base, "mlm", whole_word=True), listener=Killer(5, signal.SIGINT))
    pretrain(continued(settings, base, "mlm", whole_word=True), resume=True)
    assert same(tmp_path / "whole", tmp_path / "model")


def test_several_languages_are_told_apart(settings, tmp_path):
    english = written(tmp_path / "text.en", counting(200, "en"))
    given = recipe(settings, "denoise", text=[*settings["text"], english], language=["fr", "en"], probes=True)
    report = pretrain(given)
    out = tmp_path / "model"
    assert report.details["kind"] == "mbart"
    codec = Codec.load(out)
    french, other = special_ids(codec)["fr_XX"], special_ids(codec)["en_XX"]
    frames = foundation.frames(given, codec, None, 2)
    assert frames == tuple(foundation.Frame((), (codec.special.eos, number)) for number in (french, other))
    assert transformers.AutoModelForSeq2SeqLM.from_pretrained(out).config.decoder_start_token_id is None


def test_a_run_over_several_languages_is_resumed_bit_exactly(settings, tmp_path):
    settings["text"].append(written(tmp_path / "text.en", counting(100, "en")))
    more = {"language": ["fr", "en"], "steps": 6, "validate_every": 3}
    pretrain(recipe(settings, "denoise", out=str(tmp_path / "whole"), **more))
    with pytest.raises(Interrupted):
        pretrain(recipe(settings, "denoise", **more), listener=Killer(2, signal.SIGINT))
    pretrain(recipe(settings, "denoise", **more), resume=True)
    assert same(tmp_path / "whole", tmp_path / "model")


@pytest.mark.parametrize(("kind", "last"), [("MBartTokenizer", True), ("MBart50Tokenizer", False)])
def test_both_kinds_of_mbart_have_their_frames(settings, tmp_path, kind, last):
    base = language_model(tmp_path / "base", "mbart")
    config = json.loads((base / "tokenizer_config.json").read_text())
    (base / "tokenizer_config.json").write_text(json.dumps(config | {"tokenizer_class": kind}))
    given = continued(settings, base, "denoise", language=["fr"])
    codec = Codec.load(base)
    code, eos = special_ids(codec)["fr_XX"], codec.special.eos
    frames = foundation.frames(given, codec, foundation.found(given), 1)
    assert frames == (foundation.Frame((), (eos, code)) if last else foundation.Frame((code,), (eos,)),)
    assert pretrain(given).details["steps"] == 12
    for language, message in (([], "say which one each text file has"), (["de"], r"has no token.*knows en_XX, fr_XX")):
        with pytest.raises(RecipeError, match=message):
            pretrain(continued(settings, base, "denoise", language=language, out=str(tmp_path / "no")))


@pytest.mark.parametrize("languages", [["fr"], ["fr", "en"]])
def test_a_translator_begins_with_a_denoising_model(settings, tmp_path, languages):
    text = [written(tmp_path / f"text.{code}", counting(200, code)) for code in languages]
    pretrain(recipe(settings, "denoise", text=text, language=languages))
    given = checkpoint_settings(tmp_path, "model", max_length=48)
    start, _ = begin(Finetune.of(given), read(given["train"], "en", "fr"))
    old = weights(tmp_path / "model")
    name = "model.decoder.layers.0.encoder_attn.q_proj.weight"
    assert torch.equal(start.module.state_dict()[name], old[name])
    assert start.family.name == "seq2seq"
    assert finetune(Finetune.of(given | {"steps": 2, "validate_every": 2})).details["steps"] == 2


def test_a_gpt2_that_learned_on_translates_alone(settings, tmp_path):
    base = language_model(tmp_path / "base", "gpt2", causal=True)
    pretrain(continued(settings, base, "clm"))
    given = checkpoint_settings(tmp_path, "model", max_length=30)
    start, _ = begin(Finetune.of(given), read(given["train"], "en", "fr"))
    assert start.family.name == "causal"
    name = "transformer.h.0.attn.c_attn.weight"
    assert torch.equal(start.module.state_dict()[name], weights(tmp_path / "model")[name])


def test_held_out_lines_are_not_trained_on(settings, tmp_path):
    lines = counting(100)
    settings["text"] = [written(tmp_path / "twice.fr", [*lines, "", *lines[:97]])]
    listening = Listening()
    report = pretrain(recipe(settings, "clm", steps=1), listener=listening)
    assert report.details["held_out"] == "9 of the text's 197 lines, evenly spaced, which are not trained on"
    assert report.details["lines"] == 179  # each of these is there twice
    assert "text: 179 lines, 179 rows" in listening.told
    assert "1 blank lines left out, 18 held-out lines left out" in listening.told


def test_dev_text_that_is_trained_on_is_refused(settings, tmp_path):
    dev = written(tmp_path / "dev.fr", ["autre chose", *counting(200)[50:60]])
    message = r"dev\.fr:2: 10 of 11 different held-out lines are in the training text too \(this one at .*text\.fr:51\)"
    with pytest.raises(DataError, match=message):
        pretrain(recipe(settings, "clm", dev=[dev]))
    assert not (tmp_path / "model.run").exists()
    few = written(tmp_path / "few.fr", [*counting(240)[200:], counting(200)[7]])
    listening = Listening()
    pretrain(recipe(settings, "clm", dev=[few], steps=1), listener=listening)
    assert "text: 199 lines, 199 rows" in listening.told


def test_packed_files_are_read(settings, tmp_path):
    packed = tmp_path / "text.gz"
    packed.write_bytes(gzip.compress("\n".join(counting(60)).encode()))
    assert Monolingual.read([str(packed)], [""]).count == 60
    assert pretrain(recipe(settings, "mlm", text=[str(packed)], steps=1)).details["lines"] == 57


def test_long_lines_are_cut_and_counted(settings, tmp_path):
    settings["text"] = [written(tmp_path / "long.fr", [" ".join(counting(30)), *counting(60)])]
    listening = Listening()
    pretrain(recipe(settings, "clm", steps=1), listener=listening)
    assert "1 lines spread over several rows of 48 tokens" in listening.told


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"text": ["txt.fr"]}, DataError, r"no file txt\.fr; in that folder: text\.fr"),
        ({"text": ["blank"]}, DataError, "blank: there is no text in it"),
        ({"text": ["short"]}, DataError, "3 lines are too few to hold some of them out: give held-out text with --dev"),
        ({"text": ["latin"]}, DataError, "latin:2: byte 0xE9 is not UTF-8"),
        ({"dev": ["text.fr"]}, DataError, "are in the training text too"),
        ({"model": "gpt2"}, ModelError, "which cannot be trained by mlm: --objective clm fits it"),
        ({"model": "bert", "max_length": 80}, ModelError, "knows 70 positions: --max-length 80 is too long"),
        ({"model": "bert", "freeze": "embeddings", "unfreeze": 0.5}, None, ""),
        ({"model": "distilbert", "layer_decay": 0.5}, None, ""),
        ({"model": "absent/folder/x"}, ModelError, "no such folder"),
    ],
)
def test_bad_input_is_told(settings, tmp_path, monkeypatch, more, error, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blank").write_text("\n \n")
    (tmp_path / "short").write_text("un\ndeux\ntrois\n")
    (tmp_path / "latin").write_bytes("un\nété\n".encode("latin-1"))
    if "model" in more:
        for kind in ("bert", "gpt2", "distilbert"):
            language_model(tmp_path / kind, kind, kind == "gpt2")
        given = continued(settings, more.pop("model"), "mlm", **more)
    else:
        given = recipe(settings, "mlm", **more)
    if error is None:
        pretrain(given)
        return
    with pytest.raises(error, match=message):
        pretrain(given)
    assert not (tmp_path / "model.run").exists()


def test_a_checkpoint_without_a_mask_is_told(settings, tmp_path):
    pretrain(recipe(settings, "clm", steps=1))
    generation = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(generation | {"model_type": "bert"}))
    with pytest.raises(ModelError, match="its tokenizer has no mask token"):
        pretrain(continued(settings, tmp_path / "model", "mlm", out=str(tmp_path / "on")))


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("llama", {"dropout": 0.2}, "--dropout is of hidden states, and a llama has none there"),
        ("gpt2", {"freeze": "embeddings"}, "--freeze embeddings: .*base calls none of its weights so"),
    ],
)
def test_settings_that_do_nothing_with_a_checkpoint_are_refused(settings, tmp_path, kind, more, message):
    base = language_model(tmp_path / "base", kind, causal=True)
    with pytest.raises(RecipeError, match=message):
        pretrain(continued(settings, base, "clm", **more))
    assert not (tmp_path / "model.run").exists()


def test_a_translator_is_no_base(settings, tmp_path):
    place = corpus(tmp_path / "data", "train", numbers(10))
    assert place
    base = language_model(tmp_path / "base", "bert")
    (base / "calque.json").write_text("{}")
    with pytest.raises(CalqueError, match="this is a finished translator"):
        pretrain(continued(settings, base, "mlm"))


@pytest.mark.slow
def test_two_processes_learn_what_one_does(settings, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import json, sys\n"
        "from calque.recipes.pretrain import Pretrain\n"
        "from calque.training.pretrain import pretrain\n"
        "pretrain(Pretrain.of(json.loads(sys.argv[1])))\n"
    )
    losses = []
    for processes in (1, 2):
        out = tmp_path / f"out-{processes}"
        given = settings | {"objective": "mlm", "encoder_layers": 1, "dropout": 0.0, "out": str(out), "steps": 4}
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        subprocess.run([*launch, str(script), json.dumps(given)], check=True)
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        losses.append([line.get("loss", line.get("dev_loss")) for line in lines])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_library_has_the_name():
    assert calque.pretrain is pretrain
