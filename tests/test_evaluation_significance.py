"""Tests of significance: against the sacrebleu command line, and literal values."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

from calque.evaluation import metrics, significance
from calque.evaluation.significance import Drawn

WORDS = ["le", "chien", "chat", "dort", "mange", "grand", "rouge", "bleu", "vite", "dans", "une", "maison", "arbre"]
COUNT = 60


def text(seed: int, dropped: float) -> list[str]:
    """Sentences that lack a part of the words of the references."""
    draw = random.Random(seed)
    return [" ".join(word for word in line.split() if draw.random() >= dropped) for line in REFERENCES]


REFERENCES = [" ".join(random.Random(number).choices(WORDS, k=5 + number % 7)) + " ." for number in range(COUNT)]
GOOD, BAD = text(1, 0.1), text(2, 0.14)


def drawn(*runs: list[str], bootstrap: int = 200, seed: int = 12345) -> Drawn:
    return Drawn.of([metrics.tallies(run, REFERENCES, "fr") for run in runs], bootstrap, seed)


@pytest.fixture(scope="module")
def pair() -> tuple[Drawn, Drawn]:
    return drawn(GOOD), drawn(BAD)


@pytest.fixture
def files(tmp_path):
    for name, lines in {"ref": REFERENCES, "good": GOOD, "bad": BAD}.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return tmp_path


def sacrebleu(files, *flags: str) -> str:
    """What the command line says of the two files."""
    words = [sys.executable, "-m", "sacrebleu", "ref", "-i", "good", "bad", "-m", "bleu", "chrf", "ter", "-q", *flags]
    return subprocess.run(words, cwd=files, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def test_randomisation_is_that_of_the_sacrebleu_command_line(files, pair):
    told = json.loads(sacrebleu(files, "--paired-ar", "--paired-ar-n", "500", "-f", "json"))
    ps = significance.randomisation(pair, 500, 12345)[0, 1]
    names = [tally.name for tally in pair[0].runs[0]]
    for name in ("BLEU", "chrF2", "TER"):
        assert ps[names.index(name)] == told[1][name]["p_value"]
        assert [one.value(names.index(name)) for one in pair] == [row[name]["score"] for row in told]
    assert 0.002 < ps[0] < 0.9


def test_bootstrap_and_signatures_are_those_of_the_sacrebleu_command_line(files, pair):
    told = sacrebleu(files, "--paired-bs", "--paired-bs-n", "200", "-f", "text", "-w", "4")
    tally = pair[0].runs[0][0]
    p = significance.bootstrap(*pair, 0)
    score = pair[1].scores(12345)["BLEU"]
    mean, half = (score.low + score.high) / 2, (score.high - score.low) / 2
    row = re.sub(r"\s+", " ", next(line for line in told.splitlines() if "bad" in line))
    assert f"{score.value:.4f} ({mean:.4f} ± {half:.4f})" in row
    assert f"(p = {p:.4f})" in re.sub(r"\s+", " ", told)
    assert tally.signature(bs=200, seed=12345) in told
    assert 0.005 < p < 0.9


@pytest.mark.parametrize("seed", [1, 12345])
@pytest.mark.parametrize("count", [32, 45, 60])
def test_both_tests_agree_with_sacrebleu_to_the_last_digit(monkeypatch, seed, count):
    monkeypatch.setenv("SACREBLEU_SEED", str(seed))
    monkeypatch.setattr(significance, "_AT_ONCE", 33 * count)  # many parts, whose draws must join
    two = [
        Drawn.of([[tally.part(0, count) for tally in metrics.tallies(said, REFERENCES, "fr")]], 100, seed)
        for said in (GOOD, BAD)
    ]
    found = {"bs": [significance.bootstrap(*two, i) for i in range(4)], "ar": []}
    found["ar"] = significance.randomisation(two, 150, seed)[0, 1]
    for kind, samples in (("bs", 100), ("ar", 150)):
        oracle = {"BLEU": BLEU(), "chrF2": CHRF(), "chrF2++": CHRF(word_order=2), "TER": TER()}
        named = [("good", GOOD[:count]), ("bad", BAD[:count])]
        signatures, told = PairedTest(named, oracle, [REFERENCES[:count]], kind, samples)()
        for place, name in enumerate(oracle):
            assert found[kind][place] == pytest.approx(told[name][1].p_value, abs=0)
            signature = two[0].runs[0][place].signature(**{kind: samples, "seed": seed})
            assert sorted(signature.split("|")) == sorted(signatures[name].format().split("|"))


def test_intervals_are_those_of_one_system_alone(pair):
    assert pair[0].scores(12345) == metrics.score(GOOD, REFERENCES, "fr", 200, 12345)


def test_systems_that_say_the_same_do_not_differ(pair):
    same = drawn(list(GOOD))
    assert [significance.bootstrap(pair[0], same, i) for i in range(5)] == [1.0] * 5
    assert significance.randomisation([pair[0], same], 100, 1) == {(0, 1): [1.0] * 5}


def test_several_runs_count_as_their_mean():
    two, one = drawn(GOOD, BAD), drawn(GOOD)
    values = [metrics.score(run, REFERENCES, "fr", 0)["BLEU"].value for run in (GOOD, BAD)]
    assert two.value(0) == pytest.approx(sum(values) / 2)
    assert two.samples[0][0] == pytest.approx((one.samples[0][0] + drawn(BAD).samples[0][0]) / 2)
    assert two.scores(12345)["BLEU"].low < two.value(0) < two.scores(12345)["BLEU"].high
    twice = drawn(GOOD, list(GOOD))
    assert significance.bootstrap(twice, drawn(BAD), 1) == significance.bootstrap(one, drawn(BAD), 1)
    assert significance.randomisation([twice, drawn(BAD)], 200, 3) == significance.randomisation(
        [one, drawn(BAD)], 200, 3
    )


def test_paired_differences_against_all_sign_changes():
    differences = [3.0, 1.0, -0.5, 2.0, 1.5]  # 4 of 32 sign changes reach a sum of 7 or -7: p = 0.125
    assert significance.paired(differences, 20_000, 1) == pytest.approx(0.125, abs=0.01)
    assert significance.paired([0.0, 0.0], 100, 1) == 1.0
    assert significance.paired([1.0] * 30, 1000, 1) == 1 / 1001


def test_welch_literal():
    t, p = significance.welch([1, 2, 3], [2, 3, 4])  # R: t.test(1:3, 2:4)
    assert (t, p) == (pytest.approx(-1.2247449, abs=1e-7), pytest.approx(0.2878641, abs=1e-7))
    t, p = significance.welch([1, 2], [3, 4, 8])
    assert t == pytest.approx(-2.1775986, abs=1e-7)
    assert 0.1177 < p < 0.1611  # 2.4 degrees of freedom: between those of 3 and 2
    assert significance.welch([1], [2, 3]) is None
    assert significance.welch([1, 1], [1, 1]) == (0.0, 1.0)
    assert significance.welch([2, 2], [1, 1]) == (float("inf"), 0.0)


def test_student_literal():
    t, p = significance.student(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5]))
    assert t == pytest.approx(-1.659850, abs=1e-6)
    assert p == pytest.approx(0.157839, abs=1e-6)
    assert significance.student(np.array([1.0]), np.array([])) is None
    assert significance.student(np.array([2.0, 2]), np.array([1.0])) == (float("inf"), 0.0)


@pytest.mark.parametrize(("t", "freedom"), [(12.7062, 1), (4.30265, 2), (2.77645, 4), (2.22814, 10), (1.98397, 100)])
def test_the_table_of_students_t(t, freedom):
    assert significance._beyond(t, freedom) == pytest.approx(0.05, abs=1e-5)


def test_holm_literal():
    assert significance.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == {
        "d": 0.02,
        "a": 0.03,
        "c": 0.06,
        "b": 0.06,
    }
    assert significance.holm({}) == {}
