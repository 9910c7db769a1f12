# Everything happens in .venv, made from the locked requirements; nothing else is touched.
.DEFAULT_GOAL := help
.PHONY: help run train test test-browser test-chaos test-fuzz bench bench-bulk bench-peers \
	bench-tables lint format audit lock clean

PYTHON ?= python3
BIN := .venv/bin
DATA ?= data/raw/training.csv
VERSION ?= v0
MODELS_ROOT ?= trained-models
ROWS ?= 10000000

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: .venv/prod ## Train v0 if there is none, and serve it (HOST, PORT)
	@test -e "$(MODELS_ROOT)/trained-model-v0.p" \
		|| $(BIN)/python -m app.models.train_model data/raw/training.csv v0
	@exec $(BIN)/python -m app.app

train: .venv/prod ## Train VERSION on the CSV file DATA: make train DATA=my.csv VERSION=v1
	$(BIN)/python -m app.models.train_model "$(DATA)" "$(VERSION)"

test: .venv/dev ## Run the tests
	$(BIN)/python -m pytest

test-browser: .venv/dev ## Run the pages in Chromium
	@command -v chromium >/dev/null || { echo "On Debian: apt install chromium"; exit 1; }
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement pyproject.toml --extra browser
	$(BIN)/python -m pytest tests/browser

test-chaos: .venv/dev ## Kill workers, fill disks and the like under load, for 10 minutes (as root)
	$(BIN)/python -m pytest tests/chaos

test-fuzz: .venv/dev ## Send FUZZ_CASES (100000) and more made-up requests
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement pyproject.toml --extra fuzz
	$(BIN)/python -m pytest tests/fuzz/*_tests.py

bench: .venv/dev ## Measure speed and memory, against floors and peers (needs wrk)
	$(BIN)/python -m tests.benchmarks.run

bench-bulk: .venv/dev ## Measure scoring and searching on cores and a cluster (ROWS)
	$(BIN)/python -m tests.benchmarks.bulk --rows "$(ROWS)"

bench-peers: .venv/dev ## Measure other model servers
	$(BIN)/python -m tests.benchmarks.peers

bench-tables: .venv/dev ## Train on some 250 real tables, each as it is
	$(BIN)/python -m tests.benchmarks.real_tables

lint: .venv/dev ## Check style, formatting, types and the rest of .pre-commit-config.yaml
	$(BIN)/pre-commit run --all-files

format: .venv/dev ## Format the code and repair what can be repaired
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format .

audit: .venv/dev ## Look for known vulnerabilities in the locks, and for secrets in the files
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement pyproject.toml --extra audit
	$(BIN)/python -m tests.audit

lock: .venv/dev ## Renew requirements-*.txt from pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" \
		--extra dev --extra bulk pyproject.toml --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" \
		--constraint requirements-dev.txt pyproject.toml --output-file requirements-prod.txt

clean: ## Remove .venv and all caches; models, keys and logs stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find app tests data -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; set PYTHON to one."; exit 1; }
	@$(PYTHON) -m venv .venv \
		|| { echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

.venv/prod: requirements-prod.txt | .venv/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-prod.txt
	@touch $@

.venv/dev: requirements-dev.txt | .venv/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/prod
