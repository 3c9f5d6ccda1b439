"""Exports of every family, proved against transformers; what cannot be exported; nothing left behind."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
import translators
import vocabularies
from checkpoints import corpus
from natives import KINDS as NATIVES
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace

from calque.decoding import calibration, proof
from calque.decoding.confidence import DEFAULT
from calque.decoding.export import export
from calque.decoding.fast import FastEngine
from calque.decoding.shortlist import _best, _expected, _merged, learn
from calque.decoding.spelling import Spelling
from calque.decoding.translator import Translator
from calque.decoding.trimming import kept
from calque.decoding.workplace import alone
from calque.errors import DataError, MachineError, ModelError, RecipeError
from calque.model import family as families
from calque.model.batch import Ids
from calque.model.fast_folder import FastFolder
from calque.recipes.export import Export
from calque.recipes.handling import Handling
from calque.recipes.search import Search
from calque.records import Pair
from calque.text.codec import Codec
from calque.text.frame import Special

ENCODERS = ("bert", "bert-generation", "camembert", "distilbert", "electra", "roberta", "xlm-roberta")
DECODERS = ("bert", "bert-generation", "camembert", "electra", "gpt2", "roberta", "xglm", "xlm-roberta")
HEADS = ("bert", "camembert", "electra", "roberta", "xlm-roberta")
CAUSAL = (
    "bloom", "falcon", "gemma", "gpt2", "gpt_bigcode", "gpt_neox", "gptj", "llama", "mistral", "opt", "qwen2", "qwen3",
)  # fmt: skip
SHAPES = {  # ways in which a kind may be built
    "falcon-rotary": ("falcon", {"alibi": False}),
    "falcon-in-turn": ("falcon", {"alibi": False, "parallel_attn": False, "bias": True}),
    "gpt_neox-in-turn": ("gpt_neox", {"use_parallel_residual": False}),
    "opt-post-norm": ("opt", {"do_layer_norm_before": False, "word_embed_proj_dim": 32}),
}
ODD = {
    "gpt_bigcode": ({"multi_query": False}, "heads have keys and values each"),
    "falcon": ({"new_decoder_architecture": True, "num_kv_heads": 2}, "only those with one head of keys"),
    "bloom": ({"apply_residual_connection_post_layernorm": True}, "residual connections begin behind the norms"),
    "gpt2": ({"scale_attn_by_inverse_layer_idx": True}, "attention is not scaled by the square root"),
    "gpt_neox": ({"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}, "base of its rotary positions"),
    "mistral": ({"sliding_window": 8}, "looks back over 8 tokens only"),
    "gemma2": ({}, "'gemma2', which CTranslate2 cannot express: it bends its attention and its outputs"),
    "gemma3_text": ({}, "'gemma3_text', which CTranslate2 cannot express"),
}


def exported(folder, **settings):
    return export(Export(folder=folder.path, **({"sample_pairs": 2, "threads": 1} | settings))).details


def exact(details) -> bool:
    fast = details["engines"][1]
    return fast["name"] == "fast float32" and fast["max_dlogp"] <= 1e-4 and fast["same_greedy"] == 1


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return translators.pair(tmp_path_factory.mktemp("pair"))


def test_a_pair_is_exported_and_proved(pair, tmp_path):
    place = corpus(tmp_path, "dev", translators.PAIRS[:6])
    done = exported(pair, sample=(place,), sample_pairs=5)
    assert exact(done)
    assert [row["name"] for row in done["engines"]] == ["torch float32", "fast float32", "fast int8"]
    assert done["engines"][0]["same_beam"] == done["engines"][1]["same_beam"] == 1
    sample = done["sample"]
    assert (sample["name"], sample["pairs"], sample["references"]) == (place, 5, True)
    assert done["engines"][2]["bytes"] < done["engines"][1]["bytes"] / 2
    assert {"model.bin", "calque.json", "report.json", "config.json"} <= {
        file.name for file in (pair.path / "fast").iterdir()
    }
    assert json.loads((pair.path / "fast" / "report.json").read_text())["max_dlogp"] == done["max_dlogp"]
    assert not [file.name for file in pair.path.iterdir() if file.name.startswith(".")]
    with pytest.raises(RecipeError, match="fast exists already: give --replace"):
        exported(pair)
    before = (pair.path / "fast" / "model.bin").stat().st_size
    assert len(exported(pair, replace=True, quantize="float32", alignment=False)["engines"]) == 2
    assert (pair.path / "fast" / "model.bin").stat().st_size > 2 * before
    assert not [file.name for file in pair.path.iterdir() if file.name.startswith(".")]


def test_an_export_that_computes_something_else_is_refused(pair, tmp_path, monkeypatch):
    folder = translators.pair(tmp_path)
    monkeypatch.setattr(proof, "TOLERANCE", 1e-12)
    with pytest.raises(ModelError, match=r"differs from PyTorch by .* \(allowed: 1e-12\): nothing was exported"):
        exported(folder, alignment=False)
    assert not (folder.path / "fast").exists()
    assert not [file.name for file in folder.path.iterdir() if file.name.startswith(".")]


def test_an_export_tells_how_sure_one_may_be(tmp_path, monkeypatch):
    folder = translators.pair(tmp_path, "bert", "bert")
    short = Search(longest_ratio=0.1)  # what random weights say has no end, and could not be read again
    place = corpus(tmp_path, "dev", translators.PAIRS[:12])
    settings = {"quantize": "float32", "alignment": False, "replace": True, "sample_pairs": 1}
    done = exported(folder, **settings)
    assert done["calibration"] is None
    why = "there is no --sample and no development text of the translator's own to fit it on"
    assert done["notes"] == [f"confidence is not calibrated: {why}"]
    assert Translator(folder.path).calibration() == DEFAULT
    monkeypatch.setattr(calibration, "FEWEST", 5)
    monkeypatch.setattr(calibration, "Search", lambda: short)
    done = exported(folder, sample=(place,), **settings)
    translator = Translator(folder.path, "cpu", 1)
    found = translator.calibration()
    assert (found.origin, found.words) == ("own", done["calibration"]["words"])
    assert (done["calibration"]["pairs"], "notes" in done) == (12, False)
    assert exported(folder, sample=(place,), calibrate=False, **settings)["calibration"] is None
    assert Translator(folder.path).calibration() == found
    text, explain = [translators.PAIRS[0][0]], Handling(explain=True)
    (own,) = translator.translate(text, short, handling=explain)
    (folder.path / "calibration.json").unlink()
    (common,) = Translator(folder.path, "cpu", 1).translate(
        [translators.PAIRS[0][0]], short, handling=Handling(explain=True)
    )
    assert own.text == common.text
    assert own.confidence != pytest.approx(common.confidence, abs=1e-3)


def test_too_few_words_are_not_calibrated_on(pair, tmp_path):
    place = corpus(tmp_path, "dev", translators.PAIRS[:3])
    pairs = calibration.text(pair, (place,))
    assert [one.source for one in pairs] == [source for source, _ in translators.PAIRS[:3]]
    with pytest.raises(DataError, match="words are too few to calibrate on: 100 at least are needed"):
        calibration.fitted(Translator(pair.path, "cpu", 1, "torch"), pairs)


def test_a_shortlist_is_learned_written_and_kept_to(tmp_path):
    folder = translators.pair(tmp_path)
    train = corpus(tmp_path, "train", translators.PAIRS)
    done = exported(folder, shortlist=2, train=(train,), alignment=False)
    assert [row["name"] for row in done["engines"]][2:] == ["fast int8", "fast int8, shortlist 2"]
    table = dict(line.split("\t") for line in (folder.path / "fast" / "vmap.txt").read_text().splitlines())
    always = set(map(int, table.pop("").split()))
    source = folder.source_codec.encode("three four")
    allowed = always.union(*(map(int, table[str(i)].split()) for i in source if str(i) in table))
    (found,) = FastEngine(folder, threads=1).generate([source], Search(beam=2))
    assert found[0].ids
    special = folder.target_codec.special  # CTranslate2 allows what begins and ends a text by itself
    assert set(found[0].ids) <= allowed | {special.bos, special.eos}


def test_a_lexicon_finds_what_goes_together():
    """By hand: 5 always comes with 7, 6 with 8, whatever else is there."""
    rows = [([5, 6], [7, 8]), ([5], [7]), ([6, 9], [8, 3]), ([9, 5], [3, 7])]
    expected = _expected(rows, 10)
    assert _best(expected, 10, 1, range(10)) == {5: (7,), 6: (8,), 9: (3,)}
    assert _best(expected, 10, 1, {3, 8}) == {5: (8,), 6: (8,), 9: (3,)}
    keys, twice = _merged(expected, expected)
    assert (keys.tolist(), twice.tolist()) == (expected[0].tolist(), (2 * expected[1]).tolist())


def test_a_shortlist_needs_text(pair):
    with pytest.raises(RecipeError, match="does not say what it was trained on: name the text with --train"):
        exported(pair, replace=True, shortlist=5)


def wordpieces(*pieces) -> Codec:
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *pieces]
    tokenizer = Tokenizer(WordPiece({name: number for number, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    return Codec(tokenizer, Special(0, 2, 3, 1))


def test_what_a_shortlist_holds_beside_the_lexicon():
    """Pieces spelled as in the source, in whatever case and place, and single characters of the text alone."""
    source = wordpieces("rome", "paris", "p", "x")
    target = wordpieces("Rome", "##rome", "Paris", "P", "##s", "X", "##x", "Oslo")
    pairs = [Pair("paris", "Paris", 1, "")]
    found = learn(pairs, source, target, 3)
    assert found.of == {4: (4, 5), 5: (6,), 6: (7,), 7: (9, 10)}  # Rome and ##rome, Paris, P, X and ##x
    assert found.always == (1, 3, 6, 7, 8)  # unknown, end, Paris, and P and ##s, which occur in it
    assert learn(pairs, source, target, 3, kept=(1, 2, 3, 5, 7)).of == {4: (5,), 5: (), 6: (7,), 7: ()}


def trimmed(folder, tmp_path, pieces, **settings):
    """What an export with so many target pieces tells."""
    train = corpus(tmp_path, "train", [("a dog runs", "x")] if folder.family == "seq2seq" else translators.PAIRS)
    return exported(folder, vocabulary=pieces, train=(train,), **({"alignment": False} | settings))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A pair with few target pieces, in float32; what its export told; the ids that are left."""
    place = tmp_path_factory.mktemp("small")
    folder = translators.pair(place)
    done = trimmed(folder, place, 5, quantize="float32")
    return folder, done, [int(name) for name in json.loads((folder.path / "fast/target_vocabulary.json").read_text())]


