# MCP Sidecar: every command of the project. `make` lists them.
#
# Needs Python 3.11+ with its venv module, and Node 20+ with npm for the tests and the extension. Works with GNU make 3.81
# and newer, on Windows from Git Bash.

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

# The extension is built and tested with Node 24. Where the one on PATH is older, a pinned one is installed.
NODE := $(shell command -v node)
ifneq ($(shell $(NODE) -p 'process.versions.node.split(".")[0] >= 24' 2>/dev/null),true)
  NODE := $(CURDIR)/tools/node/node_modules/.bin/node
  NODE_READY := tools/node/node_modules/.ready
endif
NPM := npm --no-audit --no-fund --loglevel=error --ignore-scripts
MODULES := node_modules/.bin

VENV_READY := .venv/.ready
SERVERS_READY := tests/servers/node_modules/.ready
CONFORMANCE_READY := tests/conformance/node_modules/.ready
EXTENSION_READY := node_modules/.ready
VSIX := build/mcp-sidecar.vsix
BUNDLE := dist/sidecar/.ready

.PHONY: help setup demo test test-sidecar test-editors test-extension test-vscode conformance bench check format types vsix pictures install lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV_READY) $(SERVERS_READY) $(CONFORMANCE_READY) $(EXTENSION_READY) ## Make .venv and install everything the other commands need

demo: $(VENV_READY) ## Try the sidecar on the example server, or on yours: TARGET="<url, path or command line>"
	@$(VENV)/python scripts/demo.py $(if $(TARGET),--target "$$TARGET")

test: test-sidecar conformance test-editors test-extension test-vscode ## Run all tests: these five, each of which can be run alone

test-sidecar: setup # ARGS="-k idle -x -n 0" go to pytest; -n 0 for one process
	NODE=$(NODE) $(VENV)/python -m pytest tests/sidecar -n auto --dist worksteal $(ARGS)

conformance: setup ## Hold the sidecar against the official conformance suite for clients; ARGS="-k auth" go to pytest
	NODE=$(NODE) $(VENV)/python -m pytest tests/conformance $(ARGS)

test-editors: setup # ARGS="-k emacs" go to pytest
	UV=$(UV) $(VENV)/python -m pytest tests/editors -n auto --dist worksteal $(ARGS)

test-extension: setup $(BUNDLE)
	$(VENV)/python -m pytest tests/extension
	$(NODE) --import ./tests/extension/vscode.ts --test 'tests/extension/*.test.ts'

test-vscode: setup $(VSIX)
	$(NODE) --test --test-concurrency=2 'tests/editors/vscode/*.test.ts'

bench: setup $(VSIX) ## Measure against FastMCP's own client, pygls and plain asyncio, and the extension in VS Code
	NODE=$(NODE) UV=$(UV) $(VENV)/python -m bench $(ARGS)

check: $(VENV_READY) $(EXTENSION_READY) ## Check formatting, lint and types
	$(VENV)/ruff format --check
	$(VENV)/ruff check
	$(VENV)/mypy
	$(MODULES)/biome ci
	$(NODE) $(MODULES)/tsc
	$(NODE) $(MODULES)/tsc -p extension # alone, without what the tests know of browsers

format: $(VENV_READY) $(EXTENSION_READY) ## Format, and fix what can be fixed by itself
	$(VENV)/ruff format
	$(VENV)/ruff check --fix-only
	$(MODULES)/biome check --write

types: $(VENV_READY) ## Write the extension's protocol types anew from the sidecar's table of methods
	$(VENV)/python scripts/protocol_types.py

vsix: $(VSIX) ## Build the VS Code extension

pictures: setup $(VSIX) ## Take the pictures of the documentation anew, in a real VS Code
	$(NODE) tests/editors/vscode/pictures.ts

install: $(VSIX) ## Install the VS Code extension into code, codium or code-server, whichever is there
	@for editor in code codium code-server; do \
	  if command -v $$editor >/dev/null; then exec $$editor --install-extension $(VSIX) --force; fi; \
	done; \
	echo "None of code, codium and code-server is on PATH. In VS Code: Extensions, …, Install from VSIX…, $(VSIX)" >&2; exit 1

lock: $(UV_READY) ## Pin all dependencies anew; LOCK_ARGS="--upgrade" moves them to the newest allowed
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.txt
	$(COMPILE) pyproject.toml -c requirements-dev.txt -o requirements.txt
	echo uv | $(COMPILE) - -o requirements-uv.txt
	for place in . tests/servers tests/conformance tools/node; do $(NPM) install --prefix $$place --package-lock-only; done

clean: ## Remove everything that the other commands made
	rm -rf .venv .uv node_modules tests/servers/node_modules tests/conformance/node_modules tools/node/node_modules dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find sidecar tests examples scripts bench -name __pycache__ -type d -prune -exec rm -rf {} +

export TARGET

# Without bytecode on the disk every start of a server or of the sidecar compiles some thousand modules anew: 2× slower.
unexport PYTHONDONTWRITEBYTECODE

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

%/node_modules/.ready: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "npm is needed: install Node 20 or newer" >&2; exit 1; }
	cd $* && $(NPM) ci
	@touch $@

$(EXTENSION_READY): package-lock.json $(NODE_READY)
	@command -v npm >/dev/null || { echo "npm is needed: install Node 20 or newer" >&2; exit 1; }
	$(NPM) ci
	@touch $@

# The extension. The wheel and the requirements are what it installs on a user's machine.

$(BUNDLE): $(VENV_READY) requirements.txt requirements-uv.txt extension/installer/install.py README.md LICENSE $(shell find sidecar -name '*.py')
	rm -rf dist/sidecar
	$(UV) build --quiet --wheel --no-build-isolation --python .venv --no-create-gitignore --out-dir dist/sidecar
	cp requirements.txt requirements-uv.txt extension/installer/install.py dist/sidecar/
	@touch $@

dist/extension.cjs: $(EXTENSION_READY) tsconfig.json $(wildcard extension/src/*.ts)
	$(MODULES)/esbuild extension/src/extension.ts --bundle --minify --platform=node --format=cjs --target=node22 \
	  --main-fields=module,main --external:vscode --legal-comments=none --log-level=warning --outfile=$@

$(VSIX): dist/extension.cjs $(BUNDLE) package.json package.nls.json $(wildcard l10n/*.json) extension/README.md CHANGELOG.md LICENSE extension/icon.png
	@mkdir -p $(@D)
	$(NODE) $(MODULES)/vsce package --no-dependencies --no-rewrite-relative-links --allow-missing-repository \
	  --readme-path extension/README.md --out $@
