"""Settings from presets, files and flags: which wins, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from calque.errors import DataError, RecipeError
from calque.recipes import preset
from calque.recipes.check import Check
from calque.recipes.evaluate import Evaluate
from calque.recipes.finetune import Finetune
from calque.recipes.preset import presets
from calque.recipes.sources import resolve
from calque.recipes.translate import Translate

NEEDED = {
    **{"source": "en", "target": "fr", "train": ("t",), "dev": ("d",), "test": ("x",)},
    **{"model": "some/bert", "out": "o"},
}


@pytest.fixture
def toml(tmp_path):
    def written(text):
        file = tmp_path / "mine.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return written


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The only preset: 'small'."""
    monkeypatch.setattr(preset, "PRESETS", tmp_path / "presets")
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "small.toml").write_text("beam = 2\nseed = 2\nwarmup = 0.2\nmodel = 'hidden/name'\n")


def test_defaults_stay_where_nothing_is_given():
    assert resolve(Finetune, NEEDED) == Finetune(**NEEDED)


def test_flag_beats_file_beats_preset_beats_default(toml, small):
    file = toml("beam = 3\nseed = 3\n")
    recipe = resolve(Finetune, {**NEEDED, "model": "small", "beam": 5}, file)
    assert (recipe.beam, recipe.seed, recipe.warmup, recipe.patience) == (5, 3, 0.2, 0)
    assert recipe.model == "small"


def test_the_model_of_the_file_may_name_the_preset(toml, small):
    flags = {name: value for name, value in NEEDED.items() if name != "model"}
    assert resolve(Finetune, flags, toml("model = 'small'\n")).warmup == 0.2
    assert resolve(Finetune, {**flags, "model": "other"}, toml("model = 'small'\n")).warmup == 0.1


def test_the_library_gets_the_preset_too(small):
    assert Finetune(**{**NEEDED, "model": "small"}).warmup == 0.2


def test_a_recipe_that_builds_no_model_has_no_preset(small):
    settings = {"source": "en", "target": "fr", "train": ("t",), "model": "small"}
    assert resolve(Check, settings) == Check(**settings)


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_valid(name):
    assert resolve(Finetune, {**NEEDED, "model": name}).model == name


def test_one_string_stands_for_a_list_of_one(toml):
    assert resolve(Evaluate, {}, toml("folder = 'f'\ntest = 'corpus/test'\n")).test == ("corpus/test",)


