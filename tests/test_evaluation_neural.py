"""Neural scores come from a process that may die, lie or fall silent; each is told, and none becomes a score."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from calque.errors import EngineError, MachineError, ModelError, RecipeError
from calque.evaluation import environment, neural
from calque.evaluation import score as scoring
from calque.evaluation.score import evaluate
from calque.recipes.evaluate import Evaluate
from calque.recipes.neural import Neural
from calque.records import Translation

SOURCES = ["One", "Two", "Three"]
SAID = ["abcd", "ab", ""]
WANTED = ["abcd", "abcd", "abcd"]


@pytest.fixture(autouse=True)
def standin(monkeypatch, tmp_path):
    """Every worker is the stand-in, and the user's cache is an empty folder."""
    monkeypatch.setattr(neural, "WORKER", Path(__file__).with_name("scoring_worker.py"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def checkpoint(tmp_path: Path, manner: str = "", name: str = "wmt22-comet-da") -> str:
    folder = tmp_path / name
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "hparams.yaml").write_text("class_identifier: regression_metric\n")
    (folder / "checkpoints" / "model.ckpt").write_text(manner)
    return str(folder)


def recipe(*checkpoints: str, **settings) -> Neural:
    return Neural.of({"comet": checkpoints, "comet_python": sys.executable, **settings})


def judge(folder: str, *texts, **settings):
    with neural.opened(recipe(folder, **settings)) as (scorer,):
        return scorer.judge(*(texts or (SOURCES, SAID, WANTED)), 200, 7)


def test_the_score_is_the_mean_of_the_sentences_with_signature_and_interval(tmp_path):
    found = judge(checkpoint(tmp_path))
    assert found.segments == (100.0, 50.0, 0.0)
    assert found.score.metric == "COMET"
    assert found.score.value == pytest.approx(50.0)
    digest = hashlib.sha256(b"").hexdigest()
    assert found.score.signature == (
        f"nrefs:1|bs:200|seed:7|model:wmt22-comet-da|sha256:{digest[:16]}|class:Standin|encoder:xlm-roberta-large"
        "|scale:100|mean:segments|comet:2.2.7|torch:2.13.0"
    )
    assert found.details["sha256"] == digest
    rng = np.random.default_rng(7)
    means = sorted(float(np.mean(rng.choice(found.segments, size=3))) for _ in range(200))
    half = (means[194] - means[5]) / 2
    assert found.score.low == pytest.approx(np.mean(means) - half)
    assert found.score.high == pytest.approx(np.mean(means) + half)


def test_without_references_it_is_called_so(tmp_path):
    found = judge(checkpoint(tmp_path, "referenceless"))
    assert (found.score.metric, found.score.value) == ("COMET-QE", 50.0)
    assert found.score.signature.startswith("nrefs:0|")


def test_two_checkpoints_have_two_names(tmp_path):
    folders = [checkpoint(tmp_path, name=name) for name in ("first", "second")]
    with neural.opened(recipe(*folders)) as scorers:
        assert [scorer.name for scorer in scorers] == ["COMET", "COMET second"]


@pytest.mark.parametrize(
    ("manner", "error", "told"),
    [
        ("dies at once", EngineError, "ended with code 3 before it answered; its last words: RuntimeError: the check"),
        ("dies", EngineError, "ended with code -6"),
        ("killed", MachineError, "out of memory while scoring: let COMET read fewer sentences"),
        ("memory", MachineError, "out of memory"),
        ("refuses", ModelError, "COMET cannot use this checkpoint (KeyError: 'class_identifier')"),
        ("says little", EngineError, "did not say what it has loaded"),
        ("too few", EngineError, "answered 2 of 3 sentences"),
        ("no number", EngineError, "the score of sentence 3 is no number (nan)"),
        ("rubbish", EngineError, "said what is no answer ('Downloading: 100%"),
    ],
)
def test_what_goes_wrong_is_one_sentence(tmp_path, manner, error, told):
    folder = checkpoint(tmp_path, manner)
    with pytest.raises(error) as caught:
        judge(folder)
    assert told in str(caught.value)
    assert str(caught.value).startswith(folder)


def test_a_silent_process_is_given_up(tmp_path):
    with pytest.raises(EngineError, match=r"no answer from the scoring process within 1 seconds.*--comet-timeout"):
        judge(checkpoint(tmp_path, "silent"), comet_timeout=1)


def test_no_process_stays(tmp_path):
    with neural.opened(recipe(checkpoint(tmp_path))) as (scorer,):
        process = scorer.talk._process
        assert process.poll() is None
    assert process.returncode is not None


def test_a_very_long_sentence_and_strange_characters(tmp_path):
    long = "word " * 200_000
    with neural.opened(recipe(checkpoint(tmp_path))) as scorers:
        texts = (["a\u2028b\r\nc", "\ud800"], [long, "a\nb"], [long, "a b"])
        scores, details, notes = neural.judged(scorers, *texts, 0, 1)
    assert details["COMET"]["segments"] == [100.0, 100.0]
    assert (scores["COMET"].low, scores["COMET"].high) == (100.0, 100.0)
    assert "bs:" not in scores["COMET"].signature
    assert notes == ["COMET did not read 1 of 2 sentences to their end: its encoder takes 512 tokens."]


def test_many_sentences_keep_their_order(tmp_path):
    said = ["a" * (number % 7) for number in range(600)]
    found = judge(checkpoint(tmp_path), ["x"] * 600, said, ["aaaaaa"] * 600)
    assert found.segments == pytest.approx([100 * len(text) / 6 for text in said])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nowhere", "no COMET checkpoint there: name a folder"),
        ("./some/where/else", "no COMET checkpoint there: name a folder"),
        ("empty", "looked for checkpoints/model.ckpt"),
        ("bare/checkpoints/model.ckpt", "hparams.yaml is missing"),
    ],
)
def test_a_checkpoint_that_is_not_there(tmp_path, monkeypatch, given, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare" / "checkpoints").mkdir(parents=True)
    (tmp_path / "bare" / "checkpoints" / "model.ckpt").touch()
    with pytest.raises(ModelError) as caught, neural.opened(recipe(given)):
        pass
    assert str(caught.value).startswith(given)
    assert told in str(caught.value)


def test_the_file_itself_may_be_named(tmp_path):
    folder = checkpoint(tmp_path)
    with neural.opened(recipe(folder + "/checkpoints/model.ckpt")) as (scorer,):
        assert "model:wmt22-comet-da" in scorer._signature(0, 0)


def test_without_its_environment_the_way_is_told(tmp_path):
    settings = Neural(comet=(checkpoint(tmp_path),))
    with pytest.raises(MachineError, match="make it once with `calque comet`"), neural.opened(settings):
        pass
    assert environment.told() == {"COMET": "not there: `calque comet` makes its environment"}
    with (
        pytest.raises(MachineError, match="no such file: name the Python"),
        neural.opened(recipe(*settings.comet, comet_python="/no/python")),
    ):
        pass


def test_the_environment_in_the_cache_is_used(tmp_path):
    folder = tmp_path / "cache" / "calque" / "comet"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    assert environment.found() is None  # not finished: no marker
    (folder / "calque.json").write_text(json.dumps({"unbabel-comet": "2.2.7", "torch": "2.13.0"}))
    with neural.opened(Neural(comet=(checkpoint(tmp_path),))) as scorers:
        assert len(scorers) == 1
    assert environment.told() == {"COMET": f"2.2.7 with torch 2.13.0, in {folder}"}


def test_settings_that_would_do_nothing_are_refused():
    with pytest.raises(RecipeError, match="comet_batch would do nothing without comet"):
        Neural.of({"comet_batch": 4})
    with pytest.raises(RecipeError, match="twice"):
        Neural.of({"comet": ("a/b", "a/b")})
    assert Neural.of({"comet_batch": 16}).comet == ()


class Echo:
    """Translates by repeating."""

    source, target = "en", "fr"

    def translate(self, texts, search):
        return [Translation(text, -1.0) for text in texts]


def test_evaluate_reports_comet_beside_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "Translator", lambda folder, device, threads, engine, base: Echo())
    for side, lines in (("en", SAID), ("fr", WANTED)):
        (tmp_path / f"test.{side}").write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "model").mkdir()
    made = Evaluate.of(
        {
            "folder": tmp_path / "model",
            "test": (str(tmp_path / "test"),),
            "bootstrap": 20,
            "out": tmp_path / "report",
            "comet": (checkpoint(tmp_path),),
            "comet_python": sys.executable,
        }
    )
    report = evaluate(made)
    assert list(report.scores)[-1] == "COMET"
    plain = json.loads((tmp_path / "report" / "report.json").read_text())
    assert plain["neural"]["COMET"]["segments"] == [100.0, 50.0, 0.0]
    assert plain["scores"]["COMET"]["value"] == pytest.approx(50.0)
    assert "| COMET | 50.00 |" in (tmp_path / "report" / "report.md").read_text()


