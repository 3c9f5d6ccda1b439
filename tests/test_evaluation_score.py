"""A translator and a test set become a report and its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calque.corpus.read import Corpus
from calque.errors import DataError, EngineError, MachineError, ModelError, RecipeError
from calque.evaluation import score as scoring
from calque.evaluation.floor import learn
from calque.evaluation.score import evaluate, score
from calque.recipes.evaluate import Evaluate, Measure
from calque.records import Pair, Translation

ENGLISH = ["The house is blue.", "", "A flower", "The house", "Hello\u2028you"]
FRENCH = ["La maison est bleue.", "", "Une fleur", "", "Salut toi"]
ANSWERS = {**dict(zip(ENGLISH, FRENCH, strict=True)), "A flower": "Une\r\nfleur", "The house": "La maison"}


class Book:
    """Translates by looking texts up, and remembers how it was asked."""

    source, target = "en", "fr"

    def __init__(self, answers=None) -> None:
        self.answers = ANSWERS if answers is None else answers
        self.asked = []

    def translate(self, texts, search):
        self.asked.append((list(texts), search))
        split = {"The house is blue.": ("split in two",)}
        return [Translation(self.answers.get(text, text), -1.0, warnings=split.get(text, ())) for text in texts]


def pairs() -> list[Pair]:
    return [Pair(s, t, line, "test.en") for line, (s, t) in enumerate(zip(ENGLISH, FRENCH, strict=True), 1)]


@pytest.fixture
def recipe(tmp_path) -> Evaluate:
    """A test set in files and a folder that a book stands in for."""
    for side, lines in (("en", ENGLISH), ("fr", FRENCH)):
        (tmp_path / f"test.{side}").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (tmp_path / "model").mkdir()
    return Evaluate(folder=tmp_path / "model", test=(str(tmp_path / "test"),), bootstrap=20, worst=2)


@pytest.fixture
def book(monkeypatch) -> Book:
    """The translator that `evaluate` opens."""
    found = Book()
    monkeypatch.setattr(scoring, "Translator", lambda folder, device, threads, engine, base: found)
    monkeypatch.setattr(scoring, "recipe_in", lambda folder: found.recipe)
    found.recipe = {}
    return found


def test_a_report_has_scores_floors_speed_and_worst_sentences():
    scored = score(Book(), pairs(), Measure(bootstrap=20, worst=2), learn(pairs()))
    report = scored.report
    assert scored.hypotheses == ("La maison est bleue.", "", "Une fleur", "La maison", "Salut toi")
    assert list(report.scores) == ["BLEU", "chrF2", "chrF2++", "TER", "BLEU-lc-tok"]
    assert report.recipe["bootstrap"] == 20
    details = report.details
    assert details["test"]["pairs"] == 5
    assert details["floors"]["copy"]["BLEU"]["value"] < details["floors"]["lexicon"]["BLEU"]["value"]
    assert details["floors"]["lexicon"]["learned"]["pairs"] == 3
    first, second = details["worst"]
    assert (first["line"], first["hypothesis"], first["chrF2"]) == (4, "La maison", 0.0)
    assert second["chrF2"] == 100
    assert details["warnings"] == [{"message": "split in two", "count": 1, "places": ["test.en:1"]}]
    assert details["sentences_per_second"] > 0
    assert {"python", "sacrebleu", "sacremoses"} <= set(report.versions)


def test_json_of_a_report_has_the_promised_shape():
    plain = json.loads(json.dumps(score(Book(), pairs(), Measure(bootstrap=20)).report.to_json(), allow_nan=False))
    assert set(plain["scores"]["chrF2++"]) == {"metric", "value", "low", "high", "signature"}
    assert plain["floors"]["lexicon"] is None
    assert plain["omitted"] == {"lexicon": "no training text was given"}
    assert isinstance(plain["seconds"], float)


def test_the_search_and_the_progress_are_handed_on(monkeypatch):
    monkeypatch.setattr(scoring, "_AT_ONCE", 2)
    book, told = Book(), []
    measure = Measure(beam=3, bootstrap=0)
    score(book, pairs(), measure, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert [texts for texts, _ in book.asked] == [ENGLISH[:2], ENGLISH[2:4], ENGLISH[4:]]
    assert {search.beam for _, search in book.asked} == {3}


def test_a_translator_at_the_floor_is_said_to_be():
    report = score(Book({}), pairs(), Measure(bootstrap=20)).report
    assert "chrF2 is not clearly above that of the source copied unchanged." in report.details["notes"]


def test_tokenised_output_is_noticed():
    answers = {text: said.removesuffix(".") + " ." for text, said in ANSWERS.items()}
    report = score(Book(answers), pairs(), Measure(bootstrap=0)).report
    assert report.details["notes"][-1] == "5 translations end in ' .': they look tokenised, and BLEU wants plain text."


def test_a_translator_that_loses_texts_is_refused():
    class Short(Book):
        def translate(self, texts, search):
            return super().translate(texts, search)[1:]

    with pytest.raises(EngineError, match="answered 4 of 5 texts"):
        score(Short(), pairs())


def test_nothing_to_score_is_refused_before_translating():
    book = Book()
    with pytest.raises(DataError, match="empty"):
        score(book, [])
    with pytest.raises(DataError, match="every reference is blank"):
        score(book, [Pair("a", " ", 1, "x")])
    assert book.asked == []


def test_evaluate_reads_translates_and_writes(recipe, book, tmp_path):
    out = tmp_path / "reports" / "first"
    report = evaluate(recipe.model_copy(update={"out": out}))
    assert sorted(path.name for path in out.iterdir()) == ["hypotheses.fr", "report.html", "report.json", "report.md"]
    assert [path.name for path in out.parent.iterdir()] == ["first"]
    assert (out / "hypotheses.fr").read_bytes().decode().split("\n") == [
        "La maison est bleue.",
        "",
        "Une fleur",
        "La maison",
        "Salut toi",
        "",
    ]
    written = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(report.to_json()))
    assert written["folder"] == str(recipe.folder)
    assert written["files"] == [str(tmp_path / "test.en"), str(tmp_path / "test.fr")]
    assert written["recipe"]["test"] == [str(tmp_path / "test")]


def test_an_existing_output_is_refused_before_translating(recipe, book, tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(RecipeError, match="taken exists already"):
        evaluate(recipe.model_copy(update={"out": tmp_path / "taken"}))
    assert book.asked == []


def test_a_failure_leaves_no_output(recipe, book, tmp_path, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(MachineError, match="out: the report cannot be written: No space left on device"):
        evaluate(recipe.model_copy(update={"out": tmp_path / "out"}))
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_several_test_sets_are_one(recipe, book, tmp_path):
    for side, line in (("en", "More"), ("fr", "Encore")):
        (tmp_path / f"more.{side}").write_text(line + "\n", encoding="utf-8")
    report = evaluate(recipe.model_copy(update={"test": (*recipe.test, str(tmp_path / "more"))}))
    assert report.details["test"]["pairs"] == 6
    assert report.details["worst"][-1]["origin"] == str(tmp_path / "more.en")


def test_the_dictionary_is_learned_from_the_named_text(recipe, book):
    report = evaluate(recipe.model_copy(update={"train": recipe.test}))
    assert report.details["floors"]["lexicon"]["learned"]["pairs"] == 3
    assert report.details["omitted"] == {}


def test_named_training_text_must_be_there(recipe, book, tmp_path):
    with pytest.raises(DataError):
        evaluate(recipe.model_copy(update={"train": (str(tmp_path / "absent"),)}))
    assert book.asked == []


def test_the_dictionary_is_learned_from_the_text_of_the_recipe(recipe, book, tmp_path):
    book.recipe = {"train": list(recipe.test)}
    assert evaluate(recipe).details["floors"]["lexicon"]["learned"]["pairs"] == 3
    book.recipe = {"train": [str(tmp_path / "gone")]}
    gone = evaluate(recipe).details
    assert gone["floors"]["lexicon"] is None
    assert "cannot be read" in gone["omitted"]["lexicon"]
    book.recipe = {}
    assert "names no training text" in evaluate(recipe).details["omitted"]["lexicon"]


def test_a_folder_that_is_no_translator_is_refused(recipe):
    with pytest.raises(ModelError, match=r"no calque\.json"):
        evaluate(recipe)


def test_the_same_test_set_has_the_same_fingerprint(recipe, book):
    corpus = list(Corpus.open(recipe.test, "en", "fr"))
    assert score(book, corpus).report.details["test"] == score(Book({}), pairs()).report.details["test"]
