# All targets install into .venv, from the locked requirements, and change nothing else.
.DEFAULT_GOAL := help
.PHONY: help run train test test-browser test-chaos test-fuzz bench bench-bulk bench-peers \
	bench-tables bench-accuracy lint format audit lock rename clean notebook

PYTHON ?= python3
BIN := .venv/bin
DATA ?= data/raw/training.csv
VERSION ?= v0
MODELS_ROOT ?= trained-models
ROWS ?= 10000000

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: .venv/prod ## Start the server; train v0 first if it does not exist (set HOST, PORT)
	@test -e "$(MODELS_ROOT)/trained-model-v0.p" \
		|| $(BIN)/python -m app.models.train_model data/raw/training.csv v0
	@exec $(BIN)/python -m app.app

train: .venv/prod ## Train a version on a CSV: make train DATA=my.csv VERSION=v1
	$(BIN)/python -m app.models.train_model "$(DATA)" "$(VERSION)"

notebook: .venv/dev ## Open the notebook that draws the data and the model, in Jupyter
	$(BIN)/jupyter lab notebooks/view-data.ipynb

test: .venv/dev ## Run the tests, except for the slow suites below
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist loadfile

test-browser: .venv/dev ## Test the pages in Chromium
	@command -v chromium >/dev/null || { echo "On Debian: apt install chromium"; exit 1; }
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement pyproject.toml --extra browser
	$(BIN)/python -m pytest tests/browser

test-chaos: .venv/dev ## Kill workers, fill disks and so on, under load (12 minutes, as root)
	$(BIN)/python -m pytest tests/chaos

test-fuzz: .venv/dev ## Send 100,000 random requests, or as many as FUZZ_CASES says
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement pyproject.toml --extra fuzz
	$(BIN)/python -m pytest tests/fuzz/*_tests.py

bench: .venv/dev ## Measure speed and memory, and compare with other servers (needs wrk)
	$(BIN)/python -m tests.benchmarks.run

bench-bulk: .venv/dev ## Measure the scoring of whole files, and --search (set ROWS)
	$(BIN)/python -m tests.benchmarks.bulk --rows "$(ROWS)"

bench-peers: .venv/dev ## Compare with MLServer, MLflow, BentoML, LitServe and Ray Serve
	$(BIN)/python -m tests.benchmarks.peers

bench-tables: .venv/dev ## Train on some 250 real CSV files, without any options
	$(BIN)/python -m tests.benchmarks.real_tables

bench-accuracy: .venv/dev ## Compare the default models with hand-written ones on these files
	$(BIN)/python -m tests.benchmarks.accuracy

lint: .venv/dev ## Check style, formatting and types (.pre-commit-config.yaml)
	$(BIN)/pre-commit run --all-files

format: .venv/dev ## Format the code, and fix what can be fixed automatically
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format .

audit: .venv/dev ## Look for vulnerable libraries, and for passwords in the files
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement pyproject.toml --extra audit
	$(BIN)/python -m tests.audit

lock: .venv/dev ## Update all libraries, and lock them in requirements-*.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" \
		--extra dev --extra bulk --extra otel pyproject.toml --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" \
		--constraint requirements-dev.txt pyproject.toml --output-file requirements-prod.txt

rename: ## Give the project another name: make rename NAME=my-model
	@$(PYTHON) scripts/rename.py "$(NAME)"

clean: ## Delete .venv and all caches, but no models, keys or logs
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
