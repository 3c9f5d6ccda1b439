from __future__ import annotations

import errno
import os
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import tiny_run
import torch
from safetensors import SafetensorError
from tiny_run import Killer, Listening, same

from calque.errors import Interrupted, MachineError
from calque.model import disk
from calque.recipes.finetune import Finetune
from calque.training import checkpoint, manifest
from calque.training.checkpoint import Checkpoints, found
from calque.training.finetune import finetune
from calque.training.journal import Journal
from calque.training.progress import Step

SEALED = ["optimizer.safetensors", "state.json", "weights.safetensors", "complete.json"]


@dataclass
class Stopped:
    """A run that went through and its twin that was stopped at step 18; the twin's folder is copied for each test."""

    settings: dict[str, Any]
    whole: Path
    run: Path
    listening: Listening = field(default_factory=Listening)

    def copy(self, folder: Path) -> Copied:
        shutil.copytree(self.run, folder / "model.run")
        return Copied(self.settings | {"out": str(folder / "model")}, self.whole, folder)


@dataclass
class Copied:
    """One copy of the stopped run."""

    settings: dict[str, Any]
    whole: Path
    folder: Path

    @property
    def checkpoints(self) -> Path:
        return self.folder / "model.run" / "checkpoints"

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.checkpoints.iterdir())

    def resume(self, listener: Any = None) -> str:
        listener = listener or Listening()
        finetune(Finetune.of(self.settings), resume=True, listener=listener)
        return str(listener.told)

    def is_as_if_never_stopped(self) -> bool:
        return same(self.folder / "model", self.whole)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped")
    settings = tiny_run.settings(folder) | {"log_every": 1}
    finetune(Finetune.of(settings | {"out": str(folder / "whole")}))
    with pytest.raises(Interrupted, match="SIGTERM after step 18; saved"):
        finetune(Finetune.of(settings), listener=Killer(18, signal.SIGTERM))
    return Stopped(settings, folder / "whole", folder / "model.run")


@pytest.fixture
def run(stopped, tmp_path):
    return stopped.copy(tmp_path)


