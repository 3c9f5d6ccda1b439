"""The fast engine beside the torch engine, the choice between them, and one sentence without torch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest
import translators
from http_server import settings
from starlette.testclient import TestClient

from calque.decoding.choice import engine_of, is_fast
from calque.decoding.engine import TorchEngine
from calque.decoding.export import export
from calque.decoding.fast import FastEngine
from calque.decoding.fast_network import Wanted, _how
from calque.decoding.polyglot import Polyglot
from calque.decoding.translator import Translator
from calque.errors import DataError, EngineError, ModelError, RecipeError
from calque.model.fast_folder import FastFolder
from calque.recipes.export import Export
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.server.app import create_app

TEXTS = [source for source, _ in translators.PAIRS[:6]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pair, exported in float32."""
    made = translators.pair(tmp_path_factory.mktemp("fast"))
    export(Export(folder=made.path, quantize="float32", sample_pairs=2, threads=1))
    return made


@pytest.fixture(scope="module")
def engines(folder):
    return FastEngine(folder, threads=1), TorchEngine(folder, "cpu", 1)


def the_same(ours, theirs) -> bool:  # scores are sums of float32 numbers
    texts = [[found.ids for found in some] for some in ours] == [[found.ids for found in some] for some in theirs]
    scores = [
        (a.score, b.score) for one, other in zip(ours, theirs, strict=True) for a, b in zip(one, other, strict=True)
    ]
    return texts and all(a == pytest.approx(b, rel=1e-6, abs=1e-5) for a, b in scores)


@pytest.mark.parametrize(
    "search",
    [
        Search(beam=1),
        Search(beam=4, n_best=3),
        Search(beam=3, length_penalty=0.0, longest_ratio=0.25),
        Search(beam=2, length_penalty=2.0),
    ],
)
def test_both_engines_find_the_same_and_score_it_alike(folder, engines, search):
    sources = folder.source_codec.encode_all(TEXTS)
    ours, theirs = (engine.generate(sources, search) for engine in engines)
    assert the_same(ours, theirs)
    assert [found.ended for some in ours for found in some] == [found.ended for some in theirs for found in some]


@pytest.mark.parametrize("make", [translators.native, translators.causal])
def test_other_families_score_alike_too(tmp_path, make):
    made = make(tmp_path)
    export(Export(folder=made.path, quantize="float32", sample_pairs=2, threads=1, alignment=False))
    sources = made.source_codec.encode_all(["a dog runs", "two girls sing"])
    search = Search(beam=1, longest_ratio=1.5)
    fast, torch = FastEngine(made, threads=1), TorchEngine(made, "cpu", 1)
    ours, theirs = fast.generate(sources, search), torch.generate(sources, search)
    assert the_same(ours, theirs)
    begun = [some[0].ids[:place] for place, some in enumerate(theirs, start=2)]
    assert the_same(fast.generate(sources, search, begun), theirs)
    for reading, some in zip(fast.read(sources, [some[0].ids for some in theirs]), theirs, strict=True):
        counted = reading.log_probs_T if some[0].ended else reading.log_probs_T[:-1]
        assert sum(counted) / len(counted) == pytest.approx(some[0].score, abs=1e-5)


def test_a_given_beginning_is_kept_and_scored(folder, engines):
    fast, _ = engines
    sources = folder.source_codec.encode_all(TEXTS)
    free = fast.generate(sources, Search(beam=1))
    begun = [some[0].ids[: 1 + place % 3] for place, some in enumerate(free)]
    assert the_same(fast.generate(sources, Search(beam=1), begun), free)
    others = [[ids[0], 7, 9] for ids in begun]
    for other, (found, _) in zip(others, fast.generate(sources, Search(beam=4, n_best=2), others), strict=True):
        assert found.ids[:3] == other


