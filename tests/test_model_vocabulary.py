from __future__ import annotations

import pytest

from calque.model import vocabulary
from calque.model.vocabulary import choose
from calque.recipes.vocabulary import Vocabulary


class Stream:
    """Texts that can be read again, and nothing else."""

    def __init__(self, texts):
        self.texts = texts

    def __iter__(self):
        return iter(self.texts)


@pytest.mark.parametrize(
    ("most", "note"),
    [(880, "279 new pieces"), (500, "276 new pieces (learnt from 22 of 44 sentences, evenly spaced)")],
)
def test_a_new_vocabulary_is_learnt_from_a_sample_and_says_so(monkeypatch, most, note):
    monkeypatch.setattr(vocabulary, "SAMPLE", most)
    texts = Stream([f"a dog and {number} cats" for number in range(10, 54)])
    chosen = choose("pair", Vocabulary(), None, None, texts, texts)
    assert chosen.source.note == chosen.target.note == note
