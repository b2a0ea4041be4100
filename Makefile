# Two commands do everything: `make run` and `make test`. Both set up what they need, and work any number of times.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RULES ?= rules.yaml
KILLS ?= 200
CASES ?= 100000

.PHONY: help run test test-services check-style demo chaos proof bench lock clean

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.run  ## set up and start the daemon on rules.yaml
	$(BIN)/monitor run --rules $(RULES)

test: $(VENV)/.dev check-style  ## set up and run every check that needs no server
	$(BIN)/pytest -m "not services" $(PYTEST)

check-style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test-services: $(VENV)/.dev  ## start real servers (apt, npm) and run what needs them
	tests/services/install.sh
	$(BIN)/pytest -m services tests/services $(PYTEST)
	$(BIN)/python tools/chaos.py --kills 8 --mentions 80

demo: $(VENV)/.run  ## a day of mentions on a compressed clock, with no accounts
	$(BIN)/monitor demo

chaos: $(VENV)/.dev  ## kill the daemon KILLS times and count what is lost
	$(BIN)/python tools/chaos.py --kills $(KILLS)

proof: $(VENV)/.dev  ## CASES random calendars against a minute-by-minute oracle
	$(BIN)/python tools/proof_deadlines.py --cases $(CASES)

bench: $(VENV)/.dev  ## figures, each as a ratio to a floor measured in the same run
	$(BIN)/python bench/run.py

lock: $(VENV)/.dev  ## pin every dependency, with hashes
	$(BIN)/python tools/lock.py

clean:  ## remove what was set up
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is not. On Debian or Ubuntu: apt-get install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv is missing. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
