"""The same file through a Ray cluster on this machine: the same bytes, in the same order."""

from __future__ import annotations

import gzip
import io
import sys

import pytest
from checkpoints import corpus
from fake_translator import make_folder

from calque.errors import DataError, MachineError
from calque.recipes.finetune import Finetune
from calque.recipes.sources import resolve
from calque.recipes.translate import Translate
from calque.scale import cluster, file
from calque.training.finetune import finetune


def test_without_ray_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "in.txt").write_text("a\n")
    with pytest.raises(MachineError, match=r"pip install 'calque\[ray\]'"):
        cluster.Cluster(Translate(folder=make_folder(tmp_path / "en-fr"), input=tmp_path / "in.txt", engine="ray"))


def _trained(out):
    """A real network, since workers are processes of their own; two steps are enough to say something."""
    pairs = [("a small dog runs", "un petit chien court"), ("two birds sing", "deux oiseaux chantent")] * 20
    prefix = corpus(out.parent, "train", pairs)
    dev = corpus(out.parent, "dev", [("the end", "la fin")])
    shape = {"encoder_layers": 1, "decoder_layers": 1, "width": 16, "heads": 2, "feed_forward": 32}
    settings = {"model": "tiny", "train": (prefix,), "dev": (dev,), "source": "en", "target": "fr", "steps": 2}
    settings |= {"out": out, "probes": False, "device": "cpu"}
    finetune(resolve(Finetune, settings | shape))
    return out


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_cluster_gives_the_same_bytes(tmp_path):
    ray = pytest.importorskip("ray", reason="Ray is not installed (pip install 'calque[ray]')")
    folder = _trained(tmp_path / "model")
    words = ["a small dog runs", "two birds sing", "the end", "", "a cat"]
    text = "".join(f"{words[n % 5]} {n}\n" for n in range(3000))
    (tmp_path / "in.txt").write_text(text)
    (tmp_path / "in.gz").write_bytes(gzip.compress(text.encode()))
    whole = {"folder": folder, "input": tmp_path / "in.txt", "beam": 1, "longest_ratio": 1.0}
    try:
        file.translate(Translate(**whole, out=tmp_path / "alone"), io.BytesIO())
        done = file.translate(Translate(**whole, out=tmp_path / "many", engine="ray", workers=2), io.BytesIO())
        with pytest.raises(DataError, match="is packed"):
            file.translate(
                Translate(**whole | {"input": tmp_path / "in.gz"}, out=tmp_path / "packed", engine="ray"), io.BytesIO()
            )
        (tmp_path / "in.txt").write_bytes(text.encode() + b"\xff\n")
        with pytest.raises(DataError, match="not UTF-8"):
            file.translate(Translate(**whole, out=tmp_path / "broken", engine="ray"), io.BytesIO())
    finally:
        ray.shutdown()
    assert done.texts == 3000
    assert (tmp_path / "many").read_bytes() == (tmp_path / "alone").read_bytes()
