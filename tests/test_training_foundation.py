"""What pretraining begins with, and what begins with its model."""

from __future__ import annotations

import json
import signal

import pytest
import tiny_pretraining
import tiny_run
import torch
import transformers
from checkpoints import corpus, numbers
from language_models import counting, language_model, written
from tiny_pretraining import CLASSES, checkpoint_settings, continued, recipe
from tiny_run import Killer, Listening, same, weights

from calque.errors import CalqueError, Interrupted, ModelError, RecipeError
from calque.recipes.finetune import Finetune
from calque.text.codec import Codec
from calque.text.special import special_ids
from calque.training import foundation
from calque.training.finetune import begin, finetune
from calque.training.pretrain import pretrain
from calque.training.rows import read


@pytest.fixture
def settings(tmp_path):
    return tiny_pretraining.settings(tmp_path)


@pytest.mark.parametrize(("kind", "objective"), [("bert", "mlm"), ("gpt2", "clm"), ("bart", "denoise")])
def test_layers_may_be_computed_again(settings, tmp_path, kind, objective):
    base = language_model(tmp_path / "base", kind, kind == "gpt2")
    for name, again in (("kept", False), ("again", True)):
        more = {"recompute": again, "steps": 2, "validate_every": 2, "dropout": 0.1}
        pretrain(continued(dict(settings), base, objective, out=str(tmp_path / name), **more))
    one, other = weights(tmp_path / "kept"), weights(tmp_path / "again")
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-5


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
