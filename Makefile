# Everything a developer or CI does has a target here; `make help` lists them.
# Needs make and Python 3.11 to 3.13, nothing else. uv is used where it is found, it only makes the setup faster.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv)
# The newest Python that Airflow supports and that can make a virtual environment; PYTHON=... chooses another.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	if $$name -c 'import ensurepip, sqlite3, ssl, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	>/dev/null 2>&1; then command -v $$name; break; fi; done)
PYTEST_ARGS ?=
# Tests, demo and Airflow start many processes; where none keeps its byte code, each compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev demo demo-edit demo-stop test conformance soak faults lint format type validate bench lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## Make .venv with the pinned requirements

setup-dev: $(VENV)/.installed-dev ## The same, with what tests and linters need

demo: setup ## Watch a real Airflow run synchronise two local calendars (ONESHOT=1: edit, check, stop)
	@$(PY) -m demo $(if $(filter-out 0,$(ONESHOT)),--oneshot)

demo-edit: setup ## While the demo is up: edit as users on both sides would, run again, show the difference
	@$(PY) -m demo edit

demo-stop: setup ## End a demo that runs in another terminal, or what a killed one left behind
	@$(PY) -m demo stop

test: lint type ## Lint, types and tests
	$(PY) -m pytest -ra -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

conformance: setup-dev ## Show every behaviour that is promised, and prove it; writes docs/conformance.md
	PYTHONPATH=tests $(PY) -m conformance.table $(PYTEST_ARGS)

soak: setup-dev ## Random stories against the model test on both cores, for MINUTES=60 (SEED=... begins as another soak did)
	$(PY) tests/model/soak.py --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED))

faults: setup-dev ## Let everything go wrong that can, in CASES=2000 runs on all cores (SEED=... the same ones again, CASE="..." one alone)
	@$(PY) tests/faults/campaign.py $(if $(CASE),--case "$(CASE)",--cases $(or $(CASES),2000) $(if $(SEED),--seed $(SEED)))

lint: setup-dev ## Style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup-dev ## Rewrite the files in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: setup-dev ## Static types
	$(BIN)/mypy

validate: setup ## Check the tenant files
	@$(PY) -m calsync validate

bench: setup-dev ## Measure what a thousand tenants cost Airflow to parse, what a quiet run of a crowd costs, and how fast the pages answer
	$(PY) tests/bench/parse.py
	$(PY) tests/bench/steady.py
	$(PY) tests/bench/pages.py

lock: ## Pin everything requirements.txt needs, with hashes (needs uv)
	uv pip compile --universal --generate-hashes --python-version 3.11 requirements.txt -o requirements.lock
	uv pip compile --universal --generate-hashes --python-version 3.11 requirements-dev.txt -o requirements-dev.lock
	uv pip compile --universal --generate-hashes --python-version 3.11 requirements-container.txt -o requirements-container.lock

clean: ## Remove caches and what the demo left; .venv and the state of real tenants stay
	@if [ -x $(PY) ] && [ -d .demo ]; then $(PY) -m demo stop; fi
	rm -rf .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find dags include plugins tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python 3.11, 3.12 or 3.13 with venv was found. Install one (Debian: python3 python3-venv), or say make PYTHON=/path/to/python3." >&2; \
		exit 1; fi
	@$(if $(UV),$(UV) venv --quiet --seed --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV))

# plugins/ and include/ are importable wherever this environment's Python runs.
$(VENV)/.paths: | $(PY)
	@printf '%s\n' "$(CURDIR)/plugins" "$(CURDIR)/include" \
		> "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/calsync.pth"
	@touch $@

define install
	@echo "Installing $(1); the first time this takes a minute or two."
	@$(if $(UV),VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --compile-bytecode --require-hashes -r $(1),$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1))
endef

$(VENV)/.installed: requirements.lock $(VENV)/.paths
	$(call install,requirements.lock)
	@touch $@

# The development lock holds everything of the other one, so one installation serves both.
$(VENV)/.installed-dev: requirements-dev.lock requirements.lock $(VENV)/.paths
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.installed $@