def test_a_smaller_vocabulary_is_measured_and_keeps_what_it_says(small):
    folder, done, rows = small
    assert exact(done)
    assert [row["name"] for row in done["engines"]][1:] == ["fast float32", "fast float32, vocabulary 5"]
    assert done["engines"][2]["bytes"] < done["engines"][1]["bytes"]
    codec = folder.target_codec
    assert rows == sorted(rows)
    assert done["vocabulary"]["kept"] == len(rows) < done["vocabulary"]["of"] == codec.size
    assert done["vocabulary"]["max_dlogp"] < 1e-5
    counts = Counter(number for _, target in translators.PAIRS for number in codec.encode_bare(target))
    single = {number for number, piece in enumerate(codec.pieces()) if len(piece.lstrip("Ġ")) <= 1}
    often = sorted(counts, key=lambda number: (-counts[number], number))[:5]
    assert set(rows) == codec.hidden | single | set(often)
    said = json.loads((folder.path / "fast" / "calque.json").read_text())
    assert (said["format"], said["vocabulary"]) == (2, 5)


def test_a_smaller_vocabulary_that_computes_something_else_is_refused(pair):
    from calque.decoding.export import _refuse_moved

    _refuse_moved(1e-4, pair)
    for moved in (1.1e-4, float("nan")):
        with pytest.raises(ModelError, match=r"is another by .* \(allowed: 0.0001\): nothing was exported"):
            _refuse_moved(moved, pair)


