"""The demo corpus: sizes, splits, bytes, files."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter

import pytest

from calque.corpus.demo import corpus as demo
from calque.corpus.demo import grammar, word
from calque.corpus.demo.combination import split, split_of
from calque.corpus.demo.dice import Dice
from calque.errors import RecipeError

SETS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def small():
    return demo.generate(300, seed=7)


@pytest.fixture(scope="module")
def large():
    return demo.generate(12_000, seed=1)


def digest(corpus: demo.DemoCorpus) -> str:
    lines = [
        f"{one.source}\t{one.target}\t{demo.pharaoh(one)}\t{one.construction}\n"
        for name in SETS
        for one in getattr(corpus, name)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def test_sizes(small, large):
    assert [len(getattr(small, name)) for name in SETS] == [300, 500, 500]
    assert [len(getattr(large, name)) for name in SETS] == [12_000, 500, 500]


def test_no_source_sentence_occurs_twice_even_in_another_case(large):
    counts = Counter(one.source.lower() for name in SETS for one in getattr(large, name))
    assert [source for source, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(("name", "other"), [("dev", "test"), ("test", "dev")])
def test_every_held_out_sentence_combines_words_that_no_other_set_combines(large, name, other):
    elsewhere = {pair for part in ("train", other) for one in getattr(large, part) for pair in one.combinations}
    seen = [one.source for one in getattr(large, name) if set(one.combinations) <= elsewhere]
    assert seen == []


@pytest.mark.parametrize("name", ["dev", "test"])
def test_every_held_out_word_and_construction_occurs_in_training(large, name):
    known = {lemma for one in large.train for lemma in one.lemmas}
    assert {lemma for one in getattr(large, name) for lemma in one.lemmas} <= known
    assert {one.construction for one in large.train} == set(grammar.NAMES)


def test_every_word_is_trained_several_times(large):
    counts = Counter(lemma for one in large.train for lemma in one.lemmas)
    assert len(counts) > 600
    assert min(count for lemma, count in counts.items() if not lemma.startswith("name:")) >= 4


def test_combinations_are_held_out_by_their_words_alone():
    assert split_of(("object", "read", "book")) == "train"
    assert split((("object", "read", "book"),)) == "train"
    held = [("adjective", a, n) for a in ("red", "old", "big") for n in ("car", "house", "dog", "hat", "box", "door")]
    assert Counter(split_of(pair) for pair in held) == {"train": 16, "dev": 1, "test": 1}


def test_a_sentence_of_both_held_out_sets_belongs_nowhere():
    by_split = {}
    for number in range(200):
        pair = ("object", "read", str(number))
        by_split.setdefault(split_of(pair), pair)
    assert split((by_split["test"], by_split["train"])) == "test"
    assert split((by_split["dev"],)) == "dev"
    assert split((by_split["dev"], by_split["test"])) == ""


def test_more_pairs_prolong_the_training_set_only(small):
    longer = demo.generate(400, seed=7)
    assert longer.train[:300] == small.train
    assert (longer.dev, longer.test) == (small.dev, small.test)


def test_other_seeds_make_other_corpora(small):
    other = demo.generate(300, seed=8)
    assert other.train[:5] != small.train[:5]
    seen = {pair for one in other.train for pair in one.combinations}
    assert [one.source for one in small.test if set(one.combinations) <= seen] == []


def test_alignments_lie_within_the_tokens(large):
    for one in large.test:
        source, target = word.tokens(one.source, "en"), word.tokens(one.target, "fr")
        assert one.alignment == tuple(sorted(set(one.alignment)))
        assert all(0 <= i < len(source) and 0 <= j < len(target) for i, j in one.alignment)
        assert (len(source) - 1, len(target) - 1) in one.alignment


def test_most_tokens_are_aligned(large):
    tokens = sum(len(word.tokens(one.target, "fr")) for one in large.test)
    aligned = sum(len({j for _, j in one.alignment}) for one in large.test)
    assert aligned / tokens > 0.9


GOLDEN = []


@pytest.mark.parametrize("number", range(len(GOLDEN)))
def test_golden_sample(small, number):
    one = small.train[number]
    assert (one.source, one.target, demo.pharaoh(one), one.construction) == GOLDEN[number]


def test_digest(small):
    assert digest(small) == "DIGEST"


SCRIPT = """
import sys
sys.path.insert(0, "tests")
from test_corpus_demo_corpus import demo, digest
print(digest(demo.generate(300, seed=7)))
"""


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_the_bytes_do_not_depend_on_the_hash_seed(small, hash_seed, request):
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    root = request.config.rootpath
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, digest(small)), done.stderr


def test_files(small, tmp_path):
    folder = tmp_path / "deep" / "corpus"
    demo.write(small, folder)
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(["README.md", *(f"{name}.{end}" for name in SETS for end in ("en", "fr", "align"))])
    assert (folder / "train.en").read_bytes().split(b"\n")[0] == small.train[0].source.encode()
    assert (folder / "train.fr").read_bytes().split(b"\n")[0] == small.train[0].target.encode()
    assert (folder / "train.align").read_text().splitlines()[0] == demo.pharaoh(small.train[0])
    assert [len((folder / f"{name}.fr").read_bytes().split(b"\n")) - 1 for name in SETS] == [300, 500, 500]
    readme = (folder / "README.md").read_text()
    assert "seed 7" in readme
    assert "CC0 1.0" in readme
    assert [path.name for path in folder.parent.iterdir()] == ["corpus"]


def test_writing_needs_a_new_folder(small, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RecipeError, match="exists: name a new folder"):
        demo.write(small, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(small, tmp_path):
    (tmp_path / "corpus").mkdir()
    demo.write(small, tmp_path / "corpus")
    assert (tmp_path / "corpus" / "test.en").is_file()


def test_a_failed_writing_leaves_nothing(small, tmp_path, monkeypatch):
    def fail(one: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(demo, "pharaoh", fail)
    with pytest.raises(OSError, match="disk full"):
        demo.write(small, tmp_path / "corpus")
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_has_pairs():
    with pytest.raises(RecipeError, match="pairs is 0"):
        demo.generate(0, seed=1)


def test_an_exhausted_grammar_says_so(monkeypatch):
    same = grammar.draw(Dice(1))
    monkeypatch.setattr(demo, "_PATIENCE", 50)
    monkeypatch.setattr(grammar, "draw", lambda dice: same)
    with pytest.raises(RecipeError, match="does not give 10 different sentences"):
        demo.generate(10, seed=1)