def test_a_checkpoint_that_cannot_be_used_is_told_before_anything_is_translated(tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "Translator", lambda folder, device, threads, engine, base: Echo())
    monkeypatch.setattr(Echo, "translate", lambda *texts: pytest.fail("translated"))
    for side in ("en", "fr"):
        (tmp_path / f"test.{side}").write_text("a\n")
    (tmp_path / "model").mkdir()
    settings = {"folder": tmp_path / "model", "test": (str(tmp_path / "test"),), "comet_python": sys.executable}
    with pytest.raises(ModelError, match="class_identifier"):
        evaluate(Evaluate.of({**settings, "comet": (checkpoint(tmp_path, "refuses"),)}))


@pytest.mark.slow
def test_the_real_comet_scores_as_its_own_command_line(tmp_path, monkeypatch):
    monkeypatch.undo()
    python = os.environ.get("CALQUE_COMET_PYTHON", "")
    if not python and environment.found() is None:
        pytest.skip("COMET's environment is absent: `calque comet` makes it, or CALQUE_COMET_PYTHON names a Python")
    python = python or str(environment.python(None))
    made = [python, "-I", str(Path(__file__).with_name("comet_checkpoint.py")), str(tmp_path)]
    subprocess.run(made, check=True, capture_output=True)
    texts = {
        "src": ["The house is blue.", "A flower", "", "A flower grows here " * 30],
        "mt": ["La maison est bleue.", "", "Une fleur", "Une fleur"],
        "ref": ["La maison est bleue.", "Une fleur", "Une fleur", "Une fleur pousse ici"],
    }
    folders = [str(tmp_path / name) for name in ("da", "qe", "kiwi", "unite")]
    with neural.opened(Neural(comet=tuple(folders), comet_python=Path(python)), "cpu", 1) as scorers:
        assert [scorer.name for scorer in scorers] == ["COMET", "COMET-QE", "COMET-QE kiwi", "COMET unite"]
        _, details, notes = neural.judged(scorers, *texts.values(), 0, 1)
    assert len(notes) == 4
    for scorer, folder in zip(scorers, folders, strict=True):
        assert details[scorer.name]["segments"] == pytest.approx(_by_comet_itself(python, folder, texts), abs=1e-3)


def _by_comet_itself(python: str, folder: str, texts: dict[str, list[str]]) -> list[float]:
    """What COMET's own library says of the sentences, times 100, each in a batch of its own."""
    script = (
        "import comet, json, sys; folder, texts = json.loads(sys.argv[1]); "
        "model = comet.load_from_checkpoint(folder + '/checkpoints/model.ckpt'); "
        "rows = [dict(zip(texts, row)) for row in zip(*texts.values())]; "
        "print(json.dumps(model.predict(rows, batch_size=1, gpus=0, progress_bar=False).scores))"
    )
    done = subprocess.run(
        [python, "-I", "-c", script, json.dumps([folder, texts])], check=True, capture_output=True, text=True
    )
    return [100 * score for score in json.loads(done.stdout.splitlines()[-1])]
