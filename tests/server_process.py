"""A server of tests in a process of its own: `python server_process.py FOLDER`. It prints its address.

The file `version` in the folder says which version its models are; while there is a file `hold`, they wait.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from fake_polyglot import FakePolyglot
from http_server import settings

from calque.server.run import run


class Held(FakePolyglot):
    """Waits while a file is there."""

    hold = Path()

    def translate(self, *args, **kwargs):
        while self.hold.exists():
            time.sleep(0.005)
        return super().translate(*args, **kwargs)


def main(folder: Path) -> None:
    Held.hold = folder / "hold"
    run(
        settings(folder, port=0, log_requests=True, linger_seconds=0),
        lambda address: print(address, flush=True),
        lambda _: Held(version=int((folder / "version").read_text()), seconds=0.002),
    )
    print([name for name in ("torch", "transformers") if name in sys.modules])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
