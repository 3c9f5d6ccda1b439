"""What a translator costs beside its errors: room on the disk, parameters, memory, and the terms of its licence."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from calque.model import licence
from calque.model.adapter_folder import AdapterFolder, is_adapter

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes on disk, number of parameters and licence of a translator, with those of its base where it is an adapter;
    None: not known."""

    size: int
    parameters: int | None
    licence: str | None

    @classmethod
    def of(cls, place: Path) -> Footprint:
        """Look at a translator folder; weights are not loaded."""
        folders = [place, AdapterFolder.open(place).base.path] if is_adapter(place) else [place]
        counts = [_parameters(folder) for folder in folders]
        known = [count for count in counts if count is not None]
        licences = list(dict.fromkeys(found for folder in folders if (found := licence.of(folder).name)))
        return cls(
            size=sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file()),
            parameters=sum(known) if known and len(known) == len(counts) else None,
            licence=" and ".join(licences) or None,
        )


def _parameters(folder: Path) -> int | None:
    """The numbers in the safetensors files, from their headers."""
    total = 0
    try:
        for file in sorted(folder.glob("*.safetensors")):
            with safe_open(file, framework="numpy") as weights:
                for name in weights.keys():  # noqa: SIM118 - it is no mapping
                    count = 1
                    for length in weights.get_slice(name).get_shape():
                        count *= length
                    total += count
    except (SafetensorError, OSError):
        return None
    return total or None


class Memory:
    """The largest memory that this process holds from now on: of the graphics card where one is used, else of the
    process with everything in it, Python and torch too."""

    def __init__(self) -> None:
        self._is_known = False
        if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        try:
            _RESET.write_text("5", encoding="ascii")  # Linux: the peak so far is forgotten
            self._is_known = True
        except OSError:
            pass

    def peak(self) -> int | None:
        """Bytes, or None where the system does not tell."""
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available() and (used := torch.cuda.max_memory_allocated()):
            return int(used)
        if not self._is_known or not _STATUS.is_file():
            return None
        found = re.search(r"^VmHWM:\s*(\d+) kB", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
        return int(found[1]) * 1024 if found else None
