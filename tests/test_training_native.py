"""Native encoder-decoders through the whole of training: from a checkpoint's folder to a translation."""

from __future__ import annotations

import json
import signal

import natives
import pytest
import tiny_run
import torch
from safetensors.torch import load_file

from calque.decoding.translator import Translator
from calque.errors import Interrupted, RecipeError
from calque.model.batch import Ids
from calque.model.folder import Folder
from calque.recipes.check import Check
from calque.recipes.finetune import Finetune
from calque.records import Report
from calque.training.depth import depths, half
from calque.training.finetune import finetune
from calque.training.preflight import preflight


@pytest.fixture
def settings(tmp_path):
    """Sixteen pairs that a network learns by heart, and a maker of tiny checkpoints."""
    for name, times in (("train", 2), ("dev", 1)):
        for code, texts in (("en", natives.SOURCES), ("fr", natives.TARGETS)):
            (tmp_path / f"{name}.{code}").write_text("\n".join(texts * times) + "\n", encoding="utf-8")

    def of(kind: str, **more) -> Finetune:
        checkpoint = tmp_path / kind
        if not checkpoint.exists():
            natives.build(kind, checkpoint)
        usual = {
            "model": str(checkpoint), "out": tmp_path / f"{kind}-out", "steps": 60, "validations": 1, "average": 1,
            "probes": False, "learning_rate": 4e-3, "log_every": 1,
        }  # fmt: skip
        return Finetune(
            train=(str(tmp_path / "train"),), dev=(str(tmp_path / "dev"),), source="en", target="fr", max_length=48,
            dropout=0.0, device="cpu", precision="fp32", attention="matmul", threads=1, **(usual | more),
        )  # fmt: skip

    return of


@pytest.mark.parametrize("kind", ["marian", "nllb", "mbart"])
def test_a_checkpoint_becomes_a_translator(settings, kind):
    recipe = settings(kind)
    report = finetune(recipe)
    assert isinstance(report, Report)
    translator = Translator(recipe.out)
    right = sum(
        answer.text == wanted
        for answer, wanted in zip(translator.translate(natives.SOURCES), natives.TARGETS, strict=True)
    )
    assert right >= 7
    said = json.loads((recipe.out / "calque.json").read_text())
    assert (said["family"], said["source"], said["target"]) == ("seq2seq", "en", "fr")
    again = Folder.open(recipe.out)
    frames = {"marian": (0, 1), "nllb": (1, 2), "mbart": (0, 1)}
    assert tuple(len(codec.special.frame[0]) for codec in (again.source_codec, again.target_codec)) == frames[kind]


def test_it_goes_on_bit_exactly_and_from_a_finished_translator(settings, tmp_path):
    whole = settings("t5", steps=8, save_every=4, out=tmp_path / "whole")
    finetune(whole)
    stopped = settings("t5", steps=8, save_every=4, out=tmp_path / "stopped")
    with pytest.raises(Interrupted):
        finetune(stopped, listener=tiny_run.Killer(6, signal.SIGTERM))
    finetune(stopped, resume=True)
    assert tiny_run.same(whole.out, stopped.out)
    further = settings("t5", model=str(whole.out), steps=2, out=tmp_path / "further")
    finetune(further)
    assert Folder.open(further.out).family == "seq2seq"


def test_a_frozen_encoder_stays_and_depths_are_counted_in_each_half(settings, tmp_path):
    for kind in ("marian", "t5"):
        recipe = settings(kind, steps=3, freeze="encoder", layer_decay=0.5, out=tmp_path / f"{kind}-frozen")
        finetune(recipe)
        before, after = (load_file(place / "model.safetensors") for place in (tmp_path / kind, recipe.out))
        frozen = [name for name in after if half(name) == "encoder" and "embed" not in name]
        moved = [name for name in after if half(name) == "decoder" and "embed_positions" not in name]
        assert all(torch.equal(before[name], after[name]) for name in frozen)
        assert len(frozen) > 10
        assert sum(not torch.equal(before[name], after[name]) for name in moved) > len(moved) / 2
    names = ["model.shared.weight", "model.encoder.layers.0.fc1.weight", "model.decoder.layers.1.fc1.weight"]
    assert list(depths([*names, "model.encoder.layers.1.fc1.weight"]).values()) == [2, 1, 0, 0]
    t5 = ["shared.weight", "encoder.block.0.layer.1.wi.weight", "encoder.block.1.layer.0.q.weight"]
    assert list(depths(t5).values()) == [2, 1, 0]


def test_an_adapter_is_merged(settings):
    recipe = settings("nllb", steps=4, adapter="lora", adapter_rank=4)
    finetune(recipe)
    assert not [name for name in load_file(recipe.out / "model.safetensors") if "lora" in name]


def test_recomputing_layers_changes_no_gradient(settings, tmp_path):
    from calque.training.finetune import begin
    from calque.training.objective import Translation
    from calque.training.rows import read

    found = {}
    for recompute in (False, True):
        recipe = settings("mbart", recompute=recompute, out=tmp_path / str(recompute))
        start, _ = begin(recipe, read(recipe.train, "en", "fr"))
        start.module.train()
        sides = zip(start.source.encode_all(natives.SOURCES), start.target.encode_all(natives.TARGETS), strict=True)
        batch = start.family.batch([Ids(*side) for side in sides])
        Translation(start.family).summed_loss(start.module, batch).backward()
        found[recompute] = torch.cat([p.grad.flatten() for p in start.module.parameters() if p.grad is not None])
    assert torch.allclose(found[False], found[True], rtol=1e-4, atol=1e-5)


def test_the_preflight_speaks_the_models_languages(settings, tmp_path):
    recipe = settings("nllb")
    found = preflight(
        Check(train=recipe.train, source="en", target="fr", model=recipe.model, timed_steps=0, max_length=48)
    )
    assert found.ceilings["target"].spelled == 1
    with pytest.raises(RecipeError, match="no code of the language 'wo'"):
        preflight(Check(train=(f"{recipe.train[0]}.en:{recipe.train[0]}.fr",), source="en", target="wo",
                        model=recipe.model, timed_steps=0))  # fmt: skip


@pytest.mark.parametrize("more", [{"decoder_layers": 1}, {"cross_attention": "self"}, {"target_pieces": 400}])
def test_what_makes_pairs_is_refused(settings, more):
    with pytest.raises(RecipeError, match="a whole translator with a vocabulary of its own"):
        finetune(settings("marian", **more))


def test_a_whole_checkpoint_learns_slowly_unless_told_otherwise(settings, tmp_path):
    heard = tiny_run.Listening()
    recipe = settings("nllb", steps=4, save_every=2, out=tmp_path / "slow")
    usual = Finetune.of(recipe.model_dump(exclude={"learning_rate"}, exclude_none=True, exclude_unset=True))
    with pytest.raises(Interrupted):
        finetune(usual, listener=tiny_run.Killer(2, signal.SIGTERM))
    finetune(usual, resume=True, listener=heard)
    assert "learning rate 0.0001: as the run began" in heard.told
    lines = [json.loads(line) for line in (usual.out / "metrics.jsonl").read_text().splitlines()]
    assert max(line.get("lr", 0) for line in lines) <= 1e-4
    assert Folder.open(usual.out).recipe["pretrained_learning_rate"] == 1e-4
    told = settings("nllb", steps=2, out=tmp_path / "told")
    finetune(told, listener=(heard := tiny_run.Listening()))
    assert "learning rate" not in heard.told