def test_a_smaller_vocabulary_shares_out_what_the_others_had(small):
    """Beside PyTorch, with a softmax over the pieces that are there; others are spelled with these."""
    folder, _, rows = small
    engine = FastEngine(folder, replace(FastFolder.find(folder), aligned=True), threads=1)
    codec, family = folder.target_codec, families.of("pair", folder.source_codec, folder.target_codec)
    module = family.load(folder.path)
    source = folder.source_codec.encode("three four")
    absent = next(n for n, piece in enumerate(codec.pieces()) if n not in rows and len(piece) > 2)
    (found,) = engine.generate([source], Search(beam=2, n_best=2), [[rows[-1], absent]])
    assert [one.ids[:2] for one in found] == [[rows[-1], absent]] * 2
    parts = Spelling(codec, rows).of(absent)
    assert len(parts) > 1
    assert codec.decode(parts) == codec.decode([absent])
    assert set(found[0].ids[2:]) <= set(rows)
    target = [rows[-1], absent, *found[0].ids[2:]]
    spelled = [rows[-1], *parts, *found[0].ids[2:]]
    batch = family.batch([Ids(source, [codec.special.bos, *spelled, codec.special.eos])])
    with torch.inference_mode():
        states_ND, labels_N = family.states(module, batch)
        weight_VD, bias_V = family.head(module)
        logits_NV = torch.nn.functional.linear(states_ND, weight_VD, bias_V)[:, rows]
    places = [rows.index(number) for number in labels_N.tolist()]
    told = logits_NV.log_softmax(-1)[range(len(places)), places].tolist()
    wanted = [told[0], sum(told[1 : 1 + len(parts)]), *told[1 + len(parts) :]]
    ours, plain = engine.read([source, source], [target, spelled])
    assert ours.log_probs_T == pytest.approx(wanted, abs=1e-4)
    mean = np.mean(plain.attention_TS[1 : 1 + len(parts)], axis=0)
    assert ours.attention_TS[1] == pytest.approx(mean, abs=1e-6)
    assert ours.attention_TS[2:] == plain.attention_TS[1 + len(parts) :]
    counted = wanted if found[0].ended else wanted[:-1]
    assert found[0].score == pytest.approx(sum(counted) / len(counted), abs=1e-4)
    (ahead,) = engine.ahead([source], [[rows[-1]]], 10_000)
    assert {number for number, _ in ahead} == set(rows)
    assert sum(np.exp([log_prob for _, log_prob in ahead])) == pytest.approx(1, abs=1e-5)
    with pytest.raises(DataError, match=r"leaves no room: the model writes 39 at most"):
        engine.generate([source], Search(beam=1), [[absent] * 20])
    with pytest.raises(DataError, match="cannot spell the target piece 99999"):
        engine.scores([source], [[99_999]])


