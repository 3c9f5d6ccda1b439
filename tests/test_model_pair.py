from __future__ import annotations

import json

import pytest
import torch
import transformers
from checkpoints import checkpoint, numbers

from calque.errors import ModelError
from calque.model import family as families
from calque.model import parts
from calque.model.batch import IGNORED, Ids
from calque.model.family import Build
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.search import Search
from calque.recipes.vocabulary import Vocabulary

PAIRS = numbers(60)


def build(encoder, decoder=None, vocabulary=None, **settings):
    recipe = Architecture(model="x", **settings)
    vocabulary = Vocabulary(max_length=64, **(vocabulary or {}))
    sources, targets = zip(*PAIRS, strict=True)
    return Build(recipe, encoder, decoder, choose("pair", vocabulary, encoder, decoder or encoder, sources, targets))


def made(made_of):
    family = families.of("pair", made_of.vocabularies.source.codec, made_of.vocabularies.target.codec)
    return family, family.assemble(made_of)


def rows(made_of, count=6):
    source, target = made_of.vocabularies.source.codec, made_of.vocabularies.target.codec
    return [Ids(source.encode(a), target.encode(b)) for a, b in PAIRS[:count]]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return find(str(checkpoint(tmp_path_factory.mktemp("bert"), "bert")))


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    return find(str(checkpoint(tmp_path_factory.mktemp("roberta"), "roberta")))


@pytest.fixture(scope="module")
def warm(bert):
    """Encoder and decoder from one checkpoint."""
    torch.manual_seed(0)
    made_of = build(bert, bert, decoder_layers=2)
    return made_of, *made(made_of)


def test_transformers_alone_loads_the_same_logits(warm, tmp_path):
    made_of, family, assembly = warm
    family.save(assembly.module, tmp_path)
    alone = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path).eval()
    batch = family.batch(rows(made_of))
    with torch.no_grad():
        states, labels = family.states(assembly.module.eval(), batch)
        weight, bias = family.head(assembly.module)
        ours = torch.nn.functional.linear(states, weight, bias)
        theirs = alone(
            input_ids=batch.inputs_BS, attention_mask=batch.mask_BS, decoder_input_ids=batch.prefix_BT
        ).logits[batch.labels_BT != IGNORED]
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert torch.equal(labels, batch.labels_BT[batch.labels_BT != IGNORED])
    assert alone.generation_config.decoder_start_token_id == made_of.vocabularies.target.codec.special.bos
    assert alone.generation_config.eos_token_id == made_of.vocabularies.target.codec.special.eos
    with_loader = family.load(tmp_path)
    assert with_loader.decoder.lm_head.decoder.weight is with_loader.decoder.bert.embeddings.word_embeddings.weight


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("[]", "cannot be loaded"),
        ("{", "cannot be loaded"),
        ("{}", "weights and configuration disagree about"),
    ],
)
def test_a_damaged_configuration_is_a_model_error(warm, tmp_path, config, message):
    _, family, assembly = warm
    family.save(assembly.module, tmp_path)
    said = json.loads((tmp_path / "config.json").read_text())
    said["decoder"]["intermediate_size"] = 48
    (tmp_path / "config.json").write_text(json.dumps(said) if config == "{}" else config)
    with pytest.raises(ModelError, match=message):
        family.load(tmp_path)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_converted_decoder_computes_what_the_checkpoint_computes(kind, request):
    """Causal states of the conversion (token types folded, RoBERTa's positions moved) equal transformers' own causal
    model, where cross-attention is not in the way."""
    pretrained = request.getfixturevalue(kind)
    made_of = build(pretrained, pretrained, {"target_vocabulary": "keep"})
    _, assembly = made(made_of)
    config = transformers.AutoConfig.from_pretrained(pretrained.folder, is_decoder=True)
    reference = transformers.AutoModel.from_pretrained(pretrained.folder, config=config).eval()
    ids = torch.tensor([made_of.vocabularies.target.codec.encode(PAIRS[0][1])])
    with torch.no_grad():
        ours = assembly.module.eval().decoder.bert(input_ids=ids, use_cache=False).last_hidden_state
        theirs = reference(input_ids=ids, use_cache=False).last_hidden_state
    assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(("init", "scale"), [("self", 1.0), ("scaled", 0.1)])
def test_cross_attention_begins_as_self_attention(bert, init, scale):
    made_of = build(bert, bert, cross_attention=init)
    layer = made(made_of)[1].module.decoder.bert.encoder.layer[1]
    assert torch.equal(layer.crossattention.self.key.weight, layer.attention.self.key.weight)
    assert torch.allclose(layer.crossattention.output.dense.weight, scale * layer.attention.output.dense.weight)


def test_trimmed_source_vocabulary_keeps_its_rows(bert):
    made_of = build(bert)
    side = made_of.vocabularies.source
    encoder = made(made_of)[1].module.encoder
    original = transformers.AutoModel.from_pretrained(bert.folder).get_input_embeddings().weight
    assert side.codec.size == encoder.get_input_embeddings().num_embeddings
    for new, old in side.rows[1:]:  # the padding row may be zeroed
        assert torch.equal(encoder.get_input_embeddings().weight[new], original[old])


def test_uncased_tokenizer_that_cannot_spell_gets_a_new_target_vocabulary(bert):
    vocabularies = build(bert).vocabularies
    assert vocabularies.target.codec.decode(vocabularies.target.codec.encode("Zéro, Œuf!")) == "Zéro, Œuf!"
    assert "new pieces" in vocabularies.notes[1]
    assert "spells only" in vocabularies.notes[1]


