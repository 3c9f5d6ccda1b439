"""A stand-in for calque/evaluation/worker.py: scores by length instead of by a network, and misbehaves on demand. The
checkpoint's file says how."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def ready(request: dict[str, Any], manner: str) -> dict[str, Any]:
    about = {"version": "2.2.7", "torch": "2.13.0", "class": "Standin", "encoder": "xlm-roberta-large", "limit": 512}
    return about | {"path": request["checkpoint"], "reference": manner != "referenceless"}


def answer(segments: list[list[str]], manner: str) -> None:
    """The share of characters that translation and reference have in common in length, and a fixed number without a
    reference."""
    scores = [
        min(len(s), len(r)) / max(len(s), len(r), 1) if manner != "referenceless" else 0.5 for _, s, r in segments
    ]
    if manner == "too few":
        scores = scores[:-1]
    if manner == "no number":
        scores[-1] = float("nan")
    say({"scores": scores, "cut": sum(len(said) > 2000 for _, said, _ in segments)})


def main() -> None:
    request = json.loads(sys.stdin.readline())
    manner = Path(request["checkpoint"]).read_text() if not request["hub"] else "hub"
    if manner == "dies at once":
        print("RuntimeError: the checkpoint bit me", file=sys.stderr)
        os._exit(3)
    if manner == "refuses":
        say({"error": "KeyError: 'class_identifier'", "kind": "other"})
        return
    if manner == "memory":
        say({"error": "MemoryError", "kind": "memory"})
        return
    if manner == "says little":
        say({"ready": {"path": request["checkpoint"]}})
        return
    say({"ready": ready(request, manner)})
    for line in sys.stdin:
        segments = json.loads(line)["segments"]
        if manner == "dies":
            print("half an ans", end="", flush=True)
            os.kill(os.getpid(), 6)
        if manner == "killed":
            os.kill(os.getpid(), 9)
        if manner == "silent":
            time.sleep(60)
        if manner == "rubbish":
            print("Downloading: 100%|#########|", flush=True)
            continue
        answer(segments, manner)


if __name__ == "__main__":
    main()
