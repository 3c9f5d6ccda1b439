"""Finding checkpoints, on this disk and on a hub that is none."""

from __future__ import annotations

import fnmatch
import json
import shutil
from pathlib import Path

import pytest
import torch
import transformers
from checkpoints import checkpoint, numbers
from safetensors.torch import load_file

from calque.errors import ModelError
from calque.model import family as families
from calque.model.family import Build
from calque.model.pretrained import find
from calque.model.vocabulary import choose
from calque.recipes.architecture import Architecture
from calque.recipes.vocabulary import Vocabulary

SOURCES, TARGETS = zip(*numbers(60), strict=True)


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("safe"), "bert")


@pytest.fixture
def pickled(bert, tmp_path):
    """The checkpoint as older repositories hold it: pickled tensors, some under their first names."""
    folder = shutil.copytree(bert, tmp_path / "pickled")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in weights.items()
    }
    torch.save(renamed, folder / "pytorch_model.bin")
    return folder


def assembled(folder, **settings):
    pretrained = find(str(folder))
    recipe = Architecture(model="x", **settings)
    vocabularies = choose("pair", Vocabulary(max_length=64), pretrained, pretrained, SOURCES, TARGETS)
    family = families.of("pair", vocabularies.source.codec, vocabularies.target.codec)
    torch.manual_seed(0)
    return family.assemble(Build(recipe, pretrained, pretrained, vocabularies)).module.state_dict()


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_pickled_weights_give_the_network_that_safetensors_give(bert, pickled):
    assert same(assembled(bert), assembled(pickled))


def test_pickled_weights_in_parts(bert, pickled):
    weights = torch.load(pickled / "pytorch_model.bin", weights_only=True)
    (pickled / "pytorch_model.bin").unlink()
    names, where = list(weights), {}
    for number, chosen in enumerate((names[:9], names[9:]), 1):
        file = f"pytorch_model-0000{number}-of-00002.bin"
        torch.save({name: weights[name] for name in chosen}, pickled / file)
        where |= dict.fromkeys(chosen, file)
    (pickled / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    assert same(assembled(bert), assembled(pickled))


class _Evil:
    def __reduce__(self):
        return Path.touch, (Path("evil-was-here"),)


@pytest.mark.parametrize("head", ["plain", "own"])
def test_a_pickle_of_anything_else_is_never_executed(pickled, tmp_path, monkeypatch, head):
    monkeypatch.chdir(tmp_path)
    torch.save({"x": _Evil()}, pickled / "pytorch_model.bin")
    with pytest.raises(ModelError, match="damaged, or hold other objects than tensors, which are never loaded"):
        assembled(pickled, head=head)
    assert not (tmp_path / "evil-was-here").exists()


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"version https://git-lfs.github.com/spec/v1\n"])
def test_damaged_weights_are_a_model_error(pickled, content):
    (pickled / "pytorch_model.bin").write_bytes(content)
    with pytest.raises(ModelError, match=r"pickled: (its weights are damaged|cannot be loaded \()"):
        assembled(pickled)


def test_weights_of_another_model_are_a_model_error(pickled):
    weights = torch.load(pickled / "pytorch_model.bin", weights_only=True)
    torch.save({f"other.{name}": tensor for name, tensor in weights.items()}, pickled / "pytorch_model.bin")
    with pytest.raises(
        ModelError, match=r"its weights lack 53 parameters of AutoModel, .* \(embeddings\.LayerNorm\.bias, "
    ):
        assembled(pickled)


