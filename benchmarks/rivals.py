"""How an encoder-decoder is usually trained: transformers' Seq2SeqTrainer, and the loop of a tutorial."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    PrinterCallback,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
)

from benchmarks.clock import Clock
from benchmarks.flops import Shape
from benchmarks.setting import BETAS, CLIP, DROPOUT, WEIGHT_DECAY, Setting
from benchmarks.tally import Tally, one_step, total
from calque.decoding.machine import device_of
from calque.model.batch import IGNORED
from calque.model.parts import joined, quiet, set_dropout, spread
from calque.model.pretrained import find
from calque.model.vocabulary import pretrained_codec
from calque.text.codec import Codec
from calque.training.rows import Text

FED = ("input_ids", "attention_mask", "labels")
_GOLDEN = (5**0.5 - 1) / 2
_WARM_UP = 2  # steps that are not timed, of each training


def codec_of(setting: Setting) -> Codec:
    """The pretrained tokenizer, which both sides use; framed as BERT's is, whatever its files say."""
    return pretrained_codec(find(setting.model), setting.max_length)


def pair(setting: Setting) -> Any:
    """transformers' EncoderDecoderModel with the checkpoint on both sides, its cross-attention new."""
    folder = find(setting.model).folder
    torch.manual_seed(setting.seed)
    with quiet():
        configs = [AutoConfig.from_pretrained(folder) for _ in range(2)]
        for config in configs:
            set_dropout(config, DROPOUT, 0.0)
        configs[1].is_decoder = configs[1].add_cross_attention = True
        encoder = AutoModel.from_pretrained(folder, config=configs[0], dtype=torch.float32)
        decoder = AutoModelForCausalLM.from_pretrained(folder, config=configs[1], dtype=torch.float32)
        decoder = _of_depth(decoder, setting.decoder_layers)
        model = joined(encoder, decoder)
    special = codec_of(setting).special
    for tokens in (model.config, model.generation_config):
        tokens.decoder_start_token_id = special.bos
        tokens.eos_token_id = special.eos
        tokens.pad_token_id = special.pad
    return model


def _of_depth(decoder: Any, depth: int) -> Any:
    """The decoder with `depth` of its layers, those that calque would keep."""
    known = decoder.config.num_hidden_layers
    if depth == known:
        return decoder
    decoder.config.num_hidden_layers = depth
    small = AutoModelForCausalLM.from_config(decoder.config)
    state = {name: tensor for name, tensor in decoder.state_dict().items() if ".encoder.layer." not in name}
    small.load_state_dict(state, strict=False)
    layers = zip(small.base_model.encoder.layer, spread(depth, known), strict=True)
    for layer, old in layers:
        layer.load_state_dict(decoder.base_model.encoder.layer[old].state_dict())
    return small


def examples(setting: Setting, text: Text) -> list[dict[str, Any]]:
    """The pairs as tokens, as a tutorial makes them, with their number of characters; those that are too long are left
    out."""
    codec = codec_of(setting)
    sources, targets = (codec.encode_all(side) for side in (text.sources, text.targets))
    return [
        {"input_ids": s, "attention_mask": [1] * len(s), "labels": t, "characters": len(pair[0]) + len(pair[1])}
        for s, t, pair in zip(sources, targets, text, strict=True)
        if max(len(s), len(t)) <= setting.max_length
    ]


def shape_of(model: Any) -> Shape:
    """What its floating-point operations depend on."""
    encoder, decoder = model.config.encoder, model.config.decoder
    return Shape(
        encoder.num_hidden_layers, decoder.num_hidden_layers, decoder.hidden_size, decoder.intermediate_size,
        decoder.vocab_size, transform=True,
    )  # fmt: skip


def collator(setting: Setting, model: Any) -> DataCollatorForSeq2Seq:
    """The stock collator: pads to the longest and shifts the labels into the decoder's input."""
    return DataCollatorForSeq2Seq(AutoTokenizer.from_pretrained(find(setting.model).folder), model=model)


class Counting:
    """A collator around another that remembers the tally of each of its batches, in their order."""

    def __init__(self, collate: Callable[[list[dict[str, Any]]], Any], shape: Shape) -> None:
        self.collate, self.shape = collate, shape
        self.tallies: list[Tally] = []

    def __call__(self, rows: Sequence[dict[str, Any]]) -> Any:
        """The batch of these examples."""
        batch = self.collate([{name: row[name] for name in FED} for row in rows])
        lengths = [(sum(row["attention_mask"]), sum(label != IGNORED for label in row["labels"])) for row in rows]
        positions = batch["input_ids"].numel() + batch["labels"].numel()
        characters = sum(row["characters"] for row in rows)
        self.tallies.append(one_step(self.shape, lengths, characters, positions))
        return batch


class Watch(TrainerCallback):
    """Times the steps behind the first few, and ends the training when `seconds` are over."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds
        self.began, self.spent, self.steps = 0.0, 0.0, 0

    def on_step_end(self, args, state, control, **kwargs):  # noqa: ARG002
        """After the optimizer's step."""
        if state.global_step <= _WARM_UP:
            self.began = self.clock.now()
            return
        self.steps, self.spent = state.global_step - _WARM_UP, self.clock.now() - self.began
        control.should_training_stop = self.steps >= 2 and self.spent >= self.seconds


