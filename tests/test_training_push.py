"""What goes to the hub is a complete folder of known files with a licence and without paths; else one sentence."""

from __future__ import annotations

import json

import pytest
import tomlkit
from fake_hub import Hub, running
from fake_translator import make_folder
from huggingface_hub import ModelCard, constants

import calque
from calque.cli.main import run as command_line
from calque.errors import MachineError, ModelError, RecipeError
from calque.model.folder import recipe_in
from calque.recipes.push import Push
from calque.training.push import push

CARD = "---\nlanguage: [en, fr]\nlicense: apache-2.0\n---\n# mine\n\nMade from `/home/ada/models/bert`.\n"
HOME = "/home/ada"
TRANSLATOR = {
    *("README.md", "calibration.json", "calque.json", "config.json", "model.safetensors", "recipe.toml", "report.json"),
    *(f"{side}/{name}" for side in ("source", "target") for name in ("tokenizer.json", "tokenizer_config.json")),
}


@pytest.fixture
def folder(tmp_path):
    """A translator with paths of somebody's machine in it, and a file that nobody knows."""
    made = make_folder(tmp_path / "mine")
    (made / "README.md").write_text(CARD)
    (made / "recipe.toml").write_text(f'# training text\ntrain = ["{HOME}/corpus/train"]\nsteps = 3\n')
    told = {"folder": f"{HOME}/out/mine", "bases": [], "digests": {"train": {f"{HOME}/corpus/train.en": "ab"}}}
    (made / "report.json").write_text(json.dumps(told))
    (made / "config.json").write_text(json.dumps({"_name_or_path": f"{HOME}/models/bert", "model_type": "bert"}))
    (made / "calibration.json").write_text("{}")
    (made / "fast").mkdir()
    (made / "fast" / "model.bin").write_text("made anew from the weights")
    (made / "notes.txt").write_text("my secret notes")
    (made / "tensorboard").mkdir()
    (made / "tensorboard" / "events").write_text("x")
    return made


