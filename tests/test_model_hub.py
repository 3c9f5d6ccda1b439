"""Checkpoints fetched by name with the hub's own client, from a hub on 127.0.0.1."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import natives
from fake_hub import Hub, running

from calque.model.pretrained import find
from calque.model.vocabulary import whole_codecs

LOOK = (  # the client knows where its hub is from when it is imported
    "import json; from calque.model.pretrained import find\n"
    "folders = [str(find('ada/opus-mt').folder) for _ in range(2)]; print(json.dumps(folders))"
)


def test_marian_with_its_sentencepiece_files_comes_from_the_hub_once(tmp_path):
    local = natives.build("marian", tmp_path / "marian")
    wanted = {path.name: path.read_bytes() for path in local.iterdir()}
    unwanted = {"tf_model.h5": b"", "pytorch_model.bin": b""}
    hub = Hub(repos={"ada/opus-mt": {"main": wanted | unwanted}}, private={"ada/opus-mt": False})
    with running(hub):
        surroundings = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "0"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", LOOK],
            env=os.environ | surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    first, second = map(find, json.loads(done.stdout))
    assert first.folder == second.folder
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == wanted
    gets = sorted(asked.rpartition("/")[2] for asked in hub.asked if asked.startswith("GET") and "/resolve/" in asked)
    assert gets == sorted(wanted)
    languages = ("en", "fr")
    assert whole_codecs(first, 64, languages)[0].encode("one two") == whole_codecs(find(str(local)), 64, languages)[
        0
    ].encode("one two")
