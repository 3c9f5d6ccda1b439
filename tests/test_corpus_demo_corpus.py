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
    assert len(counts) > 500
    assert min(count for lemma, count in counts.items() if not lemma.startswith("name:")) >= 4


def test_combinations_are_held_out_by_their_words_alone():
    assert split_of(("object", "read", "book")) == "train"
    assert split((("object", "read", "book"),)) == "train"
    held = [("adjective", a, n) for a in ("red", "old", "big") for n in ("car", "house", "dog", "hat", "box", "door")]
    assert Counter(split_of(pair) for pair in held) == {"train": 15, "dev": 1, "test": 2}


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


def test_what_one_seed_holds_out_no_other_seed_trains_on(small, large):
    assert large.train[:5] != small.train[:5]
    seen = {pair for one in large.train for pair in one.combinations}
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


GOLDEN = [
    (
        "Marie no longer loses her key.",
        "Marie ne perd plus sa clé.",
        "0-0 1-1 1-3 2-1 2-3 3-2 4-4 5-5 6-6",
        "no-longer",
    ),
    (
        "Your grandmother has already bought a cup.",
        "Votre grand-mère a déjà acheté une tasse.",
        "0-0 1-1 1-2 2-3 3-4 4-5 5-6 6-7 7-8",
        "transitive",
    ),
    (
        "I get married.",
        "Je me marie.",
        "0-0 1-1 1-2 2-1 2-2 3-3",
        "intransitive",
    ),
    (
        "Which scarf does she choose?",
        "Quelle écharpe choisit-elle ?",
        "0-0 1-1 3-3 4-2 5-4",
        "which",
    ),
    (
        "This man is swimming this morning.",
        "Cet homme nage ce matin.",
        "0-0 1-1 2-2 3-2 4-3 4-4 5-3 5-4 6-5",
        "intransitive",
    ),
    (
        "The island that they liked is too famous.",
        "L'île qu'ils aimaient est trop célèbre.",
        "0-0 1-1 2-2 3-3 4-4 5-5 6-6 7-7 8-8",
        "relative-object",
    ),
    (
        "The roofs of these hospitals are white.",
        "Les toits de ces hôpitaux sont blancs.",
        "0-0 1-1 2-2 3-3 4-4 5-5 6-6 7-7",
        "part",
    ),
    (
        "I arrive every week.",
        "J'arrive toutes les semaines.",
        "0-0 1-1 2-2 2-3 2-4 3-2 3-3 3-4 4-5",
        "intransitive",
    ),
    (
        "The strong pupil is obeying her.",
        "L'élève fort lui obéit.",
        "0-0 1-2 2-1 3-4 4-4 5-3 6-5",
        "indirect-pronoun",
    ),
    (
        "The gardener often stops.",
        "Le jardinier s'arrête souvent.",
        "0-0 1-1 2-4 3-2 3-3 4-5",
        "intransitive",
    ),
    (
        "I rarely wait for her.",
        "Je l'attends rarement.",
        "0-0 1-3 2-2 3-2 4-1 5-4",
        "direct-pronoun",
    ),
    (
        "He often sees the lake.",
        "Il voit souvent le lac.",
        "0-0 1-2 2-1 3-3 4-4 5-5",
        "transitive",
    ),
    (
        "I won't buy anything.",
        "Je n'achèterai rien.",
        "0-0 1-1 1-2 1-3 2-2 3-3 4-4",
        "nothing",
    ),
    (
        "These plates are blue.",
        "Ces assiettes sont bleues.",
        "0-0 1-1 2-2 3-3 4-4",
        "quality",
    ),
    (
        "Next week, all the students will sell them to you.",
        "La semaine prochaine, tous les étudiants vous les vendront.",
        "0-0 0-1 0-2 1-0 1-1 1-2 2-3 3-4 3-5 4-4 4-5 5-6 6-9 7-9 8-8 10-7 11-10",
        "two-pronouns",
    ),
    (
        "The queens thank us in summer.",
        "Les reines nous remercient en été.",
        "0-0 1-1 2-3 3-2 4-4 4-5 5-4 5-5 6-6",
        "direct-pronoun",
    ),
    (
        "The scarf is in the suitcase.",
        "L'écharpe est dans la valise.",
        "0-0 1-1 2-2 3-3 4-4 5-5 6-6",
        "location",
    ),
    (
        "They went to Brazil.",
        "Ils sont allés au Brésil.",
        "0-0 1-1 1-2 2-3 3-4 4-5",
        "motion",
    ),
    (
        "The coat isn't pretty.",
        "Le manteau n'est pas joli.",
        "0-0 1-1 2-2 2-3 2-4 3-5 4-6",
        "quality",
    ),
    (
        "The city isn't quiet.",
        "La ville n'est pas tranquille.",
        "0-0 1-1 2-2 2-3 2-4 3-5 4-6",
        "quality",
    ),
    (
        "This actress is late, and these farmers are inviting her.",
        "Cette actrice est en retard, et ces fermiers l'invitent.",
        "0-0 1-1 2-2 3-3 3-4 4-5 5-6 6-7 7-8 8-10 9-10 10-9 11-11",
        "echo",
    ),
    (
        "Nicolas sometimes sells cupboards.",
        "Nicolas vend parfois des armoires.",
        "0-0 1-2 2-1 3-4 4-5",
        "transitive",
    ),
    (
        "The roof of this castle is green.",
        "Le toit de ce château est vert.",
        "0-0 1-1 2-2 3-3 4-4 5-5 6-6 7-7",
        "part",
    ),
    (
        "How many boxes is he opening?",
        "Combien de boîtes ouvre-t-il ?",
        "0-0 0-1 1-0 1-1 2-2 3-3 4-4 5-3 6-5",
        "how-many",
    ),
    (
        "She no longer laughs.",
        "Elle ne rit plus.",
        "0-0 1-1 1-3 2-1 2-3 3-2 4-4",
        "no-longer",
    ),
    (
        "Our uncle often wins.",
        "Notre oncle gagne souvent.",
        "0-0 1-1 2-3 3-2 4-4",
        "intransitive",
    ),
    (
        "You are leaving the hotel that the pilots bought.",
        "Vous quittez l'hôtel que les pilotes ont acheté.",
        "0-0 1-1 2-1 3-2 4-3 5-4 6-5 7-6 8-7 8-8 9-9",
        "relative-object",
    ),
    (
        "I saw the soldiers who are singing.",
        "J'ai vu les soldats qui chantent.",
        "0-0 1-1 1-2 2-3 3-4 4-5 5-6 6-6 7-7",
        "relative-subject",
    ),
    (
        "Their mother is punishing many happy children.",
        "Leur mère punit beaucoup d'enfants heureux.",
        "0-0 1-1 2-2 3-2 4-3 4-4 5-6 6-5 7-7",
        "transitive",
    ),
    (
        "Is this long match going to begin?",
        "Est-ce que ce long match va commencer ?",
        "0-6 1-3 2-4 3-5 4-6 5-6 6-7 7-8",
        "polar",
    ),
    (
        "When Isabelle saw the hedgehog, four German waitresses were thinking.",
        "Quand Isabelle a vu le hérisson, quatre serveuses allemandes réfléchissaient.",
        "0-0 1-1 2-2 2-3 3-4 4-5 5-6 6-7 7-9 8-8 9-10 10-10 11-11",
        "when",
    ),
    (
        "Did the teacher come in last Wednesday?",
        "Est-ce que le professeur est entré mercredi dernier ?",
        "0-0 0-1 0-2 1-3 2-4 3-5 3-6 4-6 5-7 5-8 6-7 6-8 7-9",
        "polar",
    ),
    (
        "I write to my father.",
        "J'écris à mon père.",
        "0-0 1-1 2-2 3-3 4-4 5-5",
        "transitive",
    ),
    (
        "How many scarves did she lose?",
        "Combien d'écharpes a-t-elle perdues ?",
        "0-0 0-1 1-0 1-1 2-2 4-4 5-3 5-5 6-6",
        "how-many",
    ),
]


@pytest.mark.parametrize("number", range(len(GOLDEN)))
def test_golden_sample(small, number):
    one = (small.train[:26] + small.test[:8])[number]
    assert (one.source, one.target, demo.pharaoh(one), one.construction) == GOLDEN[number]


DIGEST = "fde281de577c10dbee97097f181154587d7aa404d0593479f82a4e9cd0d6df7c"


def test_digest(small):
    assert digest(small) == DIGEST


SCRIPT = """
import sys
sys.path.insert(0, "tests")
from test_corpus_demo_corpus import demo, digest
print(digest(demo.generate(300, seed=7)))
"""


def test_the_bytes_do_not_depend_on_the_hash_seed(request):
    """Here hashes are seeded at random, or by whoever runs the tests; there with a seed of ours."""
    environment = os.environ | {"PYTHONHASHSEED": "4242"}
    root = request.config.rootpath
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, DIGEST), done.stderr


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