@pytest.fixture
def hub(monkeypatch):
    """A hub that can be reached, and a login there."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    with running(Hub()) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
        yield hub


def send(folder, repo="ada/mine", **settings):
    return push(Push.of({"folder": folder, "repo": repo, **settings}))


def test_a_translator_goes_up_in_one_commit(folder, hub):
    done = send(folder, message="First one")
    there = hub.repos["ada/mine"]["main"]
    assert there.keys() - {".gitattributes"} == TRANSLATOR
    assert {file["name"] for file in done["files"]} == TRANSLATOR
    assert done["left_out"] == ["fast/model.bin", "notes.txt", "tensorboard/events"]
    assert (done["repo"], done["licence"], done["deleted"]) == ("ada/mine", "apache-2.0", [])
    assert done["bytes"] == sum(len(there[name]) for name in TRANSLATOR)
    assert done["url"].endswith("/ada/mine/commit/" + "0a" * 20)
    assert [commit["summary"] for commit in hub.commits] == ["First one"]
    assert hub.private == {"ada/mine": False}


def test_no_path_of_this_machine_goes_up(folder, hub):
    done = send(folder)
    there = hub.repos["ada/mine"]["main"]
    assert not [name for name, content in there.items() if b"/home" in content]
    copies = {file["name"] for file in done["files"] if file["copy"]}
    assert copies == {"README.md", "config.json", "recipe.toml", "report.json"}
    sent = there["recipe.toml"].decode()
    assert sent.startswith("# training text\n")
    assert tomlkit.parse(sent).unwrap() == {"train": ["train"], "steps": 3}
    assert json.loads(there["report.json"]) == {"folder": "mine", "bases": [], "digests": {"train": {"train.en": "ab"}}}
    assert json.loads(there["config.json"])["_name_or_path"] == "bert"
    assert b"Made from `bert`" in there["README.md"]
    assert recipe_in(folder)["train"] == [f"{HOME}/corpus/train"]  # here it is as it was


def test_a_dry_run_says_the_same_and_asks_nobody(folder, hub):
    told = send(folder, dry_run=True)
    assert hub.asked == []
    sent = send(folder)
    same = told.keys() - {"dry_run"}
    assert {name: told[name] for name in same} == {name: sent[name] for name in same}


def test_a_name_alone_is_of_ones_own_account_and_private_is_private(folder, hub):
    assert send(folder, repo="mine", private=True)["repo"] == "ada/mine"
    assert hub.private == {"ada/mine": True}


def test_an_older_translator_gets_a_new_commit_and_loses_what_is_no_longer_part_of_it(folder, hub):
    old = {".gitattributes": b"", "calque.json": b"{}", "metrics.jsonl": b"", "picture.png": b"", "fast/model.bin": b""}
    hub.repos["ada/mine"] = {"main": old}
    assert send(folder)["deleted"] == ["metrics.jsonl"]
    assert hub.repos["ada/mine"]["main"].keys() == {*TRANSLATOR, ".gitattributes", "picture.png", "fast/model.bin"}
    with pytest.raises(RecipeError, match="is public: --private is for a new repository"):
        send(folder, private=True)


def test_a_repository_of_something_else_is_left_alone(folder, hub):
    hub.repos["ada/mine"] = {"main": {".gitattributes": b"", "train.csv": b"", "README.md": b""}}
    with pytest.raises(RecipeError, match=r"ada/mine exists on the hub and holds something else \(.gitattr"):
        send(folder)
    assert hub.commits == []


def test_a_branch(folder, hub):
    hub.repos["ada/mine"] = {"main": {".gitattributes": b"", "calque.json": b"old"}}
    assert send(folder, revision="v2")["revision"] == "v2"
    assert hub.repos["ada/mine"]["main"]["calque.json"] == b"old"
    assert hub.repos["ada/mine"]["v2"].keys() - {".gitattributes"} == TRANSLATOR


def test_without_a_licence_nothing_goes_up(folder, hub):
    (folder / "README.md").write_text(
        "---\nlanguage: [en, fr]\n---\n# mine\nThe licence of what was made is **unknown**.\n"
    )
    with pytest.raises(RecipeError, match=r"its licence is unknown.*--license"):
        send(folder)
    assert hub.asked == []
    send(folder, license="CC-BY-4.0")
    sent = ModelCard(hub.repos["ada/mine"]["main"]["README.md"].decode())
    assert sent.data.license == "cc-by-4.0"
    assert "passes it on under cc-by-4.0" in sent.content
    assert "unknown" not in sent.content


def test_another_licence_than_the_cards_is_told_and_so_is_a_base_that_forbids_commerce(folder, hub):
    base = {"name": "nllb", "hub": "facebook/nllb-200", "licence": "cc-by-nc-4.0", "said_in": "README.md", "via": None}
    (folder / "report.json").write_text(json.dumps({"bases": [base]}))
    done = send(folder, license="mit", dry_run=True)
    assert done["notes"] == [
        "facebook/nllb-200 is under cc-by-nc-4.0, which forbids commercial use, also of what is made from it.",
        "The card says apache-2.0, and it is uploaded as mit: that you may is for you to know.",
    ]
    assert "nobody may use it commercially" in send(folder, license="cc-by-nc-4.0", dry_run=True)["notes"][-1]


@pytest.mark.parametrize(
    "name", ["model.safetensors", "README.md", "report.json", "recipe.toml", "source/tokenizer.json"]
)
def test_a_folder_that_is_not_complete(folder, hub, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        send(folder)
    assert hub.asked == []


def test_what_is_no_translator(tmp_path, hub):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="no calque translator"):
        send(tmp_path / "other")
    with pytest.raises(ModelError, match="no such model folder"):
        send(tmp_path / "none")


def adapter_of(folder, place="../base", name="/home/ada/base"):
    """Turn a translator into an adapter."""
    said = json.loads((folder / "calque.json").read_text())
    over = {"name": name, "place": place, "digest": "xxh3-128:ab"}
    (folder / "calque.json").write_text(json.dumps(said | {"adapter": {"kind": "lora", "base": over}}))
    (folder / "adapter_model.safetensors").write_bytes(b"x")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "/home/ada/base"}))
    for gone in ("config.json", "model.safetensors"):
        (folder / gone).unlink()


def test_an_adapter_goes_up_and_its_base_is_named(folder, hub):
    adapter_of(folder)
    (note,) = send(folder)["notes"]
    assert note == "It is an adapter: who downloads it needs its base 'base' (xxh3-128:ab) too."
    there = hub.repos["ada/mine"]["main"]
    assert json.loads(there["calque.json"])["adapter"]["base"] == {
        "name": "base",
        "place": "base",
        "digest": "xxh3-128:ab",
    }
    assert json.loads(there["adapter_config.json"]) == {"base_model_name_or_path": "base"}
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"adapter_model.safetensors is missing"):
        send(folder)


def test_an_adapter_beside_its_base_goes_up_with_it(folder, hub, tmp_path):
    adapter_of(folder, "base", "base")
    make_folder(folder / "base")
    assert send(folder)["notes"] == []
    assert {"base/model.safetensors", "base/source/tokenizer.json"} <= hub.repos["ada/mine"]["main"].keys()


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, r"does not know this login \(401\): log in"),
        (403, r"this login may not write to ada/mine \(403\)"),
        (409, r"changed on the hub"),
        (500, r"the hub has trouble \(500\)"),
        (400, r"the hub refused the upload"),
    ],
)
def test_what_the_hub_refuses_is_one_sentence(folder, hub, status, told, monkeypatch):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _seconds: None)  # before it tries again
    hub.repos["ada/mine"] = {"main": {}}
    hub.status = status
    with pytest.raises(MachineError, match=told) as caught:
        send(folder)
    assert "\n" not in str(caught.value)
    assert "hf_right" not in str(caught.value)


def test_a_header_that_the_hub_refuses(folder, hub):
    (folder / "README.md").write_text(CARD.replace("apache-2.0", "home-made"))
    with pytest.raises(ModelError, match=r'README.md: the hub refuses it \(Invalid .* - "license" must be one of'):
        send(folder)
    assert hub.commits == []


def test_a_wrong_or_absent_token(folder, hub, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(MachineError, match=r"\(401\)"):
        send(folder)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(MachineError, match="no login on the hub: log in with"):
        send(folder)


def test_without_a_network(folder, hub, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(MachineError, match="cannot be reached"):
        send(folder)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MachineError, match="HF_HUB_OFFLINE is set"):
        send(folder)


def test_names_that_are_none():
    for name in ("a/b/c", "", "a b", "../x/y"):
        with pytest.raises(RecipeError, match="repo"):
            Push.of({"folder": "x", "repo": name})


def test_the_command(folder, hub, capsys):
    assert command_line(["push", str(folder), "ada/mine", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "model.safetensors" in told
    assert "stays here: fast/model.bin, notes.txt, tensorboard/events" in told
    assert "would go to ada/mine (main); nothing was sent" in told
    assert command_line(["push", str(folder), "ada/mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["commit"] == "0a" * 20
    hub.status = 403
    assert command_line(["push", str(folder), "ada/mine", "--json"]) == 6
    answered = capsys.readouterr()
    assert json.loads(answered.out)["error"]["type"] == "MachineError"
    assert "hf_right" not in answered.out + answered.err


def test_the_library_has_it():
    assert calque.push is push
