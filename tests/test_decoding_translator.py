"""The translator around an engine that shouts."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import chain, count, islice

import pytest
from fake_translator import Shouting, make_folder
from tokenizers import Tokenizer, models, pre_tokenizers

from calque.decoding.engine import TorchEngine
from calque.decoding.passage import Answer, Part, bare, glue, join, lines
from calque.decoding.translator import Translator
from calque.errors import MachineError, ModelError
from calque.model.folder import Folder, describe
from calque.recipes.search import Search
from calque.records import Translation
from calque.text.codec import Codec
from calque.text.frame import Special


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "en-fr")


@pytest.fixture
def engine(folder):
    return Shouting(folder)


@pytest.fixture
def translator(folder, engine):
    return Translator(folder, engine=engine)


def texts_of(translations):
    return [translation.text for translation in translations]


def test_languages_are_those_of_the_folder(translator):
    assert (translator.source, translator.target) == ("en", "fr")


def test_order_is_kept_although_the_longest_is_searched_first(translator, engine):
    texts = ["a cat", "the small dog sleeps.", "a"]
    assert texts_of(translator.translate(texts)) == ["A CAT", "THE SMALL DOG SLEEPS.", "A"]
    assert engine.batches == [["the small dog sleeps.", "a cat", "a"]]


def test_blank_text_is_blank_and_never_searched(translator, engine):
    assert translator.translate(["", "  \t", "\u200b"]) == [Translation("", 0.0)] * 3
    assert engine.batches == []


def test_nothing_gives_nothing(translator):
    assert translator.translate([]) == []


def test_white_space_around_a_text_is_kept(translator):
    assert texts_of(translator.translate(["\t  a cat \r", "\u3000a cat"])) == ["\t  A CAT \r", "\u3000A CAT"]


def test_line_ends_within_a_text_are_kept(translator):
    assert texts_of(translator.translate(["a cat\n\n  two birds\n"])) == ["A CAT\n\n  TWO BIRDS\n"]


def test_other_line_separators_are_text(translator):
    assert len(translator.translate(["a cat\u2028two birds\x85"])[0].text.split("\n")) == 1


def test_equal_texts_are_searched_once(translator, engine):
    assert texts_of(translator.translate(["a cat", " a cat", "a cat"])) == ["A CAT", " A CAT", "A CAT"]
    assert engine.batches == [["a cat"]]


def test_score_of_a_whole_text_is_the_hypothesis(translator):
    assert translator.translate(["a cat"]) == [Translation("A CAT", -0.5)]


def test_alternatives_come_best_first_with_the_white_space(translator):
    assert translator.translate([" a cat"], Search(n_best=3)) == [
        Translation(" A CAT", -0.5, ((" A CAT!", -1.0), (" A CAT!!", -1.5)))
    ]


def test_too_long_is_split_joined_and_said(translator, engine):
    text = "  the small dog sleeps.  a big cat runs; two birds sing!\ta cat "
    (translation,) = translator.translate([text], Search(n_best=2))
    assert translation.text == text.upper()
    ((other, score),) = translation.alternatives
    assert (other.replace("!", ""), other.count("!")) == (text.upper().replace("!", ""), 2)
    assert -1.0 < score < translation.score
    assert translation.score == -0.5
    parts = len(engine.batches[0])
    assert parts > 1
    assert translation.warnings == (f"longer than the 32 tokens that the model takes: translated in {parts} parts",)
    assert max(len(engine.source.encode(part)) for part in engine.batches[0]) <= 32


def test_nothing_is_lost_however_long_and_without_any_space(translator):
    text = "dog" * 500
    assert translator.translate([text])[0].text == text.upper()


def test_batches_hold_at_most_search_tokens_with_padding(translator, engine):
    texts = [f"a cat {number}" for number in range(50)]
    translator.translate(texts, Search(search_tokens=40))
    assert max(engine.padded) <= 40
    assert sorted(chain.from_iterable(engine.batches)) == sorted(texts)


def test_a_text_larger_than_search_tokens_is_searched_alone(translator, engine):
    translator.translate(["the small dog sleeps", "the small dog sings"], Search(search_tokens=16))
    assert [len(batch) for batch in engine.batches] == [1, 1]


def test_stream_reads_no_further_than_its_window(translator):
    read = []

    def texts():
        for number in count():
            read.append(number)
            yield f"a cat {number}"

    answers = list(islice(translator.stream(texts(), window=3), 4))
    assert texts_of(answers) == ["A CAT 0", "A CAT 1", "A CAT 2", "A CAT 3"]
    assert len(read) == 6


def test_stream_closes_a_window_of_long_texts_early(translator, engine, monkeypatch):
    monkeypatch.setattr("calque.decoding.translator.WINDOW_CHARACTERS", 10)
    list(translator.stream(["a cat", "two birds", "a dog"]))
    assert engine.batches == [["two birds", "a cat"], ["a dog"]]


def test_a_line_end_that_the_model_makes_up_cannot_add_a_line(folder, engine):
    engine._shout = lambda text, rank: type(engine)._shout(engine, f"{text}\nx", rank)
    assert texts_of(Translator(folder, engine=engine).translate(["a cat"])) == ["A CAT X"]


def test_a_space_comes_between_sentences_of_a_language_without_spaces(tmp_path):
    folder = make_folder(tmp_path / "zh-en", 20, source="zh", target="en")
    translator = Translator(folder, engine=Shouting(folder, 20))
    (translation,) = translator.translate(["小狗睡觉。大猫跑步。"])
    assert translation.text == "小狗睡觉。 大猫跑步。"


def word_folder(path):
    vocabulary = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "cat": 4, "dog": 5}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    codec = Codec(tokenizer, Special(0, 1, 2, 3), 16)
    make_folder(path)
    describe(path, "pair", ("en", "fr"), (codec, Codec.load(path / "target", max_length=16)))
    return path


def test_unknown_pieces_are_said(tmp_path):
    folder = word_folder(tmp_path / "words")
    (translation,) = Translator(folder, engine=Shouting(folder)).translate(["cat zebra dog gnu"])
    assert translation.warnings == ("2 of 4 pieces are unknown to the model",)


def test_what_the_vocabulary_does_not_see_is_copied(translator, monkeypatch):
    monkeypatch.setattr(Codec, "encode_all", lambda self, texts: [[1, 2] for _ in texts])
    assert translator.translate([" ☃ "]) == [
        Translation(" ☃ ", 0.0, (), ("the model's vocabulary sees nothing in it: copied",))
    ]


def test_a_folder_that_is_none_is_refused_at_once(tmp_path):
    with pytest.raises(ModelError, match="no such model folder"):
        Translator(tmp_path / "absent")
    with pytest.raises(ModelError, match=r"no calque\.json there"):
        Translator(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="file: a model folder is wanted, and this is a file"):
        Translator(tmp_path / "file")


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"format": "x"}'])
def test_a_folder_with_a_damaged_description_is_refused(folder, damage):
    (folder / "calque.json").write_text(damage)
    with pytest.raises(ModelError, match=r"calque\.json: damaged"):
        Translator(folder)


def test_a_folder_whose_longest_text_is_no_number_is_refused(folder):
    told = json.loads((folder / "calque.json").read_text())
    (folder / "calque.json").write_text(json.dumps(told | {"max_length": "long"}))
    with pytest.raises(ModelError, match=r"calque\.json: damaged"):
        Translator(folder)


def test_an_unknown_device_is_refused_before_weights_are_read(folder):
    with pytest.raises(MachineError, match=r"unknown device 'cdua'; did you mean 'cuda'\?"):
        TorchEngine(Folder.open(folder), "cdua")


def test_a_folder_without_weights_is_a_model_error(folder):
    with pytest.raises(ModelError):
        Translator(folder, device="cpu").translate(["a cat"])


class Small:
    """A family whose device has memory for two rows."""

    def batch(self, rows):
        return _Rows(rows)

    def generate(self, module, batch, search):
        import torch

        if len(batch.rows) > 2:
            raise torch.OutOfMemoryError
        return [[row.source] for row in batch.rows]


class _Rows:
    def __init__(self, rows):
        self.rows = rows

    def to(self, device):
        return self


def test_a_batch_too_large_for_the_memory_is_cut():
    engine = object.__new__(TorchEngine)
    engine._family, engine._module, engine.device = Small(), None, "cpu"
    assert engine.generate([[1], [2], [3], [4], [5]], Search()) == [[[1]], [[2]], [[3]], [[4]], [[5]]]


def test_no_memory_for_one_row_is_a_machine_error(monkeypatch):
    import torch

    def never(self, module, batch, search):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Small, "generate", never)
    engine = object.__new__(TorchEngine)
    engine._family, engine._module, engine.device = Small(), None, "cpu"
    with pytest.raises(MachineError, match="not enough memory for one text of 3 tokens with a beam of 4"):
        engine.generate([[1, 2, 3], [4, 5, 6]], Search())


def test_parts_of_a_text():
    assert bare("  a b\t") == Part("  ", "a b", "\t")
    assert bare(" \t") == Part(" \t", "", "")
    assert lines("a\n\nb") == [Part("", "a", "\n"), Part("\n", "", ""), Part("", "b", "")]


def test_joined_score_is_weighted_by_tokens():
    answers = {"a": Answer("A", -1.0, 1, unknown=1, pieces=2), "b": Answer("B", -3.0, 3, pieces=4)}
    joined = join([Part("", "a", " "), Part("", "b", "")], answers)
    assert joined == Answer("A B", -2.5, 4, unknown=1, pieces=6)


def test_alternatives_of_parts_are_the_best_ways_to_choose_one_of_each():
    answers = {
        "a": Answer("A", -1.0, 1, (("A1", -1.5), ("A2", -4.0))),
        "b": Answer("B", -3.0, 3, (("B1", -3.1), ("B2", -3.5))),
        "c": Answer("c"),
    }
    joined = join([Part("", "a", " "), Part("", "b", " "), Part("", "c", "")], answers)
    assert (joined.text, joined.score) == ("A B c", -2.5)
    assert joined.alternatives == (("A B1 c", pytest.approx(-2.575)), ("A1 B c", pytest.approx(-2.625)))


@pytest.mark.parametrize(
    ("source", "target", "between"), [("zh", "en", " "), ("zh-Hant", "ja", ""), ("en", "zh", ""), ("en", "fr", "")]
)
def test_glue(source, target, between):
    assert glue(source, target) == between


def test_importing_the_translator_imports_no_torch():
    code = "import sys, json, calque.decoding.translator, calque.decoding.lines; print(json.dumps(list(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {"torch", "transformers", "peft"} & set(json.loads(out)) == set()
