"""Native encoder-decoders: their tokenizers, the frame around texts, trimmed and extended vocabularies."""

from __future__ import annotations

import json
from pathlib import Path

import natives
import pytest
import torch
import transformers
import vocabularies

from calque.errors import ModelError, RecipeError
from calque.model import family as families
from calque.model.batch import Ids
from calque.model.family import Build
from calque.model.pretrained import Pretrained, find
from calque.model.vocabulary import Vocabularies, choose, whole_codecs
from calque.recipes.architecture import Architecture
from calque.recipes.search import Search
from calque.recipes.vocabulary import Vocabulary
from calque.text.codec import Codec

TEXTS = [*natives.SOURCES, *natives.TARGETS]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> dict[str, Pretrained]:
    place = tmp_path_factory.mktemp("natives")
    return {kind: find(str(natives.build(kind, place / kind))) for kind in natives.KINDS}


def chosen(checkpoint: Pretrained, languages=("en", "fr"), sources=None, targets=None, **settings) -> Vocabularies:
    recipe = Vocabulary(max_length=48, **settings)
    sources = natives.SOURCES if sources is None else sources
    targets = natives.TARGETS if targets is None else targets
    return choose("seq2seq", recipe, checkpoint, checkpoint, sources, targets, languages)


def made(checkpoint: Pretrained, vocabularies: Vocabularies):
    codecs = vocabularies.source.codec, vocabularies.target.codec
    family = families.of("seq2seq", *codecs)
    recipe = Architecture(model="x", dropout=0.0)
    return family, family.assemble(Build(recipe, checkpoint, checkpoint, vocabularies)).module.eval()


def surfaces(codec: Codec, text: str) -> list[str]:
    pieces = codec.pieces()
    return [pieces[i] for i in codec.encode(text)]


def rows(vocabularies: Vocabularies) -> list[Ids]:
    sides = vocabularies.source.codec, vocabularies.target.codec
    encoded = (codec.encode_all(texts) for codec, texts in zip(sides, (natives.SOURCES, natives.TARGETS), strict=True))
    return [Ids(source, target) for source, target in zip(*encoded, strict=True)]


def ends(codec: Codec) -> tuple[list[str], list[str]]:
    pieces = codec.pieces()
    before, after = codec.special.frame
    return [pieces[i] for i in before], [pieces[i] for i in after]


@pytest.mark.parametrize(
    ("kind", "source", "target"),
    [
        ("marian", ([], ["</s>"]), ["<pad>"]),
        ("marian-many", ([">>fra<<"], ["</s>"]), ["<pad>"]),
        ("bart", (["<s>"], ["</s>"]), ["</s>", "<s>"]),
        ("mbart", ([], ["</s>", "en_XX"]), ["fr_XX"]),
        ("mbart50", (["en_XX"], ["</s>"]), ["</s>", "fr_XX"]),
        ("m2m_100", (["__en__"], ["</s>"]), ["</s>", "__fr__"]),
        ("nllb", (["eng_Latn"], ["</s>"]), ["</s>", "fra_Latn"]),
        ("t5v1.1", ([], ["</s>"]), ["<pad>"]),
        ("mt5", ([], ["</s>"]), ["<pad>"]),
        ("byt5", ([], ["</s>"]), ["<pad>"]),
        ("madlad", (["<2fr>"], ["</s>"]), ["<pad>"]),
    ],
)
def test_texts_are_framed_as_in_pretraining(checkpoints, kind, source, target):
    found = chosen(checkpoints[kind])
    assert ends(found.source.codec) == source
    assert ends(found.target.codec) == (target, ["</s>"])


def test_t5_reads_the_prompt_of_its_task(checkpoints):
    codec = chosen(checkpoints["t5"]).source.codec
    before, after = codec.special.frame
    assert codec.decode(before) == "translate nglish to rench"  # this tiny one cannot spell E, F and the colon
    assert after == [codec.special.eos]
    other = chosen(checkpoints["t5"], prompt="le chien: {source}").source.codec
    assert other.decode(other.special.frame[0]) == "le chien"
    with pytest.raises(RecipeError, match=r"must end with \{source\}"):
        chosen(checkpoints["t5"], prompt="to French")


@pytest.mark.parametrize("kind", ["mbart", "mbart50", "nllb"])
def test_the_frame_is_that_of_transformers(checkpoints, kind):
    folder = checkpoints[kind].folder
    name = json.loads((folder / "tokenizer_config.json").read_text())["tokenizer_class"]
    source, target = ("eng_Latn", "fra_Latn") if kind == "nllb" else ("en_XX", "fr_XX")
    theirs = getattr(transformers, name).from_pretrained(folder, src_lang=source, tgt_lang=target)
    codecs = chosen(checkpoints[kind], source_vocabulary="keep")
    read = theirs.convert_ids_to_tokens(theirs("a").input_ids)
    assert surfaces(codecs.source.codec, "a") == read
    labels = theirs.convert_ids_to_tokens(theirs(text_target="a").input_ids)
    ours = surfaces(codecs.target.codec, "a")
    if kind == "mbart":  # the code comes last, and shifting, which wraps it around, makes it the first
        assert [*ours[1:], ours[0]] == labels
    else:
        assert ours[1:] == labels