def trainer(
    setting: Setting, model: Any, rows: Sequence[Any], collate: Any, callback: TrainerCallback, folder: str, **more: Any
) -> Seq2SeqTrainer:
    """The stock trainer with its own defaults, but for the optimizer's numbers, which are ours, and silence."""
    device = device_of(setting.device)
    given: dict[str, Any] = {
        "output_dir": folder, "per_device_train_batch_size": setting.batch, "learning_rate": setting.learning_rate,
        "adam_beta1": BETAS[0], "adam_beta2": BETAS[1], "weight_decay": WEIGHT_DECAY, "max_grad_norm": CLIP,
        "label_smoothing_factor": setting.smoothing, "lr_scheduler_type": "constant", "max_steps": 1_000_000,
        "seed": setting.seed, "use_cpu": device.type == "cpu", "dataloader_pin_memory": device.type == "cuda",
        "remove_unused_columns": False, "save_strategy": "no", "logging_strategy": "no", "report_to": [],
        "disable_tqdm": True,
    }  # fmt: skip
    made = Seq2SeqTrainer(model, Seq2SeqTrainingArguments(**given | more), collate, list(rows), callbacks=[callback])
    made.remove_callback(PrinterCallback)
    return made


class Stock:
    """Seq2SeqTrainer: random batches of a number of sentences, padded to the longest, in fp32."""

    precision = "fp32"

    def __init__(self, setting: Setting, text: Text) -> None:
        self.setting, self.model = setting, pair(setting)
        self.shape = shape_of(self.model)
        self.rows = examples(setting, text)
        self.clock = Clock(device_of(setting.device))
        self.inner = collator(setting, self.model)
        self.chance = random.Random(setting.seed)

    @property
    def how(self) -> str:
        """Precision and attention."""
        return f"fp32, {self.model.encoder.config._attn_implementation} attention"

    def train(self, seconds: float) -> Tally:
        """A training of about `seconds`, in an order of its own each time."""
        return self._train(seconds, self.rows)

    def heaviest(self) -> None:
        """A few steps, one of them with the longest example."""
        longest = max(self.rows, key=lambda row: len(row["input_ids"]) + len(row["labels"]))
        some = self.chance.choices(self.rows, k=3 * self.setting.batch - 1)
        self._train(0, [longest, *some])

    def _train(self, seconds: float, rows: Sequence[dict[str, Any]]) -> Tally:
        counting, watch = Counting(self.inner, self.shape), Watch(self.clock, seconds)
        seed = self.chance.randrange(2**31)
        with tempfile.TemporaryDirectory() as folder:
            trainer(self.setting, self.model, rows, counting, watch, folder, seed=seed).train()
        return total(counting.tallies[_WARM_UP : _WARM_UP + watch.steps]) + Tally(seconds=watch.spent)


class Tutorial:
    """The loop of a tutorial: one sentence at a time, padded to the maximum length, in fp32.

    So few sentences are a poor sample, and each costs the same whatever it holds: they are taken in steps of the golden
    section through the text in order of length, which covers it evenly wherever one stops.
    """

    precision = "fp32"

    def __init__(self, setting: Setting, text: Text) -> None:
        self.setting = setting
        self.device = device_of(setting.device)
        self.model: nn.Module = pair(setting).to(self.device).train()
        self.rows = sorted(examples(setting, text), key=lambda row: row["characters"])
        self.clock = Clock(self.device)
        self.pad = codec_of(setting).special.pad
        self.shape = shape_of(self.model)
        self.counting = Counting(self._padded, self.shape)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=setting.learning_rate, betas=BETAS, weight_decay=WEIGHT_DECAY
        )
        self.place = random.Random(setting.seed).random()

    @property
    def how(self) -> str:
        """Precision and attention."""
        return f"fp32, {self.model.encoder.config._attn_implementation} attention"

    def train(self, seconds: float) -> Tally:
        """Steps of about `seconds`, after one that is not counted."""
        self._step()
        tallies = [self._step(), self._step()]
        while sum(tally.seconds for tally in tallies) < seconds:
            tallies.append(self._step())
        return total(tallies)

    def heaviest(self) -> None:
        """Any steps: all are of one size."""
        self.train(0)

    def _step(self) -> Tally:
        began = self.clock.now()
        self.place = (self.place + _GOLDEN) % 1
        batch = self.counting([self.rows[int(self.place * len(self.rows))]])
        loss = self.model(**{name: tensor.to(self.device) for name, tensor in batch.items()}).loss
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        loss.item()
        return self.counting.tallies[-1] + Tally(seconds=self.clock.now() - began)

    def _padded(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        fill = {"input_ids": self.pad, "attention_mask": 0, "labels": IGNORED}
        length = self.setting.max_length
        return {
            name: torch.tensor([row[name] + [fill[name]] * (length - len(row[name])) for row in rows]) for name in FED
        }
