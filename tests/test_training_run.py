from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys

import pytest
import tiny_run
from tiny_run import Killer, Listening, same

from calque.errors import Interrupted, ModelError, RecipeError
from calque.recipes.finetune import Finetune
from calque.training import lock, rows
from calque.training.finetune import finetune
from calque.training.run import Run
from calque.training.store import Writer
from calque.training.validate import Validator

HOLDER = """
import sys, time
from pathlib import Path
from calque.training.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def settings(tmp_path):
    return tiny_run.settings(tmp_path) | {"steps": 8, "validate_every": 4, "log_every": 1}


def test_two_processes_in_one_run_are_refused_and_a_dead_one_lets_go(settings, tmp_path):
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Killer(2, signal.SIGTERM))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "model.run")], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    for flag in ("resume", "restart"):
        with pytest.raises(RecipeError, match=rf"model\.run: process {holder.pid} on .* is at work there: wait"):
            finetune(Finetune.of(settings), **{flag: True})
    holder.kill()
    holder.wait()
    holder.stdout.close()
    finetune(Finetune.of(settings), resume=True)
    assert not (tmp_path / "model.run").exists()


def test_a_lock_whose_folder_was_cleared_away_is_no_lock(tmp_path, monkeypatch):
    def taken(file, folder):
        (folder / "lock").unlink()  # the process that held it finished at this very moment
        return True

    monkeypatch.setattr(lock, "_take", taken)
    with pytest.raises(RecipeError, match="just clearing up there: run the command again"), lock.locked(tmp_path):
        pass


def test_a_file_system_without_locks_is_told(settings, tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", flock)
    finetune(Finetune.of(settings), listener=(listening := Listening()))
    assert "model.run: this file system knows no locks: start no second process there" in listening.told


def test_a_refused_run_leaves_nothing_behind(settings, tmp_path):
    with pytest.raises(RecipeError, match="no such run, so there is nothing to resume"):
        finetune(Finetune.of(settings), resume=True)
    with pytest.raises(RecipeError, match="leave it out"):
        finetune(Finetune.of(settings | {"freeze": "encoder"}))
    assert not (tmp_path / "model.run").exists()


def test_resume_and_restart_exclude_each_other_whether_there_is_a_run_or_not(settings, tmp_path):
    with pytest.raises(RecipeError, match=r"--resume and --restart exclude each other: .* give one"):
        finetune(Finetune.of(settings), resume=True, restart=True)
    assert not (tmp_path / "model.run").exists()
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Killer(2, signal.SIGTERM))
    with pytest.raises(RecipeError, match=r"--resume and --restart exclude each other: .* give one"):
        finetune(Finetune.of(settings), resume=True, restart=True)
    assert (tmp_path / "model.run" / "start").is_dir()


def test_a_process_that_died_before_anything_was_written_does_not_matter(settings, tmp_path):
    for resume in (False, True):
        run = Run(tmp_path / f"model-{resume}")
        run.path.mkdir()
        (run.path / "lock").touch()
        finetune(Finetune.of(settings | {"out": str(run.out), "steps": 1}), resume=resume)
        assert run.out.is_dir()
        assert not run.path.exists()


def test_restart_begins_anew(settings, tmp_path):
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Killer(6, signal.SIGTERM))
    finetune(Finetune.of(settings | {"seed": 2}), restart=True)
    finetune(Finetune.of(settings | {"seed": 2, "out": str(tmp_path / "whole")}))
    assert same(tmp_path / "model", tmp_path / "whole")


def test_what_is_done_after_training_may_be_given_anew(settings, tmp_path):
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Killer(2, signal.SIGTERM))
    scoring = {"test": settings["dev"], "beam": 2, "length_penalty": 0.5, "longest_ratio": 2.0}
    with pytest.raises(
        RecipeError, match=r"same settings only \(batch_tokens was 300, is 200; dropout was 0\.4, is 0\.2\)"
    ):
        finetune(Finetune.of(settings | scoring | {"dropout": 0.2, "batch_tokens": 200}), resume=True)
    report = finetune(Finetune.of(settings | scoring), resume=True, listener=(listening := Listening()))
    assert (
        "scored with other settings: beam was 4, is 2; length_penalty was 1.0, is 0.5; longest_ratio" in listening.told
    )
    assert report.recipe["beam"] == 2
    assert "chrF2" in report.scores
    assert same(tmp_path / "model", tmp_path / "whole")


@pytest.mark.parametrize("name", ["start/model.safetensors", "start/config.json", "recipe.toml", "run.json"])
def test_a_run_whose_beginning_is_damaged_says_so(settings, tmp_path, name):
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Killer(2, signal.SIGTERM))
    file = tmp_path / "model.run" / name
    file.write_bytes(file.read_bytes()[:-20] + b"\n[")
    with pytest.raises(ModelError, match=r"damaged \(.*\): put it back from a copy, or begin anew with --restart"):
        finetune(Finetune.of(settings), resume=True)
    finetune(Finetune.of(settings), restart=True)


class Signalled:
    """A method of the validator that gets a signal at its `call`-th batch."""

    def __init__(self, monkeypatch, name, call):
        self.usual, self.call, self.batches = getattr(Validator, name), call, 0
        monkeypatch.setattr(Validator, name, lambda *given: self(*given))

    def __call__(self, *given):
        *given, between = given

        def counted():
            self.batches += 1
            if self.batches == self.call:
                os.kill(os.getpid(), signal.SIGTERM)
            between()

        return self.usual(*given, counted)


@pytest.mark.parametrize(
    ("name", "batch", "step", "save_every"),
    [("_loss", 2, 4, None), ("_loss", 25, 8, 3), ("_translate", 2, 4, 3), ("_translate", 4, 8, None)],
)
def test_a_signal_in_a_validation_leaves_it_at_once_and_it_is_repeated(
    settings, tmp_path, monkeypatch, name, batch, step, save_every
):
    settings |= {"search_tokens": 16, "validation_pairs": 3, "save_every": save_every}  # batches of one pair
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    signalled = Signalled(monkeypatch, name, batch)
    with pytest.raises(Interrupted, match=rf"stopped by SIGTERM after step {step}; saved, go on with the same command"):
        finetune(Finetune.of(settings), listener=Listening())
    assert signalled.batches == batch
    monkeypatch.undo()
    finetune(Finetune.of(settings), resume=True)
    assert same(tmp_path / "model", tmp_path / "whole")


def test_a_signal_in_the_last_scoring_loses_nothing(settings, tmp_path, monkeypatch):
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    signalled = Signalled(monkeypatch, "_loss", 3)  # two validations, one batch each, come before
    with pytest.raises(Interrupted, match="stopped after the last step; saved, go on with the same command"):
        finetune(Finetune.of(settings))
    assert signalled.batches == 3
    monkeypatch.undo()
    finetune(Finetune.of(settings), resume=True)
    assert same(tmp_path / "model", tmp_path / "whole")


def test_a_signal_before_and_after_training_ends_at_once(settings, tmp_path, monkeypatch):
    from calque.training import finetune as module

    def killed(*_):
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(module, "read", killed)
        with pytest.raises(Interrupted, match="stopped before training began: give the same command again"):
            finetune(Finetune.of(settings))
    assert not (tmp_path / "model.run").exists()
    with monkeypatch.context() as patched:
        patched.setattr(module, "card", killed)
        with pytest.raises(Interrupted, match="stopped at once; go on with the same command and --resume"):
            finetune(Finetune.of(settings))
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finetune(Finetune.of(settings), resume=True)


def test_a_second_signal_stops_at_once(settings, tmp_path):
    class Impatient(Listening):
        def event(self, event):
            super().event(event)
            if getattr(event, "step", 0) == 2:
                os.kill(os.getpid(), signal.SIGTERM)
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted, match="stopped at once; go on with the same command and --resume"):
        finetune(Finetune.of(settings), listener=Impatient())
    assert not (tmp_path / "model.run" / "checkpoints").exists()


@pytest.mark.parametrize("damaged", [False, True])
def test_a_resumed_run_tokenises_again_only_where_its_store_is_damaged(settings, tmp_path, monkeypatch, damaged):
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    with pytest.raises(Interrupted):
        finetune(Finetune.of(settings), listener=Killer(3, signal.SIGTERM))
    ids = tmp_path / "model.run" / "store" / "train" / "ids.bin"
    tokenised = []
    real = rows.fitting
    monkeypatch.setattr(rows, "fitting", lambda pairs, *codecs: tokenised.append(len(pairs)) or real(pairs, *codecs))
    if damaged:
        ids.write_bytes(ids.read_bytes()[:-2])
    finetune(Finetune.of(settings), resume=True)
    assert tokenised == ([80] if damaged else [])
    assert same(tmp_path / "whole", tmp_path / "model")


def test_a_disk_that_is_full_while_text_is_tokenised_leaves_nothing(settings, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Writer, "extend", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        finetune(Finetune.of(settings))
    assert caught.value.filename == str(tmp_path / "model.run" / "store" / "train")
    assert not (tmp_path / "model.run").exists()
