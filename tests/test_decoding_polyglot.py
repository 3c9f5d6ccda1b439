"""Several translators together: routes, pivots, names, and which language a text is in."""

from __future__ import annotations

import pytest
from fake_translator import Shouting, make_folder

from calque.decoding.detector import Detection, Detector
from calque.decoding.polyglot import Model, Polyglot, closest
from calque.decoding.translator import Translator
from calque.errors import ModelError, RecipeError
from calque.records import Translation


def model(folder, name, source, target):
    made = make_folder(folder / name, source=source, target=target)
    return Model.of(name, Translator(made, engine=Shouting(made)))


@pytest.fixture(scope="module")
def polyglot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    pairs = [("a", "en", "fr"), ("b", "en", "fr-CA"), ("c", "fr", "de"), ("d", "de", "en"), ("e", "pt", "en")]
    return Polyglot(model(folder, *pair) for pair in pairs)


def names(route):
    return [model.name for model in route]


def test_languages_are_reached_directly_or_through_a_third(polyglot):
    assert polyglot.languages() == {
        "en": ("fr", "fr-CA", "de"),
        "fr": ("de", "en"),
        "de": ("en", "fr", "fr-CA"),
        "pt": ("en", "fr", "fr-CA"),
    }


@pytest.mark.parametrize(
    ("source", "target", "route"),
    [
        ("en", "fr", ["a"]),
        ("EN", "fr_ca", ["b"]),
        ("eng", "fra_Latn", ["a"]),
        ("en-GB", "fr-BE", ["a"]),
        ("pt-BR", "en-US", ["e"]),
        ("en", "de-AT", ["a", "c"]),
        ("de", "fr-CA", ["d", "b"]),
        ("pt", "fr", ["e", "a"]),
    ],
)
def test_routes(polyglot, source, target, route):
    assert names(polyglot.route(source, target)) == route


def test_a_route_by_name(polyglot):
    assert names(polyglot.route("en", "fr", "b")) == ["b"]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (("xy", "fr"), r"no model reads 'xy' \(known: en, fr, de, pt\)"),
        (("en", "frr"), r"no model translates into 'frr'; did you mean 'fr'\? \(known: fr, fr-CA, de, en\)"),
        (("pt", "de"), r"no model translates from 'pt' into 'de', not even through a third .*pt': en, fr, fr-CA\)"),
        (("en", "en"), "no model translates from 'en' into 'en'"),
        (("en", "fr", "aa"), r"no model 'aa'; did you mean 'a'\? \(known: a, b, c, d, e\)"),
        (("en", "fr", "c"), "the model 'c' translates from 'fr' into 'de', not from 'en' into 'fr'"),
    ],
)
def test_what_there_is_no_route_for(polyglot, asked, answer):
    with pytest.raises(RecipeError, match=answer):
        polyglot.route(*asked)


def test_translation_through_a_third_language_is_said(polyglot):
    direct, through = (polyglot.translate(["a cat"], "en", target)[0] for target in ("fr", "de"))
    assert (direct.text, direct.warnings) == ("A CAT", ())
    assert (through.text, through.warnings) == ("A CAT", ("translated through French: there is no direct model",))


def test_going_on_through_a_third_language(polyglot, monkeypatch):
    """The first model translates, the last one goes on with the beginning."""

    def complete(translator, text, prefix, count, search):
        return [Translation(f"{prefix}{text} {translator.source}-{translator.target} {count}", -0.5, confidence=0.25)]

    monkeypatch.setattr(Translator, "complete", complete)
    (direct,) = polyglot.complete("a cat", "en", "fr", prefix="Un ", count=3)
    (through,) = polyglot.complete("a cat", "en", "de", "Eine ")
    assert (direct.text, through.text, through.confidence) == ("Un a cat en-fr 3", "Eine A CAT fr-de 5", 0.25)
    with pytest.raises(RecipeError, match="no model 'aa'"):
        polyglot.complete("a cat", "en", "fr", model="aa")


def test_models_tell_what_they_are(polyglot):
    first, second, *_ = polyglot.models
    assert (first.name, first.source, first.target, first.engine) == ("a", "en", "fr", "shouting")
    assert first.version == second.version  # the same weights and tokenizers
    assert first.version.startswith("xxh3-128:")


def test_opening_folders(tmp_path):
    made = [make_folder(tmp_path / name, source="en", target="fr") for name in ("one", "two")]
    polyglot = Polyglot.open([made[0], str(made[1])], device="cpu")
    assert [(model.name, model.engine) for model in polyglot.models] == [("one", "pytorch"), ("two", "pytorch")]
    with pytest.raises(RecipeError, match="two models are called 'one'"):
        Polyglot.open([made[0], made[0]])
    with pytest.raises(RecipeError, match="no model to translate with"):
        Polyglot.open([])
    with pytest.raises(RecipeError, match=r"unknown engine 'troch'; did you mean 'torch'\?"):
        Polyglot.open(made, engine="troch")
    with pytest.raises(ModelError, match="no such model folder"):
        Polyglot.open([tmp_path / "three"])


def test_closest_never_takes_another_language():
    assert closest("fr", ["de", "frr"]) is None
    assert closest("zh-TW", ["zh-Hans", "zh-Hant"]) == "zh-Hant"
    assert closest("nb", ["sv", "no"]) == "no"
    assert closest("tlh-x-mine", ["tlh", "en"]) == "tlh"


def test_detection_among_the_languages_that_are_read():
    detector = Detector(["en", "fra", "de"])
    found = detector.detect([
        "The weather is beautiful today, so we went to the park.",
        "Le temps est magnifique aujourd'hui, nous sommes allés au parc.",
        "Das Wetter ist heute schön, deshalb waren wir im Park.",
    ])  # fmt: skip
    assert [one.language for one in found] == ["en", "fra", "de"]
    assert min(one.confidence for one in found) > 0.95


@pytest.mark.parametrize("text", ["", " ", "12,50 €", "?!", "https://example.org/en/the", "@someone #tag 😀"])
def test_a_text_without_words_tells_nothing(text):
    assert Detector(["en", "fr"]).detect([text]) == [Detection("en", 0.0)]


def test_a_text_in_another_language_is_no_confident_match():
    (found,) = Detector(["en"]).detect(["Das Wetter ist heute schön, deshalb waren wir im Park."])
    assert found.language == "en"
    assert found.confidence < 0.01


def test_languages_that_nobody_can_tell():
    assert Detector(["bam", "ewe"]).detect(["a ye so san"]) == [Detection("bam", 0.0)]
