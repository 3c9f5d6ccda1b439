"""The torch engine on a tiny network of random weights, against transformers alone."""

from __future__ import annotations

import pytest
import torch
from fake_translator import TEXT
from transformers import EncoderDecoderModel

from calque.decoding.engine import TorchEngine
from calque.decoding.translator import Translator
from calque.errors import DataError
from calque.model import family as families
from calque.model.family import Build
from calque.model.folder import Folder, describe
from calque.model.vocabulary import choose
from calque.recipes.finetune import Finetune
from calque.recipes.handling import Handling
from calque.recipes.search import Search

SOURCES = [  # so long, in bytes, that the longest allowed translation is the same for all
    "the small dog sleeps all day.",
    "a cat sleeps in the house",
    "two birds sing and sing and sing!",
    "a big cat runs; two birds sing!",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    recipe = Finetune(
        **{"source": "en", "target": "fr", "train": ("t",), "dev": ("d",), "model": "tiny", "out": "o"},
        **{"width": 16, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "decoder_layers": 1, "max_length": 64},
        **{"source_vocabulary": "bpe", "target_vocabulary": "bpe"},
    )
    vocabularies = choose("pair", recipe, None, None, TEXT[:1], TEXT[1:])
    codecs = (vocabularies.source.codec, vocabularies.target.codec)
    family = families.of("pair", *codecs)
    module = family.assemble(Build(recipe, None, None, vocabularies)).module
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() > 1:  # so large that what is said depends on what is read
                parameter.normal_(0, 1.0)
    path = tmp_path_factory.mktemp("models") / "en-fr"
    path.mkdir()
    family.save(module, path)
    describe(path, "pair", ("en", "fr"), codecs)
    return Folder.open(path)


@pytest.fixture(scope="module")
def engine(folder):
    return TorchEngine(folder, "cpu", threads=1)


@pytest.mark.parametrize("search", [Search(beam=1), Search(beam=3), Search(beam=4, n_best=3, length_penalty=0.5)])
def test_hypotheses_are_those_of_transformers(folder, engine, search):
    ids = folder.source_codec.encode(SOURCES[0])
    found = engine.generate([ids], search)[0]
    module = EncoderDecoderModel.from_pretrained(folder.path).eval()
    out = module.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.int64),
        max_length=None,
        max_new_tokens=min(63, 2 * len(ids) + 16),
        num_beams=search.beam,
        num_return_sequences=search.n_best,
        length_penalty=search.length_penalty,
        early_stopping=False,
        do_sample=False,
    )
    decode = folder.target_codec.decode
    assert [decode(hypothesis.ids) for hypothesis in found] == [decode(row) for row in out.tolist()]
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


def test_a_translation_does_not_depend_on_its_batch(folder, engine):
    translator = Translator(folder.path, engine=engine)
    together = translator.translate(SOURCES, Search(beam=2))
    alone = [translator.translate([text], Search(beam=2))[0] for text in SOURCES]
    assert [t.text for t in together] == [t.text for t in alone]
    assert [t.score for t in together] == pytest.approx([t.score for t in alone], abs=1e-5)


def test_the_translator_loads_the_network_by_itself(folder, engine):
    texts = [translation.text for translation in Translator(folder.path, device="cpu").translate(SOURCES)]
    assert texts == [t.text for t in Translator(folder.path, engine=engine).translate(SOURCES)]
    assert len(texts) == 4


def test_readings_are_the_scores_of_the_hypotheses(folder, engine):
    sources = [folder.source_codec.encode(text) for text in SOURCES]
    found = [hypotheses[0] for hypotheses in engine.generate(sources, Search(beam=2, longest_ratio=0.1))]
    readings = engine.read(sources, [one.ids for one in found])
    for source, one, reading in zip(sources, found, readings, strict=True):
        assert len(reading.log_probs_T) == len(one.ids) + 1
        assert [len(row) for row in reading.attention_TS] == [len(source)] * (len(one.ids) + 1)
        assert [sum(row) for row in reading.attention_TS] == pytest.approx([1.0] * (len(one.ids) + 1), abs=1e-5)
        told = reading.log_probs_T if one.ended else reading.log_probs_T[:-1]
        assert sum(told) / len(told) == pytest.approx(one.score, abs=1e-5)


