from __future__ import annotations

import pytest
from halves import tokenizer
from transformers import AutoTokenizer

from calque.text.codec import Codec
from calque.text.padding import padded


@pytest.fixture
def gpt2(tmp_path):
    tokenizer(tmp_path / "gpt2", "gpt2")
    return Codec.load(tmp_path / "gpt2")


def test_gpt2_gets_a_padding_token_and_nothing_else_changes(gpt2, tmp_path):
    made = padded(gpt2)
    assert gpt2.special.pad == gpt2.special.eos == gpt2.special.bos
    assert (made.special.pad, made.size) == (gpt2.size, gpt2.size + 1)
    assert made.pieces()[:-1] == gpt2.pieces()
    assert made.encode("Two dogs.") == gpt2.encode("Two dogs.")
    assert made.decode(made.encode("a <pad> b")) == "a <pad> b"  # text that spells it is text
    made.save(tmp_path / "saved")
    again = Codec.load(tmp_path / "saved")
    assert again.special == made.special
    assert AutoTokenizer.from_pretrained(tmp_path / "saved").pad_token_id == made.special.pad


def test_a_text_may_begin_with_the_token_that_ends_it(tmp_path):
    tokenizer(tmp_path / "xglm", "xglm")
    codec = Codec.load(tmp_path / "xglm")
    made = padded(codec, starts_with_end=True)
    assert codec.encode("un deux")[1:] == made.encode("un deux")[1:]
    assert made.encode("un deux")[0] == made.encode("un deux")[-1] == codec.special.eos
    assert made.special.pad == codec.special.pad


def test_who_has_a_padding_token_keeps_it(tmp_path):
    tokenizer(tmp_path / "bert", "bert")
    codec = Codec.load(tmp_path / "bert")
    assert padded(codec).special == codec.special
    assert padded(codec).size == codec.size
