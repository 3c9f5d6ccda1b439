"""Translating with care, around engines that do what they like."""

from __future__ import annotations

import random

import pytest
from fake_translator import make_folder

from calque import warning
from calque.decoding import guard
from calque.decoding.passage import Answer, bare, join, peeled, placed
from calque.decoding.translator import Translator
from calque.errors import DataError
from calque.model.hypothesis import Hypothesis, Reading
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.text import shield
from calque.text.codec import Codec

CARE = Handling()
PLAIN = Handling(normalise=False, protect=False, guard=False)


class Saying:
    """An engine that says what a function makes of a text and a search."""

    def __init__(self, folder, says):
        self.source = Codec.load(folder / "source", max_length=200)
        self.target = Codec.load(folder / "target", max_length=200)
        self.says = says
        self.asked = []

    def generate(self, sources, search, prefixes=None):
        texts = [self.source.decode(ids) for ids in sources]
        self.asked += texts
        return [self._hypotheses(self.says(text, search)) for text in texts]

    def _hypotheses(self, said):
        said = [said] if isinstance(said, str) else said
        return [Hypothesis(self.target.encode_bare(text), -1.0 - k) for k, text in enumerate(said)]

    def read(self, sources, targets):
        return [Reading(tuple([-0.1] * (len(target) + 1))) for target in targets]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("handler") / "en-fr", max_length=200)


def translated(folder, says, text, handling=CARE, search=None):
    engine = Saying(folder, says)
    (translation,) = Translator(folder, engine=engine).translate([text], search, handling=handling)
    return translation, engine


PIECES = [
    *("A dog runs.", "Is it fast?", "Mr. Smith left", "See www.b.org. Now", "3.5 km!", "e.g. this", "%s", "“Oh.”", "x"),
    *(
        " ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "\r\n",
        "\u00a0",
        "\u3000",
        "...",
        "😀",
        "@anna",
        "<b>",
        "</b>",
        ";",
        "。",
        "a" * 40,
    ),
]


def random_texts(count, seed):
    dice = random.Random(seed)
    return ["".join(dice.choice(PIECES) for _ in range(dice.randrange(1, 14))) for _ in range(count)]


@pytest.mark.parametrize("handling", [PLAIN, Handling(guard=False), Handling(sentences=False, guard=False)])
def test_an_engine_that_repeats_gives_the_text_back_byte_for_byte(folder, handling):
    engine = Saying(folder, lambda text, search: text)
    texts = [*random_texts(100, 1), "", " \n\n ", "\u200b"]
    said = Translator(folder, engine=engine).translate(texts, handling=handling)
    assert [translation.text for translation in said] == texts


def test_sentences_are_translated_one_by_one(folder):
    text = "A dog runs. See v. 2 at www.b.org. It is fast!\n\n  Two birds sing."
    said, engine = translated(folder, lambda text, search: text.upper(), text, PLAIN)
    assert said.text == text.upper()
    assert sorted(engine.asked) == ["A dog runs.", "It is fast!", "See v. 2 at www.b.org.", "Two birds sing."]


def test_one_clean_sentence_is_searched_as_it_is_without_care(folder):
    engine = Saying(folder, lambda text, search: text.upper())
    translator = Translator(folder, engine=engine)
    assert translator.translate(["A dog runs."], handling=CARE) == translator.translate(["A dog runs."])
    assert engine.asked == ["A dog runs."] * 2


def broken_engine(seed):
    dice = random.Random(seed)
    words = [
        "un",
        "chien",
        "3",
        "km",
        "%",
        "s",
        "www.",
        "b.org",
        "{",
        "}",
        ".",
        "@",
        "7",
        "Max",
        "Paris",
        "\n",
        "😀",
        "XX",
    ]

    def says(text, search):
        kind = dice.randrange(4)
        if kind == 0:
            return text
        if kind == 1:
            return text.replace("3", "33").replace("@", "").replace("%", "% ")
        return " ".join(dice.choice(words) for _ in range(dice.randrange(8)))

    return says


def test_what_must_not_change_is_there_once_whatever_the_engine_says(folder):
    texts = [
        *("Ask {name} about 3 km at a@b.org.", "%s: see https://b.org/x (50%) now", "@anna has 12 dogs 😀 #sun"),
        *("<b>Hello</b> to 3, 3 and 3 dogs", "{x}{y}", "Run %(n)d times, not 7, Max!", "a 1 b 2 c 3 d 4 e 5 f 6 g"),
    ]
    for seed in range(10):
        said = Translator(folder, engine=Saying(folder, broken_engine(seed))).translate(texts, handling=CARE)
        for text, translation in zip(texts, said, strict=True):
            assert shield.kept(shield.items(text), translation.text), (seed, text, translation.text)


