"""Scores are the digits of the sacrebleu command line, with its signatures."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from calque.errors import DataError, MachineError
from calque.evaluation import metrics
from calque.evaluation.metrics import by_sentence, quick, score

FRENCH = [
    ("Le chat dort sur le canapé.", "Le chat dort sur le canapé."),
    ("La pluie tombe depuis hier soir…", "Il pleut depuis hier soir…"),
    ("L’enfant a perdu son ballon rouge !", "L'enfant a perdu sa balle rouge !"),
    ("", "Merci."),
    ("Au revoir.", ""),
    ("Nous partons à 10 h 30, « sans faute ».", "Nous partirons à 10 h 30 « sans faute »."),
    ("Mme. Dupont habite à Lyon", "Mme Dupont habite à Lyon."),
    ("la boîte est vide", "La boîte est VIDE."),
]
CHINESE = [
    ("你好，世界！", "世界，你好！"),
    ("今天天气很好。", "今天的天气非常好。"),
    ("他在看书", "他正在看书。"),
    ("我有3本书。", "我有 3 本书。"),
]


def columns(rows: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [said for said, _ in rows], [wanted for _, wanted in rows]


def files(folder: Path, rows: list[tuple[str, str]]) -> tuple[Path, Path]:
    paths = folder / "hypotheses", folder / "references"
    for path, lines in zip(paths, columns(rows), strict=True):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return paths


def sacrebleu(hypotheses: Path, references: Path, *flags: str, seed: int = 12345) -> dict[str, dict]:
    """What the command line says, by metric."""
    command = [sys.executable, "-m", "sacrebleu", str(references), "-i", str(hypotheses), "-w", "4", "-f", "json"]
    environment = os.environ | {"SACREBLEU_SEED": str(seed)}
    done = subprocess.run([*command, *flags], capture_output=True, text=True, check=True, env=environment)
    said = json.loads(done.stdout)
    return {row["name"]: row for row in (said if isinstance(said, list) else [said])}


def agrees(ours: metrics.Score, theirs: dict) -> bool:
    middle, half = (ours.low + ours.high) / 2, (ours.high - ours.low) / 2
    return (ours.value, middle, half) == pytest.approx(
        (theirs["score"], theirs["confidence_mean"], theirs["confidence_var"]), abs=5.1e-5
    )


def test_french_scores_are_those_of_the_command_line(tmp_path):
    rows = FRENCH * 3
    ours = score(*columns(rows), "fr", bootstrap=200)
    confidence = ["--confidence", "--confidence-n", "200"]
    theirs = sacrebleu(*files(tmp_path, rows), "-m", "bleu", "chrf", "ter", *confidence)
    theirs |= sacrebleu(*files(tmp_path, rows), "-m", "chrf", "--chrf-word-order", "2", *confidence)
    assert sorted(theirs) == ["BLEU", "TER", "chrF2", "chrF2++"]
    for name, row in theirs.items():
        assert agrees(ours[name], row), name
        assert ours[name].signature == row["signature"]


def test_chinese_scores_are_those_of_the_command_line_with_its_tokenizer(tmp_path):
    ours = score(*columns(CHINESE * 4), "zho_Hans", bootstrap=100, seed=7)
    flags = ["-m", "bleu", "chrf", "ter", "-tok", "zh", "--confidence", "--confidence-n", "100"]
    theirs = sacrebleu(*files(tmp_path, CHINESE * 4), *flags, seed=7)
    for name, row in theirs.items():
        assert agrees(ours[name], row), name
        assert ours[name].signature == row["signature"]
    assert "|seed:7|" in ours["BLEU"].signature
    assert "|tok:zh|" in ours["BLEU"].signature
    assert "BLEU-lc-tok" not in ours
    assert metrics.omitted("zho_Hans") == {
        "BLEU-lc-tok": "the Moses tokenizer does not segment 'zho_Hans' into words; BLEU with tok:zh does"
    }


def test_the_papers_protocol_is_the_pipeline_of_command_lines(tmp_path):
    hypotheses, references = files(tmp_path, FRENCH)
    for path in (hypotheses, references):
        with path.open(encoding="utf-8") as stream:
            moses = [sys.executable, "-m", "sacremoses", "-q", "-l", "fr", "normalize", "tokenize"]
            done = subprocess.run(moses, stdin=stream, capture_output=True, encoding="utf-8", check=True)
        path.write_text(done.stdout.lower(), encoding="utf-8")
    confidence = ["--confidence", "--confidence-n", "150"]
    theirs = sacrebleu(hypotheses, references, "--tokenize", "none", *confidence)["BLEU"]
    ours = score(*columns(FRENCH), "fr", bootstrap=150)["BLEU-lc-tok"]
    assert agrees(ours, theirs)
    ours_lowered = theirs["signature"].replace("case:mixed", "case:lc")
    version = metadata.version("sacremoses")
    assert ours.signature == f"{ours_lowered}|norm:moses-punct|pretok:moses-fr|sacremoses:{version}"


@pytest.mark.parametrize(("code", "tokenizer"), [("ja", "ja-mecab"), ("ko", "ko-mecab")])
def test_a_missing_tokenizer_names_the_extra(monkeypatch, code, tokenizer):
    module = importlib.import_module(f"sacrebleu.tokenizers.tokenizer_{code}_mecab")
    monkeypatch.setattr(module, "MeCab", None)
    with pytest.raises(MachineError, match=rf"BLEU for '{code}' needs the tokenizer {tokenizer}.*'calque\[asian\]'"):
        score(["a"], ["a"], code)
    with pytest.raises(MachineError, match="asian"):
        quick(["a"], ["a"], code)


@pytest.mark.parametrize(
    ("code", "package", "rows"),
    [
        ("ja", "MeCab", [("猫が寝ています。", "猫は寝ている。"), ("本を読む", "本を読みます。")]),
        ("ko", "mecab_ko", [("고양이가 자고 있다.", "고양이가 자요."), ("책을 읽는다", "책을 읽습니다.")]),
    ],
)
def test_japanese_and_korean_scores_are_those_of_the_command_line(tmp_path, code, package, rows):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install 'calque[asian]'")
    ours = score(*columns(rows), code, bootstrap=50)["BLEU"]
    flags = ["-m", "bleu", "-tok", f"{code}-mecab", "--confidence", "--confidence-n", "50"]
    theirs = sacrebleu(*files(tmp_path, rows), *flags)["BLEU"]
    assert agrees(ours, theirs)
    assert ours.signature == theirs["signature"]


def test_scores_literal():
    found = score(*columns(FRENCH), "fr", bootstrap=0)
    assert {name: round(one.value, 4) for name, one in found.items()} == {
        "BLEU": 48.4126,
        "chrF2": 72.1366,
        "chrF2++": 70.7415,
        "TER": 36.8421,
        "BLEU-lc-tok": 58.6204,
    }


def test_without_bootstrap_there_is_no_interval():
    found = score(["Bonjour le monde."], ["Bonjour tout le monde."], "fr", bootstrap=0)
    for one in found.values():
        assert one.low == one.value == one.high
        assert "bs:" not in one.signature
        assert "seed:" not in one.signature


def test_the_seed_moves_the_interval_only():
    one, other = (score(*columns(FRENCH), "fr", bootstrap=50, seed=seed)["BLEU"] for seed in (1, 2))
    assert one.value == other.value
    assert (one.low, one.high) != (other.low, other.high)


def test_an_interval_stays_within_what_a_metric_can_be():
    rows = [("a b c d e", "a b c d e")] + [("x", "y z")] * 9
    found = score(*columns(rows), "en", bootstrap=300)
    assert found["BLEU"].low == 0.0
    assert found["BLEU"].high < 100
    perfect = score(["a b c d"] * 3, ["a b c d"] * 3, "en", bootstrap=20)["chrF2"]
    assert (perfect.low, perfect.value, perfect.high) == (100.0, 100.0, 100.0)


def test_cutting_the_work_into_parts_changes_nothing(monkeypatch):
    whole = score(*columns(FRENCH), "fr", bootstrap=30)
    monkeypatch.setattr(metrics, "_CHUNK", 3)
    assert score(*columns(FRENCH), "fr", bootstrap=30) == whole


def test_quick_agrees_with_score():
    found = score(*columns(FRENCH), "fr", bootstrap=0)
    assert quick(*columns(FRENCH), "fr") == {name: found[name].value for name in ("BLEU", "chrF2")}


def test_blank_translations_score_nothing():
    found = score(["", " "], ["Bonjour.", "Merci."], "fr", bootstrap=10)
    assert {name: one.value for name, one in found.items()} == {
        "BLEU": 0.0,
        "chrF2": 0.0,
        "chrF2++": 0.0,
        "TER": 100.0,
        "BLEU-lc-tok": 0.0,
    }


@pytest.mark.parametrize(
    ("hypotheses", "references", "sentence"),
    [
        (["a"], ["a", "b"], "1 translations cannot be scored against 2 references"),
        ([], [], "there are no translations to score: the test text is empty"),
        (["a", "b"], ["", " "], "every reference is blank"),
    ],
)
@pytest.mark.parametrize("measure", [score, quick])
def test_what_cannot_be_compared_is_refused(measure, hypotheses, references, sentence):
    with pytest.raises(DataError, match=sentence):
        measure(hypotheses, references, "fr")


def test_line_breaks_are_spaces_as_in_a_file_of_lines():
    assert quick(["Bonjour\nle\r\nmonde entier"], ["Bonjour le monde entier"], "fr")["BLEU"] == pytest.approx(100)


def test_single_sentences_literal():
    found = by_sentence(*columns(FRENCH[:4]))
    assert [round(value, 2) for value in found] == [100.0, 65.09, 62.47, 0.0]


@pytest.mark.parametrize(
    ("code", "bare"),
    [("fr", "fr"), ("fr-CA", "fr"), ("fra_Latn", "fr"), ("zh-TW", "zh"), ("CMN", "zh"), ("jpn", "ja"), ("wol", "wol")],
)
def test_language_codes(code, bare):
    assert metrics.language(code) == bare


def test_notes_speak_of_languages_without_spaces():
    assert metrics.notes("fr") == metrics.notes("ko") == []
    assert len(metrics.notes("zh")) == 1
    assert "13a splits at spaces" in metrics.notes("tha_Thai")[1]


def test_length_ratio_literal():
    assert metrics.length_ratio(["a b c d e"], ["a b c d e f"], "en") == {
        "hypothesis_tokens": 5,
        "reference_tokens": 6,
        "ratio": pytest.approx(5 / 6),
        "brevity_penalty": pytest.approx(0.81873, abs=1e-5),
    }
