"""What each command calls, and how it prints the answer."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest

from calque.cli.main import run
from calque.recipes.check import Check as CheckRecipe
from calque.recipes.compare import Compare
from calque.recipes.demo import Demo
from calque.recipes.evaluate import Evaluate
from calque.recipes.finetune import Finetune
from calque.records import Check, Comparison, Report, Score
from calque.training.progress import Message

REPORT = Report(
    recipe={"beam": 4},
    scores={"BLEU": Score("BLEU", 31.254, 30.0, 32.5, "nrefs:1|bs:1000")},
    seconds=75.4,
    versions={"calque": "0.1.0"},
    details={"dev": {"loss": 1.5, "chrF2": 55.128}, "odd": float("nan"), "folder": Path("o")},
)
FINETUNE = ["finetune", "--source", "en", "--target", "fr", "--train", "t", "--dev", "d", "--model", "m", "--out", "o"]


@pytest.fixture
def calls(monkeypatch):
    """Replaces what lies behind the commands; keeps what they were called with."""
    seen = []

    def fake(module, name, answer):
        def called(recipe, *args, **kwargs):
            seen.append((recipe, *args, kwargs))
            for listener in (*args, kwargs.get("listener")):
                if hasattr(listener, "event"):
                    listener.event(Message("on the way"))
                elif callable(listener):
                    listener(*["on the way"] if name in ("preflight", "compare") else (5, 10))
            return answer

        replaced = types.ModuleType(module)
        setattr(replaced, name, called)
        monkeypatch.setitem(sys.modules, module, replaced)

    fake("calque.training.finetune", "finetune", REPORT)
    fake("calque.training.demo", "demo", REPORT)
    fake("calque.evaluation.score", "evaluate", REPORT)
    fake("calque.evaluation.compare", "compare", COMPARISON)
    fake("calque.training.preflight", "preflight", FOUND)
    return seen


class Found:
    checks = (
        Check("leak", "red", 2, 1000, "test sentences are in the training text", ("t.en:5: a\tb\x1b",)),
        Check("length", "amber", 0, 0, "long\nsentences"),
        Check("spelling", "green", 0, 100, "all is well", ("not shown",)),
    )

    def to_json(self):
        return {"checks": [check.name for check in self.checks]}


FOUND = Found()


def system(name: str, value: float, **known) -> dict:
    unknown = dict.fromkeys(("deviation", "sentences_per_second", "size", "parameters", "peak_memory", "licence"))
    score = Score("chrF2", value, value - 1, value + 1, "nrefs:1|bs:1000")
    return {"name": name, "scores": {"chrF2": score}, "runs": [{}, {}], **unknown, **known}


COMPARISON = Comparison(
    recipe={"metric": "chrF2"},
    systems=(
        system("a\x1b", 58.214, size=31_200_000, parameters=7_800_000, peak_memory=700_000_000, licence="mit"),
        system("b", 56.3, deviation={"chrF2": 0.25}, sentences_per_second=12.34),
    ),
    tests=tuple(
        {
            **{"set": place, "metric": "chrF2", "systems": ["a\x1b", "b"], "difference": 1.914, "seeds": None},
            **{"bootstrap": {"p": 0.001}, "randomisation": {"p": 0.0001}, "p": 0.001, "better": "a\x1b"},
        }
        for place in ("all", "first")
    ),
    winner="a",
    why="a is better than b",
    choice="a",
    seconds=75.4,
    versions={},
    details={
        "buckets": [
            {
                **{"family": "numbers", "name": "a number is missing", "sentences": 7},
                **{"chrF2": {"a\x1b": 50.0, "b": 40.0}, "errors": {"a\x1b": 1.0, "b": 6.5}},
            }
        ],
        "apart": [
            {
                "systems": ["a\x1b", "b"],
                "most": None,
                "sentences": [
                    {
                        **{"origin": "t.en", "line": 7, "source": "a cat", "reference": "un chat"},
                        **{"said": ["un\nchat", "chat"], "chrF2": [100.0, 70.25]},
                    }
                ],
            }
        ],
        "notes": ["mind\nthis"],
        "omitted": {"names": "no capitals"},
    },
)

SHOWN = """\
development text: loss 1.500  chrF2 55.13
metric  score   95 % interval
BLEU    31.25  30.00 to 32.50
BLEU: nrefs:1|bs:1000
took 1 min 15 s
"""


def printed(capsys):
    return "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()) + "\n"


def test_finetune(calls, capsys):
    assert run([*FINETUNE, "--resume"]) == 0
    (recipe, how) = calls[0]
    assert recipe == Finetune(source="en", target="fr", train=("t",), dev=("d",), model="m", out="o")
    assert (how["resume"], how["restart"]) == (True, False)
    out, err = capsys.readouterr()
    assert [line.rstrip() for line in out.splitlines()] == [
        *SHOWN.splitlines(),
        "translator: o",
        'try it:     calque translate o "..."',
    ]
    assert err == "on the way\n"


def test_finetune_json(calls, capsys):
    assert run([*FINETUNE, "--json", "--restart"]) == 0
    assert calls[0][1]["restart"] is True
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert answer["scores"]["BLEU"]["value"] == 31.254
    assert (answer["odd"], answer["folder"]) == (None, "o")
    assert err == "on the way\n"


def test_demo(calls, capsys):
    assert run(["demo", "--out", "my demo", "--steps", "3"]) == 0
    assert calls[0][0] == Demo(out="my demo", steps=3)
    told = printed(capsys)
    assert "translator: my demo\ntry it:     calque translate 'my demo' \"...\"\n" in told
    assert told.endswith(
        "calque finetune --model minilm --train data/train --dev data/dev --test data/test "
        "--source en --target fr --out my-translator\n"
    )


def test_demo_of_the_corpus_alone(calls, capsys):
    assert run(["demo", "--out", "d", "--corpus-only"]) == 0
    assert "translator" not in printed(capsys)


def test_evaluate(calls, capsys):
    assert run(["evaluate", "f", "--test", "t", "--test", "u"]) == 0
    assert calls[0][0] == Evaluate(folder="f", test=("t", "u"))
    assert printed(capsys) == SHOWN


def test_compare(calls, capsys):
    assert run(["compare", "a", "n=b,c", "--test", "t", "--test", "u", "--out", "r"]) == 0
    assert calls[0][0] == Compare(systems=("a", "n=b,c"), test=("t", "u"), out="r")
    out, err = capsys.readouterr()
    assert err == "comparing ...\n"
    assert [line.rstrip() for line in out.splitlines()] == [
        "metric  system  score   95 % interval  runs",
        r"chrF2   a\x1b   58.21  57.21 to 59.21",
        "chrF2   b       56.30  55.30 to 57.30  ± 0.25 over 2",
        "chrF2: nrefs:1|bs:1000",
        "metric  first  second  difference  p bootstrap  p randomisation  p seeds  p corrected  better",
        r"chrF2   a\x1b  b            +1.91       0.0010           0.0001        –       0.0010  a\x1b",
        "system  sentences/s     size  parameters  peak memory  licence",
        r"a\x1b             –  31.2 MB       7.8 M     700.0 MB  mit",
        "b              12.3        –           –            –  unknown",
        r"family   bucket               sentences  chrF2 a\x1b       chrF2 b",
        "numbers  a number is missing          7   50.00 (1×)  40.00 (6.5×)",
        r"t.en:7, where a\x1b and b differ most",
        "  source: a cat",
        "  reference: un chat",
        r"  a\x1b, chrF2 100.0: un chat",
        "  b, chrF2 70.2: chat",
        r"a\x1b and b: no bucket stands out from the other sentences.",
        "mind this",
        "names: no capitals.",
        "a is better than b",
        "took 1 min 15 s",
    ]


def test_compare_json(calls, capsys):
    assert run(["compare", "a", "b", "--test", "t", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {"systems", "tests", "winner", "why"} <= set(answer)
    assert answer["systems"][0]["scores"]["chrF2"]["value"] == 58.214


def test_check_with_a_red_finding_is_3(calls, capsys):
    assert run(["check", "--source", "en", "--target", "fr", "--train", "t"]) == 3
    assert calls[0][0] == CheckRecipe(source="en", target="fr", train=("t",))
    out, err = capsys.readouterr()
    assert out == (
        "● red   leak      test sentences are in the training text\n"
        "        t.en:5: a\\tb\\x1b\n"
        "● amber length    long sentences\n"
        "● green spelling  all is well\n"
    )
    assert err == "looking at the corpus ...\n"


def test_check_json(calls, capsys):
    assert run(["check", "--source", "en", "--target", "fr", "--train", "t", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == {"checks": ["leak", "length", "spelling"]}


def test_check_without_a_red_finding_is_0(calls, capsys, monkeypatch):
    monkeypatch.setattr(Found, "checks", Found.checks[1:])
    assert run(["check", "--source", "en", "--target", "fr", "--train", "t"]) == 0


def test_no_interval_is_shown_where_there_is_none(calls, capsys, monkeypatch):
    score = Score("BLEU", 31.254, 31.254, 31.254, "s")
    monkeypatch.setattr(
        sys.modules["calque.evaluation.score"], "evaluate", lambda recipe, progress: Report({}, {"BLEU": score}, 1, {})
    )
    assert run(["evaluate", "f", "--test", "t"]) == 0
    assert printed(capsys).splitlines()[1] == "BLEU    31.25"


def test_scores_stand_beside_their_floors_and_the_worst_sentences(calls, capsys, monkeypatch):
    details = {
        "floors": {"copy": {"BLEU": {"value": 3.0, "signature": "s"}}, "lexicon": None},
        "notes": ["mind\nthis"],
        "worst": [
            {"origin": "t.en", "line": 7, "chrF2": 4.25, "source": "a cat", "hypothesis": "un", "reference": "un chat"}
        ],
        "sentences_per_second": 12.345,
    }
    report = Report({}, {"BLEU": REPORT.scores["BLEU"]}, 2, {}, details)
    monkeypatch.setattr(sys.modules["calque.evaluation.score"], "evaluate", lambda recipe, progress: report)
    assert run(["evaluate", "f", "--test", "t"]) == 0
    assert (
        printed(capsys)
        == """\
metric  score   95 % interval  copy
BLEU    31.25  30.00 to 32.50  3.00
BLEU: nrefs:1|bs:1000
mind this
t.en:7  chrF2 4.2
  source     a cat
  said       un
  reference  un chat
took 2 s, 12.3 sentences a second
"""
    )


def test_doctor(capsys):
    assert run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["versions", "machine", "devices", "extras"]
    assert found["versions"]["python"] == sys.version.split()[0]
    assert run(["doctor"]) == 0
    assert f"  torch                 {found['versions']['torch']}\n" in capsys.readouterr().out
