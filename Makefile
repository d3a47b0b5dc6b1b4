# Everything works from a bare clone with python3 (3.11 or later), its venv module and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help setup demo test torture simulate bench check lint types layers format lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("catalog3d needs Python 3.11 or later; set PYTHON=python3.x")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

setup: $(READY)  ## make .venv from the lock file

demo: $(READY)  ## turn the sample catalogue into 3D models, on the bundled local API
	$(BIN)/catalog3d run configs/demo.yaml

test: $(READY)  ## run the tests
	$(BIN)/python -m pytest -n auto

torture: $(READY)  ## kill 1,000 runs, and hold their ledgers against the provider's books
	PYTHONPATH=tests $(BIN)/python -m torture --kills 1000

simulate: $(READY)  ## how ways to limit calls fare against a simulated service
	PYTHONPATH=tests $(BIN)/python -m simulator

bench: $(READY)  ## measure the tool beside a bare loop, the SDK and requests (ARGS=--help)
	PYTHONPATH=tests:tests/formats $(BIN)/python -m bench $(ARGS)

check: lint types layers  ## lint, formatting, types, layers

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

format: $(READY)  ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock:  ## pin the dependencies anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command 'make lock' -o requirements.lock

clean:  ## remove what the targets made
	rm -rf .venv out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
