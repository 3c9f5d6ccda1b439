"""Devices by name, and the facts about this machine."""

from __future__ import annotations

import pytest
import torch

from calque.decoding import machine
from calque.errors import MachineError


def test_the_cpu_is_always_there():
    assert machine.device_of("cpu") == torch.device("cpu")


def test_auto_is_a_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert machine.device_of("auto") == torch.device("cuda")
    assert machine.device_of("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_here_is_a_machine_error(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(MachineError, match=f"no device '{name}' here: torch .* sees cpu"):
        machine.device_of(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:1", ""])
def test_an_unknown_device_is_a_machine_error(name):
    with pytest.raises(MachineError, match=rf"unknown device '{name}'.*known: auto, cpu, cuda, cuda:N, mps"):
        machine.device_of(name)


@pytest.mark.parametrize(("flags", "native"), [({"avx2"}, False), ({"avx512_bf16"}, True), ({"bf16", "sve"}, True)])
def test_bf16_of_a_cpu(flags, native, monkeypatch):
    monkeypatch.setattr(machine, "cpu_flags", lambda: flags)
    assert machine.computes_bf16(torch.device("cpu")) is native


def test_environment_names_what_calque_stands_on():
    found = machine.environment()
    assert found["versions"]["torch"] == torch.__version__
    assert int(found["machine"]["cores"]) >= 1
    assert found["devices"]["found"].endswith("cpu")
    extras = {f"calque[{extra}]" for extra in ("tables", "track", "asian", "serve", "ray")}
    assert set(found["extras"]) == extras | {"weights of 'minilm'"}


def test_one_list_of_versions_is_in_reports_and_in_what_doctor_tells():
    found = machine.versions()
    assert list(found)[:3] == ["calque", "python", "torch"]
    assert {"transformers", "tokenizers", "accelerate", "sacrebleu", "sacremoses", "numpy"} < set(found)
    assert found["torch"] == torch.__version__
    assert machine.environment()["versions"] == found


def test_what_is_not_installed_is_said(monkeypatch):
    monkeypatch.setattr(machine, "_LIBRARIES", ("no-such-library",))
    assert machine.versions()["no-such-library"] == "not installed"
