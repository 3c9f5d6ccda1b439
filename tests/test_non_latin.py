"""English and Chinese, real text without spaces between words, through every command that has to do with text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
SMALL = "--max-length 200 --threads 1 --validation-pairs 10 --average 1 --validations 1"
TINIER = "--threads 1 --validation-pairs 4 --average 1 --validations 1 --no-probes"
BRIEF = "--beam 1 --threads 1 --bootstrap 100 --trials 100"
CANDIDATES = """
model = "tiny"
width = 32
heads = 2
max_length = 200
probes = false
average = 1

[one]
decoder_layers = 1

[two]
"""


def calque(place: Path, words: str, *more: str) -> dict:
    """What a command answers."""
    done = subprocess.run(
        [sys.executable, "-m", "calque", *words.split(), *more, "--json"], cwd=place, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(data, tmp_path_factory) -> Path:
    """A folder with 400 pairs for training, 50 for development and 56 for the test."""
    folder = tmp_path_factory.mktemp("chinese")
    for code, name in (("en", "dev.eng_Latn"), ("zh", "dev.zho_Hans")):
        lines = (data / "flores200" / name).read_text(encoding="utf-8").splitlines()
        for part, (begin, end) in {"train": (0, 400), "dev": (400, 450), "test": (450, 506)}.items():
            (folder / f"{part}.{code}").write_text("\n".join(lines[begin:end]) + "\n", encoding="utf-8")
    return folder


def test_every_command_takes_chinese(place):
    pair = "--source en --target zh --train train --dev dev"
    checked = calque(place, f"check {pair} --test test --model tiny --timed-steps 1")
    assert checked["level"] in ("green", "amber")
    own = "--text train.zh --language zh --objective clm --validations 1 --max-length 200 --threads 1"
    calque(place, f"pretrain {own} --steps 20 --out chinese")
    assert (place / "chinese" / "config.json").is_file()
    trained = calque(place, f"finetune {pair} --model tiny --decoder chinese --steps 30 --out pair {SMALL}")
    assert trained["dev"]["chrF2"] >= 0
    scored = calque(place, "evaluate pair --test test --train train --beam 2 --threads 1")
    assert "tok:zh" in scored["scores"]["BLEU"]["signature"]
    calque(place, f"finetune {pair} --model tiny --steps 30 --out other {SMALL}")
    compared = calque(place, f"compare pair other --test test --out cmp {BRIEF}")
    assert compared["winner"] in (None, "pair", "other")
    assert "tok:zh" in compared["systems"][0]["scores"]["BLEU"]["signature"]
    assert "中" in (place / "cmp" / "report.html").read_text(encoding="utf-8") or compared["apart"]
    (place / "candidates.toml").write_text(CANDIDATES, encoding="utf-8")
    selected = f"select {pair} --candidates candidates.toml --test test --minutes 0.6 {BRIEF} --no-checks --out chosen"
    chosen = calque(place, selected)
    assert chosen["chosen"] in ("one", "two")
    lora = "--adapter lora --adapter-only --steps 4 --out adapter"
    calque(place, f"finetune {pair} --model pair {lora} {TINIER}")
    merged = calque(place, "merge adapter --out merged")
    assert merged["folder"] == "merged"
    for folder in ("pair", "chosen", "merged", "adapter"):
        said = calque(place, f"translate {folder} --beam 1 --longest-ratio 0.5", "The lake is cold.")
        assert len(said["translations"]) == 1
    pushed = calque(place, "push merged someone/merged --dry-run --license cc-by-sa-4.0")
    assert pushed
    back = "--source zh --target en --train train --dev dev"
    calque(place, f"finetune {back} --model tiny --steps 10 --out back {SMALL}")
    assert calque(place, "translate back --beam 1 --longest-ratio 0.5", "湖水很冷。")["translations"]
