from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from calque.model import disk
from calque.model.folder import stage


def test_everything_is_flushed_before_the_rename_and_the_parent_after_it(tmp_path, monkeypatch):
    done = []
    usual = Path.rename
    monkeypatch.setattr(os, "fsync", lambda number: done.append(str(Path(f"/proc/self/fd/{number}").readlink())))
    monkeypatch.setattr(Path, "rename", lambda path, to: (done.append("rename"), usual(path, to))[1])
    with stage(tmp_path / "new" / "model") as aside:
        (aside / "source").mkdir()
        (aside / "source" / "tokenizer.json").write_text("{}")
        (aside / "config.json").write_text("{}")
    aside = str(aside)
    assert done == [
        str(tmp_path),
        f"{aside}/source/tokenizer.json", f"{aside}/source", f"{aside}/config.json", aside,
        "rename",
        str(tmp_path / "new"),
    ]  # fmt: skip


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_the_umask_decides_who_reads_a_staged_file_whatever_wrote_it(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with stage(tmp_path / "model") as aside:
            save_file({"weight": torch.zeros(2)}, str(aside / "model.safetensors"))
            (aside / "base").mkdir()
            save_file({"weight": torch.zeros(2)}, str(aside / "base" / "model.safetensors"))
            (aside / "config.json").write_text("{}")
            (aside / "run.sh").touch(0o755)
    finally:
        os.umask(before)
    modes = {file.name: file.stat().st_mode & 0o666 for file in (tmp_path / "model").rglob("*") if file.is_file()}
    assert modes == dict.fromkeys(("model.safetensors", "config.json", "run.sh"), mode)
    assert (tmp_path / "model" / "base" / "model.safetensors").stat().st_mode & 0o777 == mode


def test_only_folders_may_be_beyond_flushing(tmp_path, monkeypatch):
    def refuses(number):
        raise OSError(errno.EINVAL, "Invalid argument")

    (tmp_path / "file").touch()
    monkeypatch.setattr(os, "fsync", refuses)
    disk.flush(tmp_path)  # some network file systems know no such thing
    with pytest.raises(OSError, match="Invalid argument"):
        disk.flush(tmp_path / "file")


def test_room_is_asked_of_the_nearest_folder_that_is_there(tmp_path, monkeypatch):
    free = disk.room(tmp_path)
    assert free > 0
    assert disk.room(tmp_path / "not" / "yet" / "there") > 0
    monkeypatch.setattr(disk, "room", lambda folder: 3 * 2**20)
    disk.refuse_full(tmp_path, 2 * 2**20)
    with pytest.raises(OSError, match="No space left on device") as raised:
        disk.refuse_full(tmp_path, 2 * 2**20 + 1)
    assert raised.value.errno == errno.ENOSPC


@pytest.mark.parametrize(("size", "told"), [(0, "0.0 MB"), (294_200_000, "294.2 MB"), (1_340_000_000, "1.3 GB")])
def test_sizes_are_told_in_decimal_units(size, told):
    assert disk.told(size) == told


@pytest.mark.parametrize(("number", "named"), [(errno.ENOSPC, True), (errno.ENOENT, False)])
def test_a_disks_trouble_says_where_it_happened(tmp_path, number, named):
    with pytest.raises(OSError, match=os.strerror(number)) as caught, stage(tmp_path / "model"):
        raise OSError(number, os.strerror(number))
    assert caught.value.filename == (str(tmp_path / "model") if named else None)
    assert not list(tmp_path.iterdir())
