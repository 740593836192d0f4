# make run    environment, dependencies, app on http://127.0.0.1:7860
# make test   environment, everything the tests need, the tests
# make check  style and types
# make sage-tiny  the bundled model from nothing: about two hours on two cores; goes on where it was stopped
PYTHON ?= python3
ENV := .venv
BIN := $(ENV)/bin
UV := VIRTUAL_ENV=$(CURDIR)/$(ENV) $(BIN)/uv pip install --quiet --compile-bytecode

.PHONY: run test check fmt unit env env-dev sage-tiny clean

run: env
	$(BIN)/python app.py

test: env-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" dev/test.sh

unit: env-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not browser and not vllm and not slow" -n 2

check: env-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

fmt: env-dev
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

env: $(ENV)/.ready
env-dev: $(ENV)/.ready-dev

$(BIN)/uv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "SAGE needs Python 3.11 or newer; set PYTHON=python3.12, say.")'
	$(PYTHON) -m venv $(ENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(ENV)/.ready: requirements.txt | $(BIN)/uv
	@echo "Installing what the app needs; the first time this downloads a few GB (torch)."
	$(UV) -r requirements.txt
	@touch $@

$(ENV)/.ready-dev: requirements.txt requirements-dev.txt | $(BIN)/uv
	$(UV) -r requirements-dev.txt
	@touch $@ $(ENV)/.ready

sage-tiny: env
	$(BIN)/python dev/sage_tiny.py

clean:
	rm -rf $(ENV) .mypy_cache .ruff_cache .pytest_cache
