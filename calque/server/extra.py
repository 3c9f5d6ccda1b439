"""What a server needs beside the library: the extra `calque[serve]`."""

from __future__ import annotations

from importlib.util import find_spec

from calque.errors import MachineError

PACKAGES = ("fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client")


def check() -> None:
    """That it is installed.

    Raises:
        MachineError: something of it is not.
    """
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        raise MachineError(f"serving needs {', '.join(absent)}: pip install 'calque[serve]'")
