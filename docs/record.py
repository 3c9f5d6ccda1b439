"""Records, into docs/examples/, what the commands answer with `--json`, for docs/reference.py to show.

make demo && python docs/record.py demo-model

`calque finetune` is not run again: its answer is the report that it left in the folder. `calque comet` makes COMET's
environment (1.5 GB) where it is not there. `calque demo`, `calque merge`, `calque key`, `calque serve`, `calque push`,
`calque pretrain` and `calque select` are run with the smallest budgets, in a temporary folder; `python docs/record.py`
alone records only these.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent / "examples"
CALLS = {
    "check": "calque check --source en --target fr --train {corpus}/train --dev {corpus}/dev --test {corpus}/test "
    "--model minilm --json",
    "evaluate": "calque evaluate {folder} --test {corpus}/test --worst 1 --json",
    "compare": "calque compare {folder} copied={corpus}/test.en --test {corpus}/test --sentences 1 --json",
    "export": "calque export {folder} --sample-pairs 20 --threads 1 --replace --json",
    "translate": 'calque translate {folder} "A small dog sleeps." --n-best 2 --json',
    "doctor": "calque doctor --json",
    "comet": "calque comet --json",
}
BRIEF = {  # in a folder of their own, one after the other; what has no name is run and not recorded
    "demo": "calque demo --out brief --pairs 200 --steps 2 --threads 1 --json",
    "": "calque finetune --model brief --train brief.corpus/train --dev brief.corpus/dev --source en --target fr "
    "--adapter lora --adapter-only --no-probes --steps 2 --validation-pairs 2 --validations 1 --average 1 --threads 1 "
    "--out brief-lora --json",
    "merge": "calque merge brief-lora --out brief-merged --json",
    "key": "calque key shop --keys keys.toml --characters 1000000 --json",
    "serve": "calque serve brief --keys keys.toml --port 5000 --json",
    "push": "calque push brief-merged ada/demo-en-fr --license apache-2.0 --dry-run --json",
    "pretrain": "calque pretrain --text brief.corpus/train.fr --objective clm --steps 2 --validations 1 --average 1 "
    "--threads 1 --out brief-model --json",
    "select": "calque select --candidates candidates.toml --train brief.corpus/train --dev brief.corpus/dev "
    "--test brief.corpus/test --source en --target fr --minutes 0.5 --bootstrap 100 --trials 100 --beam 1 --threads 1 "
    "--no-checks --out chosen --json",
}
CANDIDATES = """
model = "tiny"
width = 32
heads = 2
probes = false

[small]
width = 16

[wide]
"""
KEPT = 2  # entries of a table or list that are shown
TABLES = {"recipe", "scores", "versions", "copy", "lexicon", "probes", "digests", "text", "train", "dev", "extras"}
SERVING = {"serve"}  # goes on until it is stopped
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
    if key == "key":
        return value[:12] + "…"  # a secret is not shown, not even one that opens nothing
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return value[:LONG] + "…" if isinstance(value, str) and len(value) > LONG else value


def save(name: str, call: str, answer: dict[str, Any]) -> None:
    """Write one example."""
    EXAMPLES.mkdir(exist_ok=True)
    answer.pop("machine", None) if name != "doctor" else None
    text = json.dumps({"call": call, "answer": shortened(answer)}, ensure_ascii=False, indent=1)
    (EXAMPLES / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def answered(call: str, place: Path | None = None) -> dict[str, Any]:
    """What a call answers, in this folder or in another one."""
    words = [sys.executable, "-m", *shlex.split(call)]
    if words[3] in SERVING:
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=place) as process:
            said = process.stdout.readline() if process.stdout else ""
            process.terminate()
        started: dict[str, Any] = json.loads(said)
        return started
    told = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, cwd=place).stdout
    answer: dict[str, Any] = json.loads(told)
    return answer


def brief() -> None:
    """Record the commands that are run with the smallest budgets."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "candidates.toml").write_text(CANDIDATES, encoding="utf-8")
        for name, call in BRIEF.items():
            answer = answered(call, Path(place))
            if name:
                save(name, call, answer)


def main(folder: str) -> None:
    """Record the other commands against a translator and the corpus beside it."""
    from calque.training.card import command

    corpus = f"{folder}.corpus"
    report = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
    save("finetune", f"{command(report['recipe'])} --json", report)
    for name, template in CALLS.items():
        call = template.format(folder=folder, corpus=corpus)
        save(name, call, answered(call))


if __name__ == "__main__":
    brief()
    if sys.argv[1:]:
        main(sys.argv[1])
