"""Runs that are killed again and again must end as if nothing had happened, bit for bit."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import tiny_run
from tiny_run import same

from calque.recipes.finetune import Finetune
from calque.training.finetune import finetune

pytestmark = pytest.mark.slow
CHILD = str(Path(__file__).with_name("faulty_run.py"))
SIGKILLED = -9
KILLS = [("save_model", 1), ("save_file", 1), ("write_text", 1), ("write_text", 2), ("fsync", 1), ("fsync", 4),
         ("fsync", 5), ("fsync", 6), ("rename", 1), ("rename", 2), ("rmtree", 1), ("rmtree", 2)]  # fmt: skip
FULL = [("save_model", 1), ("save_file", 1), ("write_text", 1), ("write_text", 2), ("fsync", 3), ("rename", 1)]


def child(settings: dict[str, Any], disk: Path, is_small: bool = False, plan: Any = (), seed: int = 0) -> Any:
    """A process that trains, and goes on where an earlier one has begun."""
    resume = Path(settings["out"]).with_name("model.run").exists()
    told = {"settings": settings, "resume": resume, "plan": list(plan), "disk": str(disk), "is_small": is_small,
            "seed": seed}  # fmt: skip
    return subprocess.Popen([sys.executable, CHILD, json.dumps(told)], stdout=subprocess.PIPE, text=True)


def test_ten_kills_at_random_moments_change_no_bit(tmp_path):
    settings = tiny_run.settings(tmp_path) | {"steps": 480, "validate_every": 40, "log_every": 1, "average": 3}
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    chance = random.Random(20261124)
    at = []
    for number in range(10):
        early = number in (0, 5)  # while it still imports or prepares
        seconds, steps = (chance.uniform(0, 4), 0) if early else (chance.uniform(0, 0.03), chance.randrange(1, 44))
        with child(settings, tmp_path) as process:
            lines = []
            while sum(line.startswith("step") for line in lines) < steps:
                lines.append(process.stdout.readline())
                assert lines[-1], "the run ended before it was killed"
            time.sleep(seconds)
            process.kill()
            lines += process.stdout.readlines()
        assert process.returncode == SIGKILLED
        at.append(lines[-1].strip() if lines else "nothing told")
    with child(settings, tmp_path) as process:
        process.communicate(timeout=600)
    assert process.returncode == 0
    print("killed after:", *at, sep="\n  ")
    assert same(tmp_path / "model", tmp_path / "whole")


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 32 MB where one may be mounted, and whether it is."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    is_small = mount is not None and not subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], capture_output=True
    ).returncode  # fmt: skip
    yield folder, is_small
    if is_small:
        subprocess.run(["umount", str(folder)], check=True)


def accidents(chance: random.Random) -> list[list[dict[str, Any]]]:
    """8 kills, 6 truncations and 6 full disks within the writing of checkpoints, for as many processes as it takes: a
    full disk is survived, the others are not."""
    kinds = ["kill"] * 8 + ["cut"] * 6 + ["full"] * 6
    chance.shuffle(kinds)
    processes: list[list[dict[str, Any]]] = [[]]
    save = 0
    for kind in kinds:
        save += chance.randint(1, 2) + (kind == "cut")  # so that an older checkpoint is there
        place = {"kill": KILLS, "cut": [("rename", 1), ("fsync", 6)], "full": FULL}[kind]
        operation, nth = chance.choice(place)
        when = chance.choice(["kill before", "kill after"]) if kind == "kill" else kind
        processes[-1].append({"save": save, "operation": operation, "nth": nth, "kind": when})
        if kind != "full":
            processes.append([])
            save = 0
    return processes


def test_twenty_accidents_within_checkpoints_change_no_bit(tmp_path, small_disk):
    disk, is_small = small_disk
    settings = tiny_run.settings(tmp_path) | {"steps": 120, "validate_every": 10, "save_every": 2, "average": 3}
    finetune(Finetune.of(settings | {"out": str(tmp_path / "whole")}))
    settings["out"] = str(disk / "model")
    chance = random.Random(20261124)
    told = ""
    *killed, last = accidents(chance)
    for seed, plan in enumerate([*killed, last]):
        with child(settings, disk, is_small, plan, seed) as process:
            told += process.communicate(timeout=600)[0]
        assert process.returncode == (0 if plan is last else SIGKILLED)
    met = [line for line in told.splitlines() if line.startswith("accident")]
    print(f"small disk: {is_small}", *met, *(line for line in told.splitlines() if "message /" in line), sep="\n  ")
    assert len(met) == 20
    assert told.count("damaged checkpoint (") == 6
    assert len(re.findall(r"checkpoint of step .* could not be written \(.*No space left on device", told)) == 6
    assert same(disk / "model", tmp_path / "whole")