def test_a_disguise_is_tried_where_an_item_is_lost(folder):
    def says(text, search):
        return text.replace("Ask", "Demandez à").replace("{name}", "")

    said, engine = translated(folder, says, "Ask {name} now.")
    assert said.text == "Demandez à {name} now."
    assert said.warnings == ()
    assert "Ask Max now." in engine.asked


def test_what_no_disguise_saves_is_translated_around(folder):
    said, _ = translated(folder, lambda text, search: "Le chien." if "dog" in text else "", "the dog %s")
    assert said.text == "le chien %s"
    assert said.warnings == ("what must not change was translated around: the words beside it may not fit one another",)


def test_the_first_hypothesis_that_keeps_all_is_taken(folder):
    said, _ = translated(folder, lambda t, s: ["deux chiens", "3 chiens", "3 chats"], "3 dogs", search=Search(n_best=3))
    assert (said.text, said.score, said.alternatives) == ("3 chiens", -2.0, (("3 chats", -3.0),))


LOOP = "le chien le chien le chien le chien"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("", warning.EMPTY),
        (LOOP, warning.LOOP),
        ("mot " + "ab" * 60, warning.LOOP),
        ("mot ........ " + "ab" * 60, warning.LOOP),
        ("a brown dog runs here", warning.COPY),
    ],
)
def test_what_is_wrong_is_looked_for_again(folder, bad, why):
    source = "a brown dog runs here"
    said, _ = translated(folder, lambda text, search: bad if search.beam == 4 else "un chien court", source)
    assert (said.text, said.warnings) == ("un chien court", ())
    said, _ = translated(folder, lambda text, search: bad, source)
    assert why in " ".join(said.warnings)
    assert said.text == (bad.rstrip() or source)


def test_faults():
    pair = ("en", "fr")
    assert guard.faults("a dog", "un chien", True, pair) == []
    assert guard.faults("ha ha ha ha ha", "ah ah ah ah ah", True, pair) == []
    assert guard.faults("Paris Match", "Paris Match", True, pair) == []
    assert guard.faults("we all run home now", "we all run home now", True, ("en", "en-GB")) == []
    assert guard.faults("a", "b" + "c d e f g h i j k l m n" * 3, True, pair) == [warning.RUNAWAY]
    assert guard.faults("a dog", "un chien", False, pair) == [warning.RUNAWAY]


def test_explanations_are_placed_in_the_whole_text(folder):
    text = "A dog.  Two birds!\n"
    said, _ = translated(folder, lambda t, search: t.upper(), text, Handling(explain=True))
    places = [(word.start, word.end) for word in said.alignment.target]
    assert [said.text[start:end] for start, end in places] == ["A", "DOG", ".", "TWO", "BIRDS", "!"]
    assert [text[word.start : word.end] for word in said.alignment.source] == ["A", "dog", ".", "Two", "birds", "!"]
    assert said.alignment.links == ()
    assert 0.5 < said.confidence < 1


def test_many_parts_are_put_together_in_time_that_grows_with_them():
    """What copied the beginning for each item took minutes here, for each part the square of their number."""
    text = "a 😀 " * 100_000
    assert peeled(bare(text)).body == text.rstrip()[:-2]
    parts = [bare(f"a{number}. ") for number in range(40_000)]
    answers = {part.body: Answer(part.body, -1.0, 2, ((part.body.upper(), -1.0 - k),)) for k, part in enumerate(parts)}
    whole = join(parts, answers)
    assert whole.text == "".join(f"a{number}. " for number in range(40_000))
    assert whole.alternatives[0][0].startswith("A0. a1. ")
    *_, last = placed(parts, answers)
    assert whole.text[last.said_at :] == last.said + " "


SURROGATES = [
    "A dog \ud800 runs. Two birds.",
    "\ud800",
    " \udfff\n",
    "See www.b.org/\udc00 now.",
    "A \ud83d\ude00 dog. \ud83d\ude00",
]


@pytest.mark.parametrize("text", SURROGATES)
def test_halves_of_surrogate_pairs_are_repaired_or_refused(folder, text):
    said, _ = translated(folder, lambda body, search: body, text)
    assert said.text == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    for handling in (Handling(normalise=False), PLAIN, None):
        with pytest.raises(DataError, match="half of a surrogate pair at character"):
            translated(folder, lambda body, search: body, text, handling)
    said, _ = translated(folder, lambda body, search: "", text)
    assert said.text.encode()


@pytest.mark.parametrize(
    "text", ["---", "|---|---|", "...", "?", "* * *", "€", "12", "—", "- https://a.org/b (3)", "。"]
)
def test_what_has_no_words_is_not_translated(folder, text):
    said, engine = translated(folder, lambda body, search: "the model invents something", text)
    assert (said.text, said.warnings, engine.asked) == (text, (), [])