def test_the_reading_of_a_translation_adds_up_to_its_score(folder, engines):
    fast, _ = engines
    sources = folder.source_codec.encode_all(TEXTS)
    found = [some[0] for some in fast.generate(sources, Search(beam=1))]
    for source, said, reading in zip(sources, found, fast.read(sources, [one.ids for one in found]), strict=True):
        counted = reading.log_probs_T if said.ended else reading.log_probs_T[:-1]
        assert sum(counted) / len(counted) == pytest.approx(said.score, abs=1e-5)
        assert len(reading.attention_TS) == len(said.ids) + 1
        assert {len(row) for row in reading.attention_TS} == {len(source)}
        assert [sum(row) for row in reading.attention_TS] == pytest.approx([1.0] * len(reading.attention_TS), abs=1e-5)


def test_what_is_too_long_is_refused(folder, engines):
    fast, _ = engines
    source = folder.source_codec.encode(TEXTS[0])
    with pytest.raises(EngineError, match="a text of 41 tokens is longer than the 40 that the model takes"):
        fast.generate([source[:-1] + [9] * (41 - len(source)) + source[-1:]], Search(beam=1))
    with pytest.raises(DataError, match="beginning of 39 tokens leaves no room: the model writes 39 at most"):
        fast.generate([source], Search(beam=1), [[9] * 39])
    with pytest.raises(EngineError, match="a translation of 40 tokens is longer than the 39 that the model writes"):
        fast.read([source], [[9] * 40])
    assert fast.generate([], Search(beam=1)) == fast.read([], []) == []


def test_a_beginning_that_leaves_no_room_is_the_fault_of_who_asks(folder, tmp_path):
    polyglot = Polyglot.open([folder.path], "cpu", 1, "fast")
    asked = {"text": TEXTS[0], "source": "en", "target": "fr", "prefix": "six " * 60}
    with TestClient(create_app(settings(tmp_path), polyglot)) as client:
        for path in ("translate", "complete"):
            answer = client.post(f"/api/v1/{path}", json=asked)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")
            assert "leaves no room: the model writes 39 at most" in answer.json()["error"]["message"]


def test_what_may_not_be_said_is_scored_as_far_as_it_may_win(folder):
    """The best of a beam is the same whether all of it is scored or a part, and the scores are those of reading it."""
    sources = folder.source_codec.encode_all(TEXTS)
    free = FastEngine(folder, threads=1)
    common = Counter(number for (found,) in free.generate(sources, Search(beam=1)) for number in found.ids)
    never = tuple(number for number, _ in common.most_common(3))
    engine = FastEngine(folder, replace(FastFolder.find(folder), never=never), 1)
    every = engine.generate(sources, Search(beam=4, n_best=4))
    for most in (1, 2):
        fewer = engine.generate(sources, Search(beam=4, n_best=most))
        assert [[one.ids for one in some] for some in fewer] == [[one.ids for one in some[:most]] for some in every]
    for source, (found, *_) in zip(sources, every, strict=True):
        assert not set(never) & set(found.ids)
        (log_probs,) = free.scores([source], [found.ids])
        counted = log_probs if found.ended else log_probs[:-1]
        assert found.score == pytest.approx(sum(counted) / len(counted), abs=1e-5)


def test_a_shortlist_costs_no_second_look(folder, tmp_path, monkeypatch):
    place = shutil.copytree(folder.path / "fast", tmp_path / "fast")
    few = list(folder.target_codec.special.frame[1]) + list(range(8, 60))
    (place / "vmap.txt").write_text("\t" + " ".join(map(str, few)) + "\n")
    engine = FastEngine(folder, FastFolder(place, "float32", shortlist=1), 1)
    whole = FastEngine(folder, threads=1)
    sources = folder.source_codec.encode_all(TEXTS)
    begun = [[9, 70]] * len(TEXTS)  # 70 is on no list, and given
    for source, found in zip(sources, engine.generate(sources, Search(beam=2), begun), strict=True):
        assert found[0].ids[:2] == [9, 70]
        assert set(found[0].ids[2:]) <= {*few, folder.target_codec.special.bos, folder.target_codec.special.eos}
        (log_probs,) = whole.scores([source], [found[0].ids])
        counted = log_probs if found[0].ended else log_probs[:-1]
        assert found[0].score == pytest.approx(sum(counted) / len(counted), abs=1e-5)
    monkeypatch.setattr(engine, "scores", None)
    for source, (found,) in zip(sources, engine.generate(sources, Search(beam=2)), strict=True):
        (log_probs,) = whole.scores([source], [found.ids])
        counted = log_probs if found.ended else log_probs[:-1]
        assert found.score > sum(counted) / len(counted)  # a share of less than all


