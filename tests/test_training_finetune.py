"""What is looked at before anything is trained."""

from __future__ import annotations

import json

import pytest
from checkpoints import checkpoint, corpus, numbers

from calque.errors import CalqueError, DataError
from calque.recipes.check import Check
from calque.recipes.finetune import Finetune
from calque.recipes.sources import resolve
from calque.training import finetune as module
from calque.training import forecast, preflight
from calque.training.finetune import finetune


@pytest.mark.parametrize(
    ("test", "message"), [("absent", "no parallel text"), ("unequal", "3 lines, but 2"), ("blank", "no usable pair")]
)
def test_a_test_set_that_cannot_be_read_is_refused_before_the_training(tmp_path, test, message):
    data = tmp_path / "data"
    places = {name: [corpus(data, name, numbers(20))] for name in ("train", "dev")}
    for name, sources, targets in (("unequal", "a\nb\nc\n", "a\nb\n"), ("blank", "\n", "\n")):
        (data / f"{name}.en").write_text(sources)
        (data / f"{name}.fr").write_text(targets)
    settings = {"model": "tiny", "source": "en", "target": "fr", "out": str(tmp_path / "out"), "device": "cpu"}
    with pytest.raises(DataError, match=message):
        finetune(Finetune.of(settings | places | {"test": [str(data / test)], "precision": "fp32", "steps": 1}))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def bert(tmp_path, **settings):
    """The settings of a run whose precision and attention would be timed."""
    data = tmp_path / "data"
    places = {name: [corpus(data, name, numbers(20))] for name in ("train", "dev")}
    (data / "unequal.en").write_text("a\nb\nc\n")
    (data / "unequal.fr").write_text("a\nb\n")
    model = str(checkpoint(tmp_path / "bert", "bert"))
    translator = tmp_path / "german"
    translator.mkdir()
    said = {"format": 1, "family": "pair", "source": "de", "target": "fr", "max_length": 64}
    for name, text in (("calque.json", json.dumps(said)), ("config.json", "{}"), ("model.safetensors", "")):
        (translator / name).write_text(text)
    usual = {"model": model, "source": "en", "target": "fr", "out": str(tmp_path / "out"), "device": "cpu"}
    told = {
        name: value.format(data=data, here=tmp_path) if isinstance(value, str) else value
        for name, value in settings.items()
    }
    return usual | places | {name: [value] if name in places else value for name, value in told.items()}


WRONG = [
    ({"train": "{data}/absent"}, "no parallel text"),
    ({"train": "{data}/unequal"}, "3 lines, but 2"),
    ({"dev": "{data}/unequal"}, "3 lines, but 2"),
    ({"target": "fx"}, "train"),
    ({"model": "{here}/bart"}, r"bart: no such folder; did you mean '.*/bert'\?"),
    ({"model": "{here}/german"}, "german translates de to fr, not en to fr"),
]
ONLY_FINETUNE = [
    ({"width": 256}, "--width: for networks from scratch"),
    ({"decoder": "{here}/gpt"}, "gpt: no such folder"),
]


@pytest.mark.parametrize(("settings", "message"), [*WRONG, *ONLY_FINETUNE])
def test_what_is_cheaply_refused_is_refused_before_anything_is_timed(tmp_path, monkeypatch, settings, message):
    monkeypatch.setattr("calque.training.device.fastest", lambda *_, **__: pytest.fail("a layer was timed"))
    with pytest.raises(CalqueError, match=message):
        finetune(resolve(Finetune, bert(tmp_path, **settings)))
    assert not list(tmp_path.glob("out*"))


def test_a_missing_text_is_told_before_the_others_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "read", lambda *_: pytest.fail("a text was read"))
    with pytest.raises(DataError, match="no parallel text"):
        finetune(resolve(Finetune, bert(tmp_path, dev="{data}/absent")))


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_the_pre_flight_times_nothing_before_it_knows_what_is_wrong(tmp_path, monkeypatch, settings, message):
    monkeypatch.setattr(forecast, "settled", lambda *_, **__: pytest.fail("a layer was timed"))
    if "model" in settings:
        monkeypatch.setattr(preflight, "check", lambda *_, **__: pytest.fail("the text was read"))
    given = {name: value for name, value in bert(tmp_path, **settings).items() if name in Check.model_fields}
    with pytest.raises(CalqueError, match=message):
        preflight.preflight(resolve(Check, given))