def flip(file, place=None):
    """Change one bit in the middle, or at `place`."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2 if place is None else place] ^= 1
    file.write_bytes(content)


def cut(file):
    os.truncate(file, file.stat().st_size // 2)


def test_a_run_that_was_stopped_goes_on_from_its_newest_checkpoint(run):
    assert run.names == ["step-000000016", "step-000000018"]
    assert sorted(path.name for path in (run.checkpoints / "step-000000018").iterdir()) == sorted(SEALED)
    assert "going on from the checkpoint of step 18 (step-000000018)" in run.resume()
    assert run.is_as_if_never_stopped()


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
@pytest.mark.parametrize("name", SEALED)
def test_a_damaged_checkpoint_is_told_and_the_one_before_is_taken(run, name, damage):
    damage(run.checkpoints / "step-000000018" / name)
    told = run.resume()
    assert "step-000000018: damaged checkpoint (" in told
    assert name in told.split("damaged checkpoint (")[1].split(")")[0] or name == "complete.json"
    assert "going on from the checkpoint of step 16 (step-000000016)" in told
    assert run.is_as_if_never_stopped()


def test_what_is_damaged_is_said(run, tmp_path):
    newest = run.checkpoints / "step-000000018"
    written = (newest / "weights.safetensors").stat().st_size
    cut(newest / "weights.safetensors")
    assert manifest.damage(newest) == f"weights.safetensors has {written // 2:,} bytes instead of {written:,}"
    (newest / "weights.safetensors").unlink()
    assert manifest.damage(newest) == "weights.safetensors is missing"
    flip(run.checkpoints / "step-000000016" / "state.json")
    assert manifest.damage(run.checkpoints / "step-000000016") == "state.json has other content than was written"
    for text, told in (("[]", "cannot be read"), ('{"files": {}}', "names no files"), ("", "cannot be read")):
        (newest / "complete.json").write_text(text)
        assert manifest.damage(newest) == f"complete.json {told}"
    shutil.rmtree(newest)
    newest.mkdir()
    assert manifest.damage(newest) == "complete.json is missing"


def test_no_bit_of_a_checkpoint_can_change_unseen(tmp_path):
    (tmp_path / "state.json").write_bytes(b"0123456789" * 3)
    manifest.write(tmp_path)
    assert manifest.damage(tmp_path) is None
    for place in range(30):
        flip(tmp_path / "state.json", place)
        assert manifest.damage(tmp_path) == "state.json has other content than was written"
        flip(tmp_path / "state.json", place)
    assert manifest.damage(tmp_path) is None


def test_an_empty_folder_is_no_checkpoint_and_what_lies_beside_is_not_looked_at(run):
    (run.checkpoints / "step-000000020").mkdir()
    (run.checkpoints / ".step-000000022.part-1").mkdir()
    (run.checkpoints / "step-of-somebody").mkdir()
    assert "step-000000020: damaged checkpoint (complete.json is missing), left out" in run.resume()
    assert run.is_as_if_never_stopped()


def test_where_no_checkpoint_is_left_the_run_begins_again(run):
    for path in found(run.checkpoints):
        cut(path / "optimizer.safetensors")
    with pytest.raises(Interrupted, match="after step 3"):
        run.resume(listening := Killer(3, signal.SIGTERM))
    assert "no undamaged checkpoint is left: beginning at step 0 again, with the network in start/" in listening.told
    assert run.names == ["step-000000003", "step-000000016.damaged", "step-000000018.damaged"]
    with pytest.raises(Interrupted, match="after step 17"):
        run.resume(Killer(17, signal.SIGTERM))
    assert run.names == ["step-000000016", "step-000000017", "step-000000018.damaged"]
    run.resume()
    assert run.is_as_if_never_stopped()


def test_a_run_without_checkpoints_says_that_it_begins_again(run):
    shutil.rmtree(run.checkpoints)
    assert "there is no checkpoint yet: beginning at step 0 again" in run.resume()
    assert run.is_as_if_never_stopped()


def test_a_checkpoint_of_another_network_is_no_damage(run):
    newest = run.checkpoints / "step-000000018"
    (newest / "weights.safetensors").unlink()
    shutil.copy(newest / "optimizer.safetensors", newest / "weights.safetensors")
    manifest.write(newest)
    with pytest.raises(checkpoint.ModelError, match="undamaged, but it cannot be loaded"):
        run.resume()
    assert run.names == ["step-000000016", "step-000000018"]


@pytest.mark.parametrize(("lost", "chosen"), [([8], "step 24"), ([8, 16], "step 24")])
def test_lost_snapshots_are_left_out_of_the_average(run, lost, chosen):
    for step in lost:
        cut(run.folder / "model.run" / "snapshots" / f"step-{step:09d}" / "weights.safetensors")
    told = run.resume()
    assert told.count("damaged weights (weights.safetensors has") == len(lost)
    assert (run.folder / "model").is_dir()


def test_snapshots_that_are_lost_at_the_last_moment_leave_the_last_weights(run, monkeypatch):
    class Thief(Listening):
        def event(self, event):
            super().event(event)
            if getattr(event, "step", 0) == 24:
                shutil.rmtree(run.folder / "model.run" / "snapshots")

    told = run.resume(Thief())
    assert told.count("damaged weights (complete.json is missing)") == 2
    assert "ready after 24 steps (the last step)" in told


def full(usual, error, times=1):
    """The function `usual`, which finds the disk full a few `times` before it does what it always did."""

    def called(*given, **named):
        if called.times:
            called.times -= 1
            raise error
        return usual(*given, **named)

    called.times = times
    return called


NO_SPACE = OSError(errno.ENOSPC, "No space left on device")
POINTS = [
    (checkpoint, "save_model", SafetensorError("I/O error: No space left on device (os error 28)")),
    (checkpoint, "save_file", SafetensorError("I/O error: No space left on device (os error 28)")),
    (checkpoint.json, "dumps", NO_SPACE),
    (checkpoint.manifest, "write", NO_SPACE),
    (disk, "make", NO_SPACE),
    (disk, "flush_all", NO_SPACE),
    (disk, "flush", NO_SPACE),
    (Path, "rename", NO_SPACE),
    (disk, "refuse_full", NO_SPACE),
]


@pytest.mark.parametrize(("place", "name", "error"), POINTS, ids=[name for _, name, _ in POINTS])
def test_a_full_disk_within_a_checkpoint_costs_that_checkpoint_only(run, monkeypatch, place, name, error):
    writing = checkpoint.write
    monkeypatch.setattr(place, name, full(getattr(place, name), error, times=0))

    def fails_once(*given):
        getattr(place, name).times = 1 if fails_once.first else 0
        fails_once.first = False
        writing(*given)

    fails_once.first = True
    if name == "refuse_full":
        disk.refuse_full.times = 1
    else:
        monkeypatch.setattr(checkpoint, "write", fails_once)
    with pytest.raises(Interrupted, match="after step 21"):
        run.resume(listening := Killer(21, signal.SIGTERM))
    assert "the checkpoint of step 20 could not be written" in listening.told
    assert "No space left on device" in listening.told
    assert "training goes on without; the newest one is of step " in listening.told
    assert run.names == ["step-000000018", "step-000000021"]
    assert [manifest.damage(path) for path in found(run.checkpoints)] == [None, None]
    run.resume()
    assert run.is_as_if_never_stopped()


def test_a_checkpoint_that_has_its_name_counts_even_if_its_folder_cannot_be_flushed(trained, tmp_path, monkeypatch):
    kept = Checkpoints(tmp_path, keep=1, keep_best=0, listener=(listening := Listening()))
    state = {"step": 3, "validated": -1, "value": 0.0, "kept": []}
    flush = disk.flush
    monkeypatch.setattr(disk, "flush", lambda path: full(flush, NO_SPACE, times=path == tmp_path)(path))
    kept.save(*trained, state)
    assert "the checkpoint of step 3 could not be written" in listening.told
    monkeypatch.undo()
    assert kept.restore(*trained) == state


def test_free_space_is_looked_at_before_a_checkpoint_is_written(run, monkeypatch):
    monkeypatch.setattr(disk, "room", lambda folder: 1_000_000)
    with pytest.raises(MachineError) as raised:
        run.resume(listening := Listening())
    assert raised.value.exit_code == 6
    needed = r"it needs 0\.\d MB, 1\.0 MB are free"
    assert raised.match(
        rf"step 24 could not be written \(No space left on device; {needed}\): free some space and go on"
    )
    assert raised.match("with the same command and --resume; the newest one is of step 18")
    assert "step 20 could not be written" in listening.told
    assert run.names == ["step-000000016", "step-000000018"]
    monkeypatch.undo()
    run.resume()
    assert run.is_as_if_never_stopped()


def test_a_signal_on_a_full_disk_says_what_is_lost(run, monkeypatch):
    monkeypatch.setattr(disk, "room", lambda folder: 0)
    with pytest.raises(MachineError, match=r"step 19 could not be written .* --resume; the newest one is of step 18"):
        run.resume(Killer(19, signal.SIGTERM))


def test_weights_for_the_average_that_cannot_be_written_are_done_without(run, monkeypatch):
    from calque.training import snapshots

    monkeypatch.setattr(snapshots, "save_model", full(snapshots.save_model, NO_SPACE))
    told = run.resume()
    assert "the weights of step 24 could not be written (No space left on device; they need" in told
    assert "steps 8, 16)" in told or "(step 8)" in told or "(step 16)" in told


def test_a_full_disk_at_the_very_end_says_how_to_go_on(run, monkeypatch):
    from calque.training import run as runs

    monkeypatch.setattr(runs.shutil, "copy", full(shutil.copy, NO_SPACE))
    with pytest.raises(MachineError, match=r"all that was learned is in .*model\.run: go on with the same command"):
        run.resume()
    monkeypatch.undo()
    run.resume()
    assert run.is_as_if_never_stopped()


def test_metrics_that_cannot_be_written_stop_nothing(run):
    metrics = run.folder / "model.run" / "metrics.jsonl"
    metrics.unlink()
    metrics.mkdir()  # opening it for writing fails, even for root
    told = run.resume()
    assert told.count("metrics.jsonl: a line could not be written (Is a directory): training goes on without it") == 1
    assert tiny_run.weights(run.folder / "model").keys() == tiny_run.weights(run.whole).keys()


def test_half_a_line_of_metrics_never_stays(tmp_path):
    journal = Journal(tmp_path / "metrics.jsonl", Listening())
    for step in (1, 2):
        journal.write({"step": step})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3')
    again = Journal(tmp_path / "metrics.jsonl", Listening())
    again.cut(1000)
    assert (tmp_path / "metrics.jsonl").read_text() == '{"step": 1}\n{"step": 2}\n'
    again.cut(15)
    assert again.bytes == 12
    again.write({"step": 2})
    assert (tmp_path / "metrics.jsonl").read_text() == '{"step": 1}\n{"step": 2}\n'


@pytest.fixture
def trained():
    """A network and an optimizer that has taken a step."""
    module = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return module, optimizer


def test_the_best_are_kept_beside_the_last(trained, tmp_path):
    kept = Checkpoints(tmp_path, keep=1, keep_best=2, listener=Listening())
    names = []
    for step, value in enumerate([3.0, 9.0, None, 5.0, 4.0, 9.0, None], start=1):
        validated = step if value is not None else step - 1
        kept.save(*trained, {"step": step, "validated": validated, "value": value or 0.0, "kept": []})
        names.append([int(path.name[-1]) for path in found(tmp_path)])
    assert names == [[1], [1, 2], [1, 2, 3], [2, 4], [2, 4, 5], [2, 6], [2, 6, 7]]


def test_a_checkpoint_after_the_validation_of_its_step_is_the_newer_one(trained, tmp_path):
    kept = Checkpoints(tmp_path, keep=3, keep_best=0, listener=Listening())
    for step, validated in ((9, 5), (9, 5), (9, 9), (10, 9)):
        kept.save(*trained, {"step": step, "validated": validated, "value": 0.0, "kept": []})
    assert [path.name for path in found(tmp_path)] == ["step-000000009", "step-000000009.2", "step-000000010"]
    kept.keep = 1
    cut(tmp_path / "step-000000010" / "state.json")
    state = Checkpoints(tmp_path, 1, 0, Listening()).restore(*trained)
    assert state == {"step": 9, "validated": 9, "value": 0.0, "kept": []}


def test_best_validations_survive_in_a_run(run):
    run.settings |= {"keep": 1, "keep_best": 2}
    with pytest.raises(Interrupted, match="after step 23"):
        run.resume(Killer(23, signal.SIGTERM))
    assert run.names == ["step-000000016", "step-000000023"]


def test_a_leftover_of_a_killed_process_is_cleared_away(run):
    (run.checkpoints / ".step-000000022.part-1").mkdir()
    (run.folder / "model.run" / "snapshots" / ".step-000000024.part-1").mkdir()
    with pytest.raises(Interrupted):
        run.resume(Killer(19, signal.SIGTERM))
    assert run.names == ["step-000000018", "step-000000019"]
    left = sorted(path.name for path in (run.folder / "model.run" / "snapshots").iterdir())
    assert left == ["step-000000008", "step-000000016"]


def test_steps_are_not_repeated_after_a_stop(run):
    listening = Listening()
    run.resume(listening)
    assert [event.step for event in listening.events if isinstance(event, Step)] == [19, 20, 21, 22, 23, 24]
