"""Selections: halving, candidates files, budgets, failures, and going on."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest
from checkpoints import corpus, numbers
from tiny_run import Killer, Listening

from calque.decoding.translator import Translator
from calque.errors import DataError, Interrupted, ModelError, RecipeError
from calque.recipes.candidates import candidates
from calque.recipes.select import Select
from calque.training.course import Paused
from calque.training.finetune import finetune
from calque.training.halving import halved, rounds, schedule
from calque.training.progress import Step
from calque.training.select import select

TINY = """
model = "tiny"
width = 16
heads = 2
feed_forward = 32
encoder_layers = 1
decoder_layers = 1
source_pieces = 300
target_pieces = 300
batch_tokens = 300
probes = false
average = 1
precision = "fp32"
attention = "matmul"
"""
THREE = f"{TINY}\n[still]\nlearning_rate = 1e-7\n[quick]\nlearning_rate = 5e-3\n[steady]\nlearning_rate = 2e-3\n"


@pytest.fixture
def settings(tmp_path):
    pairs = numbers(140)
    named = {"train": pairs[:100], "dev": pairs[100:120], "test": pairs[120:]}

    def of(text: str, **more) -> Select:
        (tmp_path / "candidates.toml").write_text(text, encoding="utf-8")
        places = {name: (corpus(tmp_path / "data", name, some),) for name, some in named.items()}
        usual = {"minutes": 0.05, "out": tmp_path / "out", "bootstrap": 100, "trials": 100, "beam": 1, "checks": False}
        return Select(
            source="en", target="fr", device="cpu", threads=1,
            **({"candidates": tmp_path / "candidates.toml"} | places | usual | more),
        )  # fmt: skip

    return of


@pytest.fixture
def rigged(monkeypatch):
    """Development scores that do not depend on how far a second of training leads here."""

    def train(recipe, **how):
        try:
            return finetune(recipe, **how)
        except Paused as paused:
            paused.best = {"still": 1.0, "quick": 9.0, "steady": 5.0}[recipe.out.name]
            raise

    monkeypatch.setattr("calque.training.select.finetune", train)


def test_half_of_them_go_on_and_two_reach_the_end():
    assert [rounds(count) for count in (2, 3, 4, 5, 8, 9)] == [
        [2], [3, 2], [4, 2], [5, 3, 2], [8, 4, 2], [9, 5, 3, 2],
    ]  # fmt: skip
    assert halved({"a": 3.0, "b": 5.0, "c": 3.0, "d": 1.0}, 2) == ["a", "b"]


def test_each_phase_has_its_share_of_the_time():
    first = schedule([4, 2], 0, 0.0, 800.0)
    assert (first.until, first.whole) == (100.0, 300.0)
    assert first.fraction == pytest.approx(1 / 3)
    second = schedule([4, 2], 1, 100.0, 300.0)  # less was left than planned
    assert (second.until, second.whole, second.fraction) == (250.0, 250.0, 1.0)


def test_the_better_one_is_kept_and_why(settings, rigged):
    recipe = settings(THREE)
    done = select(recipe, listener=(heard := Listening()))
    assert [one["name"] for one in done.candidates] == ["still", "quick", "steady"]
    still, quick, steady = done.candidates
    assert still["left_after_phase"] == 1
    assert (quick["left_after_phase"], steady["left_after_phase"]) == (None, None)
    assert {quick["chosen"], steady["chosen"]} == {True, False}
    assert min(one["training_seconds"] for one in (quick, steady)) > still["training_seconds"]
    assert "still was left behind after phase 1" in done.why
    assert done.folder == str(recipe.out)
    assert done.winner in (None, str(recipe.out))
    assert done.comparison is not None
    assert {one["name"] for one in done.comparison["systems"]} == {"quick", "steady"}
    assert not recipe.out.with_name("out.run").exists()
    assert len(Translator(recipe.out).translate(["one", "two"])) == 2
    said = json.loads((recipe.out / "selection" / "report.json").read_text(encoding="utf-8"))
    assert said == json.loads(json.dumps(done.to_json()))
    page = (recipe.out / "selection" / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "left after phase 1" in (recipe.out / "selection" / "report.md").read_text(encoding="utf-8")
    assert (recipe.out / "selection" / "comparison" / "report.html").is_file()
    assert "phase 2 of 2: quick, steady" in heard.told


class Stopper(Killer):
    """Stops the selection at the first step after `count` beginnings of candidates."""

    def __init__(self, count: int) -> None:
        super().__init__(10**9, signal.SIGTERM)
        self.left = count

    def event(self, event) -> None:
        if getattr(event, "text", "").endswith(": training"):
            self.left -= 1
        self.step = 1 if self.left == 0 else 10**9
        if isinstance(event, Step) and self.left == 0:
            self.left = -1
        super().event(event)


def test_it_goes_on_where_it_was_stopped(settings, rigged):
    recipe = settings(THREE)
    with pytest.raises(Interrupted, match="--resume"):
        select(recipe, listener=Stopper(2))
    run = recipe.out.with_name("out.run")
    before = json.loads((run / "selection.json").read_text(encoding="utf-8"))
    assert [entry["phases"] for entry in before["entries"].values()] == [1, 0, 0]
    with pytest.raises(RecipeError, match="--resume goes on with that selection"):
        select(recipe)
    with pytest.raises(RecipeError, match=r"same settings only \(metric differ"):
        select(settings(THREE, metric="BLEU"), resume=True)
    done = select(recipe, resume=True, listener=(heard := Listening()))
    assert "still: training" not in heard.told
    assert done.seconds > before["spent"]
    assert (recipe.out / "selection").is_dir()


def test_a_candidate_that_fails_is_left_behind(settings):
    text = f"{TINY}\n[good]\nlearning_rate = 5e-3\n[short]\nmax_length = 8\n"
    pairs = numbers(140)
    recipe = settings(text)
    long = [(" ".join([a] * 9), " ".join([b] * 9)) for a, b in pairs]
    recipe = recipe.model_copy(update={
        name: (corpus(recipe.out.parent / "long", name, long[a:b]),)
        for name, a, b in (("train", 0, 100), ("dev", 100, 120), ("test", 120, 140))
    })  # fmt: skip
    done = select(recipe)
    assert done.chosen == "good"
    assert done.winner is None
    assert done.comparison is None
    assert "short could not be trained (train: every pair is longer than --max-length 8 tokens)" in done.why
    with pytest.raises(ModelError, match="no candidate could be trained"):
        select(recipe.model_copy(update={"out": recipe.out.with_name("none"), "candidates": _both_short(recipe)}))


def _both_short(recipe: Select):
    path = recipe.candidates.with_name("short.toml")
    path.write_text(f"{TINY}\nmax_length = 8\n[a]\n[b]\nwidth = 32\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{TINY}[one]\n", "1 candidates, and a selection needs two or more"),
        ("[a]\nmodel = 'tiny'\n[b]\nwidth = 16\n", r"\[b\]: 'model' is required"),
        (
            "[a]\nmodel = 'tiny'\nlerning_rate = 1\n[b]\nmodel = 'tiny'\n",
            r"\[a\]: unknown setting 'lerning_rate'.*learning",
        ),
        ("[a]\nmodel = 'tiny'\n[b]\nmodel = 'tiny'\nminutes = 3\n", r"\[b\]: 'minutes' is the same for all candidates"),
        ("[a]\nmodel = 'tiny'\n['a.run']\nmodel = 'tiny'\n", "it names a folder"),
        ("[a]\nmodel = 'tiny'\nbest = 'loss'\n[b]\nmodel = 'tiny'\n", "'best' is the same for all candidates"),
        ("minuts = 3\n[a]\nmodel = 'tiny'\n[b]\nmodel = 'tiny'\n", "unknown setting 'minuts'"),
        ("['a/b']\nmodel = 'tiny'\n[b]\nmodel = 'tiny'\n", "it names a folder"),
        ("[a\n", "not TOML"),
        ("[a]\nmodel = 'tiny'\n[b]\nmodel = 'tiny'\nwidth = -1\n", r"\[b\]: 'width' = -1"),
    ],
)
def test_mistakes_in_the_candidates_are_told_before_anything_is_trained(settings, text, told):
    recipe = settings(text)
    with pytest.raises(RecipeError, match=told):
        select(recipe)
    assert not recipe.out.with_name("out.run").exists()


def test_a_missing_file_and_a_missing_model_are_told(settings, tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        candidates(settings(THREE, candidates=tmp_path / "none.toml"))
    recipe = settings("[a]\nmodel = 'tiny'\n[b]\nmodel = './nowhere'\n")
    with pytest.raises(ModelError, match="no such folder"):
        select(recipe)
    assert not recipe.out.with_name("out.run").exists()


def test_what_lies_in_the_run_directory_is_not_touched(settings):
    recipe = settings(THREE)
    run = recipe.out.with_name("out.run")
    (run / "checkpoints").mkdir(parents=True)
    for how in ({}, {"restart": True}):
        with pytest.raises(RecipeError, match="holds no selection"):
            select(recipe, **how)
    assert (run / "checkpoints").is_dir()


@pytest.mark.slow
def test_finalists_have_the_same_time_after_an_interruption(settings, rigged):
    text = f"{TINY}\n[quick]\nlearning_rate = 5e-3\n[steady]\nlearning_rate = 2e-3\n"
    recipe = settings(text, minutes=0.1)
    with pytest.raises(Interrupted):
        select(recipe, listener=Stopper(2))
    run = recipe.out.with_name("out.run")
    planned = json.loads((run / "selection.json").read_text(encoding="utf-8"))["planned"]
    leftover = run / "candidates" / "steady.run"
    shutil.rmtree(leftover / "start")  # as if killed while the start was written
    done = select(recipe, resume=True)
    assert [one["failed"] for one in done.candidates] == [None, None]
    assert [one["training_seconds"] >= planned["whole"] - 0.1 for one in done.candidates] == [True, True]
    assert all(one["sentences_per_second"] for one in done.candidates)


def test_changed_text_is_told_on_resume(settings, rigged):
    recipe = settings(THREE)
    with pytest.raises(Interrupted):
        select(recipe, listener=Stopper(1))
    for code, word in (("en", "one"), ("fr", "un")):
        with Path(f"{recipe.train[0]}.{code}").open("a", encoding="utf-8") as file:
            file.write(f"{word}\n")
    with pytest.raises(RecipeError, match=r"same settings only \(text differ"):
        select(recipe, resume=True)


def test_text_with_faults_is_refused(settings):
    recipe = settings(THREE, checks=True)
    leaky = recipe.model_copy(update={"test": recipe.train})
    with pytest.raises(DataError, match="would decide the selection"):
        select(leaky)
    assert not recipe.out.with_name("out.run").exists()