@pytest.mark.parametrize(
    ("kind", "name", "told"), [("marian", "MarianTokenizer", {}), ("m2m_100", "M2M100Tokenizer", {"src_lang": "en"})]
)
def test_tokenizers_of_two_files_cut_as_transformers_does(checkpoints, kind, name, told):
    theirs = getattr(transformers, name).from_pretrained(checkpoints[kind].folder, **told)
    found = chosen(checkpoints[kind], source_vocabulary="keep")
    words = " ".join(TEXTS).split()
    mixed = [f"{a[:3]}{b[1:]}  {a}" for a, b in zip(words, reversed(words), strict=True)]
    for text in [*natives.SOURCES, *mixed, " a  dog ", "A DOG, 12!"]:
        assert found.source.codec.encode(text) == theirs(text).input_ids, text
    if kind == "marian":
        for text in natives.TARGETS:
            bare = found.target.codec.special.bare(found.target.codec.encode(text))
            assert bare == theirs(text_target=text).input_ids[:-1], text
    for text in natives.TARGETS:
        ids = found.target.codec.encode(text)
        assert found.target.codec.decode(ids) == text


def test_bytes_are_numbered_as_in_byt5(checkpoints):
    theirs = transformers.ByT5Tokenizer()
    codec = chosen(checkpoints["byt5"]).source.codec
    for text in [*TEXTS, "l'été", "日本 ▁ </s>", *vocabularies.random_texts(50)]:
        if "</s>" not in text:  # text that spells a special token is text for us
            assert codec.encode(text) == theirs(text).input_ids
        assert codec.decode(codec.encode(text)) == text
    assert codec.special.unk is None


@pytest.mark.parametrize("kind", natives.KINDS)
@torch.inference_mode()
def test_a_trimmed_network_says_the_same_of_covered_text(checkpoints, kind, tmp_path):
    whole = chosen(checkpoints[kind], source_vocabulary="keep")
    family, module = made(checkpoints[kind], whole)
    search = Search(beam=1, longest_ratio=0.5)
    said = [found[0] for found in family.generate(module, family.batch(rows(whole)[:3]), search)]
    spoken = [whole.target.codec.decode(found.ids) for found in said]
    trimmed = chosen(checkpoints[kind], source_vocabulary="trim", sources=natives.SOURCES[:3], targets=spoken)
    folder = tmp_path / "trimmed"
    folder.mkdir()
    assert trimmed.source.codec.size < whole.source.codec.size or kind in ("byt5", "bart")  # all bytes stay
    other, smaller = made(checkpoints[kind], trimmed)
    other.save(smaller, folder)
    smaller = other.load(folder)
    again = [found[0] for found in other.generate(smaller, other.batch(rows(trimmed)[:3]), search)]
    back = dict(trimmed.target.rows)
    covered = 0
    for before, after in zip(said, again, strict=True):
        if set(before.ids) <= set(back.values()):
            covered += 1
            assert [back[i] for i in after.ids] == before.ids
    assert covered >= 2


@torch.inference_mode()
def test_characters_that_cannot_be_spelled_get_pieces(checkpoints):
    more = ["ŵŵ ŵ chien", "ẅ", "a dog"]
    for kind in ("nllb", "mbart50", "m2m_100", "marian"):
        whole = chosen(checkpoints[kind], source_vocabulary="keep", targets=more)
        assert whole.target.codec.unknown(whole.target.codec.encode("ŵ")) == 1
        found = chosen(checkpoints[kind], targets=more)
        assert found.target.codec.size == whole.target.codec.size + 1, kind
        assert found.target.codec.decode(found.target.codec.encode("ŵ ŵŵ")) == "ŵ ŵŵ"
        assert found.target.codec.unknown(found.target.codec.encode("ẅ")) == 1  # seen once: not worth a piece
        assert "and 1 characters more" in found.target.note
        assert ends(found.target.codec) == ends(whole.target.codec)
        family, module = made(checkpoints[kind], found)
        old, before = made(checkpoints[kind], whole)
        states = (
            some.states(network, some.batch(rows(sides)))[0]
            for some, network, sides in ((family, module, found), (old, before, whole))
        )
        assert torch.allclose(*states, atol=1e-5)


