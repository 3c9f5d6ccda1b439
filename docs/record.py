"""Records, into docs/examples/, what the commands answer with `--json`, for docs/reference.py to show.

make demo && python docs/record.py demo-model

`calque finetune` is not run again: its answer is the report that it left in the folder.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent / "examples"
CALLS = {
    "check": "calque check --source en --target fr --train {corpus}/train --dev {corpus}/dev --test {corpus}/test "
    "--model minilm --json",
    "evaluate": "calque evaluate {folder} --test {corpus}/test --worst 1 --json",
    "translate": 'calque translate {folder} "A small dog sleeps." --n-best 2 --json',
    "doctor": "calque doctor --json",
}
KEPT = 2  # entries of a table or list that are shown
TABLES = {"recipe", "scores", "versions", "copy", "lexicon", "probes", "digests", "train", "dev", "extras"}
LONG = 90  # characters of a sentence that are shown


def shortened(value: Any, key: str = "") -> Any:  # noqa: ANN401
    """The answer with long tables, lists and sentences cut off at an ellipsis, and numbers rounded."""
    if isinstance(value, dict):
        pairs = list(value.items())
        kept = pairs[:KEPT] if key in TABLES else pairs
        short = {name: shortened(part, name) for name, part in kept}
        return short | ({"…": "…"} if len(pairs) > len(kept) else {})
    if isinstance(value, list):
        kept = value if len(value) <= KEPT else value[:1]
        return [shortened(part) for part in kept] + ["…"] * (len(value) > len(kept))
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return value[:LONG] + "…" if isinstance(value, str) and len(value) > LONG else value


def save(name: str, call: str, answer: dict[str, Any]) -> None:
    """Write one example."""
    EXAMPLES.mkdir(exist_ok=True)
    answer.pop("machine", None) if name != "doctor" else None
    text = json.dumps({"call": call, "answer": shortened(answer)}, ensure_ascii=False, indent=1)
    (EXAMPLES / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main(folder: str) -> None:
    """Record every command against a translator and the corpus beside it."""
    from calque.training.card import command

    corpus = f"{folder}.corpus"
    report = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
    save("finetune", f"{command(report['recipe'])} --json", report)
    for name, template in CALLS.items():
        call = template.format(folder=folder, corpus=corpus)
        words = [sys.executable, "-m", *shlex.split(call)]
        save(name, call, json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout))


if __name__ == "__main__":
    main(sys.argv[1])
