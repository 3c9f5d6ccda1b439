"""Several processes on this machine, started by torchrun, speaking through gloo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file
from test_training_loop import settings  # noqa: F401 - a fixture

from calque.recipes.finetune import Finetune
from calque.training.finetune import finetune
from calque.training.team import Team

SCRIPT = """
import json, os, signal, sys
from calque.recipes.finetune import Finetune
from calque.training.finetune import finetune
from calque.training.progress import Step

class Once:
    def event(self, event):
        if isinstance(event, Step) and event.step == stop:
            os.kill(os.getpid(), signal.SIGTERM)

recipe, how, stop = Finetune.of(json.loads(sys.argv[1])), sys.argv[2], int(sys.argv[3])
finetune(recipe, resume=how == "resume", listener=Once())
"""


def launched(processes, tmp_path, settings, how="begin", stop=0):  # noqa: F811
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)),
            *("--monitor-interval", "0.2", str(script), json.dumps(settings), how, str(stop)),
        ],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def losses(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line], [
        line["dev_loss"] for line in lines if "dev_loss" in line
    ]


def children(process):
    """The training processes of a launcher, by rank."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True)
    return sorted(int(pid) for pid in found.stdout.split())


def test_one_process_is_a_team_too():
    team = Team()
    assert (team.alone, team.leads) == (True, True)
    assert team.share([1, 2, 3]) == [1, 2, 3]
    assert team.sum([1.5, 2]) == [1.5, 2]
    assert team.gather("a") == ["a"]
    assert team.led(lambda: 5) == 5


def test_shares_are_disjoint_and_whole():
    shares = [Team(rank, 3).share(range(7)) for rank in range(3)]
    assert shares == [[0, 3, 6], [1, 4], [2, 5]]


@pytest.mark.parametrize(("sharding", "ema"), [("none", 0.9), ("full", 0.0)])
def test_two_processes_compute_what_one_does(settings, tmp_path, sharding, ema):  # noqa: F811
    plain = settings | {"dropout": 0.0, "ema": ema, "steps": 20, "log_every": 1, "micro_batch_tokens": 120, "clip": 1.0}
    finetune(Finetune.of(plain | {"out": str(tmp_path / "one")}))
    process = launched(2, tmp_path, plain | {"out": str(tmp_path / "two"), "sharding": sharding})
    _, told = process.communicate(timeout=100)
    assert process.returncode == 0, told
    (one, dev_one), (two, dev_two) = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == 20
    assert two == pytest.approx(one, rel=1e-5)
    assert dev_two == pytest.approx(dev_one, rel=1e-4)
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("one", "two")]
    assert all(torch.allclose(weights[0][name], weights[1][name], atol=1e-3) for name in weights[0])


@pytest.mark.slow
@pytest.mark.parametrize(("sharding", "steps"), [("none", 400), ("full", 60)])
def test_a_killed_process_ends_the_job_and_another_number_goes_on(settings, tmp_path, sharding, steps):  # noqa: F811
    plain = settings | {"dropout": 0.0, "steps": steps, "save_every": 20, "validate_every": steps // 4}
    whole, broken = plain | {"out": str(tmp_path / "whole")}, plain | {"out": str(tmp_path / "broken")}
    finetune(Finetune.of(whole))
    process = launched(2, tmp_path, broken | {"sharding": sharding})
    checkpoints = tmp_path / "broken.run" / "checkpoints"
    while not list(checkpoints.glob("step-*")) and process.poll() is None:
        time.sleep(0.05)
    os.kill(children(process)[1], signal.SIGKILL)
    began = time.monotonic()
    process.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert process.returncode != 0
    assert not (tmp_path / "broken").exists()
    process = launched(3, tmp_path, broken | {"sharding": sharding}, "resume")
    _, told = process.communicate(timeout=100)
    assert process.returncode == 0, told
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("whole", "broken")]
    assert all(torch.allclose(weights[0][name], weights[1][name], atol=0.05) for name in weights[0])


@pytest.mark.slow
def test_sigterm_to_the_job_saves_and_says_how_to_go_on(settings, tmp_path):  # noqa: F811
    plain = settings | {"steps": 2000, "save_every": 2000, "validate_every": 2000, "out": str(tmp_path / "model")}
    process = launched(2, tmp_path, plain)
    metrics = tmp_path / "model.run" / "metrics.jsonl"
    while not metrics.exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    process.terminate()
    process.communicate(timeout=60)
    assert list((tmp_path / "model.run" / "checkpoints").glob("step-*"))
