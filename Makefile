# Everything runs in .venv, which is made from the lock file with the first command.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export SHORTSCIENCE_DATA_DIR ?= $(CURDIR)/data

.DEFAULT_GOAL := help
.PHONY: help serve test lint types layers check bench lock schema clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/made: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

serve: $(VENV)/made ## Run the service with sample content on http://127.0.0.1:8000
	@exec $(BIN)/shortscience serve

test: $(VENV)/made ## Run the whole test suite on a real PostgreSQL
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/made ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/made ## Check types
	$(BIN)/mypy

layers: $(VENV)/made ## Check which layer imports which
	$(BIN)/lint-imports

check: lint types layers test ## All of the above

bench: $(VENV)/made ## Measure, beside what we are measured against, in one run
	$(BIN)/python -m bench

schema: $(VENV)/made ## Write schema/schema.graphql from the code
	$(BIN)/python -m schema.export

lock: $(VENV)/made ## Pin the newest allowed dependencies, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --constraints requirements.lock pyproject.toml -o requirements-run.lock

clean: ## Remove the environment and caches; data/ stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
