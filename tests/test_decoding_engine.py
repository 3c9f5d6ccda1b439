"""The torch engine on a tiny network of random weights, against transformers alone."""

from __future__ import annotations

import pytest
import torch
from fake_translator import TEXT
from transformers import EncoderDecoderModel

from calque.decoding.engine import TorchEngine
from calque.decoding.translator import Translator
from calque.model import family as families
from calque.model.family import Build
from calque.model.folder import Folder, describe
from calque.model.vocabulary import choose
from calque.recipes.finetune import Finetune
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