def test_a_reading_does_not_depend_on_its_batch(folder, engine):
    sources = [folder.source_codec.encode(text) for text in SOURCES]
    targets = [folder.target_codec.encode_bare(text) for text in ("A DOG", "BIRDS SING AND SING", "THE", "")]
    for source, target, together in zip(sources, targets, engine.read(sources, targets), strict=True):
        (alone,) = engine.read([source], [target])
        assert together.log_probs_T == pytest.approx(alone.log_probs_T, abs=1e-4)
        for one, other in zip(together.attention_TS, alone.attention_TS, strict=True):
            assert one == pytest.approx(other, abs=1e-5)


def test_prefixes_of_unequal_lengths(folder, engine):
    sources = [folder.source_codec.encode(text) for text in SOURCES]
    prefixes = [folder.target_codec.encode_bare(text) for text in ("THE", "", "A BIG CAT", "THE")]
    search = Search(beam=2, n_best=2, longest_ratio=0.1)
    found = engine.generate(sources, search, prefixes)
    for place, (source, prefix) in enumerate(zip(sources, prefixes, strict=True)):
        assert [one.ids[: len(prefix)] for one in found[place]] == [prefix, prefix]
        (alone,) = engine.generate([source], search, [prefix])
        assert [one.ids for one in alone] == [one.ids for one in found[place]]
    (plain,) = engine.generate([sources[1]], search)
    assert [one.ids for one in found[1]] == [one.ids for one in plain]
    with pytest.raises(DataError, match="a beginning of 63 tokens is too long: the model writes at most 62"):
        engine.generate(sources[:1], Search(), [[prefixes[0][0]] * 63])


def test_the_likeliest_tokens_ahead(folder, engine):
    sources = [folder.source_codec.encode(text) for text in SOURCES[:2]]
    prefixes = [folder.target_codec.encode_bare("THE SMALL"), []]
    for source, prefix, found in zip(sources, prefixes, engine.ahead(sources, prefixes, 5), strict=True):
        assert [chance for _, chance in found] == sorted((chance for _, chance in found), reverse=True)
        for token, chance in found:
            (reading,) = engine.read([source], [[*prefix, token]])
            assert reading.log_probs_T[len(prefix)] == pytest.approx(chance, abs=1e-4)


@pytest.mark.parametrize("prefix", ["THE ", "THE SM", "A. THE "])
def test_translations_begin_as_they_are_told(folder, engine, prefix):
    translator = Translator(folder.path, engine=engine)
    search = Search(beam=2, n_best=2, longest_ratio=0.1)
    text = "the small dog sleeps. two birds sing!"
    (said,) = translator.translate([text], search, prefix=prefix)
    assert said.text.startswith(prefix)
    assert all(other.startswith(prefix) for other, _ in said.alternatives)
    ways = translator.complete(text, prefix, 3, search)
    assert 1 < len(ways) <= 3
    assert all(way.text.startswith(prefix) for way in ways)
    following = [way.text[len(prefix) :].split(maxsplit=1)[:1] for way in ways]
    assert len(following) == len(set(map(tuple, following)))
    chances = [way.confidence for way in ways]
    assert chances == sorted(chances, reverse=True)


def test_what_follows_is_translated_once_and_completions_are_searched_step_by_step(folder, engine, monkeypatch):
    translated, searched = [], []
    translate, generate = Translator.translate, engine.generate
    monkeypatch.setattr(
        Translator, "translate", lambda one, texts, *more: translated.append(texts) or translate(one, texts, *more)
    )
    monkeypatch.setattr(
        engine, "generate", lambda sources, *more: searched.append(sum(map(len, sources))) or generate(sources, *more)
    )
    text = "the small dog sleeps. two birds sing!"
    search = Search(beam=1, longest_ratio=0.1, search_tokens=40)
    ways = Translator(folder.path, engine=engine).complete(text, "THE ", 3, search)
    assert len(ways) > 1
    assert translated == [["two birds sing!"]]
    assert len(searched) > 3
    assert max(searched) <= 40


def test_a_beginning_is_explained_with_what_follows(folder, engine):
    text = "a dog. two birds sing!"
    translator = Translator(folder.path, engine=engine)
    (said,) = translator.translate(
        [text], Search(beam=1, longest_ratio=0.1), prefix="THE ", handling=Handling(explain=True, guard=False)
    )
    assert said.text.startswith("THE ")
    assert [text[word.start : word.end] for word in said.alignment.source] == [
        "a",
        "dog",
        ".",
        "two",
        "birds",
        "sing",
        "!",
    ]
    words = [said.text[word.start : word.end] for word in said.alignment.target]
    assert "".join(words) == "".join(said.text.split())


def test_nothing_begins_where_there_is_nothing(folder, engine):
    with pytest.raises(DataError, match="there is nothing to translate in the text"):
        Translator(folder.path, engine=engine).translate([" "], prefix="A")
