"""Which checkpoints are refused as halves of a pair, and what is said of it."""

from __future__ import annotations

import json

import pytest
from checkpoints import corpus, numbers

from calque.errors import ModelError
from calque.model import kinds
from calque.model.kinds import refuse_illegal
from calque.model.pretrained import Pretrained
from calque.recipes.architecture import Architecture
from calque.recipes.finetune import Finetune
from calque.training.finetune import finetune

LEGAL_DECODERS = (
    r"\(decoders: bert, bert-generation, camembert, electra, gpt2, roberta, xglm, xlm-roberta; or --decoder new\)"
)
LEGAL_ENCODERS = (
    r"\(encoders: albert, bert, bert-generation, camembert, deberta-v2, distilbert, electra, modernbert, mpnet, "
    r"roberta, xlm-roberta\)"
)
SHAPE = {"hidden_size": 16, "num_hidden_layers": 4}


def known(tmp_path, kind, name=None, **config):
    return Pretrained(name or kind, tmp_path / (name or kind), {"model_type": kind} | SHAPE | config)


def refused(tmp_path, encoder, decoder, **settings):
    refuse_illegal(Architecture(model="x", **settings), encoder, decoder)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("opt", "for it has no cross-attention that could look at a source"),
        ("llama", "for it has no cross-attention that could look at a source"),
        ("modernbert-decoder", "source"),
        ("gpt_bigcode", "cannot be the decoder of a pair"),
        ("bart", "for it is an encoder-decoder already"),
        ("t5", "for it is an encoder-decoder already"),
        ("albert", "cannot be the decoder of a pair"),
        ("gpt-2", r"did you mean 'gpt2'\?"),
    ],
)
def test_a_decoder_that_cannot_be_one(tmp_path, kind, why):
    with pytest.raises(ModelError, match=why) as told:
        refused(tmp_path, known(tmp_path, "bert"), known(tmp_path, kind))
    told.match(LEGAL_DECODERS)
    told.match(f"'{kind}' is of kind '{kind}'")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("gpt2", "encoder"),
        ("t5", "for it translates alone: leave out --decoder"),
        ("pegasus", "is an encoder-decoder already"),
        ("xglm", "encoder"),
        ("robert", r"did you mean 'roberta'\?"),
    ],
)
def test_an_encoder_that_cannot_be_one(tmp_path, kind, why):
    with pytest.raises(ModelError, match=why) as told:
        refused(tmp_path, known(tmp_path, kind), None)
    told.match(LEGAL_ENCODERS)


def test_every_legal_kind_is_let_through(tmp_path):
    for encoder in kinds.ENCODERS:
        for decoder in kinds.DECODERS:
            refused(tmp_path, known(tmp_path, encoder), known(tmp_path, decoder, embedding_size=16))
    refused(tmp_path, None, None)


@pytest.mark.parametrize(
    ("encoder", "decoder", "settings", "why"),
    [
        ("gpt2", "gpt2", {}, "cannot be the encoder"),
        ("bert", "gpt2", {"head": "own"}, "has a plain head already: leave out --head own"),
        ("bert", None, {"head": "own"}, "--head own needs a pretrained decoder"),
        ("bert", "electra", {}, "embeddings narrower than its layers"),
        ("bert", "gpt2", {"share_weights": True}, "'gpt2' .gpt2. has not the layout of both halves"),
        ("distilbert", "bert", {"share_weights": True}, "'distilbert' .distilbert. has not the layout"),
        ("bert", None, {"share_weights": True}, "the halves begin differently .bert, new weights.*--decoder same"),
        ("bert", "roberta", {"share_weights": True}, "the halves begin differently .bert, roberta"),
        ("bert", "bert", {"share_weights": True, "head": "own"}, "the encoder has no head of its own"),
        ("bert", "bert", {"share_weights": True, "decoder_layers": 3}, "4 encoder layers and 3 decoder layers"),
    ],
)
def test_settings_that_the_halves_do_not_allow(tmp_path, encoder, decoder, settings, why):
    halves = known(tmp_path, encoder), None if decoder is None else known(tmp_path, decoder)
    with pytest.raises(ModelError, match=why):
        refused(tmp_path, *halves, **settings)


def test_sharing_counts_the_layers_that_are_kept(tmp_path):
    bert = known(tmp_path, "bert")
    refused(tmp_path, bert, bert, share_weights=True)
    refused(tmp_path, bert, bert, share_weights=True, decoder_layers=4)
    refused(tmp_path, bert, bert, share_weights=True, encoder_layers=2, decoder_layers=2)
    refused(tmp_path, None, None, share_weights=True)


def test_nothing_is_loaded_before_a_refusal(tmp_path):
    """The weights are no weights, and there is no tokenizer."""
    for kind in ("bert", "opt"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "config.json").write_text(json.dumps({"model_type": kind}))
        (tmp_path / kind / "model.safetensors").write_text("")
    places = {name: [corpus(tmp_path / "data", name, numbers(20))] for name in ("train", "dev")}
    halves = {"model": str(tmp_path / "bert"), "decoder": str(tmp_path / "opt")}
    usual = {"source": "en", "target": "fr", "out": str(tmp_path / "out"), "steps": 1}
    with pytest.raises(ModelError, match=LEGAL_DECODERS):
        finetune(Finetune.of(usual | places | halves))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bert", "data", "opt"]
