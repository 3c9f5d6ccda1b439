"""What is given to run the server with, checked as far as it goes without a container engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from calque.recipes.serve import Serve

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
INSTRUCTIONS = {
    *("ARG", "FROM", "WORKDIR", "RUN", "ENV", "COPY", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK"),
    *("ENTRYPOINT", "CMD"),
}
WITHOUT = ("torch", "transformers", "accelerate", "peft", "sacrebleu", "sacremoses", "polars", "tensorboard", "ray")


def instructions():
    """The Dockerfile as (instruction, arguments), continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines()]
    return [tuple(line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]


def last_stage():
    said = instructions()
    begin = max(place for place, (name, _) in enumerate(said) if name == "FROM")
    return said[begin:]


def test_the_image_runs_as_nobody_and_says_whether_it_is_well():
    assert {name for name, _ in instructions()} <= INSTRUCTIONS
    stage = dict(last_stage())
    assert stage["USER"] == "10001"
    assert json.loads(stage["ENTRYPOINT"]) == ["sh", "/opt/calque/bin/serve.sh"]
    assert json.loads(stage["CMD"]) == ["--keys", "/run/secrets/calque_keys"]
    assert json.loads(stage["HEALTHCHECK"].partition("CMD ")[2]) == ["python", "/opt/calque/bin/healthy.py"]
    assert [name for name, _ in last_stage()].index("USER") > [name for name, _ in last_stage()].index("RUN")


def test_what_is_copied_is_there():
    for name, said in instructions():
        if name == "COPY" and not said.startswith("--from"):
            for source in said.split()[:-1]:
                assert (ROOT / source).exists(), source


def test_the_image_has_the_package_s_own_ranges_and_no_torch():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    serve = [said.partition(";")[0].strip() for said in package["optional-dependencies"]["serve"]]
    known = {*package["dependencies"], *serve}
    wanted = [line for line in (DEPLOY / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert set(wanted) <= known
    assert set(serve) <= set(wanted)
    assert not [line for line in wanted if line.startswith(WITHOUT)]


def test_server_and_translator_need_no_more_than_the_image_has():
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {WITHOUT}: raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import calque.cli.serve, calque.cli.key, calque.cli.translate, calque.server.run, calque.server.app\n"
        "import calque.decoding.polyglot, calque.scale.file\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_every_flag_is_one_of_the_server_s():
    for name in ("Dockerfile", "serve.sh", "calque.service", "compose.yaml"):
        lines = (DEPLOY / name).read_text().splitlines(keepends=True)
        text = "".join(line for line in lines if not line.lstrip().startswith("#"))
        served = re.findall(r"calque serve (.*)", text) + re.findall(r"CMD (\[.*\])", text)
        flags = {flag for said in served for flag in re.findall(r"--([a-z-]+)", said)}
        assert {flag.replace("-", "_") for flag in flags} <= set(Serve.model_fields), name


def test_the_script_serves_every_folder(tmp_path):
    for folder in ("models/en-fr", "models/fr-en", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bin" / "calque").write_text('#!/bin/sh\necho "$$ $*"\n')
    (tmp_path / "bin" / "calque").chmod(0o755)
    surroundings = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "MODELS": f"{tmp_path}/models", "PORT": "8000"}
    process = subprocess.Popen(
        ["sh", DEPLOY / "serve.sh", "--open"], env=surroundings, stdout=subprocess.PIPE, text=True
    )
    assert process.communicate()[0] == (
        f"{process.pid} serve {tmp_path}/models/en-fr {tmp_path}/models/fr-en --host 0.0.0.0 --port 8000 "
        "--database /data/calque-serve.sqlite --open\n"
    )


def test_compose_gives_the_container_no_more_than_it_needs():
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["calque"]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert (service["user"], service["cap_drop"]) == ("10001", ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    grace = int(service["stop_grace_period"].removesuffix("s"))
    assert grace > Serve.model_fields["drain_seconds"].default


def test_the_unit_is_one_that_systemd_takes():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(
        ["systemd-analyze", "verify", DEPLOY / "calque.service"], capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if "calque.service" in line]
    assert (done.returncode, told) == (0, [])


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_asks_the_server(status, code):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/ready" else 404)
            self.end_headers()

        def log_message(self, *told):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        done = subprocess.run(
            [sys.executable, DEPLOY / "healthy.py"], env={"PORT": str(server.server_port)}, check=False, stderr=-3
        )
        thread.join()
    assert done.returncode == code
    done = subprocess.run([sys.executable, DEPLOY / "healthy.py"], env={"PORT": "9"}, check=False, stderr=-3)
    assert done.returncode == 1