def test_a_checkpoint_without_a_head_has_no_own_head(bert, tmp_path):
    folder = shutil.copytree(bert, tmp_path / "bare")
    transformers.utils.logging.disable_progress_bar()
    transformers.BertModel(transformers.AutoConfig.from_pretrained(bert)).save_pretrained(folder)
    with pytest.raises(ModelError, match=r"lack 6 parameters of AutoModelForCausalLM, .*use --head plain"):
        assembled(folder, head="own")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("[]", r"config\.json: not the configuration of a model"),
        (
            '{"model_type": "bert", "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 4}',
            r"lack 27 parameters of AutoModel, or have them in another shape \(embeddings\.position_embeddings",
        ),
        ('{"model_type": "bert", "hidden_size": "x"}', r"cannot be loaded \(.*'hidden_size' expected int, got str"),
        ('{"model_type": "bert", "hidden_size": 33}', r"cannot be loaded \(.*33\) is not a multiple of"),
        ('{"model_type": "brt"}', "is of kind 'brt', which cannot be the encoder of a pair; did you mean 'bert'"),
    ],
)
def test_an_odd_configuration_is_a_model_error(bert, tmp_path, config, message):
    folder = shutil.copytree(bert, tmp_path / "odd")
    (folder / "config.json").write_text(config)
    with pytest.raises(ModelError, match=message):
        assembled(folder)


def test_a_checkpoint_without_a_tokenizer_is_a_model_error(bert, tmp_path):
    folder = shutil.copytree(bert, tmp_path / "dumb")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"dumb: no tokenizer there \(looked for tokenizer\.json, vocab\.txt, "):
        assembled(folder)


def test_an_older_tokenizer_is_converted(bert, tmp_path):
    folder = shutil.copytree(bert, tmp_path / "older")
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in sorted(vocabulary, key=vocabulary.get)))
    assert same(assembled(bert), assembled(folder))


def test_a_name_that_is_nearly_a_folder_is_told(bert, tmp_path, monkeypatch):
    import huggingface_hub

    def offline(*args, **kwargs):
        raise huggingface_hub.errors.LocalEntryNotFoundError("offline")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-model").mkdir()
    with pytest.raises(ModelError, match=r"could not be fetched from the hub; did you mean 'my-model'\? "):
        find("my-modle")
    with pytest.raises(ModelError, match=r"\./my-modle: no such folder"):
        find("./my-modle")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with one model: what was asked for, and the files of the model."""
    import huggingface_hub

    asked: list[tuple[str | None, list[str]]] = []
    commit = "0123456789abcdef0123456789abcdef01234567"
    files = {"config.json": '{"model_type": "bert"}', "tokenizer.json": "{}", "onnx/model.onnx": "", "tf_model.h5": ""}

    def snapshot_download(name, allow_patterns, revision=None):
        asked.append((revision, allow_patterns))
        folder = tmp_path / "cache" / commit
        for file in files:
            if any(fnmatch.fnmatch(file, pattern) for pattern in allow_patterns):
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_text(files[file])
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return asked, files


def test_pickled_weights_are_fetched_where_there_are_no_others(hub):
    asked, files = hub
    files |= {"pytorch_model.bin": "", "training_args.bin": "", "sub/pytorch_model.bin": ""}
    found = sorted(
        str(path.relative_to(folder)) for folder in [find("an/old-bert").folder] for path in folder.rglob("*.*")
    )
    assert found == ["config.json", "pytorch_model.bin", "tokenizer.json"]
    assert [revision for revision, _ in asked] == [None, "0123456789abcdef0123456789abcdef01234567"]


@pytest.mark.parametrize(
    "weights", [["model.safetensors"], ["model.safetensors.index.json", "model-1-of-1.safetensors"]]
)
def test_pickled_weights_are_not_fetched_beside_safetensors(hub, weights):
    asked, files = hub
    files |= {"pytorch_model.bin": "", **dict.fromkeys(weights, "")}
    names = {path.name for path in find("a/new-bert").folder.rglob("*.*")}
    assert names == {"config.json", "tokenizer.json", *weights}
    assert len(asked) == 1


def test_a_repository_without_weights_is_told_what_was_looked_for(hub):
    with pytest.raises(ModelError, match=r"no weights there \(looked for model\.safetensors and pytorch_model\.bin"):
        find("no/weights")
