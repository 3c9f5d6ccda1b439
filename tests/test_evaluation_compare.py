"""Several systems and a test set become a comparison and its folder."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from calque.decoding.translator import Translator
from calque.errors import DataError, MachineError, RecipeError
from calque.evaluation import metrics, performance
from calque.evaluation.compare import compare
from calque.recipes.compare import Compare
from tests.fake_translator import Shouting, make_folder

COUNT = 60
WORDS = ["small", "dog", "sleeps", "big", "cat", "runs", "two", "birds", "sing", "under", "trees"]


def sentence(number: int) -> str:
    draw = random.Random(number)
    return " ".join(["The", *draw.choices(WORDS, k=6 + number % 5), str(number)]) + "."


SOURCES = [sentence(number) for number in range(COUNT)]
REFERENCES = [text.upper() for text in SOURCES]


def lines(path: Path, texts) -> str:
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return str(path)


def noisy(seed: int, dropped: float = 0.1) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(word for word in text.split() if draw.random() >= dropped) for text in REFERENCES]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A current directory with a test set of two places, two translators, and files of translations."""
    monkeypatch.chdir(tmp_path)
    for name, part in {"test": slice(0, 40), "more": slice(40, None)}.items():
        lines(tmp_path / f"{name}.en", SOURCES[part])
        lines(tmp_path / f"{name}.fr", REFERENCES[part])
    for name in ("loud", "copy"):
        make_folder(tmp_path / name)
    lines(tmp_path / "noisy.txt", noisy(1))
    lines(tmp_path / "again.txt", noisy(2))
    lines(tmp_path / "worse.txt", noisy(3, 0.3))
    return tmp_path


@pytest.fixture
def engines(monkeypatch):
    """The translators shout; keeps the places that were opened."""
    opened = []

    def shouting(place, device, threads, engine):
        opened.append(place)
        return Translator(place, device, threads, engine=Shouting(Path(place)))

    monkeypatch.setattr(performance, "Translator", shouting)
    return opened


def recipe(*systems: str, test=("test", "more"), **settings) -> Compare:
    return Compare(systems=systems, test=test, **{"bootstrap": 100, "trials": 200} | settings)


def files(*systems: str, **settings) -> Compare:
    return recipe(*systems, source="en", target="fr", **settings)


def test_identical_translators_have_no_winner(place, engines):
    told = []
    found = compare(recipe("loud", "copy"), told.append)
    assert engines == ["loud", "copy"]
    assert found.winner is None
    assert found.why == "no winner: loud and copy say the same in every sentence; take either, they have the same size"
    assert found.choice == "loud"
    assert {row["p"] for row in found.tests} == {1.0}
    loud = found.systems[0]
    assert loud["scores"]["chrF2"].value == 100
    assert (loud["parameters"], loud["licence"]) == (None, None)
    assert loud["size"] == sum(file.stat().st_size for file in Path("loud").rglob("*") if file.is_file())
    assert loud["sentences_per_second"] > 0
    assert "loud: 60 of 60 sentences translated" in told
    assert "The licence of loud is not known: its card names none." in found.details["notes"]


