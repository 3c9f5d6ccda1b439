"""Decoders that stay what they are: GPT-2 and XGLM; and encoders that are cut or were saved as decoders."""

from __future__ import annotations

import json

import pytest
import torch
import transformers
from checkpoints import numbers
from halves import SHAPES, half
from torch import nn

from calque.errors import ModelError
from calque.model import family as families
from calque.model.batch import Ids
from calque.model.family import Build
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.search import Search
from calque.recipes.vocabulary import Vocabulary
from calque.training.objective import Translation

PAIRS = numbers(40)
GREEDY = Search(beam=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("halves")
    for kind in ("bert", "gpt2", "xglm", "modernbert"):
        half(folder / kind, kind)
    return folder


def joined(encoder, decoder, vocabulary=None, **settings):
    """Family, network and codecs."""
    halves = [None if half is None else find(str(half)) for half in (encoder, decoder)]
    chosen = choose("pair", Vocabulary(max_length=60, **(vocabulary or {})), *halves, *zip(*PAIRS, strict=True))
    codecs = chosen.source.codec, chosen.target.codec
    family = families.of("pair", *codecs)
    torch.manual_seed(1)
    assembly = family.assemble(Build(Architecture(model="x", **settings), *halves, chosen))
    return family, assembly, codecs


@pytest.mark.parametrize("kind", ["gpt2", "xglm"])
@pytest.mark.parametrize("vocabulary", ["keep", "trim"])
def test_without_a_source_it_computes_what_the_checkpoint_computes(place, kind, vocabulary):
    _, assembly, (_, codec) = joined(place / "bert", place / kind, {"target_vocabulary": vocabulary})
    _, _, (_, whole) = joined(place / "bert", place / kind, {"target_vocabulary": "keep"})
    reference = transformers.AutoModelForCausalLM.from_pretrained(place / kind).eval()
    with torch.no_grad():
        ours = assembly.module.eval().decoder.base_model(input_ids=torch.tensor([codec.encode(PAIRS[0][1])]))
        theirs = reference.base_model(input_ids=torch.tensor([whole.encode(PAIRS[0][1])]))
    assert torch.allclose(ours.last_hidden_state, theirs.last_hidden_state, atol=1e-5)


@pytest.mark.parametrize("kind", ["gpt2", "xglm"])
def test_texts_begin_as_the_checkpoint_learnt_them_and_padding_is_no_other_token(place, kind):
    """GPT-2 has one special token, which begins and ends texts; XGLM begins with its end token."""
    _, assembly, (_, codec) = joined(place / "bert", place / kind)
    special, end = codec.special, {"gpt2": "<|endoftext|>", "xglm": "</s>"}[kind]
    assert codec.pieces()[special.bos] == codec.pieces()[special.eos] == end
    assert codec.pieces()[special.pad] == "<pad>"
    assert assembly.module.decoder.config.pad_token_id is None
    assert codec.decode(codec.encode("Zéro, Œuf!" if kind == "gpt2" else PAIRS[0][1])) in ("Zéro, Œuf!", PAIRS[0][1])


SLOW = pytest.mark.slow
LEARNT = [
    *(("gpt2", vocabulary) for vocabulary in ("keep", "trim", "unigram")),
    *(pytest.param("gpt2", vocabulary, marks=SLOW) for vocabulary in ("bpe", "auto")),
    *(("xglm", vocabulary) for vocabulary in ("keep", "trim")),
    *(pytest.param("xglm", vocabulary, marks=SLOW) for vocabulary in ("unigram", "bpe", "auto")),
]


@pytest.mark.parametrize(("kind", "vocabulary"), LEARNT)
def test_what_it_learns_by_heart_it_says_to_the_end(place, kind, vocabulary):
    """An end token that is not learnt, or a search that stops at the start token, would show."""
    family, assembly, (source, target) = joined(place / "bert", place / kind, {"target_vocabulary": vocabulary})
    module = assembly.module.eval()
    pairs = sorted(PAIRS, key=lambda pair: len(pair[1]))[:2] + sorted(PAIRS, key=lambda pair: len(pair[1]))[-1:]
    batch = family.batch([Ids(source.encode(a), target.encode(b)) for a, b in pairs])
    assert batch.labels_BT.eq(target.special.eos).sum() == 3
    optimizer = torch.optim.AdamW(module.parameters(), 1e-2)
    for _ in range(150):
        loss = Translation(family).summed_loss(module, batch) / batch.scored_tokens
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if float(loss.detach()) < 0.02:
            break
    found = family.generate(module, family.batch([Ids(source.encode(a)) for a, _ in pairs]), GREEDY)
    assert [target.decode(row[0].ids) for row in found] == [b for _, b in pairs]
    assert all(row[0].ended for row in found)


def test_what_was_not_ended_is_told_so_with_its_first_token(place):
    family, assembly, (source, _) = joined(place / "bert", place / "gpt2", {"target_vocabulary": "keep"})
    module = assembly.module.eval()
    nn.init.zeros_(module.decoder.transformer.ln_f.weight)
    nn.init.zeros_(module.decoder.transformer.ln_f.bias)
    module.decoder.transformer.ln_f.bias.data[0] = 1.0
    module.decoder.lm_head.weight.data[:, 0] = 0.0
    module.decoder.lm_head.weight.data[7, 0] = 5.0  # says 7 for ever
    found = family.generate(module, family.batch([Ids(source.encode("one."))]), Search(beam=1, longest_ratio=0.1))
    assert found[0][0].ids == [7] * 16
    assert not found[0][0].ended


@pytest.mark.parametrize("kind", ["gpt2", "xglm"])
@pytest.mark.parametrize(("init", "scale"), [("self", 1.0), ("scaled", 0.1)])
def test_cross_attention_begins_as_self_attention(place, kind, init, scale):
    """Fed the same states, both say the same, but for the scale."""
    _, assembly, _ = joined(place / "bert", place / kind, cross_attention=init)
    decoder = assembly.module.eval().decoder
    states = torch.randn(1, 1, decoder.config.hidden_size)  # one position: nothing is hidden from it
    with torch.no_grad():
        if kind == "gpt2":
            layer = decoder.transformer.h[1]
            own = layer.attn(states)[0]
            cross = layer.crossattention(states, encoder_hidden_states=states)[0]
            assert torch.equal(layer.ln_cross_attn.weight, layer.ln_1.weight)
        else:
            layer = decoder.model.layers[1]
            own = layer.self_attn(states)[0]
            cross = layer.encoder_attn(states, key_value_states=states)[0]
    assert torch.allclose(cross, scale * own, atol=1e-6)
    assert any("cross" in name or "encoder_attn" in name for name in assembly.pretrained)


@pytest.mark.parametrize("kind", ["gpt2", "xglm"])
def test_fewer_layers_are_spread_and_numbered_anew(place, tmp_path, kind):
    deep = half(tmp_path / kind, kind, **({"n_layer": 4} if kind == "gpt2" else {"num_layers": 4}))
    _, assembly, _ = joined(place / "bert", deep, decoder_layers=2)
    original = transformers.AutoModelForCausalLM.from_pretrained(deep)
    blocks = [m.base_model.h if kind == "gpt2" else m.base_model.layers for m in (assembly.module.decoder, original)]
    for kept, old in zip(blocks[0], (0, 3), strict=True):
        state = kept.state_dict()
        assert all(torch.equal(state[name], tensor) for name, tensor in blocks[1][old].state_dict().items())
    attention = [layer.attn if kind == "gpt2" else layer.self_attn for layer in blocks[0]]
    assert [module.layer_idx for module in attention] == [0, 1]
    with pytest.raises(ModelError, match="--decoder-layers 5: the checkpoint has only 4"):
        joined(place / "bert", deep, decoder_layers=5)


def test_a_tokenizer_that_has_more_tokens_than_its_model_has_embeddings(place, tmp_path):
    """As when somebody added a token to GPT-2's tokenizer and saved both."""
    folder = half(tmp_path / "gpt2", "gpt2")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    tokenizer.save_pretrained(folder)
    _, assembly, (_, codec) = joined(place / "bert", folder, {"target_vocabulary": "keep"})
    assert codec.pieces()[codec.special.pad] == "[PAD]"
    assert assembly.module.decoder.transformer.wte.weight.shape[0] == codec.size


def test_an_encoder_saved_as_a_decoder_reads_in_both_directions(place, tmp_path):
    folder = half(tmp_path / "bert", "bert", is_decoder=True)
    _, assembly, (source, _) = joined(folder, None)
    encoder = assembly.module.eval().encoder
    ids = torch.tensor([source.encode(PAIRS[0][0])])
    with torch.no_grad():
        one = encoder(input_ids=ids).last_hidden_state[0, 0]
        ids[0, -2] = ids[0, 1]
        other = encoder(input_ids=ids).last_hidden_state[0, 0]
    assert not torch.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize(
    ("encoder", "decoder", "settings"),
    [
        ("bert", "gpt2", {"random_weights": True}),
        ("bert", "xglm", {"random_weights": True, "decoder_layers": 1}),
        (None, "gpt2", {"width": 24, "heads": 2, "feed_forward": 32, "encoder_layers": 1}),
        (None, "xglm", {"width": 24, "heads": 2, "feed_forward": 32, "encoder_layers": 1, "cross_attention": "self"}),
        ("modernbert", None, {"decoder_layers": 1}),
        ("bert", "bert", {"random_weights": True, "share_weights": True}),
        ("bert", "bert", {"share_weights": True, "encoder_layers": 1, "decoder_layers": 1, "cross_attention": "self"}),
    ],
)
def test_other_ways_to_begin(place, tmp_path, encoder, decoder, settings):
    """New encoders, random weights, one layer: saved and loaded, they compute the same, and what is new is known."""
    halves = [None if kind is None else place / kind for kind in (encoder, decoder)]
    family, assembly, (source, target) = joined(*halves, **settings)
    module = assembly.module.eval()
    known = {name for name, _ in module.named_parameters()} & assembly.pretrained
    if settings.get("random_weights"):
        assert known == set()
    else:
        assert {name.partition(".")[0] for name in known} == {
            half for half, kind in (("encoder", encoder), ("decoder", decoder)) if kind
        } - ({"decoder"} if settings.get("share_weights") and settings["cross_attention"] == "new" else set())
    family.save(module, tmp_path)
    batch = family.batch([Ids(source.encode(a), target.encode(b)) for a, b in PAIRS[:3]])
    with torch.no_grad():
        states = [family.states(network, batch)[0] for network in (module, family.load(tmp_path))]
    assert torch.equal(*states)


def test_modernbert_keeps_each_layers_kind_of_attention(place, tmp_path):
    deep = half(tmp_path / "modernbert", "modernbert", num_hidden_layers=5, global_attn_every_n_layers=3)
    family, assembly, (source, _) = joined(deep, None, encoder_layers=3)
    assert assembly.module.encoder.config.layer_types == ["full_attention", "sliding_attention", "sliding_attention"]
    family.save(assembly.module, tmp_path / "out")
    again = family.load(tmp_path / "out")
    ids = torch.tensor([source.encode(PAIRS[0][0])])
    with torch.no_grad():
        states = [m.eval().encoder(input_ids=ids).last_hidden_state for m in (assembly.module, again)]
    assert torch.allclose(*states, atol=1e-6)
    with pytest.raises(ModelError, match="first layer unlike the others: keep 2 layers or more"):
        joined(deep, None, encoder_layers=1)


def test_special_tokens_of_the_configuration_follow_the_vocabulary(place, tmp_path):
    family, assembly, (source, _) = joined(place / "modernbert", place / "gpt2")
    family.save(assembly.module, tmp_path)
    said = json.loads((tmp_path / "config.json").read_text())["encoder"]
    special = source.special
    assert [said[f"{role}_token_id"] for role in ("pad", "cls", "sep")] == [special.pad, special.bos, special.eos]
    assert (
        said["vocab_size"]
        == source.size
        < len(json.loads((place / "modernbert/tokenizer.json").read_text())["model"]["vocab"])
    )
    assert SHAPES["modernbert"]["num_hidden_layers"] == said["num_hidden_layers"]
