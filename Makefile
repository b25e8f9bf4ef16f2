# SPDX-License-Identifier: GPL-3.0-or-later
# `make demo` shows Stipt at work, `make test` proves it. Both need only make and Python 3.11 or later.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two test processes: the suite is meant for two cores. `make test WORKERS=0` runs it in one.
WORKERS ?= 2
PYTEST_FLAGS ?=
SOURCES := rules connector worker tests $(wildcard benchmarks)
LOCK := build/lock
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(LOCK)/bin/pip-compile --quiet --generate-hashes \
	--strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export DEBIAN_FRONTEND := noninteractive

.PHONY: help demo test check coverage mutants kill screenshots services lock clean

help:
	@echo "make demo      a fictional helpdesk and the worker beside it, on this machine alone"
	@echo "make test      install what the tests need, then check and run everything"
	@echo "make check     lint, formatting, types, import contracts"
	@echo "make coverage  how many branches of rules/ its own tests reach"
	@echo "make mutants   whether slips in the engine would be noticed (half an hour)"
	@echo "make screenshots  take the pictures of the documentation afresh"
	@echo "make kill      kill workers 200 times on each database, and count what arrived (ten minutes)"
	@echo "make lock      renew requirements.lock and requirements-dev.lock from pyproject.toml"
	@echo "make clean     remove the environment and everything that was built"

demo: $(VENV)/.installed
	@$(BIN)/stipt demo

# With PYTEST_FLAGS somebody looks at a few tests only: nothing is measured then.
test: services check
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(PYTEST_FLAGS)
	@$(if $(PYTEST_FLAGS),true,$(MAKE) --no-print-directory coverage)

# Measured by itself and with the same examples every time: the figure depends on nothing but the
# code, and what the other tests allow in seconds is not spent on measuring.
coverage: $(VENV)/.installed-dev
	@HYPOTHESIS_PROFILE=fixed $(BIN)/pytest -n $(WORKERS) --dist loadgroup --cov --cov-report term tests/rules

mutants: $(VENV)/.installed-dev
	@$(BIN)/python benchmarks/mutants.py

screenshots: $(VENV)/.installed-dev
	@sh tests/services/ensure.sh chromium
	@$(BIN)/python -m tests.app.screenshots
	@$(BIN)/python -m tests.web.screenshots

check: $(VENV)/.installed-dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

kill: services $(VENV)/.installed-dev
	@KILLS=200 $(BIN)/pytest -n 0 -s tests/kill/test_kills.py

services:
	@sh tests/services/ensure.sh postgresql redis chromium axe promtool faketime pango

$(BIN)/python:
	@sh tests/services/ensure.sh python "$(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Stipt needs into $(VENV) (some minutes, once)"
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests need into $(VENV)"
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.lock
	@touch $@

# Compiled for the oldest Python that is supported; what it says holds for the newer ones too.
lock:
	@sh tests/services/ensure.sh python "$(PYTHON)"
	@test -x $(LOCK)/bin/pip-compile || { $(PYTHON) -m venv $(LOCK) && $(LOCK)/bin/pip install --quiet 'pip-tools~=7.6'; }
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --extra pdf --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist htmlcov .coverage *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find rules connector worker tests -name __pycache__ -type d -prune -exec rm -rf {} +