def test_marian_is_exact_and_its_shared_vocabulary_smaller_on_the_target_side_alone(tmp_path):
    folder = translators.native(tmp_path, "marian")
    done = trimmed(folder, tmp_path, 3, shortlist=2, alignment=True)
    assert exact(done)
    assert done["vocabulary"]["max_dlogp"] < 1e-5
    assert [row["name"] for row in done["engines"]][3:] == [
        "fast int8, vocabulary 3",
        "fast int8, vocabulary 3, shortlist 2",
    ]
    sizes = [
        len(json.loads((folder.path / "fast" / f"{side}_vocabulary.json").read_text())) for side in ("source", "target")
    ]
    assert sizes[0] > sizes[1] == done["vocabulary"]["kept"]
    rows = FastFolder.find(folder).kept()
    table = (folder.path / "fast" / "vmap.txt").read_text().splitlines()
    assert {int(number) for line in table for number in line.split("\t")[1].split()} <= set(rows)


@pytest.mark.parametrize("kind", vocabularies.KINDS)
def test_what_a_vocabulary_lacks_is_spelled_with_what_it_has(tmp_path, kind):
    codec = Codec.load(vocabularies.build(kind, tmp_path / kind))
    ids = kept([Pair("", "the dog and the man", 1, "")], codec, 3)
    spelling, pieces = Spelling(codec, ids), codec.pieces()
    assert len(ids) < 0.9 * codec.size
    for number, piece in enumerate(pieces):
        parts = spelling.of(number)
        assert set(parts) <= set(ids)
        joined = [
            pieces[part] if place == 0 else pieces[part].removeprefix(codec.prefix) for place, part in enumerate(parts)
        ]
        assert "".join(joined) == piece


def test_a_decoder_alone_keeps_its_vocabulary(tmp_path):
    with pytest.raises(RecipeError, match=r"reads and writes with one vocabulary.*leave out --vocabulary"):
        exported(translators.causal(tmp_path), vocabulary=5)


def test_text_to_learn_from_needs_something_to_learn():
    assert Export(folder="x", train=("y",), vocabulary=5).train == Export(folder="x", train=("y",), shortlist=5).train
    with pytest.raises(ValueError, match="give --shortlist or --vocabulary too"):
        Export(folder="x", train=("y",))


def test_what_the_cpu_cannot_compute_is_refused(pair, monkeypatch):
    import ctranslate2

    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda device: {"int8", "float32"})
    with pytest.raises(MachineError, match="does not compute in float16: give one of float32, int8 to --quantize"):
        exported(pair, replace=True, quantize="float16")