def test_damage_in_one_part_of_twenty_is_found(place):
    good = noisy(1)
    lines(place / "bad.txt", [text[: len(text) // 3] if i % 20 == 0 else text for i, text in enumerate(good * 4)])
    lines(place / "good.txt", good * 4)
    for side, texts in (("en", SOURCES), ("fr", REFERENCES)):
        lines(place / f"long.{side}", texts * 4)
    found = compare(files("bad.txt", "good.txt", test=("long",)))
    assert found.winner == "good.txt"
    assert found.why.startswith("good.txt is better than bad.txt: chrF2 ")
    most = found.details["apart"][0]["most"]
    assert (most["family"], most["name"]) == ("length ratio", "under 0.7 times as long as the reference")
    assert most["corrected"] < 0.05
    assert all(row["p"] < 0.05 for row in found.tests)
    assert [row["set"] for row in found.tests] == ["all"] * 5


def test_json_has_the_promised_shape(place, engines):
    found = compare(recipe("loud", "noise=noisy.txt"))
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert {"systems", "tests", "winner", "why"} <= set(plain)
    assert plain["winner"] == "loud"
    assert [one["name"] for one in plain["systems"]] == ["loud", "noise"]
    assert set(plain["systems"][1]["scores"]["BLEU"]) == {"metric", "value", "low", "high", "signature"}
    assert plain["systems"][1]["size"] is None
    assert [run["kind"] for one in plain["systems"] for run in one["runs"]] == ["translator", "translations"]
    row = plain["tests"][0]
    assert (row["set"], row["metric"], row["systems"], row["better"]) == ("all", "BLEU", ["loud", "noise"], "loud")
    assert row["bootstrap"]["signature"].startswith("nrefs:1|bs:100|seed:12345|case:mixed|")
    assert row["randomisation"]["signature"].startswith("nrefs:1|ar:200|seed:12345|case:mixed|")
    assert set(row["bootstrap"]) == {"p", "corrected", "signature"}
    assert row["seeds"] is None


def test_each_place_of_the_test_text_is_scored_for_itself_and_all_together(place):
    found = compare(files("noisy.txt", "worse.txt"))
    said = noisy(1)
    one = found.systems[0]
    assert one["scores"] == metrics.score(said, REFERENCES, "fr", 100)
    assert one["sets"]["test"] == metrics.score(said[:40], REFERENCES[:40], "fr", 100)
    assert one["sets"]["more"] == metrics.score(said[40:], REFERENCES[40:], "fr", 100)
    assert [row["set"] for row in found.tests] == ["all"] * 5 + ["test"] * 5 + ["more"] * 5
    assert found.details["test"]["sets"] == [{"name": "test", "pairs": 40}, {"name": "more", "pairs": 20}]


def test_several_runs_of_a_system(place):
    lines(place / "other.txt", noisy(4, 0.3))
    found = compare(files("two=noisy.txt,again.txt", "three=worse.txt,other.txt"))
    two = found.systems[0]
    values = [metrics.score(noisy(seed), REFERENCES, "fr", 0)["BLEU"].value for seed in (1, 2)]
    assert [run["scores"]["BLEU"] for run in two["runs"]] == values
    assert two["scores"]["BLEU"].value == pytest.approx(sum(values) / 2)
    assert two["deviation"]["BLEU"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
    row = found.tests[0]
    assert row["seeds"]["runs"] == [2, 2]
    assert row["p"] == max(row[method]["corrected"] for method in ("bootstrap", "randomisation", "seeds"))
    assert not any("Chance in training" in note for note in found.details["notes"])


def test_seeds_must_agree_before_there_is_a_winner(place):
    lines(place / "lucky.txt", noisy(5, 0.02))
    lines(place / "unlucky.txt", noisy(6, 0.5))
    found = compare(files("wild=lucky.txt,unlucky.txt", "steady=noisy.txt,again.txt"))
    row = next(row for row in found.tests if row["metric"] == "chrF2")
    assert max(row["bootstrap"]["p"], row["randomisation"]["p"]) < 0.05 < row["seeds"]["p"]
    assert (found.winner, found.choice) == (None, None)
    assert "are not told apart" in found.why


def test_scores_p_values_and_signatures_are_those_of_the_sacrebleu_command_line(place):
    found = compare(files("noisy.txt", "again.txt"))
    lines(place / "ref", REFERENCES)
    words = [
        *("ref", "-i", "noisy.txt", "again.txt", "-m", "bleu", "chrf", "ter", "-q", "--paired-ar"),
        "--paired-ar-n",
        "200",
        "-f",
    ]
    told = [
        subprocess.run([sys.executable, "-m", "sacrebleu", *words, form], check=True, capture_output=True, text=True)
        for form in ("json", "text")
    ]
    rows = json.loads(told[0].stdout)
    for test in (row for row in found.tests if row["set"] == "all" and row["metric"] in ("BLEU", "chrF2", "TER")):
        assert test["scores"] == [row[test["metric"]]["score"] for row in rows]
        assert test["randomisation"]["p"] == rows[1][test["metric"]]["p_value"]
        assert test["randomisation"]["signature"] in told[1].stdout


def test_a_test_text_of_one_sentence_and_blank_translations(place):
    for name, text in {"one.en": "A dog", "one.fr": "UN CHIEN", "blank.txt": "", "said.txt": "UN CHIEN"}.items():
        lines(place / name, [text])
    found = compare(files("blank.txt", "said.txt", test=("one",)))
    assert found.winner is None
    assert [one["scores"]["chrF2"].value for one in found.systems] == [0.0, 100.0]
    json.dumps(found.to_json(), default=str, allow_nan=False)


def test_three_systems_are_corrected_for_three_pairs(place):
    found = compare(files("noisy.txt", "again.txt", "worse.txt"))
    rows = [row for row in found.tests if (row["set"], row["metric"]) == ("all", "chrF2")]
    assert [row["systems"] for row in rows] == [
        ["noisy.txt", "again.txt"],
        ["noisy.txt", "worse.txt"],
        ["again.txt", "worse.txt"],
    ]
    ps = sorted(row["randomisation"]["p"] for row in rows)
    corrected = sorted(row["randomisation"]["corrected"] for row in rows)
    assert corrected == pytest.approx([3 * ps[0], max(3 * ps[0], 2 * ps[1]), max(3 * ps[0], 2 * ps[1], ps[2])])
    assert found.winner is None
    assert "better than worse.txt" in found.why


def test_sentences_where_two_systems_differ_most(place):
    found = compare(files("noisy.txt", "worse.txt", sentences=3)).details["apart"][0]
    assert found["systems"] == ["noisy.txt", "worse.txt"]
    gaps = [abs(row["chrF2"][0] - row["chrF2"][1]) for row in found["sentences"]]
    assert len(gaps) == 3
    assert gaps == sorted(gaps, reverse=True)
    first = found["sentences"][0]
    number = SOURCES.index(first["source"])
    assert first["said"] == [noisy(1)[number], noisy(3, 0.3)[number]]
    assert first["chrF2"][0] == metrics.by_sentence([noisy(1)[number]], [REFERENCES[number]])[0]
    assert (first["origin"], first["line"]) == (("test.en", number + 1) if number < 40 else ("more.en", number - 39))


def test_rare_words_come_from_the_training_text(place):
    lines(place / "train.en", SOURCES[:5])
    lines(place / "train.fr", REFERENCES[:5])
    found = compare(files("noisy.txt", "again.txt", train=("train",)))
    names = {row["name"] for row in found.details["buckets"] if row["family"] == "rare words"}
    assert all("in training" in name for name in names)
    assert "rare words by training frequency" not in found.details["omitted"]
    assert "rare words by training frequency" in compare(files("noisy.txt", "again.txt")).details["omitted"]


def test_the_folder_holds_reports_and_translations(place, engines):
    out = place / "reports" / "first"
    found = compare(recipe("loud", "two=noisy.txt,again.txt", out=out))
    assert sorted(path.name for path in out.iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
        "translations.1.fr",
        "translations.2-1.fr",
        "translations.2-2.fr",
    ]
    assert (out / "translations.2-2.fr").read_bytes() == (place / "again.txt").read_bytes()
    written = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(found.to_json(), default=str))


def test_bad_input_is_refused_before_any_translation(place, engines):
    lines(place / "short.txt", noisy(1)[:-1])
    with pytest.raises(DataError, match=r"short\.txt: 59 lines, but the test text \(test\.en, .*\) has 60 sentences"):
        compare(recipe("loud", "short.txt"))
    (place / "taken").mkdir()
    with pytest.raises(RecipeError, match="taken exists already"):
        compare(recipe("loud", "nowhere", out=place / "taken"))
    with pytest.raises(RecipeError, match="--test test is given twice"):
        compare(recipe("loud", "copy", test=("test", "test")))
    with pytest.raises(DataError, match="no parallel text at tset"):
        compare(recipe("loud", "copy", test=("tset",)))
    with pytest.raises(DataError, match="no parallel text at train"):
        compare(recipe("loud", "copy", train=("train",)))
    with pytest.raises(RecipeError, match="n_best does nothing here"):
        Compare.of({"systems": ["loud", "copy"], "test": ["test"], "n_best": 2, "beam": 2})
    with pytest.raises(RecipeError, match="unknown setting 'tests'; did you mean 'test'"):
        Compare.of({"systems": ["loud", "copy"], "tests": ["test"]})
    assert engines == []


def test_a_failure_leaves_no_output(place, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device")

    config = files("noisy.txt", "again.txt", out=place / "out")
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(MachineError, match="out: the report cannot be written: No space left on device"):
        compare(config)
    assert not [path for path in place.iterdir() if "out" in path.name]


def test_a_place_that_says_the_opposite_is_noted(place):
    lines(place / "first.txt", [*REFERENCES[:40], *noisy(3, 0.5)[40:]])
    lines(place / "second.txt", [*noisy(3, 0.5)[:40], *REFERENCES[40:]])
    found = compare(files("first.txt", "second.txt"))
    assert found.winner == "first.txt"
    assert (
        "On more second.txt is significantly better in chrF2, on all of the test text first.txt."
        in found.details["notes"]
    )
