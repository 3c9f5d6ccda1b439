"""Every field of a recipe is a flag, and only what was given is handed on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cyclopts import App

from calque.cli.flags import Json, command
from calque.recipes.check import Check
from calque.recipes.demo import Demo
from calque.recipes.evaluate import Evaluate
from calque.recipes.finetune import Finetune
from calque.recipes.translate import Translate

POSITIONAL = {Evaluate: ("folder",), Translate: ("folder", "text")}
NEEDED = ["--source", "en", "--target", "fr", "--train", "t", "--dev", "d", "--model", "m", "--out", "o"]


def parsed(recipe, *tokens):
    """The recipe that these tokens make."""
    seen = []

    @command(recipe, POSITIONAL.get(recipe, ()))
    def face(recipe, *, json: Json = False):
        seen.append((recipe, json))

    app = App(result_action="return_value")
    app.default(face)
    app(list(tokens), print_error=False, exit_on_error=False)
    return seen[0][0]


def test_nothing_given_leaves_every_default():
    assert parsed(Finetune, *NEEDED) == Finetune(source="en", target="fr", train=("t",), dev=("d",), model="m", out="o")


def test_only_given_flags_are_set():
    assert parsed(Finetune, *NEEDED, "--seed", "7").model_fields_set == {
        *("source", "target", "train", "dev", "model", "out", "seed")
    }


def test_tuples_are_repeated():
    recipe = parsed(Finetune, *NEEDED, "--train", "t2", "--test", "a.en:a.fr")
    assert (recipe.train, recipe.test) == (("t", "t2"), ("a.en:a.fr",))


@pytest.mark.parametrize(
    ("tokens", "name", "value"),
    [
        (["--no-probes"], "probes", False),
        (["--tensorboard"], "tensorboard", True),
        (["--learning-rate", "3e-4"], "learning_rate", 3e-4),
        (["--length-penalty", "-1.5"], "length_penalty", -1.5),
        (["--head=own"], "head", "own"),
        (["--encoder-layers", "3"], "encoder_layers", 3),
        (["--minutes", "0.5"], "minutes", 0.5),
        (["--out", "a b"], "out", Path("a b")),
    ],
)
def test_values(tokens, name, value):
    given = [*(NEEDED[:-2] if name == "out" else NEEDED), "--test", "x"]
    assert getattr(parsed(Finetune, *given, *tokens), name) == value


def test_places_without_flags():
    recipe = parsed(Translate, "folder", "one text", "another", "--beam", "2", "--", "--beam")
    assert (recipe.folder, recipe.text, recipe.beam) == (Path("folder"), ("one text", "another", "--beam"), 2)
    assert parsed(Evaluate, "folder", "--test", "x").folder == Path("folder")


def test_recipe_file_under_the_flags(tmp_path):
    (tmp_path / "r.toml").write_text("folder = 'f'\nbeam = 2\nscores = true\n")
    recipe = parsed(Translate, "--recipe", str(tmp_path / "r.toml"), "--beam", "3")
    assert (recipe.folder, recipe.beam, recipe.scores) == (Path("f"), 3, True)
    assert parsed(Translate, "--recipe", str(tmp_path / "r.toml"), "--no-scores").scores is False


@pytest.mark.parametrize("recipe", [Check, Demo, Evaluate, Finetune, Translate])
def test_help_has_every_field_with_its_description(recipe, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")

    @command(recipe, POSITIONAL.get(recipe, ()))
    def face(recipe, *, json: Json = False):
        raise AssertionError

    app = App(help_format="plaintext", result_action="return_value")
    app.default(face)
    app(["--help"])
    shown = capsys.readouterr().out
    for name, field in recipe.model_fields.items():
        flag = "--" + name.replace("_", "-")
        line = next(line for line in shown.splitlines() if re.search(rf"{flag}(?![\w-])", line.split("  ")[0]))
        assert field.description in line
        if field.is_required():
            assert "[required]" in line
        elif isinstance(field.default, int | float | str) and not isinstance(field.default, bool):
            assert f"[default: {field.default}]" in line


def test_help_has_choices_switches_and_nouns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")

    @command(Finetune)
    def face(recipe, *, json: Json = False):
        raise AssertionError

    app = App(help_format="plaintext", result_action="return_value")
    app.default(face)
    app(["--help"])
    shown = capsys.readouterr().out
    assert "[choices: adamw, adam, sgd, adafactor]" in shown
    assert "--probes --no-probes" in shown
    assert "[default: on]" in shown
    assert "How weights are updated" not in shown
    assert "Loss, optimizer and learning-rate schedule." in shown
