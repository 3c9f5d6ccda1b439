from __future__ import annotations

import pytest
from checkpoints import checkpoint, corpus, numbers

from calque.model.pretrained import find
from calque.model.vocabulary import pretrained_codec
from calque.recipes.check import Check
from calque.recipes.finetune import Finetune
from calque.training.ceiling import ceiling
from calque.training.finetune import finetune
from calque.training.preflight import preflight


@pytest.fixture
def settings(tmp_path):
    pairs = numbers(80)
    return {
        "train": (corpus(tmp_path / "data", "train", pairs[:60]),),
        "dev": (corpus(tmp_path / "data", "dev", [*pairs[60:], pairs[0]]),),
        "source": "en",
        "target": "fr",
        "device": "cpu",
        "max_length": 64,
    }


def test_bert_base_uncased_cannot_spell_french(data, minilm):
    codec = pretrained_codec(find(str(minilm)), 128)
    french = (data / "multi30k" / "test_2016_flickr.fr").read_text(encoding="utf-8").splitlines()
    found = ceiling(codec, french, "fr")
    assert pytest.approx(57.35, abs=0.05) == found.BLEU
    assert found.BLEU_cleaned == pytest.approx(68.16, abs=0.05)
    assert found.spelled < 0.05
    assert found.unknown == 0
    assert found.pieces_per_word > 1.5


def test_data_alone_is_looked_at_without_a_model(settings):
    settings.pop("max_length")
    found = preflight(Check(**settings))
    assert found.ceilings == {}
    assert found.forecast is None
    leak = next(check for check in found.checks if check.name == "dev leak: pairs")
    assert (leak.count, leak.total) == (1, 21)
    assert found.level == "amber"
    levels = [check.level for check in found.checks]
    assert levels == sorted(levels, key=["red", "amber", "green"].index)


def test_a_model_adds_ceilings_and_a_forecast(settings, tmp_path):
    settings["model"] = str(checkpoint(tmp_path / "bert", "bert"))
    told = []
    found = preflight(Check(**settings, timed_steps=2), told.append)
    names = {check.name: check for check in found.checks}
    assert names["tokenizer ceiling: target"].level == "amber"
    assert "trains a new target vocabulary" in names["tokenizer ceiling: target"].message
    assert found.ceilings["source"].BLEU_cleaned == pytest.approx(100)
    assert found.forecast.steps_per_epoch >= 1
    assert found.forecast.sentences_per_second > 0
    assert any("timing 2 training steps" in line for line in told)
    plain = found.to_json()
    assert plain["tokenizer"]["target"]["BLEU"] < 95
    assert plain["forecast"]["parameters"] > 1000


def test_a_tokenizer_that_is_kept_though_it_cannot_spell_is_red(settings, tmp_path):
    settings["model"] = str(checkpoint(tmp_path / "bert", "bert"))
    found = preflight(Check(**settings, target_vocabulary="keep", timed_steps=0))
    ceiling_of_target = next(check for check in found.checks if check.name == "tokenizer ceiling: target")
    assert ceiling_of_target.level == "red"
    assert "leave out --target-vocabulary keep" in ceiling_of_target.message


def test_a_finished_translator_is_judged_by_its_own_vocabularies(settings, tmp_path):
    shape = {"encoder_layers": 1, "decoder_layers": 1, "width": 16, "heads": 2, "feed_forward": 32}
    training = {"model": "tiny", "out": str(tmp_path / "m"), "steps": 1, "probes": False, "precision": "fp32"}
    finetune(Finetune.of(settings | shape | training))
    found = preflight(Check(**settings, model=str(tmp_path / "m"), timed_steps=1))
    assert [found.ceilings[side].BLEU_cleaned for side in ("source", "target")] == pytest.approx([100, 100])
    assert found.forecast.parameters > 0


def test_from_scratch_there_is_no_ceiling_but_a_forecast(settings):
    found = preflight(Check(**settings, model="tiny", timed_steps=1))
    assert found.ceilings == {}
    assert found.forecast.parameters > 0
