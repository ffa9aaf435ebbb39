# MCP Sidecar: every command of the project. `make` lists them.
#
# Needs Python 3.11+ with its venv module, and Node 20+ with npm for the tests. Works with GNU make 3.81 and newer, on
# Windows from Git Bash.

PYTHON ?= python3
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ifeq ($(OS),Windows_NT)
  BIN := Scripts
else
  BIN := bin
endif
VENV := .venv/$(BIN)

# An installed uv is used as it is; otherwise a pinned one is put into .uv/.
UV := $(shell command -v uv 2>/dev/null)
ifeq ($(UV),)
  UV := .uv/$(BIN)/uv
  UV_READY := .uv/.ready
endif
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url \
  --custom-compile-command "make lock" $(LOCK_ARGS)

VENV_READY := .venv/.ready
NPM_READY := tests/servers/node_modules/.ready

.PHONY: help setup demo test bench check format lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV_READY) $(NPM_READY) ## Make .venv and install everything the other commands need

demo: $(VENV_READY) ## Try the sidecar on the example server, or on yours: TARGET="<url, path or command line>"
	@$(VENV)/python scripts/demo.py $(if $(TARGET),--target "$$TARGET")

test: setup ## Run the tests; ARGS="-k idle -x" go to pytest
	$(VENV)/python -m pytest $(ARGS)

bench: setup ## Measure against FastMCP's own client, pygls and plain asyncio
	$(VENV)/python -m bench $(ARGS)

check: $(VENV_READY) ## Check formatting, lint and types
	$(VENV)/ruff format --check
	$(VENV)/ruff check
	$(VENV)/mypy

format: $(VENV_READY) ## Format, and fix what can be fixed by itself
	$(VENV)/ruff format
	$(VENV)/ruff check --fix-only

lock: $(UV_READY) ## Pin all dependencies anew; LOCK_ARGS="--upgrade" moves them to the newest allowed
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.txt
	$(COMPILE) pyproject.toml -c requirements-dev.txt -o requirements.txt
	echo uv | $(COMPILE) - -o requirements-uv.txt
	npm install --prefix tests/servers --package-lock-only --ignore-scripts --no-audit --no-fund

clean: ## Remove everything that the other commands made
	rm -rf .venv .uv tests/servers/node_modules dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find sidecar tests examples scripts bench -name __pycache__ -type d -prune -exec rm -rf {} +

export TARGET

# What is installed, each with a stamp so that it is done once.

.uv/.ready: requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) -m venv .uv
	.uv/$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

.venv/.locked: requirements-dev.txt $(UV_READY)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python .venv --require-hashes requirements-dev.txt
	@touch $@

.venv/.ready: pyproject.toml .venv/.locked
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

$(NPM_READY): tests/servers/package.json tests/servers/package-lock.json
	@command -v npm >/dev/null || { echo "npm is needed for the test servers: install Node 20 or newer" >&2; exit 1; }
	npm ci --prefix tests/servers --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