def test_gpt2_is_exact(tmp_path):
    done = exported(translators.causal(tmp_path), quantize="float32")
    assert exact(done)
    assert done["alignment"] is None


def test_halves_with_different_epsilons_are_exact(tmp_path):
    """CTranslate2 has one epsilon for all layer norms; with 1e-2 and 1e-12 a mistake shows at once."""
    shapes = {"layer_norm_eps": 1e-2}, {"layer_norm_epsilon": 1e-12}
    assert exact(exported(translators.pair(tmp_path / "pre", "bert", "gpt2", shapes), quantize="float32"))
    shapes = {"layer_norm_eps": 1e-12}, {"layer_norm_eps": 1e-2}
    assert exact(exported(translators.pair(tmp_path / "post", "bert", "bert", shapes), quantize="float32"))


def test_a_network_that_cannot_be_expressed_is_refused_with_those_that_can(tmp_path):
    with pytest.raises(ModelError, match=r"'albert', which CTranslate2 cannot express.*bert, bert-generation"):
        exported(translators.pair(tmp_path, "albert"))
    assert not (tmp_path / "model" / "fast").exists()


def test_embeddings_narrower_than_layers_are_refused(tmp_path):
    folder = translators.pair(tmp_path, "electra", shapes=({"embedding_size": 8}, {}))
    with pytest.raises(ModelError, match="embeddings are narrower than its layers"):
        exported(folder, alignment=False)


def test_alignment_finds_the_head_that_looks_where_it_matters():
    """Two heads of one layer, two target tokens, three source tokens: head 1 looks at what costs most, one step on."""
    from calque.decoding.heads import _Judged, agreement

    both_ALHTS = torch.zeros(2, 1, 2, 2, 3)
    both_ALHTS[0, 0, 0, 0, 2] = both_ALHTS[0, 0, 0, 1, 1] = 1  # head 0: right at the second, cheaper token alone
    both_ALHTS[1, 0, 1, 0, 0] = both_ALHTS[1, 0, 1, 1, 1] = 1  # head 1, read one step later: right at both
    judged = _Judged(both_ALHTS, torch.tensor([3.0, 1.0]).double(), torch.tensor([0, 1]))
    assert agreement([judged])[0, 0, 0].item() == 0.25
    assert agreement([judged])[1, 0, 1].item() == 1.0


