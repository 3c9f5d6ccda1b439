"""What is looked at before anything is trained."""

from __future__ import annotations

import pytest
from checkpoints import corpus, numbers

from calque.errors import DataError
from calque.recipes.finetune import Finetune
from calque.training.finetune import finetune


@pytest.mark.parametrize(
    ("test", "message"), [("absent", "no parallel text"), ("unequal", "3 lines, but 2"), ("blank", "no usable pair")]
)
def test_a_test_set_that_cannot_be_read_is_refused_before_the_training(tmp_path, test, message):
    data = tmp_path / "data"
    places = {name: [corpus(data, name, numbers(20))] for name in ("train", "dev")}
    for name, sources, targets in (("unequal", "a\nb\nc\n", "a\nb\n"), ("blank", "\n", "\n")):
        (data / f"{name}.en").write_text(sources)
        (data / f"{name}.fr").write_text(targets)
    settings = {"model": "tiny", "source": "en", "target": "fr", "out": str(tmp_path / "out"), "device": "cpu"}
    with pytest.raises(DataError, match=message):
        finetune(Finetune.of(settings | places | {"test": [str(data / test)], "precision": "fp32", "steps": 1}))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
