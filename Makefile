# make demo    see the whole way once: a generated corpus and a pretrained BERT become a translator, in demo-model/
# make test    everything that must hold before a change lands
# Both set up .venv first; that is the only step that needs the network.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.set-up
PIP    := $(BIN)/pip --disable-pip-version-check

# Two torch threads for each of two test processes would fight for the cores.
TEST_ENV := OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1

.PHONY: help setup demo test test-slow check browser clean
.DEFAULT_GOAL := help

help:
	@echo "make setup      create $(VENV) with everything in it (again when pyproject.toml or constraints.txt change)"
	@echo "make demo       train the demo translator into demo-model/"
	@echo "make test       lint, types, layers, documentation examples and tests"
	@echo "make test-slow  the tests that take minutes"
	@echo "make check      lint, types, layers and documentation examples alone"
	@echo "make clean      remove $(VENV), caches and the demo"
	@echo "Another Python: make PYTHON=python3.12 setup"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt requirements-demo.txt
	@command -v "$(PYTHON)" >/dev/null || { echo "calque needs Python 3.11 or newer, and there is no '$(PYTHON)': name yours with make PYTHON=..."; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "calque needs Python 3.11 or newer, and '$(PYTHON)' is $$("$(PYTHON)" --version): name another with make PYTHON=python3.11"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "'$(PYTHON)' cannot make virtual environments: install its venv package (Debian and Ubuntu: apt install python3-venv)"; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(PIP) install --quiet -c constraints.txt torch==2.13.0
	$(PIP) install --quiet -c constraints.txt -e ".[dev,tables,track,serve,clients]"
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-demo.txt
	@touch $@

demo: setup
	$(BIN)/calque demo --out demo-model

# The documentation's examples have been run by `check`.
test: setup check browser
	$(TEST_ENV) $(BIN)/pytest -n 2 tests --ignore=tests/test_docs.py

test-slow: setup browser
	$(TEST_ENV) $(BIN)/pytest -m slow tests

# The tests of the page want a browser. It is installed where that may be done without a question, and nothing fails
# where it may not: those tests are skipped then, and say why.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	command -v apt-get >/dev/null || { echo "no Chromium here: the tests of the page will be skipped"; exit 0; }; \
	if [ "$$(id -u)" = 0 ]; then as=; else as="sudo -n"; fi; \
	install="$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium"; \
	{ $$install || { $$as apt-get update && $$install; }; } >/dev/null 2>&1 </dev/null \
		|| echo "Chromium could not be installed: the tests of the page will be skipped"

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(TEST_ENV) $(BIN)/pytest tests/test_docs.py calque

clean:
	rm -rf $(VENV) build dist *.egg-info .*_cache .import_linter_cache demo-model demo-model.*
