"""The machine that a number was measured on, in words."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import torch

# Instructions that decide how fast matrices are multiplied.
_FEATURES = ("avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8", "asimd", "sve", "bf16")


def describe(device: torch.device) -> dict[str, str]:
    """System, processor with its features, cores, threads in use, and the device."""
    text = _cpu()
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    known = set(flags[1].split()) if flags else set()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": model[1].strip() if model else platform.processor() or "unknown",
        "features": " ".join(name for name in _FEATURES if name in known) or "unknown",
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "threads": str(torch.get_num_threads()),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    return info.read_text(encoding="utf-8") if info.is_file() else ""