def test_a_new_language_begins_as_a_related_one(checkpoints):
    found = chosen(checkpoints["nllb"], ("en", "br"), target_code="bre_Latn", code_like="fra_Latn")
    assert ends(found.target.codec)[0] == ["</s>", "bre_Latn"]
    _, module = made(checkpoints["nllb"], found)
    pieces = found.target.codec.pieces()
    weight = module.get_input_embeddings().weight
    assert torch.equal(weight[pieces.index("bre_Latn")], weight[pieces.index("fra_Latn")])
    assert found.target.note.endswith("language code bre_Latn")


@pytest.mark.parametrize(
    ("kind", "languages", "settings", "told"),
    [
        ("nllb", ("en", "wo"), {}, "no code of the language 'wo'.*eng_Latn, fra_Latn"),
        ("nllb", ("en", "gsw"), {}, "no code of the language 'gsw'"),
        ("mbart", ("en", "lb"), {}, "no code of the language 'lb'"),
        ("mbart", ("en", "bm"), {"target_code": "bm", "code_like": "de_DE"}, "looks like de_DE: write the new one"),
        ("t5", ("en", "bm"), {"target_code": "bm", "code_like": "de"}, "no language codes, so none can be added"),
        ("nllb", ("en", "fr"), {"target_code": "fra_Lat"}, "did you mean 'fra_Latn'"),
        ("nllb", ("en", "fr"), {"code_like": "fra_Latn"}, "leave --code-like out"),
        ("marian", ("en", "fr"), {"target_code": "fra"}, "no language codes"),
        ("marian-many", ("en", "fr"), {"source_code": "eng"}, "told the target language only"),
        ("marian", ("en", "fr"), {"prompt": "x {source}"}, "not by a marian"),
        ("bart", ("en", "fr"), {"target_vocabulary": "bpe"}, "forget its embeddings"),
        ("bart", ("en", "fr"), {"source_vocabulary": "keep", "target_vocabulary": "trim"}, "one vocabulary for both"),
        ("bart", ("en", "fr"), {"target_pieces": 400}, "--target-pieces"),
    ],
)
def test_what_a_checkpoint_cannot_do_is_refused(checkpoints, kind, languages, settings, told):
    with pytest.raises(RecipeError, match=told):
        chosen(checkpoints[kind], languages, **settings)


def test_languages_are_found_by_their_names_in_the_model(checkpoints):
    assert ends(chosen(checkpoints["nllb"], ("eng", "zh")).target.codec)[0][1] == "zho_Hans"
    assert ends(chosen(checkpoints["mbart"], ("en-GB", "de")).target.codec)[0] == ["de_DE"]
    assert ends(chosen(checkpoints["marian-many"], ("en", "es")).source.codec)[0] == [">>spa<<"]


def test_too_long_texts_are_refused(checkpoints):
    found = choose("seq2seq", Vocabulary(max_length=65), *[checkpoints["bart"]] * 2, TEXTS, TEXTS, ("en", "fr"))
    with pytest.raises(ModelError, match="knows 64 positions"):
        made(checkpoints["bart"], found)


def test_damaged_tokenizers_are_told(checkpoints, tmp_path):
    for name, content, told in [("source.spm", b"no model", "SentencePiece"), ("vocab.json", b"[1]", "vocabulary")]:
        folder = tmp_path / name
        natives.build("marian", folder)
        (folder / name).write_bytes(content)
        with pytest.raises(ModelError, match=told):
            chosen(find(str(folder)))


def test_what_a_vocabulary_makes_of_both_languages(checkpoints):
    source, target = whole_codecs(checkpoints["mbart50"], 48, ("en", "fr"))
    assert surfaces(source, "a dog")[0] == "en_XX"
    assert target.decode(target.encode("un chien court")) == "un chien court"


@torch.inference_mode()
def test_transformers_alone_speaks_the_right_language(checkpoints, tmp_path):
    for kind in ("m2m_100", "mbart", "mbart50", "nllb", "bart"):
        found = chosen(checkpoints[kind])
        family, module = made(checkpoints[kind], found)
        folder = tmp_path / kind
        folder.mkdir()
        family.save(module, folder)
        alone = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
        batch = family.batch([Ids(ids) for ids in found.source.codec.encode_all(natives.SOURCES[:3])])
        ids = alone.generate(batch.inputs_BS, attention_mask=batch.mask_BS, max_new_tokens=8, num_beams=1)
        before = found.target.codec.special.frame[0]
        assert ids[:, : len(before)].tolist() == [before] * 3
        ours = family.generate(module, batch, Search(beam=1, longest_ratio=0.5))
        for row, hypotheses in zip(ids.tolist(), ours, strict=True):
            said = row[len(before) :]
            shorter = min(len(said), len(hypotheses[0].ids))
            assert said[:shorter] == hypotheses[0].ids[:shorter]


def test_the_folder_of_a_checkpoint_is_only_read(checkpoints):
    for checkpoint in checkpoints.values():
        names = {path.name for path in Path(checkpoint.folder).iterdir()}
        assert not names & {"source", "target", "calque.json"}