def test_paths_in_a_file_are_relative_to_the_current_directory(toml):
    assert resolve(Translate, {}, toml("folder = 'models/x'\n")).folder == Path("models/x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("beam = 2\nlerning_rate = 1\n", "{file}:2: unknown setting 'lerning_rate'; did you mean 'learning_rate'?"),
        ("learning-rate = 1\n", "{file}:1: unknown setting 'learning-rate'; did you mean 'learning_rate'?"),
        ("\n[optimisation]\nbeam = 2\n", "{file}:2: unknown setting 'optimisation'"),
        ("beam = 1\nbeam = 2\n", "{file}:2: not TOML: cannot overwrite a value"),
        ("beam = 1\nseed =\n", "{file}:2: not TOML: invalid value"),
        ("beam = 1\n\ntrain = ['a',\n", "{file}:4: not TOML: invalid value"),
        ("beam = 0\n", "{file}:1: 'beam' = 0: input should be greater than or equal to 1"),
        ("\nhead = 'pain'\n", "{file}:2: 'head' = 'pain': input should be 'plain' or 'own'"),
        ("n_best = 9\n", "recipe: n_best 9 is larger than beam 4"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(toml, text, message):
    file = toml(text)
    with pytest.raises(RecipeError) as error:
        resolve(Finetune, NEEDED, file)
    assert str(error.value) == message.format(file=file)


def test_mistakes_of_flags_and_file_are_told_together(toml):
    file = toml("beam = 0\nwarmup = 2\n")
    with pytest.raises(RecipeError) as error:
        resolve(Finetune, {**NEEDED, "seed": -1}, file)
    assert sorted(str(error.value).split("; ")) == [
        f"{file}:1: 'beam' = 0: input should be greater than or equal to 1",
        f"{file}:2: 'warmup' = 2: input should be less than or equal to 1",
        "command line: 'seed' = -1: input should be greater than or equal to 0",
    ]


def test_unknown_flags_are_refused_like_unknown_keys():
    with pytest.raises(RecipeError, match=r"command line: unknown setting 'beem'; did you mean 'beam'\?"):
        resolve(Finetune, {**NEEDED, "beem": 3})


def test_a_language_that_is_no_code_is_told_what_a_code_is():
    with pytest.raises(RecipeError) as error:
        resolve(Finetune, {**NEEDED, "source": "english"})
    assert str(error.value) == "command line: 'source' = 'english': not a source language code, such as en"


def test_what_is_missing_is_named():
    with pytest.raises(RecipeError) as error:
        resolve(Finetune, {"source": "en"})
    assert str(error.value) == "recipe: 'model', 'target', 'train', 'dev' and 'out' are required"
    with pytest.raises(RecipeError) as error:
        resolve(Translate, {})
    assert str(error.value) == "recipe: 'folder' is required: translator to use"


def test_a_file_that_is_not_there_is_a_data_error(tmp_path):
    with pytest.raises(DataError) as error:
        resolve(Finetune, NEEDED, tmp_path / "absent.toml")
    assert error.value.path == str(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("written", "line", "told"),
    [
        (b"beam = 2 # \xe9", 1, "byte 0xE9 is not UTF-8 (offset 11 in the file)"),
        (b"\xef\xbb\xbfbeam = 2\r\n# caf\xe9\n", 2, "byte 0xE9 is not UTF-8 (offset 18 in the file)"),
        (b"\xff\xfeb\0e\0", 1, "byte 0xFF is not UTF-8 (offset 0 in the file)"),
    ],
)
def test_a_file_that_is_not_utf8_is_told_with_line_and_byte(tmp_path, written, line, told):
    file = tmp_path / "x.toml"
    file.write_bytes(written)
    with pytest.raises(RecipeError) as error:
        resolve(Finetune, NEEDED, file)
    assert str(error.value) == f"{file}:{line}: {told}: save the recipe as UTF-8"


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfbeam = 2")
    assert resolve(Finetune, NEEDED, tmp_path / "x.toml").beam == 2


def test_a_limit_on_the_command_line_displaces_the_files(toml):
    recipe = resolve(Finetune, {**NEEDED, "minutes": 1.0}, toml("steps = 3\n"))
    assert (recipe.minutes, recipe.steps) == (1.0, None)
    with pytest.raises(RecipeError, match="minutes and steps contradict each other"):
        resolve(Finetune, NEEDED, toml("steps = 3\nminutes = 1\n"))


@pytest.mark.parametrize("name", ["steps", "layer_decay", "seed", "model"])
def test_truth_is_no_number_and_no_text(name):
    settings = {"model": "tiny", "train": ["a"], "dev": ["b"], "source": "en", "target": "fr", "out": "c"}
    with pytest.raises(RecipeError, match=f"'{name}' = True: true and false are no value of this setting"):
        Finetune.of(settings | {name: True})


def test_a_number_where_texts_belong_is_told_in_toml_terms():
    settings = {"model": "tiny", "train": ["a"], "dev": ["b"], "source": "en", "target": "fr", "out": "c"}
    with pytest.raises(RecipeError, match="'mixture' = 3: a text or a list of texts is wanted"):
        Finetune.of(settings | {"mixture": 3})


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"steps": "20"}, "'steps' = '20': a number is wanted, without quotes"),
        ({"learning_rate": "1e-3"}, "'learning_rate' = '1e-3': a number is wanted"),
        ({"probes": "yes"}, "'probes' = 'yes': true or false is wanted"),
        ({"probes": 1}, "'probes' = 1: true or false is wanted"),
    ],
)
def test_text_is_no_number_and_no_truth(setting, told):
    needed = {"model": "tiny", "source": "en", "target": "fr", "train": ["a"], "dev": ["b"], "out": "o"}
    with pytest.raises(RecipeError, match=told):
        Finetune.of(needed | setting)
