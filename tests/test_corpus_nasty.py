"""Bad inputs, and what must come of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calque.corpus.check import check
from calque.corpus.read import Corpus
from calque.errors import DataError

# name in the manifest: the pattern of the refusal, or the number of pairs and the findings that are not green
EXPECTED: dict[str, str | tuple[int, dict[str, tuple[str, int]]]] = {
    "count_mismatch": r"train\.en:98: 100 lines, but 97 in .*train\.fr.* line is 98",
    "crlf": (50, {}),
    "crlf_one_side": (50, {}),
    "bom": (50, {}),
    "latin1": r"train\.fr:3: byte 0xE9 is not UTF-8 \(offset 102 in the file",
    "mojibake": (50, {"mojibake": ("red", 9)}),
    "nul": r"train\.en:1: NUL byte at offset 3",
    "line_separators": (80, {"control": ("red", 79)}),
    "empty_lines": (100, {"empty": ("red", 25)}),
    "empty_file": r"train\.en: there is not one pair in it",
    "no_final_newline": (30, {}),
    "long_line": (20, {"long": ("amber", 1)}),
    "emoji": (48, {}),
    "rtl": (40, {"duplicate": ("amber", 17), "language": ("red", 20), "number": ("amber", 6)}),
    "duplicates": (1100, {"duplicate": ("red", 999)}),
    "swapped_some": (200, {"swapped": ("amber", 20)}),
    "swapped_all": (100, {"swapped": ("red", 100)}),
    "html_entities": (40, {}),
    "special_tokens": (60, {}),
    "no_letters": (32, {}),
    "french_typography": (40, {}),
    "social_noise": (200, {}),
    "gz_truncated": r"train\.en\.gz:230: the gzip file is cut short",
    "tsv_ragged": r"tsv_ragged\.tsv:1: .*line 1: 4 columns instead of 2; line 8: 1 column .*line 64: 1 column",
    "csv_newlines": (30, {}),
    "jsonl_broken": r"jsonl_broken\.jsonl:4: .*line 4: not JSON.*line 7: no 'fr'.*line 10: 'en' is null.*"
    r"line 13: 'en' is a number.*line 16: blank.*line 18: a list",
}


@pytest.fixture
def nasty(data) -> Path:
    """The folder of bad inputs."""
    return data / "nasty"


def open_case(nasty: Path, name: str) -> Corpus:
    table = next((str(path) for path in nasty.glob(f"{name}.*")), None)
    return Corpus.open([table or str(nasty / name / "train")], "en", "fr")


def test_every_bad_input_about_parallel_text_has_an_expectation(nasty):
    manifest = [json.loads(line) for line in (nasty / "manifest.jsonl").read_text().splitlines()]
    assert {case["name"] for case in manifest if case["kind"] in ("parallel", "table")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_bad_input(nasty, name):
    expected = EXPECTED[name]
    corpus = open_case(nasty, name)
    if isinstance(expected, str):
        with pytest.raises(DataError, match=expected):
            corpus.count()
        with pytest.raises(DataError, match=expected):
            check(corpus)
        return
    assert corpus.count() == expected[0]
    found = check(corpus)
    assert {finding.name: (finding.level, finding.count) for finding in found if finding.level != "green"} == expected[
        1
    ]


def test_no_mark_of_windows_reaches_the_text(nasty):
    for name in ("crlf", "crlf_one_side", "bom"):
        text = "".join(pair.source + pair.target for pair in open_case(nasty, name))
        assert "\r" not in text
        assert "\ufeff" not in text


def test_swapped_lines_are_named(nasty):
    (finding,) = (
        finding for finding in check(open_case(nasty, "swapped_some"), examples=20) if finding.name == "swapped"
    )
    assert [int(example.split(":")[1]) for example in finding.examples] == list(range(1, 200, 10))