def test_heads_that_are_moved_change_nothing_but_what_is_told(pair):
    from calque.decoding.reference import attention
    from calque.decoding.specification.layer import Heads
    from calque.decoding.specification.table import specification

    family = families.of("pair", pair.source_codec, pair.target_codec)
    module = family.load(pair.path)
    source = pair.source_codec.encode(translators.PAIRS[0][0])
    target = pair.target_codec.encode(translators.PAIRS[0][1])
    bare = list(family.target.bare(target))
    told_LHTS = attention(family, module, source, bare)
    for number, heads in enumerate((Heads(0, (1,)), Heads(1, (1, 0)))):
        spec = specification(family, module, heads)
        spec.validate()
        spec.optimize("float32")
        place = pair.path / f".heads-{number}"
        place.mkdir()
        spec.save(str(place))
        (reading,) = FastEngine(pair, FastFolder(place, "float32"), 1).read([source], [bare])
        wanted = told_LHTS[heads.layer, list(heads.heads)].mean(0)
        assert np.allclose(reading.attention_TS, wanted.numpy(), atol=1e-5)
        (later,) = FastEngine(pair, FastFolder(place, "float32", shift=1), 1).read([source], [bare])
        assert later.attention_TS == (*reading.attention_TS[1:], reading.attention_TS[-1])


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("decoder", DECODERS)
def test_every_pair_is_exact(tmp_path, encoder, decoder):
    assert exact(exported(translators.pair(tmp_path, encoder, decoder), quantize="float32"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", HEADS)
def test_every_head_is_exact(tmp_path, kind):
    assert exact(exported(translators.pair(tmp_path, "bert", kind, head="own"), quantize="float32"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", NATIVES)
def test_every_native_encoder_decoder_is_exact(tmp_path, kind):
    assert exact(exported(translators.native(tmp_path, kind), quantize="float32"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", CAUSAL)
def test_every_decoder_alone_is_exact(tmp_path, kind):
    shape = {"sliding_window": 200} if kind == "mistral" else {}
    assert exact(exported(translators.causal(tmp_path, kind, **shape), quantize="float32"))


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_every_way_to_build_a_decoder_alone_is_exact(tmp_path, name):
    kind, shape = SHAPES[name]
    assert exact(exported(translators.causal(tmp_path, kind, **shape), quantize="float32"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ODD)
def test_a_decoder_alone_that_cannot_be_expressed_is_refused(tmp_path, kind):
    shape, why = ODD[kind]
    folder = translators.causal(tmp_path, kind, **shape)
    with pytest.raises(ModelError, match=why):
        exported(folder, quantize="float32")
    assert not (folder.path / "fast").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["albert", "deberta-v2", "modernbert", "mpnet"])
def test_an_encoder_that_cannot_be_expressed_is_refused(tmp_path, kind):
    with pytest.raises(ModelError, match=rf"encoder is of kind '{kind}', which CTranslate2 cannot express: its? "):
        exported(translators.pair(tmp_path, kind))


def test_stale_and_damaged_exports_are_refused(tmp_path):
    folder = translators.pair(tmp_path)
    exported(folder, alignment=False, sample_pairs=1)
    file = folder.path / "fast" / "calque.json"
    said = json.loads(file.read_text())
    assert (said["format"], said.pop("vocabulary")) == (1, 0)
    file.write_text(json.dumps(said))  # as calque wrote it before vocabularies could be trimmed
    assert FastFolder.find(folder).vocabulary == 0
    weights = folder.path / "model.safetensors"
    os.utime(weights, (1, 1))  # a copy: other times, the same contents
    assert FastFolder.find(folder).quantization == "int8"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"made from other weights than .* --replace.*--engine torch"):
        FastFolder.find(type(folder).open(folder.path))
    file.write_text(json.dumps({name: value for name, value in said.items() if name != "holds"}))
    with pytest.raises(ModelError, match="no 'holds', as where an earlier calque exported it"):
        FastFolder.find(folder)
    for broken in ("{}", "[]", "{", *(json.dumps(said | wrong) for wrong in WRONG)):
        file.write_text(broken)
        with pytest.raises(ModelError, match=r"fast/calque.json: damaged .*make it anew with `calque export"):
            FastFolder.find(folder)


WRONG = ({"never": "x"}, {"never": [None]}, {"quantization": []}, {"shortlist": "20"}, {"holds": []})


def test_files_that_are_not_those_that_were_exported_are_refused(pair):
    """CTranslate2 itself says nothing of a cut table, or ends the process."""
    exported(pair, replace=True, alignment=False, sample_pairs=1)
    fast = pair.path / "fast"
    held = FastFolder.find(pair).holds
    assert set(held) == {file.name for file in fast.iterdir()} - {"calque.json", "report.json"}
    for name in held:
        file, whole = fast / name, (fast / name).read_bytes()
        for broken in (b"", whole[:-1], whole[:-1] + b"?"):
            file.write_bytes(broken)
            with pytest.raises(ModelError, match=rf"{name}: damaged \(it is not the file that was exported\)"):
                FastEngine(pair, threads=1)
        file.unlink()
        with pytest.raises(ModelError, match=rf"{name}: damaged \(it is not there"):
            FastEngine(pair, threads=1)
        file.write_bytes(whole)
    FastEngine(pair, threads=1)


def test_the_version_tells_what_computes(pair):
    exported(pair, replace=True, alignment=False, sample_pairs=1)
    versions = [Translator(pair.path, engine=engine).version for engine in ("fast", "auto", "torch")]
    exported(pair, replace=True, alignment=False, sample_pairs=1, quantize="float32")
    versions.append(Translator(pair.path).version)
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


def test_what_a_killed_export_left_is_cleared_away(tmp_path):
    folder = translators.pair(tmp_path)
    (folder.path / ".fast.proof-x" / "float32").mkdir(parents=True)
    (folder.path / "..fast.new-1.part-1").mkdir()
    (folder.path / ".fast.old-1").mkdir()
    (folder.path / ".fast.old-1" / "calque.json").write_text("old")
    with alone(folder.path):
        assert (folder.path / "fast" / "calque.json").read_text() == "old"
        assert not [file.name for file in folder.path.iterdir() if file.name.startswith(".")]
        with pytest.raises(RecipeError, match="another process exports there"):
            exported(folder, replace=True)
