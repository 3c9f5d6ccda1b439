from __future__ import annotations

import pytest

from calque.recipes.optimisation import Optimisation
from calque.training.schedule import Thaw, rate


@pytest.mark.parametrize(
    ("schedule", "at", "share"),
    [
        ("linear", 0.05, 0.5),
        ("linear", 0.1, 1.0),
        ("linear", 0.55, 0.5),
        ("linear", 1.0, 0.0),
        ("cosine", 0.55, 0.5),
        ("cosine", 1.0, 0.0),
        ("inverse-sqrt", 0.1, 1.0),
        ("inverse-sqrt", 0.4, 0.5),
        ("constant", 0.9, 1.0),
    ],
)
def test_rate_is_what_the_formula_says(schedule, at, share):
    assert rate(Optimisation(schedule=schedule, warmup=0.1), at) == pytest.approx(share)


def test_rate_never_is_zero_at_the_start():
    assert rate(Optimisation(warmup=0.1), 0.0) == pytest.approx(0.01)
    assert rate(Optimisation(warmup=0.0, schedule="linear"), 0.0) == 1.0


def test_layers_thaw_from_the_top():
    names = [
        "encoder.embeddings.word_embeddings.weight",
        "encoder.encoder.layer.0.output.weight",
        "encoder.encoder.layer.1.output.weight",
    ]
    thaw = Thaw.of(0.5, names)
    assert thaw.frozen(0.0) == set(names)
    assert thaw.frozen(0.2) == set(names[:2])
    assert thaw.frozen(0.3) == {names[0]}
    assert thaw.frozen(0.5) == set()


def test_encoder_and_decoder_thaw_each_from_its_own_top():
    encoder = [f"encoder.encoder.layer.{i}.output.dense.weight" for i in range(12)]
    decoder = [f"decoder.bert.encoder.layer.{i}.output.dense.weight" for i in range(3)]
    embeddings = ["encoder.embeddings.LayerNorm.bias", "decoder.bert.embeddings.LayerNorm.bias"]
    thaw = Thaw.of(0.7, [*encoder, *decoder, *embeddings])  # 13 depths: another one every 0.05 of the run
    assert thaw.frozen(0.0) == {*encoder, *decoder, *embeddings}
    assert thaw.frozen(0.06) == {*encoder[:11], *decoder[:2], *embeddings}
    assert thaw.frozen(0.16) == {*encoder[:9], *embeddings}
    assert thaw.frozen(0.21) == {*encoder[:8], embeddings[0]}
    assert thaw.frozen(0.61) == {embeddings[0]}
    assert thaw.frozen(0.66) == set()


def test_without_new_weights_the_top_layer_is_open_from_the_start():
    names = ["encoder.layer.0.weight", "encoder.layer.1.weight"]
    assert Thaw.of(0.5, names, alone=True).frozen(0.0) == {names[0]}


def test_a_tiny_warmup_never_exceeds_the_peak():
    assert rate(Optimisation(warmup=1e-5), 0.0) == 1.0