@pytest.mark.parametrize(
    ("beam", "compute_type", "patience", "rows"),
    [(4, "float32", 2.0, 16), (4, "int8_float32", 1.5, 16), (1, "float32", 1.0, 64), (2, "int16", 1.5, 32)],
)
def test_how_long_a_search_waits_and_how_much_it_takes_at_once(beam, compute_type, patience, rows):
    settings = _how(Wanted(beam, 1, 1.0, 20), compute_type)
    assert (settings["patience"], settings["max_batch_size"]) == (patience, rows)


def test_the_choice_of_engine(folder, tmp_path):
    bare = translators.pair(tmp_path)
    assert is_fast(folder)
    assert is_fast(folder, device="cpu")
    assert not is_fast(folder, device="cuda")
    assert not is_fast(folder, "torch")
    assert not is_fast(folder, adapted=True)
    assert not is_fast(bare)
    assert isinstance(engine_of(folder, threads=1), FastEngine)
    with pytest.raises(ModelError, match="nothing was exported there yet: run `calque export"):
        is_fast(bare, "fast")
    with pytest.raises(RecipeError, match="it computes on the CPU, not on 'cuda'"):
        is_fast(folder, "fast", "cuda")
    with pytest.raises(RecipeError, match="its adapters need the network itself"):
        is_fast(folder, "fast", adapted=True)
    with pytest.raises(RecipeError, match="unknown engine 'fats'; did you mean 'fast'"):
        is_fast(folder, "fats")


def test_the_translator_says_the_same_by_both_engines(folder):
    ours, theirs = (Translator(folder.path, "cpu", 1, engine).translate(TEXTS) for engine in ("fast", "torch"))
    assert [one.text for one in ours] == [one.text for one in theirs]
    assert [one.score for one in ours] == pytest.approx([one.score for one in theirs], abs=1e-5)


HEAVY = (
    *("torch", "transformers", "peft", "accelerate", "sentencepiece", "safetensors", "huggingface_hub", "numpy"),
    *("rich", "sacrebleu", "tomlkit", "ftfy", "py3langid", "polars", "ray", "fastapi", "uvicorn", "sqlite3", "difflib"),
    *("calque.corpus.plain", "calque.decoding.explanation", "calque.decoding.completion", "calque.decoding.polyglot"),
    *("calque.evaluation", "calque.formats", "calque.scale.part", "calque.scale.cluster", "calque.training"),
    *("calque.server", "calque.cli.terminal", "calque.cli.finetune", "calque.recipes.finetune"),
)


def test_one_sentence_is_translated_without_what_it_does_not_need(folder):
    """It takes a third of a second, most of it imports: each of these would be felt. (What shows warnings is replaced,
    for of a network with random weights there are some.)"""
    script = (
        "import sys, types\n"
        "sys.modules['calque.cli.show'] = types.SimpleNamespace(warnings=lambda done: None)\n"
        "from calque.cli.main import run\n"
        f"code = run(['translate', {str(folder.path)!r}, {TEXTS[0]!r}])\n"
        f"print(code, [name for name in ('ctranslate2', *{HEAVY!r}) if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    said, modules = done.stdout.splitlines()
    (wanted,) = Translator(folder.path, "cpu", 1, "fast").translate([TEXTS[0]], handling=Handling())
    assert said == wanted.text
    assert modules == "0 ['ctranslate2']"
