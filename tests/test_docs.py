"""The docs: links lead somewhere, flags exist, Python blocks run, twins agree, the reference page is fresh."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from calque.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TWINS = [page for page in PAGES if page.name.endswith(".zh-CN.md")]
FENCE = re.compile(
    r'^(?:<!-- skip: next "(?P<skip>[^"]+)" -->\n+)?```(?P<language>\w+)\n(?P<code>.*?)^```$', re.M | re.S
)
LINK = re.compile(r"\]\((?P<place>[^()\s]+)\)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
SPAN = re.compile(r"`([^`\n]+)`")
ELSEWHERE = {"--no-deps", "--echo", "--check"}  # flags of pip, sacrebleu and docs/reference.py


class Block(NamedTuple):
    """A fenced block of a page; `skip` says why it cannot be run here."""

    language: str
    code: str
    skip: str | None


def blocks(page: Path) -> list[Block]:
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    return [Block(block["language"], block["code"], block["skip"]) for block in found]


def headings(page: Path) -> list[str]:
    """The heading lines of a page, those inside code left out."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"^#+ .+$", text, re.M)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    words = (re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()) for heading in headings(page))
    return {word.replace(" ", "-") for word in words}


def flags_of(command: str) -> set[str]:
    """The flags that a command takes."""
    face = getattr(import_module(f"calque.cli.{command}"), command)
    named = {"--" + name.replace("_", "-") for name in inspect.signature(face).parameters}
    return named | {flag.replace("--", "--no-", 1) for flag in named} | {"--help", "--version"}


def calls(page: Path) -> Iterator[list[str]]:
    """The calls of calque in a page's shell blocks, as words."""
    for block in blocks(page):
        if block.language == "sh":
            lines = block.code.replace("\\\n", " ").splitlines()
            yield from (shlex.split(line, comments=True) for line in lines if line.startswith("calque "))


def shown(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


def generator() -> ModuleType:
    """docs/reference.py as a module."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=shown(PAGES))
def test_every_relative_link_resolves(page):
    places = LINK.findall(page.read_text(encoding="utf-8"))
    broken = []
    for place in places:
        if place.startswith(("http://", "https://")):
            continue
        path, _, anchor = place.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            broken.append(place)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=shown(PAGES))
def test_every_flag_of_a_shown_command_exists(page):
    wrong = []
    for words in calls(page):
        command = words[1]
        known = flags_of(command) if command in COMMANDS else set()
        wrong += [" ".join(words[:2]) + f" {word}" for word in words[2:] if word.startswith("--") and word not in known]
        wrong += [] if command in COMMANDS else [f"calque {command}"]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=shown(PAGES))
def test_every_flag_named_in_the_text_exists(page):
    known = set().union(*map(flags_of, COMMANDS)) | ELSEWHERE
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    named = {flag for span in SPAN.findall(prose) for flag in FLAG.findall(span)}
    foreign = {
        flag
        for span in SPAN.findall(prose)
        if span.startswith(("torchrun ", "accelerate "))
        for flag in FLAG.findall(span)
    }
    assert named - known - foreign == set()


@pytest.mark.parametrize("page", PAGES, ids=shown(PAGES))
def test_python_blocks_run_in_order(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(page):
        if block.language == "python":
            code = compile(block.code, f"{page.name}", "exec")
            if block.skip is None:
                exec(code, names)


@pytest.mark.parametrize("page", PAGES, ids=shown(PAGES))
def test_imports_in_python_blocks_exist(page):
    imports = re.compile(r"^from (calque[\w.]*) import (.+)$", re.M)
    named = [found for block in blocks(page) if block.language == "python" for found in imports.findall(block.code)]
    missing = [
        f"{module}.{name.strip()}"
        for module, names in named
        for name in names.split(",")
        if not hasattr(import_module(module), name.strip())
    ]
    assert missing == []


@pytest.mark.parametrize("twin", TWINS, ids=shown(TWINS))
def test_chinese_twins_have_the_same_structure(twin):
    original = twin.with_name(twin.name.replace(".zh-CN", ""))
    levels = [[heading.split(" ")[0] for heading in headings(page)] for page in (twin, original)]
    assert levels[0] == levels[1]
    programs = [[b for b in blocks(page) if b.language != "mermaid"] for page in (twin, original)]
    assert programs[0] == programs[1]


WRITTEN = [page for page in PAGES if page.name != "reference.md"]  # by people, who must be able to read it


@pytest.mark.parametrize("page", WRITTEN, ids=shown(WRITTEN))
def test_pages_are_at_most_300_lines(page):
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 300


def test_the_reference_page_is_fresh():
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert written == generator().page(), "run `python docs/reference.py`"


def test_the_reference_has_every_setting_of_every_command():
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert "| `--label-smoothing` | number, ≥ 0, < 1 | `0.1` | share of the target spread over all pieces |" in written
    assert "| `--optimizer` | `adamw` `adam` `sgd` `adafactor` | `adamw` | update rule |" in written
    assert "| `--resume` | switch | `off` | go on with the run that lies in OUT.run |" in written


def texts(*trees: ast.AST | None) -> set[str]:
    """The strings in pieces of code."""
    found = (node for tree in trees if tree is not None for node in ast.walk(tree))
    return {node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def probes(code: str) -> set[str]:
    """What ProbeError is raised with, and what verdicts are called in the report."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(func=ast.Name("ProbeError"), args=[first, *_]):
                named |= texts(first)
            case ast.Assign(targets=[ast.Name("verdicts")], value=ast.Dict(keys=keys)):
                named |= texts(*keys)
            case ast.Return(value=ast.Dict(keys=keys) | ast.BinOp(right=ast.Dict(keys=keys))):
                named |= texts(*keys)
            case ast.Subscript(value=ast.Name("verdicts"), slice=key):
                named |= texts(key)
    return named


def test_every_probe_and_every_verdict_is_explained():
    probing = (ROOT / "calque" / "training" / "probes.py").read_text(encoding="utf-8")
    others = [path for path in (ROOT / "calque").rglob("*.py") if "ProbeError(" in path.read_text(encoding="utf-8")]
    named = probes(probing).union(*(probes(path.read_text(encoding="utf-8")) for path in others))
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| \[`([a-z-]+)`\]\(#\1\) \|", page, re.M))
    explained = {heading.removeprefix("### ") for heading in headings(ROOT / "docs" / "troubleshooting.md")}
    assert named >= {
        "endless-output",
        "missing-eos",
        "unlike-output",
        "reload",
        "unmerged-adapter",
        "finite-loss",
        "all",
    }
    assert named - {"all"} == listed
    assert listed - explained == set()
    assert "`all: not run`" in page


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_recorded_answer_of_a_call_that_it_still_takes(command):
    recorded = json.loads((ROOT / "docs" / "examples" / f"{command}.json").read_text(encoding="utf-8"))
    words = shlex.split(recorded["call"])
    assert words[:2] == ["calque", command]
    assert words[-1] == "--json"
    assert {word for word in words if word.startswith("--")} - flags_of(command) == set()
    assert recorded["answer"]


def test_the_command_table_of_the_readme_names_every_command():
    named = re.findall(r"^\| `calque (\w+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(named) == sorted(COMMANDS)
