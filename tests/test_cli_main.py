"""Every way a command can end: its exit code and its one line."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
from fake_translator import Shouting, make_folder

import calque
from calque.cli.main import COMMANDS, run
from calque.decoding.translator import Translator
from calque.errors import DataError, EngineError, Interrupted, MachineError, ModelError, ProbeError, RecipeError

FINETUNE = ["finetune", "--source", "en", "--target", "fr", "--train", "t", "--dev", "d", "--model", "m", "--out", "o"]


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def finetune(monkeypatch):
    """Replaces the training: what it does is set with `finetune.does = function`."""
    module = types.ModuleType("calque.training.finetune")
    module.does = lambda: None
    module.finetune = lambda recipe, resume, restart, listener: module.does()
    monkeypatch.setitem(sys.modules, "calque.training.finetune", module)
    return module


def ended(capsys, *tokens):
    """Exit code, and the lines of standard error."""
    code = run(list(tokens))
    return code, capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["finetun"], 'Unknown command "finetun". Did you mean "finetune"?'),
        (["finetune", "--lerning-rate", "1"], "Unknown option: --lerning-rate. Did you mean --learning-rate?"),
        (["translate", "f", "--beam", "x"], 'Invalid value for --beam: unable to convert "x" into int.'),
        (["finetune", "--head", "pain"], 'Invalid value "pain" for --head. Choose from: "plain", "own". Did you mean'),
        (["finetune", "stray"], "unexpected argument 'stray'; --help lists what can be given"),
        (["finetune", "--out"], 'Command "finetune" parameter --out requires an argument.'),
        (["finetune", "--beam", "1", "--beam", "2"], "Parameter --beam specified multiple times."),
        (["translate"], "recipe: 'folder' is required: translator to use"),
        ([*FINETUNE, "--beam", "0"], "command line: 'beam' = 0: input should be greater than or equal to 1"),
        ([*FINETUNE, "--steps", "1", "--epochs", "1"], "recipe: steps and epochs contradict each other: give one"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_2(capsys, tokens, message):
    code, lines = ended(capsys, *tokens)
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith(f"calque: error: {message}")


def test_a_misspelt_key_of_a_recipe_file_is_2(capsys, tmp_path):
    (tmp_path / "r.toml").write_text("beam = 2\nsourc = 'en'\n")
    assert ended(capsys, "finetune", "--recipe", "r.toml") == (
        2,
        ["calque: error: r.toml:2: unknown setting 'sourc'; did you mean 'source'?"],
    )


def test_a_recipe_file_that_is_not_utf8_is_2(capsys, tmp_path):
    (tmp_path / "r.toml").write_bytes(b"# caf\xe9\n")
    assert ended(capsys, "finetune", "--recipe", "r.toml") == (
        2,
        ["calque: error: r.toml:1: byte 0xE9 is not UTF-8 (offset 5 in the file): save the recipe as UTF-8"],
    )


def test_a_recipe_file_that_is_not_there_is_3(capsys):
    assert ended(capsys, "finetune", "--recipe", "r.toml") == (
        3,
        ["calque: error: r.toml: the recipe cannot be read: No such file or directory"],
    )


def test_a_model_folder_that_is_none_is_4(capsys, tmp_path):
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text("{}")
    code, lines = ended(capsys, "translate", "bert", "a cat")
    assert (code, lines[-1]) == (
        4,
        "calque: error: bert: this is a model, but no calque translator: fine-tune it first (no calque.json there)",
    )
    assert ended(capsys, "translate", "brt", "a cat")[1][-1].endswith("no such model folder; did you mean 'bert'?")


def test_an_input_that_is_not_there_is_3(capsys):
    code, lines = ended(capsys, "translate", "folder", "--input", "in.txt")
    assert (code, lines[-1]) == (3, "calque: error: in.txt: no such file")


def test_an_output_that_exists_is_2(capsys, tmp_path):
    (tmp_path / "out.txt").touch()
    code, lines = ended(capsys, "translate", "folder", "a cat", "--out", "out.txt")
    assert (code, lines[-1]) == (2, "calque: error: out.txt exists already: choose another --out or remove it")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (RecipeError("o exists"), 2, "o exists"),
        (DataError("no translation", "t.en", 7), 3, "t.en:7: no translation"),
        (ModelError("two\nlines"), 4, "two lines"),
        (
            ProbeError("blind", "the decoder does not see the source"),
            4,
            "probe 'blind': the decoder does not see the source",
        ),
        (EngineError("stuck"), 5, "stuck"),
        (MachineError("no such device"), 6, "no such device"),
        (Interrupted("saved; --resume goes on"), 130, "saved; --resume goes on"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 6, "out of memory: translate or train with fewer tokens at once, or use a smaller model"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
            6,
            "out of memory: translate or train with fewer tokens at once, or use a smaller model",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "o.run/step"),
            6,
            "o.run/step: No space left on device: free some space and run again",
        ),
        (OSError(errno.ENOSPC, "full"), 6, "No space left on device: free some space and run again"),
        (PermissionError(errno.EACCES, "denied", "t.en"), 3, "t.en: Permission denied"),
        (KeyError("x"), 1, "KeyError: 'x' (this is a bug of calque: please report it with what --debug prints)"),
        (OSError("odd"), 1, "OSError: odd (this is a bug of calque: please report it with what --debug prints)"),
    ],
)
def test_every_error_has_its_exit_code_and_one_line(capsys, finetune, error, code, message):
    def fail():
        raise error

    finetune.does = fail
    assert ended(capsys, *FINETUNE) == (code, [f"calque: error: {message}"])


def test_memory_of_a_gpu_counts_as_memory(capsys, finetune):
    def fail():
        raise type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory")  # as torch's

    finetune.does = fail
    assert ended(capsys, *FINETUNE)[0] == 6


def test_control_characters_of_a_message_are_shown_escaped(capsys, finetune):
    def fail():
        raise DataError("'\x1b[31m' is no word")

    finetune.does = fail
    assert ended(capsys, *FINETUNE)[1] == [r"calque: error: '\x1b[31m' is no word"]


def test_debug_shows_the_trace_and_keeps_the_line_last(capsys, finetune):
    def fail():
        raise DataError("wrong", "t.en", 7)

    finetune.does = fail
    code, lines = ended(capsys, *FINETUNE, "--debug")
    assert code == 3
    assert lines[0].startswith("Traceback")
    assert lines[-1] == "calque: error: t.en:7: wrong"


def test_json_has_the_error_as_one_object(capsys, finetune):
    def fail():
        raise DataError("wrong", "t.en", 7)

    finetune.does = fail
    assert run([*FINETUNE, "--json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "error": {"type": "DataError", "message": "t.en:7: wrong", "path": "t.en", "line": 7},
    }
    assert err == "calque: error: t.en:7: wrong\n"


def test_json_has_the_error_of_the_command_line_too(capsys):
    assert run(["finetune", "--beem", "3", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == {
        "type": "RecipeError",
        "message": "Unknown option: --beem. Did you mean --beam?",
        "path": None,
        "line": None,
    }


def test_a_text_that_looks_like_a_flag_is_text(capsys, tmp_path):
    run(["translate", "absent", "--", "--json"])
    assert capsys.readouterr().out == ""


def test_translate(capsys, tmp_path, monkeypatch):
    folder = make_folder(tmp_path / "en-fr")
    monkeypatch.setattr(Translator, "engine", Shouting(folder))
    assert run(["translate", "en-fr", "a cat", " two birds"]) == 0
    assert capsys.readouterr().out == "A CAT\n TWO BIRDS\n"


def test_translate_standard_input(capsys, tmp_path, monkeypatch):
    folder = make_folder(tmp_path / "en-fr")
    monkeypatch.setattr(Translator, "engine", Shouting(folder))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a cat\n\n" + b"dog " * 20)))
    assert run(["translate", "en-fr", "--scores"]) == 0
    out, err = capsys.readouterr()
    assert out == "-0.5000\tA CAT\n0.0000\t\n-0.5000\t" + "DOG " * 20 + "\n"
    assert err.splitlines()[-1] == (
        "calque: text 3: longer than the 32 tokens that the model takes: translated in 3 parts"
    )


def test_translate_json(capsys, tmp_path, monkeypatch):
    folder = make_folder(tmp_path / "en-fr")
    monkeypatch.setattr(Translator, "engine", Shouting(folder))
    assert run(["translate", "en-fr", "a cat", "--n-best", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["translations"] == [
        {"text": "A CAT", "score": -0.5, "alternatives": [["A CAT!", -1.0]], "warnings": []}
        | {"confidence": None, "alignment": None},
    ]


def test_no_command_shows_the_help(capsys):
    assert run([]) == 0
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if f"│ {name} " not in shown] == []


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == calque.__version__


def python(code, **kwargs):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **kwargs)


def test_nothing_heavy_is_imported_before_it_is_needed():
    calls = [["--help"], *([name, "--help"] for name in COMMANDS), ["finetune"], ["nonsense"], ["--version"]]
    code = (
        f"import sys; from calque.cli.main import run; [run(tokens) for tokens in {calls!r}];"
        "print([m for m in ('torch', 'transformers', 'peft', 'tokenizers', 'numpy') if m in sys.modules])"
    )
    assert python(code).stdout.splitlines()[-1] == "[]"


def test_a_reader_that_leaves_is_no_error(tmp_path):
    make_folder(tmp_path / "en-fr")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from fake_translator import Shouting;"
        "from calque.decoding.translator import Translator; from calque.cli.main import main;"
        "from pathlib import Path; Translator.engine = Shouting(Path('en-fr'));"
        "main(['translate', 'en-fr'])"
    )
    tests = str(Path(__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", code, tests], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        _, err = process.communicate(b"a cat\n" * 3000)
    assert (process.returncode, err.decode()) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("tokens", [["--help"], ["doctor", "--json"], ["finetune", "--json"]])
def test_a_full_disk_under_standard_output_is_one_line(tokens, monkeypatch):
    code = (
        "import calque.decoding.machine as m; m.environment = lambda: {'extras': {'b': 'c' * 100_000}};"
        f"from calque.cli.main import main; main({tokens!r})"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    if tokens[0] == "finetune":
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    else:
        assert done.returncode == 6
        assert done.stderr == "calque: error: No space left on device: free some space and run again\n"


def test_the_module_runs_like_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "calque", "finetune"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert done.stderr == "calque: error: recipe: 'model', 'source', 'target', 'train', 'dev' and 'out' are required\n"


def test_a_ctrl_c_whose_exception_gets_lost_is_not_forgotten(tmp_path):
    """An exception in __del__ is thrown away; the run must stop all the same."""
    code = (
        "import os, signal, sys\n"
        "from calque.cli.interrupt import Interrupt\n"
        "from calque.training.signals import Stop, leaving\n"
        "signal.signal(signal.SIGINT, Interrupt())\n"
        "class Deleted:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        for _ in range(1000): pass\n"
        "Deleted()\n"
        "with Stop() as stop:\n"
        "    print(stop.asked)\n"
        "try:\n"
        "    with leaving(lambda: 'again'):\n"
        "        print('went on')\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    assert python(code).stdout.splitlines() == ["SIGINT", "Interrupted again"]
