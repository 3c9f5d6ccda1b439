"""Peak memory of each way of training, in a process of its own, so that none hides another's."""

from __future__ import annotations

import multiprocessing
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.setting import Setting

_MB = 1e6
NOTHING = "nothing"  # a contender that trains nothing: what the libraries take by themselves


def peak(setting: Setting, name: str) -> float:
    """Megabytes (10^6 bytes) at the peak of the heaviest steps of the contender called `name`: resident memory of the
    whole process on a CPU, allocated device memory elsewhere.

    The children come from a server that has imported the libraries and done nothing else, where there is such a thing.
    """
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if forks else "spawn")
    if forks:
        context.set_forkserver_preload(["benchmarks.contenders"])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_peak, setting, name).result()


def _peak(setting: Setting, name: str) -> float:
    import torch

    from benchmarks.contenders import TABLE, hushed
    from calque.decoding.machine import device_of

    torch.set_num_threads(setting.threads)
    if name != NOTHING:
        with hushed():
            TABLE[name](setting, setting.text()).heaviest()
    if device_of(setting.device).type == "cuda":
        return torch.cuda.max_memory_allocated() / _MB
    return resident() / _MB


def resident() -> float:
    """The largest resident size of this process in bytes. Linux's getrusage also counts what the parent held before
    exec, so the process's own high-water mark is read where there is one."""
    status = Path("/proc/self/status")
    found = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"), re.M) if status.is_file() else None
    if found:
        return float(found[1]) * 1024
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(used) * (1 if sys.platform == "darwin" else 1024)
