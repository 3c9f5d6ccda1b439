from __future__ import annotations

import json

import pytest
import torch
import translators
from checkpoints import SHAPE, checkpoint, corpus, numbers
from safetensors.torch import load_file
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import flops, inference, pretraining, rivals, train_quality, train_speed
from benchmarks.clock import Steal
from benchmarks.learned import Learned
from benchmarks.ours import Ours
from benchmarks.setting import Setting
from benchmarks.tally import Tally, one_step

ROWS = ("calque", "calque_same_vocabulary", "seq2seq_trainer", "tutorial")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A tiny BERT and a few pairs of number words."""
    folder = tmp_path_factory.mktemp("benchmarks")
    pairs = numbers(130)
    for name, some in (("train", pairs[:100]), ("dev", pairs[100:115]), ("test", pairs[115:])):
        corpus(folder / "data", name, some)
    checkpoint(folder / "bert", "bert")
    return folder


@pytest.fixture(scope="module")
def setting(place):
    return Setting(
        train=str(place / "data" / "train"), source="en", target="fr", model=str(place / "bert"), decoder_layers=2,
        learning_rate=1e-3, batch=8, batch_tokens=300, max_length=64, smoothing=0.0, precision="fp32", device="cpu",
        threads=1, seed=1,
    )  # fmt: skip


def smallest(place):
    """Flags of the smallest run."""
    return ["--train", str(place / "data" / "train"), "--model", str(place / "bert"), "--decoder-layers", "1",
            "--max-length", "64", "--batch", "8", "--batch-tokens", "300", "--precision", "fp32", "--json"]  # fmt: skip


def test_the_speed_benchmark_tells_what_its_page_promises(place, capsys):
    train_speed.main([*smallest(place), "--rounds", "1", "--seconds", "0.01"])
    told = json.loads(capsys.readouterr().out)
    assert [row["contender"] for row in told["rows"]] == list(ROWS)
    for row in told["rows"]:
        assert row["sentences"] > 0
        assert row["steps"] >= 2
        rates = ("sentences_per_second", "target_tokens_per_second", "characters_per_second", "useful_gflops")
        assert all(row[rate] > 0 for rate in rates)
        assert 0 < row["gemm_share"] < 1
        assert 0 <= row["padding_share"] < 1
        assert row["peak_memory_mb"] == told["peak_memory_mb"][row["contender"]] > told["peak_memory_mb"]["nothing"] > 0
    tutorial = told["rows"][-1]
    assert tutorial["steps"] == tutorial["sentences"]
    assert tutorial["padding_share"] > 0.7  # about 10 of 64 positions are tokens
    assert all(told[ratio] > 0 for ratio in train_speed.RATIOS)
    assert told["gemm_share"] == told["rows"][0]["gemm_share"]
    assert told["gemm_peak_gflops"]["fp32"] > 0
    assert (told["seed"], told["seconds_are"]) == (1, "CPU time")
    assert {"torch", "transformers", "calque"} <= told["versions"].keys()
    assert {"processor", "features", "cores", "threads"} <= told["machine"].keys()
    assert told["noise"]["had"] > 0
    assert told["trusted"] is False
    assert "1 rounds tell nothing of the spread" in told["note"]


def test_the_quality_benchmark_tells_what_its_page_promises(place, capsys):
    others = [part for name in ("dev", "test") for part in (f"--{name}", str(place / "data" / name))]
    length = ["--sentences", "104", "--seeds", "1", "--validations", "2", "--budgets", "1000"]
    train_quality.main([*smallest(place), *others, *length])
    told = json.loads(capsys.readouterr().out)
    names = ["calque", "calque_same_vocabulary", "seq2seq_trainer"]
    assert [(row["contender"], row["seed"]) for row in told["rows"]] == [(name, 1) for name in names]
    assert told["rows"][2]["sentences"] == 108  # 13 steps see all 100 sentences, one more 8
    assert told["rows"][2]["steps"] == 14
    for row, curve in zip(told["rows"], told["curves"], strict=True):
        assert 104 <= row["sentences"] < 104 + 40
        assert 0 < row["nats_per_character"] < 10
        assert 0 <= row["BLEU"] <= 100
        assert row["seconds"] > 0
        assert [point["step"] for point in curve["points"]][-1] == row["steps"]
        assert len(curve["points"]) == 2
        assert told["budgets"][0][row["contender"]] == curve["points"][-1]["BLEU"]
    ours, rival = told["rows"][0], told["rows"][2]
    difference = told["differences"]["calque"]["nats_per_character"]
    assert difference == [round(ours["nats_per_character"] - rival["nats_per_character"], 4)]
    assert told["means"]["calque"]["BLEU"] == ours["BLEU"]


def test_the_pretraining_benchmark_tells_what_its_page_promises(place, capsys, tmp_path):
    data = place / "data"
    text = tmp_path / "mono.fr"
    text.write_text("".join(pair[1] + "\n" for pair in numbers(300, seed=5)))
    pretraining.main(
        [*(part for name in ("train", "dev", "test") for part in (f"--{name}", str(data / name))),
         "--mono", str(text), "--pairs", "60", "--seeds", "1", "--steps", "2", "--pretraining-steps", "2",
         "--layers", "1", "--width", "16", "--heads", "2", "--feed-forward", "32", "--test-pairs", "4",
         "--device", "cpu", "--json"]
    )  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    assert [row["contender"] for row in told["rows"]] == ["pretrained", "none", "random"]
    assert all({"pairs": 60, "steps": 2, "seed": 1}.items() <= row.items() for row in told["rows"])
    assert told["rows"][0]["bits_per_character"] > 0
    assert [difference["contender"] for difference in told["differences"]] == ["pretrained", "random"]
    assert told["means"][1]["chrF2"] == told["rows"][1]["chrF2"]
    assert pretraining.markdown(told["rows"]).count("\n") == 7


def test_operations_of_a_hand_counted_network():
    shape = flops.Shape(encoder_layers=1, decoder_layers=1, width=2, feed_forward=3, vocabulary=5)
    # encoder 64 + 32 + 48, decoder 96 + 72 + 72, its cross-attention 48 + 32 + 48, head 60
    assert flops.forward(shape, source=2, target=3) == 572
    assert flops.training(shape, source=2, target=3) == 1716
    deeper = flops.Shape(2, 3, 2, 3, 5, transform=True)
    assert flops.forward(deeper, source=2, target=3) == 2 * 144 + 3 * 368 + 60 + 24


@pytest.mark.parametrize("kind", ["calque", "seq2seq_trainer"])
def test_operations_agree_with_those_that_torch_counts(setting, kind):
    if kind == "calque":
        contender = Ours(setting, setting.text(), same_vocabulary=False)
        module, shape = contender.scored.module, contender.shape
    else:
        module = rivals.pair(setting)
        shape = rivals.shape_of(module)
    S, T = 7, 5
    inputs = {"input_ids": torch.full((1, S), 5), "attention_mask": torch.ones(1, S, dtype=torch.long)}
    with sdpa_kernel(SDPBackend.MATH):  # torch counts plain products, not its fused kernels
        with FlopCounterMode(display=False) as forward:
            logits = module(**inputs, decoder_input_ids=torch.full((1, T), 5)).logits
        with FlopCounterMode(display=False) as backward:
            logits.sum().backward()
    pooler = 2 * SHAPE["hidden_size"] ** 2  # computed by transformers, read by nobody
    assert forward.get_total_flops() == flops.forward(shape, S, T) + pooler
    assert backward.get_total_flops() == flops.training(shape, S, T) - flops.forward(shape, S, T)


def test_the_rival_begins_with_the_same_weights(setting, place):
    stored = load_file(str(place / "bert" / "model.safetensors"))
    model = rivals.pair(setting)
    embeddings = "embeddings.word_embeddings.weight"
    inner = "attention.self.query.weight"
    assert torch.equal(model.encoder.state_dict()[embeddings], stored[f"bert.{embeddings}"])
    decoder = model.decoder.bert
    assert torch.equal(decoder.state_dict()[embeddings], stored[f"bert.{embeddings}"])
    assert model.decoder.get_output_embeddings().weight is decoder.embeddings.word_embeddings.weight
    assert len(decoder.encoder.layer) == model.config.decoder.num_hidden_layers == 2
    for kept, old in ((0, 0), (1, 2)):
        weight = decoder.encoder.layer[kept].state_dict()[inner]
        assert torch.equal(weight, stored[f"bert.encoder.layer.{old}.{inner}"])
    assert model.config.encoder.attention_probs_dropout_prob == 0
    ours = Ours(setting, setting.text(), same_vocabulary=True).scored.module
    for name, parameter in model.encoder.named_parameters():
        assert torch.equal(parameter, ours.encoder.state_dict()[name]), name


@pytest.mark.filterwarnings("ignore:Version v4.12.0")  # transformers' word to all who train an EncoderDecoderModel
def test_all_still_learn_after_another_had_its_turn(setting):
    text = setting.text()
    contenders = [
        Ours(setting, text, same_vocabulary=True),
        rivals.Stock(setting, text),
        rivals.Tutorial(setting, text),
    ]
    modules = [contenders[0].scored.module, contenders[1].model, contenders[2].model]
    for _ in range(2):
        for contender, module in zip(contenders, modules, strict=True):
            before = module.encoder.encoder.layer[0].output.dense.weight.detach().clone()
            tally = contender.train(0)
            assert tally.steps >= 2
            assert tally.seconds > 0
            assert not torch.equal(before, module.encoder.encoder.layer[0].output.dense.weight)


def test_a_rival_counts_its_own_batches(setting):
    rows = rivals.examples(setting, setting.text())[:3]
    counting = rivals.Counting(rivals.collator(setting, rivals.pair(setting)), flops.Shape(1, 1, 2, 3, 5))
    batch = counting(rows)
    tally = counting.tallies[0]
    assert tally.tokens == int(batch["attention_mask"].sum()) + int((batch["labels"] != -100).sum())
    assert tally.positions == batch["input_ids"].numel() + batch["labels"].numel()
    assert tally.scored_tokens == int((batch["labels"] != -100).sum())
    assert tally.characters == sum(row["characters"] for row in rows)


def test_tallies_add_up():
    shape = flops.Shape(1, 1, 2, 3, 5)
    step = one_step(shape, [(2, 3), (2, 1)], characters=40, positions=10)
    assert step == Tally(1, 2, 4, 40, 8, 10, flops.training(shape, 2, 3) + flops.training(shape, 2, 1), 0.0)
    both = step + step + Tally(seconds=4.0)
    assert (both.steps, both.padding_share, both.rate("characters")) == (2, pytest.approx(0.2), 20.0)


def test_noise_is_told_and_not_hidden():
    steady = {"ratio_tutorial": [10.0, 11.0, 10.5], "ratio_seq2seq_trainer": []}
    assert train_speed.judge(steady, 3, stolen=0.0, had=0.9)[0] is True
    assert train_speed.judge(steady, 3, stolen=None, had=None)[0] is True
    trusted, note = train_speed.judge({"ratio_tutorial": [10.0, 14.0, 10.0]}, 3, stolen=0.05, had=0.2)
    assert trusted is False
    assert "ratio_tutorial spread by 40% of its median" in note
    assert "took 5.0% of the CPU time" in note
    assert "let compute 20% of the time" in note


def test_stolen_time_is_read_from_the_kernel(tmp_path):
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2\n")
    steal = Steal(stat)
    stat.write_text("cpu  150 0 110 830 0 0 0 10 0 0\ncpu0 1 2\n")
    assert steal.share() == 0.1
    assert Steal(tmp_path / "absent").share() is None


def test_a_curve_tells_what_a_budget_reached():
    points = [{"seconds": 10.0, "step": 5, "BLEU": 3.0}, {"seconds": 20.0, "step": 10, "BLEU": 7.0}]
    learned = Learned("calque", 1, 1e-3, 100, 10, 20.0, 0.5, {"BLEU": 7.0, "chrF2": 20.0}, points)
    assert [learned.reached(seconds) for seconds in (9, 10, 19.9, 100)] == [None, 3.0, 3.0, 7.0]


@pytest.mark.slow
def test_the_inference_benchmark_tells_what_its_page_promises(place, tmp_path, capsys):
    folder = translators.pair(tmp_path)
    data = [part for name in ("train", "test") for part in (f"--{name}", str(place / "data" / name))]
    options = ["--shortlist", "2", "--vocabulary", "20", "--sentences", "6", "--rounds", "2"]
    inference.main(["--folder", str(folder.path), *data, *options, "--json"])
    told = json.loads(capsys.readouterr().out)
    names = ["transformers", "fast float32", "fast int8", "fast int8, shortlist 2", "fast int8, vocabulary 20"]
    assert [row["name"] for row in told["rows"]] == names
    assert told["identical_greedy"] == told["identical_beam4"] == 1
    assert told["max_dlogp"] < 1e-4
    for name in ("greedy", "beam4"):
        others = (
            f"ratio_{over}_{name}_{option}" for over in ("generate", "int8") for option in ("shortlist", "vocabulary")
        )
        assert all(told[key] > 0 for key in (f"ratio_generate_{name}", *others))
    assert {"bleu_loss_int8", "bleu_loss_shortlist", "bleu_loss_vocabulary"} <= told.keys()
    assert told["sizes"]["vocabulary"] < told["sizes"]["int8"] < told["sizes"]["shortlist"]
    assert "bleu_loss_vocabulary: " in inference.table(told)
