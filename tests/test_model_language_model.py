"""Every kind of checkpoint that can be pretrained passes the same probes, and what cannot is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from checkpoints import checkpoint
from language_models import CAUSAL, MASKED, counting, language_model

from calque.errors import ModelError, ProbeError
from calque.model.batch import Ids
from calque.model.language_model import KINDS, LanguageModel, refuse_unfit
from calque.model.lean import Way
from calque.model.pretrained import Pretrained, find
from calque.text.codec import Codec
from calque.text.infilling import Infilling
from calque.text.masking import Masking
from calque.training import language_probes
from calque.training.corruption import Corruption
from calque.training.language_probes import verdicts_of


def loaded(folder, objective, way=None):
    codec = Codec.load(folder, 64)
    model = LanguageModel(objective, codec.special, way or Way("matmul"))
    module, lacking = model.load(folder, (0.0, 0.0))
    assert lacking == ()
    rows = [Ids(codec.encode(line)) for line in counting(6)]
    spoil = {
        "mlm": lambda: Masking.of(codec, 0.3),
        "clm": lambda: None,
        "denoise": lambda: Infilling(codec.mask, codec.special.eos, 1, 1, 0.3, 3.0, True),
    }[objective]()
    return module, model, rows, Corruption(spoil, 1)(rows, range(6), 0)


KNOWN = [*(("mlm", kind) for kind in MASKED), *(("clm", kind) for kind in CAUSAL)]
KNOWN += [("denoise", kind) for kind in ("bart", "mbart")]


@pytest.mark.parametrize(("objective", "kind"), KNOWN)
def test_the_kinds_pass_the_probes(tmp_path, objective, kind):
    folder = language_model(tmp_path, kind, objective == "clm")
    verdicts = verdicts_of(*loaded(folder, objective))
    assert {"padding-leak", "accumulation", "own-head", "reload"} < verdicts.keys()


def test_every_kind_is_tested():
    same = {"xlm-roberta", "camembert", "electra"}  # of RoBERTa's code; a decoder like BERT
    assert set(KINDS["mlm"]) - same == set(MASKED) - same
    assert set(KINDS["clm"]) - same == set(CAUSAL)


@pytest.mark.parametrize("objective", ["mlm", "clm"])
def test_lean_and_stock_forward_passes_agree(tmp_path, objective):
    folder = language_model(tmp_path, "bert" if objective == "mlm" else "bert-generation", objective == "clm")
    states = []
    for attention in ("matmul", "sdpa", "stock"):
        module, model, _, examples = loaded(folder, objective, Way(attention))
        states.append(model.states(module, model.batch(examples))[0])
    assert torch.allclose(states[0], states[2], atol=1e-5)
    assert torch.allclose(states[1], states[2], atol=1e-5)


@pytest.mark.parametrize(
    ("objective", "config", "message"),
    [
        (
            "mlm",
            {"model_type": "gpt2"},
            "'x' is of kind 'gpt2', which cannot be trained by mlm: --objective clm fits it",
        ),
        ("clm", {"model_type": "bart"}, "--objective denoise fits it"),
        ("clm", {"model_type": "distilbert"}, "--objective mlm fits it"),
        ("denoise", {"model_type": "t5"}, "T5 learns to tell spans after sentinel tokens, which calque does not do"),
        ("denoise", {"model_type": "bert"}, "--objective mlm fits it"),
        ("mlm", {"model_type": "whisper"}, "take an encoder such as BERT"),
    ],
)
def test_what_cannot_learn_is_told(tmp_path, objective, config, message):
    with pytest.raises(ModelError) as raised:
        refuse_unfit(Pretrained("x", tmp_path, config), objective)
    assert message in str(raised.value)


def test_a_checkpoint_without_a_head_gets_a_new_one(tmp_path):
    folder = checkpoint(tmp_path, "electra")  # the bare encoder
    _, lacking = LanguageModel("mlm", Codec.load(folder).special).load(folder)
    assert lacking
    assert all(name.startswith("generator_") for name in lacking)
    assert find(str(folder)).kind == "electra"


def test_damaged_weights_are_refused(tmp_path):
    folder = language_model(tmp_path, "gpt2", causal=True)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"n_layer": 2', '"n_layer": 3'))
    with pytest.raises(ModelError, match=r"lack 12 parameters of GPT2LMHeadModel.*transformer\.h\.2\."):
        LanguageModel("clm", Codec.load(folder).special).load(folder)


class Reversed(LanguageModel):
    """What a BERT does whose configuration says the wrong thing of its being a decoder."""

    def hidden(self, module, batch):
        other = "mlm" if self.objective == "clm" else "clm"
        return LanguageModel(other, self.special, Way("matmul")).hidden(module, batch)


def test_a_head_without_an_output_layer_is_refused(tmp_path):
    folder = language_model(tmp_path, "deberta-v2")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"legacy": False}))
    with pytest.raises(ModelError, match="the head of this deberta-v2 has no output layer"):
        LanguageModel("mlm", Codec.load(folder).special).load(folder)


def test_a_network_that_sees_the_future_is_found(tmp_path):
    module, model, _, examples = loaded(language_model(tmp_path, "bert"), "clm")
    with pytest.raises(ProbeError, match=r"probe 'future-leak'.*it needs a causal mask"):
        language_probes.future_leak(module, Reversed("clm", model.special), model.batch(examples))


def test_a_masked_model_that_sees_one_side_is_found(tmp_path):
    module, model, _, examples = loaded(language_model(tmp_path, "bert"), "mlm")
    with pytest.raises(ProbeError, match="probe 'one-sided'"):
        language_probes.one_sided(module, Reversed("mlm", model.special), model.batch(examples))


@pytest.mark.parametrize("broken", ["labels", "input", "everything"])
def test_masks_that_are_wrong_are_found(tmp_path, broken):
    rows = [Ids([1, 5, 6, 7, 2])]
    example = {
        "labels": Ids([1, 4, 6, 7, 2], [-100, 6, -100, -100, -100]),
        "input": Ids([1, 4, 6, 9, 2], [-100, 5, -100, -100, -100]),
        "everything": Ids([1, 4, 6, 7, 2], [1, 5, 6, 7, 2]),
    }[broken]
    with pytest.raises(ProbeError, match="probe 'scored-unmasked'"):
        language_probes.scored_unmasked(rows, [example])
    right = Ids([1, 4, 6, 7, 2], [-100, 5, -100, -100, -100])
    assert language_probes.scored_unmasked(rows, [right]) == "1 of 5 places are scored"


def test_labels_shifted_twice_are_found(tmp_path):
    module, model, rows, _ = loaded(language_model(tmp_path, "gpt2", causal=True), "clm")
    twice = [Ids(row.source[:-2], row.source[2:]) for row in rows]
    with pytest.raises(ProbeError, match="probe 'double-shift'"):
        verdicts_of(module, model, rows, twice)


def test_a_head_that_does_more_is_found(tmp_path):
    module, model, rows, examples = loaded(language_model(tmp_path, "bert"), "mlm")
    module.config.model_type = "llama"  # whose head has no transform
    with pytest.raises(ProbeError, match="probe 'own-head'"):
        language_probes.own_head(module, model, model.batch(examples))
    assert np.array(rows[0].source).ndim == 1


def test_a_decoder_that_never_looks_is_found(tmp_path):
    module, model, _, examples = loaded(language_model(tmp_path, "bart"), "denoise")
    for layer in module.model.decoder.layers:
        torch.nn.init.zeros_(layer.encoder_attn.out_proj.weight)
    with pytest.raises(ProbeError, match="probe 'blind-decoder'"):
        language_probes.blind_decoder(module, model, model.batch(examples))
