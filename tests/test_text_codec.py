"""Codecs of pretrained tokenizers: frames, special tokens as text, loading and saving."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import sacrebleu
import vocabularies

from calque.errors import DataError, ModelError
from calque.text.codec import Codec
from calque.text.frame import Special
from calque.text.learn import learn


@pytest.fixture(scope="module")
def bert(minilm) -> Codec:
    return Codec.load(minilm)


@pytest.fixture(params=[*vocabularies.KINDS, "learnt unigram", "learnt bpe"])
def codec(request, tmp_path) -> Codec:
    if request.param.startswith("learnt"):
        return learn(vocabularies.TEXT, request.param.split()[1])
    return Codec.load(vocabularies.build(request.param, tmp_path / "pretrained"))


def test_text_is_framed_as_the_model_is_used_to(bert):
    assert bert.encode("hello") == [101, 7592, 102]
    assert bert.encode("") == [101, 102]
    assert bert.special == Special(pad=0, bos=101, eos=102, unk=100)
    assert (bert.size, bert.cased, bert.max_length, bert.kind) == (30522, False, 128, "WordPiece")


def test_text_that_spells_a_special_token_stays_text(bert):
    assert bert.pieces_of("a [SEP] b </s>") == ["a", "[", "sep", "]", "b", "<", "/", "s", ">"]
    assert bert.pieces_of("[PAD][MASK]") == ["[", "pad", "]", "[", "mask", "]"]


def test_no_text_gives_a_special_token(codec):
    special = [piece for number, piece in enumerate(codec.pieces()) if number in codec.hidden]
    for name in special:
        for text in (name, f"a{name}b", f"a {name} b", f"{name}{name}", f" {name}"):
            ids = codec.encode(text)[1:-1]
            assert not codec.hidden - {codec.special.unk} & set(ids), text


def test_a_whole_text_is_encoded_however_long(bert):
    assert len(bert.encode("word " * 1000)) == 1002
    assert bert.fits("word " * 126)
    assert not bert.fits("word " * 127)


def test_many_texts_are_encoded_as_one_by_one(codec):
    assert codec.encode_all(vocabularies.TEXT) == [codec.encode(text) for text in vocabularies.TEXT]


def test_special_ids_are_skipped_when_decoding(bert):
    assert bert.decode([101, 7592, 102, 0, 0, 103, 2088]) == "hello world"


def test_spaces_before_punctuation_go_where_asked(bert):
    ids = bert.encode("Well, don't! It's l'homme.")
    assert bert.decode(ids, clean=True) == "well, don't! it's l'homme."
    assert bert.decode(ids, clean=False) == "well , don ' t ! it ' s l ' homme ."


def test_unknown_pieces_are_counted(bert):
    assert bert.unknown(bert.encode("ሰላም and ሰላም")) == 2
    assert bert.unknown(bert.encode("peace")) == 0


def test_byte_vocabularies_know_everything(tmp_path):
    for kind in ("byte_bpe", "piece_bpe"):
        codec = Codec.load(vocabularies.build(kind, tmp_path / kind))
        assert codec.special.unk is None
        assert codec.unknown(codec.encode("ሰላም 👨‍👩‍👧")) == 0
        assert codec.decode(codec.encode("ሰላም 👨‍👩‍👧")) == "ሰላም 👨‍👩‍👧"


def test_lone_surrogates_are_refused(bert):
    with pytest.raises(DataError, match="not valid Unicode"):
        bert.encode("a\ud800b")


@pytest.mark.filterwarnings("ignore")
def test_transformers_reads_what_is_saved_and_frames_it_alike(codec, tmp_path):
    from transformers import AutoTokenizer

    codec.save(tmp_path / "saved")
    theirs = AutoTokenizer.from_pretrained(tmp_path / "saved")
    texts = [*vocabularies.TEXT[:7], "", "a [SEP] b</s> <s>", *vocabularies.random_texts(50)]
    assert [theirs(text)["input_ids"] for text in texts] == codec.encode_all(texts)
    assert theirs.model_max_length == 128
    assert theirs.pad_token_id == codec.special.pad
    assert theirs.bos_token_id == theirs.cls_token_id == codec.special.bos
    assert theirs.eos_token_id == theirs.sep_token_id == codec.special.eos
    sample = codec.encode(vocabularies.TEXT[1])
    assert theirs.decode(sample, skip_special_tokens=True) == codec.decode(sample)


def test_a_saved_codec_is_the_same_codec(codec, tmp_path):
    codec.save(tmp_path / "saved")
    again = Codec.load(tmp_path / "saved", max_length=64)
    texts = [*vocabularies.TEXT, *vocabularies.random_texts(50)]
    assert again.encode_all(texts) == codec.encode_all(texts)
    assert (again.special, again.size, again.hidden, again.max_length) == (codec.special, codec.size, codec.hidden, 64)
    again.save(tmp_path / "twice")
    assert (tmp_path / "twice/tokenizer.json").read_bytes() == (tmp_path / "saved/tokenizer.json").read_bytes()
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == ["tokenizer.json", "tokenizer_config.json"]


def test_a_codec_can_be_pickled(codec):
    again = pickle.loads(pickle.dumps(codec))
    assert again.encode("a </s> [SEP] b") == codec.encode("a </s> [SEP] b")


def test_special_tokens_are_found_in_older_folders(minilm, tmp_path):
    shutil.copy(minilm / "tokenizer.json", tmp_path)
    assert Codec.load(tmp_path).special == Special(pad=0, bos=101, eos=102, unk=100)  # by their customary names
    (tmp_path / "special_tokens_map.json").write_text(
        json.dumps({"cls_token": {"content": "[MASK]", "special": True}, "sep_token": "[SEP]"})
    )
    assert Codec.load(tmp_path).special == Special(pad=0, bos=103, eos=102, unk=100)


def test_what_cannot_be_loaded_is_refused_by_name(minilm, tmp_path):
    with pytest.raises(ModelError, match=r"no tokenizer\.json \(no tokenizer at all\)"):
        Codec.load(tmp_path)
    shutil.copy(minilm / "vocab.txt", tmp_path)
    with pytest.raises(ModelError, match=r"only vocab\.txt, which must be converted first"):
        Codec.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json: not a tokenizer"):
        Codec.load(tmp_path)
    shutil.copy(minilm / "tokenizer.json", tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("{")
    with pytest.raises(ModelError, match=r"tokenizer_config\.json: not JSON"):
        Codec.load(tmp_path)


def test_a_vocabulary_that_cannot_begin_a_text_is_refused(tmp_path):
    folder: Path = vocabularies.build("unigram", tmp_path)
    described = (folder / "tokenizer.json").read_text().replace('"<s>"', '"<start>"')
    (folder / "tokenizer.json").write_text(described)
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>", "pad_token": "<pad>"}))
    with pytest.raises(ModelError, match="no token that begins a text"):
        Codec.load(folder)


@pytest.mark.parametrize(("language", "plain", "tidy"), [("fr", 57.35, 68.16), ("de", 18.93, 18.93)])
def test_what_an_english_vocabulary_leaves_of_other_languages(bert, data, language, plain, tidy):
    lines = (data / f"multi30k/test_2016_flickr.{language}").read_text(encoding="utf-8").split("\n")[:1000]
    ids = bert.encode_all(lines)

    def score(clean: bool) -> float:
        decoded = [bert.decode(row, clean=clean) for row in ids]
        return sacrebleu.corpus_bleu(decoded, [lines], force=True).score

    assert round(score(False), 2) == plain
    assert round(score(True), 2) == tidy