def test_own_head_keeps_the_transform_and_plain_transformers_agrees(bert, tmp_path):
    made_of = build(bert, bert, {"target_vocabulary": "keep"}, head="own")
    family, assembly = made(made_of)
    family.save(assembly.module, tmp_path)
    alone = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path).eval()
    batch = family.batch(rows(made_of))
    with torch.no_grad():
        states, _ = family.states(assembly.module.eval(), batch)
        ours = torch.nn.functional.linear(states, *family.head(assembly.module))
        theirs = alone(input_ids=batch.inputs_BS, attention_mask=batch.mask_BS, decoder_input_ids=batch.prefix_BT)
    assert torch.allclose(ours, theirs.logits[batch.labels_BT != IGNORED], atol=1e-5)
    assert "own head" in assembly.notes[1]


def test_different_widths_are_joined_by_a_projection(bert, tmp_path):
    folder = checkpoint(tmp_path / "distil", "distilbert")
    made_of = build(find(str(folder)), bert, decoder_layers=1)
    assert families.of("pair", *(made_of.vocabularies.source.codec, made_of.vocabularies.target.codec)).assemble(
        made_of
    )


@pytest.mark.parametrize(
    ("kind", "as_decoder", "named"),
    [
        ("gpt2", False, "encoders: albert, bert"),
        ("electra", True, "embeddings narrower"),
        ("distilbert", True, "decoders: bert, bert-generation, camembert"),
    ],
)
def test_illegal_pairs_are_refused_with_the_legal_ones(bert, tmp_path, kind, as_decoder, named):
    other = find(str(checkpoint(tmp_path / kind, kind)))
    made_of = build(bert, bert)
    made_of = Build(made_of.recipe, bert if as_decoder else other, other if as_decoder else None, made_of.vocabularies)
    with pytest.raises(ModelError, match=named):
        made(made_of)


def test_too_long_for_the_checkpoints_positions_is_refused(bert):
    recipe = Vocabulary(max_length=100)
    sources, targets = zip(*PAIRS, strict=True)
    made_of = Build(Architecture(model="x"), bert, None, choose("pair", recipe, bert, bert, sources, targets))
    with pytest.raises(ModelError, match="knows 70 positions"):
        made(made_of)


@pytest.mark.parametrize(("kept", "known", "layers"), [(3, 6, [0, 2, 5]), (1, 6, [5]), (6, 6, [0, 1, 2, 3, 4, 5])])
def test_layers_are_spread_evenly(kept, known, layers):
    assert parts.spread(kept, known) == layers


def test_random_weights_forget_the_checkpoint(bert):
    made_of = build(bert, bert, random_weights=True)
    assembly = made(made_of)[1]
    assert assembly.pretrained == frozenset()
    original = transformers.AutoModel.from_pretrained(bert.folder)
    ours = assembly.module.encoder.encoder.layer[0].intermediate.dense.weight
    assert not torch.allclose(ours, original.encoder.layer[0].intermediate.dense.weight)


def test_batch_frames_and_pads():
    family = families.of("pair", *(build(None).vocabularies.source.codec, build(None).vocabularies.target.codec))
    batch = family.batch([Ids([5, 6, 7], [1, 8, 9, 2]), Ids([5, 7], [1, 8, 2])])
    pad = family.source.pad
    assert batch.inputs_BS.tolist() == [[5, 6, 7], [5, 7, pad]]
    assert batch.mask_BS.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch.prefix_BT.tolist() == [[1, 8, 9], [1, 8, family.target.pad]]
    assert batch.labels_BT.tolist() == [[8, 9, 2], [8, 2, IGNORED]]
    assert (batch.rows, batch.scored_tokens) == (2, 5)


def test_greedy_search_equals_an_argmax_loop_and_its_scores_are_log_probabilities(warm):
    made_of, family, assembly = warm
    module = assembly.module.eval()
    batch = family.batch([Ids(row.source) for row in rows(made_of, 3)])
    found = family.generate(module, batch, Search(beam=1))
    special, source = made_of.vocabularies.target.codec.special, rows(made_of, 3)
    for row, hypotheses in enumerate(found):
        said, total = [special.bos], 0.0
        longest = 63
        while len(said) <= longest and (len(said) == 1 or said[-1] != special.eos):
            step = family.batch([Ids(source[row].source, [*said, special.eos])])
            with torch.no_grad():
                states, _ = family.states(module, step)
            logits = torch.nn.functional.linear(states[-1], *family.head(module)).log_softmax(0).detach()
            said.append(int(logits.argmax()))
            total += float(logits.max())
        wanted = [i for i in said[1:] if i not in (special.eos, special.bos, special.pad)]
        assert hypotheses[0].ids == wanted
        assert hypotheses[0].score == pytest.approx(total / (len(said) - 1), abs=1e-4)


def test_beam_finds_nothing_less_likely_than_greedy_and_gives_n_best(warm):
    made_of, family, assembly = warm
    batch = family.batch([Ids(row.source) for row in rows(made_of, 2)])
    found = family.generate(assembly.module.eval(), batch, Search(beam=4, n_best=3))
    assert [len(hypotheses) for hypotheses in found] == [3, 3]
    for hypotheses in found:
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
